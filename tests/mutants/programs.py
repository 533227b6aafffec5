# SPDX-License-Identifier: Apache-2.0
"""The test programs that may be named in the table, and how one of their tests is run."""

CATCH = {
    "api_behaviour_test", "api_host_test", "api_model_test", "api_transfer_test",
    "api_verify_test", "concurrency_test", "faults_test", "milepost_core_tests",
    "milepost_journal_tests", "milepost_lmdb_tests", "milepost_verify_tests", "regress_test",
    "store_unit_test",
}
CRASH = {"crash_power_loss", "crash_kill_loop", "crash_io_faults"}
PLAIN = {"milepost_run_id_fork_test"}
PROGRAMS = CATCH | CRASH | PLAIN


def command_of(test, paths):
    """The command line of a test; `paths` has the file of each program."""
    program, _, rest = test.partition(" ")
    if program in CATCH:
        # A test that is there no more must not pass for one that passes.
        return [paths[program], "--abort", "--warn", "NoTests", rest]
    return [paths[program], *rest.split()]
