# SPDX-License-Identifier: Apache-2.0
"""Threads, forks, spawned processes, the log, and asyncio."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import milepost
from milepost import aio, errors
from support import JOURNEY, NOON, PROFILE, StoreTest, id_of


def read_in_another_process(folder, answers):
    with milepost.Tracker(folder, read_only=True) as reader:
        answers.put(reader.get_json(id_of(1)))


class ProcessTest(StoreTest):
    def test_a_forked_child_is_told_so_and_does_no_harm(self):
        self.make(1)
        moment = self.tracker.snapshot()
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            said = []
            for call in (lambda: self.tracker.get(id_of(1)), moment.counts,
                         lambda: self.tracker.exit(id_of(1)), self.tracker.close):
                try:
                    call()
                    said.append("nothing")
                except errors.ForkedError:
                    said.append("forked")
                except BaseException as error:
                    said.append(repr(error))
            os.write(write_end, ",".join(said).encode())
            os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            said = pipe.read().decode()
        os.waitpid(child, 0)
        self.assertEqual(said, "forked,forked,forked,forked")
        self.assertEqual(moment.counts().queued, 1)
        moment.close()
        self.tracker.exit(id_of(1)).require()

    def test_a_spawned_process_opens_its_own(self):
        self.make(1)
        self.tracker.flush()
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        process = context.Process(target=read_in_another_process,
                                  args=(self.folder / "runs", answers))
        process.start()
        self.assertEqual(answers.get(timeout=60), self.tracker.get_json(id_of(1)))
        process.join(60)
        self.assertEqual(process.exitcode, 0)

    def test_another_process_that_writes_is_told_who_has_the_store(self):
        program = ("import sys, milepost\n"
                   "try:\n    milepost.Tracker(sys.argv[1])\n"
                   "except milepost.errors.LockedError as error:\n    print(error)\n")
        said = subprocess.run([sys.executable, "-c", program, self.folder / "runs"], check=True,
                              capture_output=True, text=True).stdout
        self.assertIn(str(os.getpid()), said)

    def test_an_interpreter_that_ends_with_everything_open_ends_quietly(self):
        program = ("import sys, milepost\n"
                   "t = milepost.Tracker(sys.argv[1], log=lambda level, text: None)\n"
                   "s = t.snapshot(); f = t.subscribe()\n"
                   "import threading\n"
                   "threading.Thread(target=f.next, kwargs={'timeout': 60}, daemon=True).start()\n"
                   "print('end')\n")
        done = subprocess.run([sys.executable, "-c", program, self.folder / "ended"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "end\n", ""))

    def test_threads_go_on_while_one_waits(self):
        self.make(1)
        waiting = threading.Event()

        def wait():
            waiting.set()
            return self.tracker.wait(id_of(1), timeout=60)

        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(wait)
            waiting.wait(60)
            # Were the interpreter's lock held by wait(), this line would not be reached in time.
            self.tracker.exit(id_of(1)).require()
            self.assertEqual(str(ended.result(60).status), "exited")

    def test_many_threads_race_for_runs_and_each_is_won_once(self):
        runs = [self.make(n).run_id for n in range(100)]

        def work(name):
            return sum(self.tracker.start(run, owner=name).applied for run in runs)

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual(sum(pool.map(work, (f"worker-{n}" for n in range(8)))), 100)

    def test_the_log_reaches_python(self):
        program = ("import os, sys, milepost\n"
                   "t = milepost.Tracker(sys.argv[1])\n"
                   "t.create(milepost.NIL, milepost.NIL).require()\n"
                   "os.kill(os.getpid(), 9)\n")
        folder = self.folder / "killed"
        subprocess.run([sys.executable, "-c", program, folder], timeout=60)
        lines = []
        # There is a journal to replay, which the log tells of.
        with milepost.Tracker(folder, log=lambda level, text: lines.append((level, text))) as t:
            self.assertEqual(t.counts().queued, 1)
        self.assertTrue(lines)
        for level, text in lines:
            self.assertIsInstance(level, milepost.LogLevel)
            self.assertIsInstance(text, str)


class AsyncTest(StoreTest):
    def setUp(self):
        super().setUp()
        self.tracker.close()

    def run_async(self, body):
        async def main():
            async with await aio.open(str(self.folder / "async"), clock=NOON) as tracker:
                await body(tracker)

        asyncio.run(main())

    def test_commands_are_awaited_and_share_commits(self):
        async def body(tracker):
            made = await asyncio.gather(*(tracker.create(JOURNEY, PROFILE, run_id=id_of(n))
                                          for n in range(50)))
            self.assertTrue(all(outcome.applied for outcome in made))
            self.assertIn(b"queued", tracker.get_json(id_of(7)))
            self.assertEqual((await tracker.counts()).queued, 50)
            self.assertEqual(len([run async for run in tracker.runs(page_size=20)]), 50)
            lines = b"".join([chunk async for chunk in tracker.export_runs()])
            self.assertEqual(lines.count(b"\n"), 50)

        self.run_async(body)

    def test_the_event_loop_goes_on_while_a_run_is_awaited(self):
        async def body(tracker):
            await tracker.create(JOURNEY, PROFILE, run_id=id_of(1))
            waiting = asyncio.create_task(tracker.wait(id_of(1), timeout=60))
            await asyncio.sleep(0)
            self.assertFalse(waiting.done())
            await tracker.exit(id_of(1))
            self.assertEqual(str((await waiting).status), "exited")
            with self.assertRaises(errors.BusyError):
                await tracker.wait((await tracker.create(JOURNEY, PROFILE)).run.run_id, timeout=0)

        self.run_async(body)

    def test_a_subscription_ends_with_its_task(self):
        async def body(tracker):
            seen = asyncio.Queue()

            async def follow():
                async for change in tracker.subscribe():
                    await seen.put(change.sequence)

            task = asyncio.create_task(follow())
            await tracker.create(JOURNEY, PROFILE)
            await tracker.flush()
            self.assertEqual(await asyncio.wait_for(seen.get(), 60), 1)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        self.run_async(body)

    def test_after_close_calls_say_closed(self):
        async def main():
            tracker = await aio.open(str(self.folder / "async"))
            await tracker.close()
            await tracker.close()
            with self.assertRaises(errors.ClosedError):
                tracker.get(id_of(1))
            with self.assertRaises((errors.ClosedError, RuntimeError)):
                await tracker.flush()

        asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
