# SPDX-License-Identifier: Apache-2.0
"""What the tests share: a store in a folder that goes away, and ids that are easy to tell apart."""

import tempfile
import unittest
from datetime import datetime, timezone
from pathlib import Path
from uuid import UUID

import milepost

NOON = datetime(2023, 11, 7, 5, 31, 56, tzinfo=timezone.utc)
JOURNEY = UUID("3c90c3cc-0d44-4b50-8888-8dd25736052a")
PROFILE = UUID("4d01d4dd-1e55-4c61-9999-9ee36847163b")
SMALL = {"map_size_start": 1 << 20, "map_size_max": 1 << 28, "journal_segment_bytes": 1 << 16,
         "journal_bytes_max": 1 << 20}


def id_of(number):
    return UUID(f"00000000-0000-4000-8000-{number:012x}")


class StoreTest(unittest.TestCase):
    """A test with a tracker of its own, whose clock stands still."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="milepost-python-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.tracker = milepost.Tracker(self.folder / "runs", clock=NOON, **SMALL)
        self.addCleanup(self.tracker.close)

    def make(self, number, **options):
        return self.tracker.create(JOURNEY, PROFILE, run_id=id_of(number), **options).require()
