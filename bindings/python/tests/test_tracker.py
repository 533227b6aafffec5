# SPDX-License-Identifier: Apache-2.0
"""What the tracker does, seen from Python."""

import dataclasses
import io
import json
import pickle
import re
import threading
import unittest
from datetime import datetime, timedelta, timezone
from uuid import UUID

import milepost
from milepost import (BulkAction, ChangeKind, Filter, Order, OutcomeKind, RunStatus, commands,
                      errors)
from support import JOURNEY, NOON, PROFILE, StoreTest, id_of


class LifecycleTest(StoreTest):
    def test_a_run_goes_from_queued_to_failed(self):
        run = self.make(1)
        self.assertEqual(run, milepost.Run(
            id_of(1), JOURNEY, PROFILE, milepost.NIL, RunStatus.QUEUED, NOON, None, None, None, "",
            0, run.sequence))
        started = self.tracker.start(id_of(1), owner="worker-7")
        self.assertEqual(started.kind, OutcomeKind.APPLIED)
        self.assertTrue(started.applied and started.holds)
        self.assertEqual((started.run.owner, started.run.started_at), ("worker-7", NOON))
        self.assertEqual(self.tracker.start(id_of(1), owner="worker-8").kind, OutcomeKind.CONFLICT)
        failed = self.tracker.fail(id_of(1), "mailbox \u00fc\U0001f600 full").require()
        self.assertEqual(failed.error, "mailbox \u00fc\U0001f600 full")
        self.assertTrue(failed.status.final)
        with self.assertRaises(milepost.OutcomeError) as caught:
            self.tracker.complete(id_of(1)).require()
        self.assertEqual(caught.exception.outcome.kind, OutcomeKind.ILLEGAL)
        self.assertEqual(self.tracker.get(id_of(1)), failed)

    def test_every_other_ending_and_an_unknown_run(self):
        self.make(1), self.make(2)
        self.tracker.start(id_of(1)).require()
        self.assertEqual(str(self.tracker.complete(id_of(1)).require().status), "completed")
        self.assertEqual(str(self.tracker.exit(id_of(2)).require().status), "exited")
        self.assertEqual(self.tracker.exit(id_of(2)).kind, OutcomeKind.UNCHANGED)
        nobody = self.tracker.start(id_of(3))
        self.assertEqual((nobody.kind, nobody.run), (OutcomeKind.NOT_FOUND, None))
        self.assertIsNone(self.tracker.get(id_of(3)))

    def test_the_public_json_to_the_byte(self):
        self.make(1)
        self.assertEqual(
            self.tracker.get_json(id_of(1)),
            b'{"runId":"00000000-0000-4000-8000-000000000001",'
            b'"journeyId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",'
            b'"profileId":"4d01d4dd-1e55-4c61-9999-9ee36847163b","status":"queued",'
            b'"triggeredAt":"2023-11-07T05:31:56Z","completedAt":null,"error":null}')
        with self.assertRaises(errors.NotFoundError):
            self.tracker.get_json(id_of(1), id_of(9))

    def test_instants_keep_their_microseconds_and_their_zone_is_utc(self):
        east = timezone(timedelta(hours=5, minutes=30))
        for number, instant in enumerate((
                datetime(1400, 1, 1, tzinfo=timezone.utc),
                datetime(1969, 12, 31, 23, 59, 59, 999_999, timezone.utc),
                datetime(2023, 11, 7, 11, 1, 56, 123_456, east),
                datetime(9999, 12, 31, 23, 59, 59, 999_999, timezone.utc))):
            run = self.make(number, triggered_at=instant)
            self.assertEqual(run.triggered_at, instant)
            self.assertEqual(run.triggered_at.utcoffset(), timedelta())

    def test_ids_keep_all_bits(self):
        for value in (0, 1, 1 << 63, 1 << 64, (1 << 64) - 1, (1 << 128) - 1,
                      0x0123456789abcdef << 60):
            id = UUID(int=value)
            made = self.tracker.create(id, id, run_id=id, organization_id=id).require()
            self.assertEqual((made.run_id, made.journey_id, made.organization_id), (id, id, id))
            self.assertEqual(hash(made.run_id), hash(id))
            self.assertEqual(made.run_id.is_safe, id.is_safe)

    def test_idempotency_keys_are_text_or_bytes(self):
        first = self.tracker.create(JOURNEY, PROFILE, idempotency_key="order-4711")
        second = self.tracker.create(JOURNEY, PROFILE, idempotency_key=b"order-4711")
        self.assertEqual((first.kind, second.kind), (OutcomeKind.CREATED, OutcomeKind.UNCHANGED))
        self.assertEqual(first.run, second.run)

    def test_leases_and_adoption(self):
        self.make(1)
        lease = timedelta(seconds=30)
        self.tracker.start(id_of(1), owner="a", lease=lease).require()
        self.tracker.set_clock(NOON + timedelta(seconds=20))
        self.tracker.heartbeat(id_of(1), lease, owner="a").require()
        self.tracker.set_clock(NOON + timedelta(seconds=40))
        self.assertEqual(self.tracker.expired(), ())
        self.tracker.set_clock(NOON + timedelta(seconds=51))
        self.assertEqual([run.run_id for run in self.tracker.expired()], [id_of(1)])
        mine = self.tracker.adopt(id_of(1), owner="b", only_if_expired=True).require()
        self.assertEqual((mine.owner, mine.fencing_token), ("b", 2))
        late = self.tracker.complete(id_of(1), owner="a", fencing_token=1)
        self.assertEqual(late.kind, OutcomeKind.CONFLICT)


