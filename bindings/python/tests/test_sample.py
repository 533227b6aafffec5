# SPDX-License-Identifier: Apache-2.0
"""The sample does what it says, twice, and picks up what a kill left unfinished."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import milepost

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "journey_executor.py"


class SampleTest(unittest.TestCase):
    def run_sample(self, folder, count):
        done = subprocess.run([sys.executable, SAMPLE, folder, str(count)], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_nothing_is_made_or_done_twice(self):
        with tempfile.TemporaryDirectory() as folder:
            first = self.run_sample(folder, 300)
            self.assertEqual(first[:2], ["created 300 of 300",
                                         "executed 300 of 300, 0 of them orphans"])
            counts = dict(re.findall(r"(\w+)=(\d+)", first[2]))
            self.assertEqual((counts["queued"], counts["running"]), ("0", "0"))
            self.assertEqual(sum(map(int, counts.values())), 300)
            self.assertTrue(all(int(counts[c]) > 0 for c in ("completed", "failed", "exited")))
            second = self.run_sample(folder, 300)
            self.assertEqual(second[:3], ["created 0 of 300",
                                          "executed 0 of 0, 0 of them orphans", first[2]])

    def test_orphans_of_a_killed_process_are_adopted(self):
        program = ("import os, sys, milepost\nsys.path.insert(0, sys.argv[2])\n"
                   "from journey_executor import create_runs, made_up\n"
                   "tracker = milepost.Tracker(sys.argv[1])\ncreate_runs(tracker, 50)\n"
                   "for n in range(5): tracker.start(made_up('run', n), owner='gone').require()\n"
                   "os.kill(os.getpid(), 9)\n")
        with tempfile.TemporaryDirectory() as folder:
            killed = subprocess.run([sys.executable, "-c", program, folder, SAMPLE.parent],
                                    timeout=60, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
            self.assertEqual(killed.returncode, -9)
            lines = self.run_sample(folder, 50)
            self.assertEqual(lines[:2], ["created 0 of 50",
                                         "executed 50 of 50, 5 of them orphans"])

    def test_the_readme_s_example_runs(self):
        readme = (SAMPLE.parent.parent / "README.md").read_text()
        example = re.search(r"```python\n(.*?)```", readme, re.S).group(1)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, "-c", example], cwd=folder, timeout=60,
                                  capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'"error":"mailbox full"\}\n\S+ mailbox full 20')


if __name__ == "__main__":
    unittest.main()
