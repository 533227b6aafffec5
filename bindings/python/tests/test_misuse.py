# SPDX-License-Identifier: Apache-2.0
"""Everything one can get wrong ends in an exception that says so, and changes nothing."""

import gc
import threading
import tracemalloc
import unittest
import warnings
from datetime import datetime, timedelta
from uuid import UUID

import milepost
from milepost import Filter, commands, errors
from milepost import _native
from support import JOURNEY, NOON, PROFILE, StoreTest, id_of


class ClosedTest(StoreTest):
    def test_every_call_after_close_says_closed(self):
        feed = self.tracker.subscribe()
        moment = self.tracker.snapshot()
        self.tracker.close()
        self.tracker.close()
        t = self.tracker
        calls = [
            lambda: t.create(JOURNEY, PROFILE), lambda: t.start(id_of(1)),
            lambda: t.heartbeat(id_of(1), timedelta(seconds=1)),
            lambda: t.apply([commands.start(id_of(1))]), lambda: t.get(id_of(1)),
            lambda: t.get_json(id_of(1)), lambda: t.get_many([id_of(1)]), t.list, t.list_json,
            t.counts, t.changes, t.snapshot, t.subscribe, lambda: t.wait(id_of(1)), t.orphans,
            t.expired, lambda: t.purge(NOON), lambda: t.erase_profile(PROFILE),
            lambda: t.bulk(Filter()), t.export_runs, lambda: t.import_runs([b""]), t.flush,
            t.stats, t.verify, lambda: t.backup(self.folder / "b"), lambda: t.fail_orphans("x"),
            lambda: t.store_id, lambda: t.unpublished, lambda: t.set_clock(NOON),
            feed.next, moment.counts, lambda: moment.get_json(id_of(1)),
        ]
        for number, call in enumerate(calls):
            with self.subTest(number), self.assertRaises(errors.ClosedError):
                call()
        feed.close(), moment.close(), feed.close(), moment.close()

    def test_a_close_ends_calls_that_wait(self):
        self.make(1)
        caught = []

        def wait():
            try:
                self.tracker.wait(id_of(1), timeout=600)
            except errors.MilepostError as error:
                caught.append(error.code)

        waiter = threading.Thread(target=wait)
        waiter.start()
        self.tracker.close()
        waiter.join(60)
        self.assertEqual(caught, [errors.ErrorCode.CLOSED])

    def test_a_tracker_that_is_forgotten_warns_and_is_closed(self):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            milepost.Tracker(self.folder / "forgotten")
            gc.collect()
        self.assertEqual([w.category for w in seen], [ResourceWarning])
        milepost.Tracker(self.folder / "forgotten").close()

    def test_handles_that_never_were(self):
        for handle in (0, 1, 2**64 - 1, self.tracker._handle + 1):
            with self.assertRaises(errors.InvalidArgumentError):
                _native.get_json(False, handle, id_of(1), None)
        with self.assertRaises(errors.InvalidArgumentError):
            _native.get_json(True, self.tracker._handle, id_of(1), None)


