#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does the suite bite? Builds one copy of the library with all mutants in it, proves that without
one the tests pass, then runs for each mutant the tests that should fail until one does.

Fails if less than 95% of the mutants are killed, or if one survives that breaks a rule of the write
path. A test that does not end counts as failed.
"""

import argparse
import concurrent.futures
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import make  # noqa: E402
import mutant as mutants  # noqa: E402
import programs  # noqa: E402
import rules  # noqa: E402
import table  # noqa: E402

KILLED_SHARE_MIN = 0.95
SECONDS_MAX = 120
BASELINE_SECONDS_MAX = 600


class Tests:
    """Runs tests of the copy, each in a session and a folder of its own."""

    def __init__(self, build):
        self.paths = {}
        for folder, _, files in os.walk(os.path.join(build, "tests")):
            for name in set(files) & programs.PROGRAMS:
                self.paths[name] = os.path.join(folder, name)

    def run(self, test, mutant, seconds):
        """(outcome, seconds, output); the outcome is passed, failed or hung."""
        with tempfile.TemporaryDirectory(prefix="milepost-mutant-", dir=memory_folder()) as folder:
            environment = dict(os.environ, TMPDIR=folder, MILEPOST_TEST_DIR=folder,
                               MILEPOST_CRASH_DIR=folder)
            environment.setdefault("MILEPOST_TEST_SEED", "1")
            environment.pop("MILEPOST_LONG_SECONDS", None)
            environment.pop("MILEPOST_MUTANT", None)
            if mutant:
                environment["MILEPOST_MUTANT"] = mutant
            begun = time.monotonic()
            output = os.path.join(folder, "output")
            with open(output, "wb") as file:
                process = subprocess.Popen(
                    programs.command_of(test, self.paths), env=environment, cwd=folder,
                    stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                    start_new_session=True, preexec_fn=limit)
                try:
                    status = process.wait(seconds)
                    outcome = "passed" if status == 0 else "failed"
                except subprocess.TimeoutExpired:
                    outcome = "hung"
                finally:
                    end_session(process)
            with open(output, encoding="utf-8", errors="replace") as file:
                return outcome, time.monotonic() - begun, file.read()


def memory_folder():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


def limit():
    """In the child: whatever dies leaves no core."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_session(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def build(root, where, jobs):
    """The folder of the build."""
    source, binary = os.path.join(where, "src"), os.path.join(where, "build")
    print("mutants: copying the sources and building the mutants in", flush=True)
    make.make(root, source)
    configure = ["cmake", "-S", source, "-B", binary, "-G", "Ninja",
                 "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DMILEPOST_WERROR=OFF",
                 "-DMILEPOST_BUILD_SAMPLES=OFF", "-DMILEPOST_BUILD_HTTP=OFF",
                 "-DMILEPOST_BUILD_CLI=OFF", "-DMILEPOST_BUILD_BENCH=OFF",
                 "-DMILEPOST_INSTALL=OFF", "-DCMAKE_CXX_FLAGS=-w",
                 "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1"]
    if shutil.which("ccache"):
        configure += ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", binary, "--parallel", str(jobs), "--target",
                    *sorted(programs.PROGRAMS)], check=True)
    return binary


def prove_baseline(tests, chosen, jobs):
    """Without a mutant every listed test passes; yields how long each took, or None."""
    wanted = sorted({test for each in chosen for test in each.tests})
    print(f"mutants: without a mutant, {len(wanted)} tests", flush=True)
    took = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = pool.map(lambda test: tests.run(test, None, BASELINE_SECONDS_MAX), wanted)
        for test, (outcome, seconds, output) in zip(wanted, runs):
            if outcome != "passed":
                print(output[-4000:])
                print(f"mutants: without a mutant this {outcome}: {test}")
                return None
            took[test] = seconds
    return took


def judge(tests, each, took):
    """(killed by, seconds, output of the last test); nothing killed a survivor."""
    total, output = 0.0, ""
    for test in each.tests:
        # Far beyond what the test takes, so that only a hang is one.
        limit_seconds = min(SECONDS_MAX, max(30.0, 10 * took[test]))
        outcome, seconds, output = tests.run(test, each.name, limit_seconds)
        total += seconds
        if outcome != "passed":
            return test + (" (hung)" if outcome == "hung" else ""), total, output
    return None, total, output


def choose(names):
    known = {each.name: each for each in table.MUTANTS}
    for name in names:
        if name not in known and name not in rules.RULES:
            sys.exit(f"mutants: no mutant or rule '{name}'; see --list")
    return [each for each in table.MUTANTS
            if not names or each.name in names or each.rule in names]


def report(results):
    """Prints what is to be said in the end; whether that is good enough."""
    survivors = [each for each, killer, _, _ in results if not killer]
    share = 1 - len(survivors) / len(results)
    print(f"\nmutants: {len(results) - len(survivors)} of {len(results)} killed ({share:.1%})")
    for each in survivors:
        print(f"  survived: {each.name}, which breaks: {rules.RULES[each.rule]}")
    promised = [each for each in survivors if each.rule in rules.WRITE_PATH]
    if promised:
        print("mutants: a broken rule of the write path must not survive")
    if share < KILLED_SHARE_MIN:
        print(f"mutants: at least {KILLED_SHARE_MIN:.0%} must be killed")
    return not promised and share >= KILLED_SHARE_MIN


def run(arguments):
    root = os.path.abspath(arguments.root)
    chosen = choose(arguments.only)
    where = os.path.join(root, "build", "mutants")
    tests = Tests(build(root, where, arguments.jobs))
    took = prove_baseline(tests, chosen, arguments.jobs)
    if took is None:
        return False
    print(f"\n{'mutant':34} {'rule':10} {'seconds':>7}  killed by", flush=True)
    results = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for each, (killer, seconds, output) in zip(
                chosen, pool.map(lambda each: judge(tests, each, took), chosen)):
            results.append((each, killer, seconds, output))
            print(f"{each.name:34} {each.rule:10} {seconds:7.1f}  {killer or 'nobody'}", flush=True)
            if arguments.verbose:
                print(output[-2000:])
    return report(results)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, help="the top folder of the project")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="a mutant, or all of a rule; may be repeated")
    parser.add_argument("--list", action="store_true", help="names the mutants and ends")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--verbose", action="store_true", help="shows what the tests said")
    arguments = parser.parse_args()
    if arguments.list:
        for each in choose(arguments.only):
            print(f"{each.name:34} {rules.RULES[each.rule]}")
        return 0
    try:
        return 0 if run(arguments) else 1
    except (mutants.NotApplicable, subprocess.CalledProcessError) as error:
        print(f"mutants: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