class ManyTest(StoreTest):
    def setUp(self):
        super().setUp()
        self.tracker.apply(
            commands.create(JOURNEY, PROFILE, run_id=id_of(n),
                            triggered_at=NOON + timedelta(seconds=n)) for n in range(25))

    def test_a_batch_answers_each_command(self):
        outcomes = self.tracker.apply([
            commands.start(id_of(0), owner="w"), commands.fail(id_of(0), "no"),
            commands.start(id_of(99)), commands.exit(id_of(1)),
            commands.import_run(id_of(50), JOURNEY, PROFILE, RunStatus.FAILED, NOON,
                                completed_at=NOON, error="old")])
        self.assertEqual([str(o.kind) for o in outcomes],
                         ["applied", "applied", "not_found", "applied", "created"])
        self.assertEqual(self.tracker.apply([]), ())

    def test_pages_have_every_run_once_in_order(self):
        seen, cursor = [], ""
        while True:
            page = self.tracker.list(limit=10, cursor=cursor, order=Order.OLDEST_FIRST)
            seen += [run.run_id for run in page]
            cursor = page.next
            if not cursor:
                break
        self.assertEqual(seen, [id_of(n) for n in range(25)])
        self.assertEqual([run.run_id for run in self.tracker.runs(page_size=7)], seen[::-1])

    def test_filters(self):
        self.tracker.exit(id_of(3)).require()
        exited = Filter(journey_id=JOURNEY, statuses=[RunStatus.EXITED])
        self.assertEqual([run.run_id for run in self.tracker.list(exited)], [id_of(3)])
        window = Filter(triggered_from=NOON + timedelta(seconds=5),
                        triggered_to=NOON + timedelta(seconds=7))
        self.assertEqual(len(self.tracker.list(window)), 2)
        self.assertEqual(len(self.tracker.list(Filter(organization_id=id_of(77)))), 0)
        page = self.tracker.list_json(exited)
        self.assertEqual([run["status"] for run in json.loads(page.json)], ["exited"])
        self.assertEqual((page.count, page.next), (1, ""))

    def test_counts_and_get_many_agree_in_a_snapshot(self):
        with self.tracker.snapshot() as moment:
            self.tracker.exit(id_of(0)).require()
            self.assertEqual((moment.counts().queued, moment.counts().total), (25, 25))
            found, missing = moment.get_many([id_of(0), id_of(99)])
            self.assertEqual((found.status, missing), (RunStatus.QUEUED, None))
            self.assertIn(b'"queued"', moment.get_json(id_of(0)))
            self.assertEqual(len(list(moment.runs())), 25)
            self.assertEqual(moment.sequence, 25)
        self.assertEqual(self.tracker.counts(journey_id=JOURNEY).exited, 1)
        with self.assertRaises(errors.ClosedError):
            moment.get(id_of(0))

    def test_the_change_feed(self):
        self.tracker.start(id_of(0)).require()
        page = self.tracker.changes(24, limit=1)
        self.assertEqual((len(page), page.next, page.newest), (1, 25, 26))
        self.assertEqual(page.store_id, self.tracker.store_id)
        changes = list(self.tracker.history(page_size=4))
        self.assertEqual([c.sequence for c in changes], list(range(1, 27)))
        self.assertEqual(changes[-1].kind, ChangeKind.STARTED)
        self.assertEqual(changes[-1].run.run_id, id_of(0))

    def test_a_subscription_waits_and_is_stopped_from_another_thread(self):
        with self.tracker.subscribe(25) as feed:
            with self.assertRaises(errors.BusyError):
                feed.next(timeout=0)
            seen = []

            def read():
                for change in feed:
                    seen.append(change.kind)
                    feed.stop()

            reader = threading.Thread(target=read)
            reader.start()
            self.tracker.exit(id_of(2)).require()
            self.tracker.flush()
            reader.join(60)
            self.assertEqual((seen, feed.position), ([ChangeKind.EXITED], 26))

    def test_wait_is_woken_by_the_commit(self):
        self.assertRaises(errors.BusyError, self.tracker.wait, id_of(0), timeout=0)
        ender = threading.Thread(target=self.tracker.exit, args=(id_of(0),))
        ender.start()
        self.assertEqual(self.tracker.wait(id_of(0), timeout=60).status, RunStatus.EXITED)
        ender.join()

    def test_bulk_purge_and_erase(self):
        dry = self.tracker.bulk(Filter(), BulkAction.FAIL, error="stop", dry_run=True)
        self.assertEqual((dry.matched, dry.applied, dry.sample[0].status),
                         (25, 0, RunStatus.QUEUED))
        done = self.tracker.bulk(Filter(), BulkAction.FAIL, error="stop")
        self.assertEqual((done.applied, done.next), (25, ""))
        self.assertEqual(self.tracker.get(id_of(4)).error, "stop")
        purged = self.tracker.purge(NOON + timedelta(days=1), limit=5)
        self.assertEqual(purged.removed, 5)
        self.assertTrue(purged.next)
        erased = self.tracker.erase_profile(PROFILE)
        self.assertEqual(erased.runs, 20)
        self.assertEqual(self.tracker.counts().total, 0)

    def test_export_and_import(self):
        lines = b"".join(self.tracker.export_runs())
        self.assertEqual(lines.count(b"\n"), 25)
        with milepost.Tracker(self.folder / "other") as other:
            report = other.import_runs(io.BytesIO(lines + b"nonsense\n"))
            self.assertEqual((report.created, report.refused), (25, 1))
            self.assertEqual(report.problems[0][0], 26)
            self.assertEqual(b"".join(other.export_runs()), lines)

    def test_stats(self):
        self.tracker.flush()
        stats = self.tracker.stats()
        self.assertEqual((stats["queued"], stats["sequence"]), (25, 25))
        self.assertIn("runs", [tree[0] for tree in stats["trees"]])
        self.assertIn("milepost_", stats["prometheus"])