class ArgumentTest(StoreTest):
    def test_wrong_types_are_type_errors(self):
        t, one = self.tracker, id_of(1)
        calls = [
            lambda: t.get(str(one)), lambda: t.get_json(one.bytes), lambda: t.get_json(None),
            lambda: t.get_json(1), lambda: t.get(one, organization_id="x"),
            lambda: t.get_many(7), lambda: t.get_many([str(one)]),
            lambda: t.create(JOURNEY, "profile"), lambda: t.create(JOURNEY),
            lambda: t.create(JOURNEY, PROFILE, triggered_at="2023-11-07"),
            lambda: t.create(JOURNEY, PROFILE, triggered_at=datetime(2023, 11, 7)),
            lambda: t.create(JOURNEY, PROFILE, idempotency_key=7),
            lambda: t.start(one, owner=7), lambda: t.start(one, lease=30),
            lambda: t.fail(one, 7), lambda: t.fail(one, only_if_expired=1),
            lambda: t.complete(one, fencing_token="1"), lambda: t.list(limit="10"),
            lambda: t.list(cursor=7), lambda: t.changes("0"), lambda: t.purge(None),
            lambda: t.import_runs([7]), lambda: milepost.Tracker(7),
            lambda: milepost.Tracker(self.folder / "x", colour="red"),
            lambda: milepost.Tracker(self.folder / "x", create=1),
            lambda: milepost.Tracker(self.folder / "x", map_size_max="big"),
        ]
        for number, call in enumerate(calls):
            with self.subTest(number), self.assertRaises(TypeError):
                call()
        self.assertEqual(t.counts().total, 0)

    def test_wrong_values_are_value_errors(self):
        t, one = self.tracker, id_of(1)
        calls = [
            lambda: t.list(limit=0), lambda: t.list(limit=1001), lambda: t.list(limit=-1),
            lambda: t.list(cursor="nonsense"), lambda: t.list(Filter(statuses=[])),
            lambda: t.list(Filter(statuses=[9])), lambda: t.list(timeout=-1),
            lambda: t.changes(limit=10_001), lambda: t.expired(limit=0),
            lambda: t.get_many([one] * 10_001), lambda: t.start(one, owner="o" * 256),
            lambda: t.start(one, lease=timedelta(days=2)), lambda: t.start(one, lease=timedelta()),
            lambda: t.create(JOURNEY, PROFILE, idempotency_key="k" * 256),
            lambda: t.create(JOURNEY, PROFILE, triggered_at=NOON.replace(year=1399)),
            lambda: t.complete(one, fencing_token=2**64), lambda: t.complete(one, fencing_token=-1),
            lambda: t.start(one, owner="\ud800"), lambda: t.apply([commands.start(one)] * 10_001),
            lambda: milepost.Tracker(self.folder / "x", readers_max=1),
            lambda: milepost.Tracker("nul\0byte"), lambda: milepost.Tracker(""),
        ]
        for number, call in enumerate(calls):
            with self.subTest(number), self.assertRaises(ValueError):
                call()
        self.assertEqual(t.counts().total, 0)

    def test_a_malformed_command_spoils_its_batch_before_anything_is_done(self):
        with self.assertRaises(errors.InvalidArgumentError) as caught:
            self.tracker.apply([commands.create(JOURNEY, PROFILE),
                                commands.start(id_of(1), owner="o" * 256)])
        self.assertEqual(caught.exception.applied, errors.Applied.NO)
        self.assertIn("owner", caught.exception.message)
        self.assertEqual(self.tracker.counts().total, 0)

    def test_huge_and_hostile_texts(self):
        self.make(1), self.make(2), self.make(3)
        kept = self.tracker.fail(id_of(1), "\u00fc" * 5_000_000).require().error
        self.assertLessEqual(len(kept.encode()), 4096)
        self.assertTrue(kept.endswith("\u2026"))
        self.assertEqual(self.tracker.fail(id_of(2), b"a\xffb").require().error, "a\ufffdb")
        hostile = self.tracker.fail(id_of(3), "\0\x01\"\\\n\ud83d </script>").require().error
        self.assertEqual(hostile[:6], "\0\x01\"\\\n\ufffd")
        with self.assertRaises(errors.InvalidArgumentError):
            self.tracker.list(cursor="c" * 10_000_000)

    def test_opening_says_what_is_wrong(self):
        with self.assertRaises(errors.AlreadyOpenError):
            milepost.Tracker(self.folder / "runs")
        with self.assertRaises(errors.NotFoundError) as caught:
            milepost.Tracker(self.folder / "none", create=False)
        self.assertIn("none", str(caught.exception))
        with milepost.Tracker(self.folder / "second") as second:
            second.flush()
        with milepost.Tracker(self.folder / "second", read_only=True) as reader:
            self.assertRaises(errors.ReadOnlyError, reader.create, JOURNEY, PROFILE)

    def test_calls_leave_no_memory_behind(self):
        self.make(1), self.make(2)
        self.tracker.fail(id_of(2), "no").require()
        t = self.tracker

        def calls():
            t.get(id_of(2)), t.get_json(id_of(2)), t.get_many([id_of(1), id_of(9)]), t.list()
            t.list_json(), t.counts(), t.changes(), t.stats(), t.exit(id_of(9)), t.orphans()
            t.apply([commands.start(id_of(9), owner="w")]), t.store_id, list(t.export_runs())
            with t.snapshot() as moment:
                moment.get(id_of(1))
            for bad in (lambda: t.get(7), lambda: t.get_json(id_of(9)), lambda: t.list(limit=0),
                        lambda: t.apply([commands.start(id_of(1), owner=7)])):
                self.assertRaises((TypeError, errors.MilepostError), bad)

        calls()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        rounds, grown = 50, []
        for _ in range(4):
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(rounds):
                calls()
            gc.collect()
            grown.append(tracemalloc.get_traced_memory()[0] - before)
        # A table of the interpreter's own may grow once; a leak would show in every turn, with the
        # smallest object for each round at least.
        self.assertLess(min(grown), rounds * 16, grown)

    def test_a_subclass_of_uuid_is_a_uuid(self):
        class Mine(UUID):
            pass

        self.assertIsNone(self.tracker.get(Mine(int=5)))

    def test_one_snapshot_used_by_two_threads_at_a_time_is_refused_not_broken(self):
        for n in range(50):
            self.make(n)
        answers = set()
        with self.tracker.snapshot() as moment:
            def read():
                for _ in range(200):
                    try:
                        answers.add(len(moment.list()))
                    except errors.InvalidArgumentError:
                        answers.add("refused")

            threads = [threading.Thread(target=read) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertLessEqual(answers, {50, "refused"})
        self.assertIn(50, answers)


if __name__ == "__main__":
    unittest.main()
