// SPDX-License-Identifier: Apache-2.0
//
// The order of things, and what is said when they go wrong.
#include "host.hpp"

#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "execute_runs.hpp"
#include "line_source.hpp"
#include "report.hpp"
#include "sample_triggers.hpp"
#include "stop.hpp"
#include "text.hpp"
#include "trigger_reader.hpp"
#include "work_queue.hpp"

namespace sample {
namespace {

/// Everything one execution of the program has done so far.
struct Work {
  milepost::Counts before{};  ///< What the store held when we opened it.
  CreateTally created{};
  ExecuteTally executed{};
  std::uint64_t repeats = 0;
  std::vector<milepost::Uuid> organizations{};  ///< Whose runs are executed.
  std::string queued_json{};                    ///< A run while it was queued.
};

milepost::Result<std::unique_ptr<LineSource>> open_input(const Options& options) {
  if (options.input.empty()) return sample_lines(options.seed, options.count);
  return open_lines(options.input);
}

void note_picked_up(const milepost::Counts& before, Console& console) {
  if (before.queued + before.running == 0) return;
  console.note("Picked up " + counted(before.queued + before.running, "unfinished run") +
               " of an earlier process: " + with_separators(before.queued) + " queued, " +
               with_separators(before.running) + " running.");
}

milepost::Result<void> execute_what_is_there(const Options& options, milepost::Tracker& tracker,
                                             Console& console, const Acknowledged& acknowledged,
                                             Work& work) {
  const auto counts = tracker.counts();
  if (!counts) return counts.error();
  auto queued = example_of(tracker, work.organizations, milepost::RunStatus::queued);
  if (!queued) return queued.error();
  work.queued_json = std::move(*queued);
  WorkQueue queue(tracker, work.organizations);
  auto executed = execute_runs(tracker, queue,
                               {.workers = options.workers,
                                .step_time = options.step_time,
                                .runs = counts->queued + counts->running},
                               console, acknowledged, work.executed);
  work.repeats = queue.repeats();
  return executed;
}

milepost::Result<void> do_work(const Options& options, milepost::Tracker& tracker,
                               LineSource& lines, Console& console,
                               const Acknowledged& acknowledged, Work& work) {
  const auto before = tracker.counts();
  if (!before) return before.error();
  work.before = *before;
  TriggerReader reader(lines, console);
  auto created = create_runs(tracker, reader, options.batch, console, acknowledged, work.created);
  std::set<milepost::Uuid> organizations = reader.organizations();
  organizations.insert(milepost::Uuid{});
  organizations.insert(options.organizations.begin(), options.organizations.end());
  work.organizations.assign(organizations.begin(), organizations.end());
  if (!created || stop_requested()) return created;
  note_picked_up(work.before, console);
  return execute_what_is_there(options, tracker, console, acknowledged, work);
}

/// Where to find the store again, and how to go on.
void advise(const Options& options, const Workspace& workspace, const Work& work,
            Console& console) {
  Options again = options;
  again.directory = workspace.directory();
  // What stdin held is gone, and with it who the runs belong to.
  if (options.input == "-") again.organizations = work.organizations;
  console.error("Everything acknowledged is kept in " + workspace.directory() + ".");
  console.error("Continue with:  " + continue_command(again));
  if (options.input == "-") {
    console.error("What stdin held and was not read is not in the store; send it again.");
  }
  if (workspace.temporary()) {
    console.error("Or remove it:   rm -r " + workspace.directory());
  }
}

void say_stopped(const milepost::Counts& counts, Console& console) {
  console.error("Stopped by " + stop_reason().value_or("a signal") + ": " +
                with_separators(counts.completed + counts.failed + counts.exited) + " of " +
                counted(counts.total(), "run") + " ended; " + with_separators(counts.queued) +
                " queued and " + with_separators(counts.running) + " running are left.");
}

/// Says how it went. Yields the exit code.
milepost::Result<int> report(const Options& options, Workspace& workspace,
                             const milepost::Tracker& tracker, const Work& work, Console& console) {
  const auto counts = tracker.counts();
  if (!counts) return counts.error();
  const milepost::Counts expected = expected_counts(work.before, work.created, work.executed);
  if (!console.quiet()) {
    print_counts(*counts, expected);
    print_rates(options, work.created, work.executed, work.repeats);
    auto printed =
        print_examples(tracker, work.organizations, work.queued_json, work.executed.running_json);
    if (!printed) return printed.error();
    std::fflush(stdout);
  }
  if (*counts != expected) {
    workspace.keep();
    return kExitNotAsAcknowledged;
  }
  if (!stop_requested()) {
    if (counts->queued > 0) {
      console.note(counted(counts->queued, "run") +
                   " left queued: of organizations that the input does not name. Execute them "
                   "with --organization ID.");
    }
    return kExitDone;
  }
  if (console.quiet()) return kExitStopped;
  say_stopped(*counts, console);
  if (counts->total() > 0 || !workspace.temporary()) {
    workspace.keep();
    advise(options, workspace, work, console);
  }
  return kExitStopped;
}

/// Works and reports. Yields the exit code.
int work_and_report(const Options& options, Workspace& workspace, milepost::Tracker& tracker,
                    LineSource& lines, Console& console, const Acknowledged& acknowledged) {
  Work work;
  auto done = do_work(options, tracker, lines, console, acknowledged, work);
  const auto code = done ? report(options, workspace, tracker, work, console)
                         : milepost::Result<int>(done.error());
  if (code) return *code;
  console.error("error: " + milepost::to_string(code.error()));
  workspace.keep();
  advise(options, workspace, work, console);
  return kExitStoreError;
}

}  // namespace

milepost::Result<milepost::Tracker> open_store(const Options& options, const Workspace& workspace,
                                               Console& console) {
  return milepost::Tracker::open(
      {.directory = workspace.store(),
       .durability =
           options.relaxed ? milepost::Durability::relaxed : milepost::Durability::durable,
       .log = [&console](milepost::LogLevel level, std::string_view line) {
         if (level >= milepost::LogLevel::warning) console.error("store: " + std::string(line));
       }});
}

int run_host(const Options& options, Workspace& workspace, Console& console,
             const Acknowledged& acknowledged) {
  auto lines = open_input(options);
  if (!lines) {
    console.error("error: " + milepost::to_string(lines.error()));
    return kExitUsage;
  }
  if (workspace.in_memory()) {
    console.note("Note: " + workspace.directory() +
                 " is in memory; on a disk each sync takes longer. Try --directory.");
  }
  auto tracker = open_store(options, workspace, console);
  if (!tracker) {
    console.error("error: " + milepost::to_string(tracker.error()));
    return kExitStoreError;
  }
  int code = work_and_report(options, workspace, *tracker, **lines, console, acknowledged);
  if (auto closed = tracker->close(); !closed) {
    console.error("error: the store did not close: " + milepost::to_string(closed.error()));
    if (code == kExitDone) code = kExitStoreError;
  }
  if (code == kExitDone && !workspace.temporary() && !console.quiet()) {
    std::printf("\nThe store is kept in %s.\n", workspace.directory().c_str());
  }
  return code;
}

}  // namespace sample