class UpkeepTest(StoreTest):
    def test_a_backup_is_verified_and_restored(self):
        self.make(1), self.make(2)
        steps = []
        self.assertTrue(self.tracker.verify(milepost.VerifyLevel.PAGES).sound)
        backup = self.tracker.backup(self.folder / "backup", progress=steps.append)
        self.assertEqual(backup.sequence, 2)
        self.assertGreater(backup.bytes, 0)
        self.assertEqual(steps[-1].bytes, backup.bytes)
        self.assertEqual(milepost.verify(self.folder / "backup").runs, 2)
        restored = milepost.restore(self.folder / "backup", self.folder / "restored")
        self.assertNotEqual(restored.store_id, self.tracker.store_id)
        with milepost.Tracker(self.folder / "restored") as again:
            self.assertEqual(again.store_id, restored.store_id)
            self.assertEqual(again.get_json(id_of(1)), self.tracker.get_json(id_of(1)))
        with self.assertRaises(errors.InvalidArgumentError):
            self.tracker.backup(self.folder / "backup")

    def test_a_damaged_store_is_told_of_and_repaired(self):
        folder = self.folder / "damaged"
        with milepost.Tracker(folder) as tracker:
            for number in range(50):
                tracker.create(JOURNEY, PROFILE, run_id=id_of(number)).require()
        data = bytearray((folder / "data.mdb").read_bytes())
        for found in re.finditer(re.escape(id_of(7).bytes), bytes(data)):
            data[found.end() + 20] ^= 0xff  # in its record, or in a row of an index beside it
        (folder / "data.mdb").write_bytes(data)
        report = milepost.verify(folder)
        self.assertFalse(report.sound)
        self.assertTrue(all(finding.kind and finding.text for finding in report.findings))
        repaired = milepost.repair(folder, self.folder / "repaired")
        self.assertGreaterEqual(repaired.runs, 40)
        self.assertGreaterEqual(repaired.lost, 1)
        with milepost.Tracker(self.folder / "repaired") as tracker:
            self.assertTrue(tracker.verify().sound)

    def test_what_progress_raises_ends_the_work_and_leaves_nothing(self):
        class Enough(Exception):
            pass

        def watch(progress):
            raise Enough

        self.make(1)
        with self.assertRaises(Enough):
            self.tracker.backup(self.folder / "backup", progress=watch)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["runs"])
        self.assertRaises(errors.NotFoundError, milepost.verify, self.folder / "none")

    def test_all_orphans_are_failed(self):
        self.make(1), self.make(2)
        self.tracker.start(id_of(1)).require()
        self.tracker.close()
        with milepost.Tracker(self.folder / "runs") as tracker:
            self.assertEqual(tracker.fail_orphans("the host died"), (1, False))
            self.assertEqual(tracker.get(id_of(1)).error, "the host died")


