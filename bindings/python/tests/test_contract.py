# SPDX-License-Identifier: Apache-2.0
"""Replays the cases of bindings/contract; MILEPOST_CONTRACT_CASES names the file."""

import json
import os
import tempfile
import threading
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import milepost
from milepost import (Filter, MilepostError, OutcomeKind, RunStatus, Tracker, commands,
                      format_instant, parse_instant, parse_uuid)
from milepost.values import Order

STEPS = ("start", "complete", "fail", "exit", "adopt", "heartbeat")


def expand(value):
    """A list that is written as one member and how often."""
    if isinstance(value, dict) and "list_of" in value:
        return [value["list_of"]] * value["times"]
    return value


def text_of(value):
    """str, or bytes where a text is given in hex."""
    if isinstance(value, list):
        parts = [text_of(part) for part in value]
        if all(isinstance(part, str) for part in parts):
            return "".join(parts)
        return b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"]) if "hex" in value else value["repeat"] * value["times"]
    return value


class Replay:
    """One case against a store of its own."""

    def __init__(self, test, cases, case, folder):
        self.test = test
        # Small segments are made quickly, but the largest batch needs a large one.
        is_large = "list_of" in json.dumps(case)
        self.store = {"map_size_start": 1 << 20,
                      "journal_segment_bytes": 16 << 20 if is_large else 1 << 16}
        self.cases = cases
        self.folder = folder
        self.now = parse_instant(cases["clock"])
        self.names = {}
        self.tracker = self.open()

    def open(self, **options):
        return Tracker(self.folder, clock=self.now, **self.store, **options)

    def id(self, step, member, default=None):
        value = step.get(member, default)
        if value is None:
            return None
        return UUID(self.names[value[1:]]) if value.startswith("$") else parse_uuid(value)

    def arguments(self, step):
        """The keyword arguments of a command, as the package calls them."""
        made = {"organization_id": self.id(step, "organization")}
        for member, name in (("owner", "owner"), ("key", "idempotency_key")):
            if member in step:
                made[name] = text_of(step[member])
        if "token" in step:
            made["fencing_token"] = step["token"]
        if "lease_ms" in step:
            made["lease"] = timedelta(milliseconds=step["lease_ms"])
        if "only_if_expired" in step:
            made["only_if_expired"] = step["only_if_expired"]
        for member in ("triggered_at", "started_at", "completed_at"):
            if member in step:
                made[member] = parse_instant(step[member])
        if step["do"] == "create":
            made["run_id"] = self.id(step, "run")
            made["journey_id"] = self.id(step, "journey", self.cases["journey"])
            made["profile_id"] = self.id(step, "profile", self.cases["profile"])
        elif step["do"] == "import":
            made["run_id"] = self.id(step, "run")
            made["journey_id"] = self.id(step, "journey", self.cases["journey"])
            made["profile_id"] = self.id(step, "profile", self.cases["profile"])
            made["status"] = RunStatus[step["status"].upper()]
            if "error" in step:
                made["error"] = text_of(step["error"])
        else:
            made["run_id"] = self.id(step, "run")
            if step["do"] == "fail":
                made["error"] = text_of(step.get("error", ""))
        return made

    def filter(self, step):
        made = {name: self.id(step, member) for member, name in (
            ("organization", "organization_id"), ("journey", "journey_id"),
            ("profile", "profile_id"))}
        if "statuses" in step:
            made["statuses"] = [RunStatus[name.upper()] for name in step["statuses"]]
        for member, name in (("from", "triggered_from"), ("to", "triggered_to")):
            if member in step:
                made[name] = parse_instant(step[member])
        return Filter(**made)

    def page(self, step):
        made = {}
        if "limit" in step:
            made["limit"] = step["limit"]
        if "order" in step:
            made["order"] = Order[step["order"].upper()]
        cursor = text_of(step.get("cursor", ""))
        if isinstance(cursor, str) and cursor.startswith("$"):
            cursor = self.names[cursor[1:]]
        if cursor:
            made["cursor"] = cursor
        return made

    def run(self, step):
        """What a step yields, in the words of its `expect`."""
        do = step["do"]
        if do in STEPS or do == "create":
            return self.seen_outcome(getattr(self.tracker, do)(**self.arguments(step)), step)
        return getattr(self, "do_" + do)(step)

    def seen_outcome(self, outcome, step):
        seen = {"outcome": str(outcome.kind), "has_run": outcome.run is not None}
        if outcome.run is not None:
            seen.update(self.seen_run(outcome.run))
            if "as" in step:
                self.names[step["as"]] = str(outcome.run.run_id)
        return seen

    @staticmethod
    def seen_run(run):
        return {"json": run.to_json().decode(), "token": run.fencing_token, "owner": run.owner,
                "run": str(run.run_id), "version": run.run_id.version}

    def do_apply(self, step):
        batch = []
        for command in expand(step["commands"]):
            make = commands.import_run if command["do"] == "import" else \
                getattr(commands, command["do"])
            batch.append(make(**self.arguments(command)))
        return {"outcomes": [str(outcome.kind) for outcome in self.tracker.apply(batch)]}

    def do_get(self, step):
        run = self.tracker.get(self.id(step, "run"), organization_id=self.id(step, "organization"))
        return {"found": False} if run is None else {"found": True, **self.seen_run(run)}

    def do_get_json(self, step):
        return {"json": self.tracker.get_json(self.id(step, "run"),
                                              self.id(step, "organization")).decode()}

    def do_get_many(self, step):
        ids = [self.id({"run": run}, "run") for run in expand(step["runs"])]
        runs = self.tracker.get_many(ids, organization_id=self.id(step, "organization"))
        return {"found": [run is not None for run in runs]}

    def do_list(self, step):
        where, how = self.filter(step), self.page(step)
        page = self.tracker.list(where, **how)
        if "as" in step:
            self.names[step["as"]] = page.next
        seen = {"runs": self.ids(page), "more": page.next != "", "pages": [self.ids(page)]}
        while "pages" in step["expect"] and page.next:
            page = self.tracker.list(where, **{**how, "cursor": page.next})
            seen["pages"].append(self.ids(page))
        return seen

    @staticmethod
    def ids(page):
        return [str(run.run_id) for run in page]

    def do_list_json(self, step):
        page = self.tracker.list_json(self.filter(step), **self.page(step))
        if "as" in step:
            self.names[step["as"]] = page.next
        return {"json": page.json.decode(), "count": page.count, "more": page.next != ""}

    def do_counts(self, step):
        counts = self.tracker.counts(organization_id=self.id(step, "organization"),
                                     journey_id=self.id(step, "journey"))
        return {"counts": [counts.queued, counts.running, counts.completed, counts.failed,
                           counts.exited]}

    def do_changes(self, step):
        how = {"limit": step["limit"]} if "limit" in step else {}
        page = self.tracker.changes(step["after"], **how)
        return {"next": page.next,
                "changes": [[str(change.kind), str(change.run.run_id)] for change in page]}

    def do_wait(self, step):
        return self.seen_run(self.tracker.wait(
            self.id(step, "run"), organization_id=self.id(step, "organization"),
            timeout=step["timeout_ms"] / 1000))

    def do_orphans(self, step):
        page = self.tracker.orphans(**self.page(step))
        return {"runs": self.ids(page), "more": page.next != ""}

    def do_expired(self, step):
        return {"runs": self.ids(self.tracker.expired(limit=step.get("limit", 100)))}

    def do_purge(self, step):
        report = self.tracker.purge(parse_instant(step["before"]), limit=step.get("limit", 100),
                                    dry_run=step.get("dry_run", False))
        return {"removed": report.removed, "more": report.next != ""}

    def do_clock(self, step):
        self.now = parse_instant(step["at"])
        self.tracker.set_clock(self.now)
        return {}

    def do_close(self, step):
        self.tracker.close()
        return {}

    def do_reopen(self, step):
        self.tracker.close()
        self.tracker = self.open(read_only=step.get("read_only", False))
        return {}

    def do_open_again(self, step):
        self.open().close()
        return {}

    def do_id(self, step):
        return {"text": str(parse_uuid(text_of(step["text"])))}

    def do_instant(self, step):
        return {"text": format_instant(parse_instant(text_of(step["text"])))}

    def do_race(self, step):
        barrier = threading.Barrier(step["threads"])
        kinds = []

        def take(number):
            one = dict(step["step"])
            if step.get("number_owner"):
                one["owner"] = f"{one['owner']}{number}"
            barrier.wait()
            try:
                kinds.append(self.run(one)["outcome"])
            except MilepostError as error:
                kinds.append(str(error.code))

        threads = [threading.Thread(target=take, args=(n,)) for n in range(step["threads"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {"outcomes": dict(Counter(kinds))}

    def check(self, number, step):
        try:
            seen = self.run(step)
        except MilepostError as error:
            seen = {"error": str(error.code)}
        except ValueError as error:  # what Python says of an argument no UTF-8 can hold
            seen = {"error": "invalid_argument", "said": str(error)}
        wanted = {name: expand(value) for name, value in step.get("expect", {}).items()}
        for name in ("json", "owner"):
            if name in wanted:
                wanted[name] = text_of(wanted[name])
        if "error" in seen or "error" in wanted:
            self.test.assertEqual(seen.get("error"), wanted.get("error"), (number, step, seen))
            return
        if str(wanted.get("run", "")).startswith("$"):
            wanted["run"] = self.names[wanted["run"][1:]]
        for name, value in wanted.items():
            self.test.assertIn(name, seen, (number, step))
            self.test.assertEqual(seen[name], value, (number, name, step))


@unittest.skipUnless(Path(os.environ.get("MILEPOST_CONTRACT_CASES", "")).is_file(),
                     "MILEPOST_CONTRACT_CASES names no file")
class ContractTest(unittest.TestCase):
    def test_every_case(self):
        cases = json.loads(Path(os.environ["MILEPOST_CONTRACT_CASES"]).read_text(encoding="utf-8"))
        self.assertEqual(cases["format"], 1)
        self.assertGreaterEqual(len(cases["cases"]), 30)

        def replay(case):
            with tempfile.TemporaryDirectory() as folder:
                one = Replay(self, cases, case, folder)
                try:
                    for number, step in enumerate(case["steps"]):
                        one.check(number, step)
                finally:
                    one.tracker.close()

        with ThreadPoolExecutor(8) as pool:  # cases mostly wait for their syncs
            replays = [(case["name"], pool.submit(replay, case)) for case in cases["cases"]]
            for name, done in replays:
                with self.subTest(name):
                    done.result()


class NamesTest(unittest.TestCase):
    def test_outcomes_have_the_contract_s_names(self):
        self.assertEqual([str(kind) for kind in OutcomeKind],
                         ["created", "applied", "unchanged", "illegal", "conflict", "not_found"])
        self.assertEqual(milepost.Outcome(OutcomeKind.CREATED, None).applied, True)


if __name__ == "__main__":
    unittest.main()
