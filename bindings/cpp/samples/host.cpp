// SPDX-License-Identifier: Apache-2.0
//
// The order of things, and what is said when they go wrong.
#include "host.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "execute_runs.hpp"
#include "line_source.hpp"
#include "report.hpp"
#include "run_list.hpp"
#include "sample_triggers.hpp"
#include "stop.hpp"
#include "text.hpp"
#include "trigger_reader.hpp"

namespace sample {
namespace {

/// Everything one execution of the program has done so far.
struct Work {
  CreateTally created{};
  ExecuteTally executed{};
  std::vector<milepost::Run> runs{};  ///< What was unfinished when execution began.
  std::vector<milepost::RunStatus> acknowledged_status{};
};

milepost::Result<std::unique_ptr<LineSource>> open_input(const Options& options) {
  if (options.input.empty()) return sample_lines(options.seed, options.count);
  return open_lines(options.input);
}

void note_picked_up(const Work& work, Console& console) {
  std::uint64_t running = 0;
  for (const milepost::Run& run : work.runs) {
    if (run.status == milepost::RunStatus::running) ++running;
  }
  const std::uint64_t queued = work.runs.size() - running;
  const std::uint64_t old_queued =
      queued > work.created.created ? queued - work.created.created : 0;
  if (old_queued + running == 0) return;
  console.note("Picked up " + counted(old_queued + running, "unfinished run") +
               " of an earlier process: " + with_separators(old_queued) + " queued, " +
               with_separators(running) + " running.");
}

milepost::Result<void> do_work(const Options& options, milepost::Tracker& tracker, RunList& list,
                               LineSource& lines, Console& console,
                               const Acknowledged& acknowledged, Work& work) {
  TriggerReader reader(lines, console);
  if (auto created =
          create_runs(tracker, reader, list, options.batch, console, acknowledged, work.created);
      !created) {
    return created;
  }
  if (stop_requested()) return {};
  auto runs = unfinished_runs(tracker, list);
  if (!runs) return runs.error();
  work.runs = std::move(*runs);
  note_picked_up(work, console);
  if (work.runs.empty()) return {};
  return execute_runs(tracker, work.runs,
                      {.workers = options.workers, .step_time = options.step_time}, console,
                      acknowledged, work.acknowledged_status, work.executed);
}

/// Where to find the store again.
void advise(const Options& options, const Workspace& workspace, Console& console) {
  Options again = options;
  again.directory = workspace.directory();
  console.error("Everything acknowledged is kept in " + workspace.directory() + ".");
  console.error("Continue with:  " + continue_command(again));
  if (options.input == "-") {
    console.error("What stdin held and was not read is not in the store; send it again.");
  }
  if (workspace.temporary()) {
    console.error("Or remove it:   rm -r " + workspace.directory());
  }
}

int report(const Options& options, Workspace& workspace, const milepost::Tracker& tracker,
           const RunList& list, const Work& work, Console& console) {
  const auto standing = read_standing(tracker, list, work.runs, work.acknowledged_status);
  if (!standing) {
    console.error("error: the runs cannot be read back: " + milepost::to_string(standing.error()));
    workspace.keep();
    return kExitStoreError;
  }
  if (!console.quiet()) {
    print_counts(*standing);
    print_rates(options, work.created, work.executed);
    print_examples(*standing, work.executed);
    std::fflush(stdout);
  }
  if (standing->not_as_acknowledged > 0) {
    workspace.keep();
    return kExitNotAsAcknowledged;
  }
  if (!stop_requested()) return kExitDone;
  if (console.quiet()) return kExitStopped;
  console.error("Stopped by " + stop_reason().value_or("a signal") + ": " +
                with_separators(standing->finished()) + " of " + counted(standing->total, "run") +
                " ended; " + with_separators(standing->of(milepost::RunStatus::queued)) +
                " queued and " + with_separators(standing->of(milepost::RunStatus::running)) +
                " running are left.");
  if (standing->total > 0 || !workspace.temporary()) {
    workspace.keep();
    advise(options, workspace, console);
  }
  return kExitStopped;
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
  auto list = RunList::open(workspace.run_list());
  if (!list) {
    console.error("error: " + milepost::to_string(list.error()));
    return kExitStoreError;
  }
  Work work;
  const auto done = do_work(options, *tracker, *list, **lines, console, acknowledged, work);
  int code = kExitDone;
  if (!done) {
    console.error("error: " + milepost::to_string(done.error()));
    workspace.keep();
    advise(options, workspace, console);
    code = kExitStoreError;
  } else {
    code = report(options, workspace, *tracker, *list, work, console);
  }
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