class ValuesTest(unittest.TestCase):
    def test_values_are_frozen_and_errors_can_be_pickled(self):
        counts = milepost.Counts(1, 2, 3, 4, 5)
        with self.assertRaises(dataclasses.FrozenInstanceError):
            counts.queued = 9
        self.assertEqual(pickle.loads(pickle.dumps(counts)), counts)
        error = errors.BusyError(-3, 0, 0, True, "late")
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((type(again), str(again), again.retry_safe),
                         (errors.BusyError, "busy: late", True))
        self.assertIsInstance(error, TimeoutError)

    def test_texts_are_read_as_the_contract_has_them(self):
        self.assertEqual(milepost.parse_uuid(str(JOURNEY).upper()), JOURNEY)
        for text in ("", "{" + str(JOURNEY) + "}", JOURNEY.hex, str(JOURNEY) + "\n"):
            self.assertRaises(errors.InvalidArgumentError, milepost.parse_uuid, text)
        self.assertEqual(milepost.parse_instant("2023-11-07T05:31:56Z"), NOON)
        self.assertEqual(milepost.format_instant(NOON), "2023-11-07T05:31:56Z")
        self.assertEqual(milepost.format_instant(NOON.replace(microsecond=1)),
                         "2023-11-07T05:31:56.000001Z")


if __name__ == "__main__":
    unittest.main()
