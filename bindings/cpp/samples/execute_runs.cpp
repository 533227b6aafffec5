// SPDX-License-Identifier: Apache-2.0
//
// A worker keeps nothing to itself: it claims a run in the store, and the store says whether the
// run is its own now.
#include "execute_runs.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "journey.hpp"
#include "report.hpp"
#include "stop.hpp"

namespace sample {
namespace {

using milepost::Outcome;
using milepost::Run;
using milepost::RunStatus;

/// What the workers share.
struct Shift {
  milepost::Tracker& tracker;
  WorkQueue& queue;
  const ExecuteOptions& options;
  const Acknowledged& acknowledged;
  Progress& progress;

  std::atomic<bool> failed{false};
  std::atomic<bool> running_shown{false};
  std::mutex mutex;  // Guards what follows.
  ExecuteTally& tally;
  std::optional<milepost::Error> error;  // The first one.

  [[nodiscard]] bool stopping() const { return stop_requested() || failed.load(); }
  void stop_with(const milepost::Error& problem) {
    const std::lock_guard lock(mutex);
    if (!error) error = problem;
    failed = true;
  }
  void count(std::uint64_t ExecuteTally::*what) {
    const std::lock_guard lock(mutex);
    ++(tally.*what);
  }
};

class Worker {
 public:
  Worker(Shift& shift, unsigned number)
      : shift_(shift), name_("worker-" + std::to_string(number)) {}

  void work() {
    while (!shift_.stopping()) {
      const auto run = shift_.queue.next();
      if (!run) return shift_.stop_with(run.error());
      if (!run->has_value()) return;
      execute(**run);
    }
  }

 private:
  void execute(const Run& run);
  milepost::Result<Outcome> claim(const Run& run);
  /// How the journey ends for this recipient; nothing if a stop came first.
  std::optional<StepResult> walk(const Run& run) const;
  milepost::Result<Outcome> finish(const Run& claimed, const StepResult& ending);
  void show_running(const Run& run);

  Shift& shift_;
  const std::string name_;
};

void Worker::execute(const Run& run) {
  const auto claimed = claim(run);
  if (!claimed) return shift_.stop_with(claimed.error());
  // `conflict` or `illegal`: somebody else has the run, or has done it already.
  if (!claimed->applied()) return shift_.count(&ExecuteTally::refused);
  shift_.count(run.status == RunStatus::running ? &ExecuteTally::adopted : &ExecuteTally::started);
  if (shift_.acknowledged) shift_.acknowledged(claimed->run);
  show_running(claimed->run);

  const std::optional<StepResult> ending = walk(run);
  if (!ending) return;  // Stays running: the next process finds it among the orphans.
  const auto ended = finish(claimed->run, *ending);
  if (!ended) return shift_.stop_with(ended.error());
  if (!ended->applied()) {
    return shift_.stop_with({.code = milepost::Errc::internal,
                             .subject = milepost::to_string(run.run_id),
                             .message = "the run's owner was answered " +
                                        std::string(milepost::to_string(ended->kind)) +
                                        " when it ended the run.",
                             .advice = "Please report it."});
  }
  if (shift_.acknowledged) shift_.acknowledged(ended->run);
  shift_.progress.advance(1);
}

milepost::Result<Outcome> Worker::claim(const Run& run) {
  if (run.status == RunStatus::running) {
    // An orphan. The token makes sure that nobody has adopted it since we saw it.
    return shift_.tracker.adopt(run.run_id, {.owner = name_,
                                             .fencing_token = run.fencing_token,
                                             .organization_id = run.organization_id});
  }
  return shift_.tracker.start(run.run_id, {.owner = name_, .organization_id = run.organization_id});
}

std::optional<StepResult> Worker::walk(const Run& run) const {
  const std::span<const StepKind> steps = journey_of(run.journey_id).steps;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (shift_.stopping()) return std::nullopt;
    if (shift_.options.step_time.count() > 0) {
      std::this_thread::sleep_for(shift_.options.step_time);
    }
    const StepResult result = perform(steps[i], i, run.journey_id, run.profile_id);
    if (result.kind != StepResult::Kind::go_on) return result;
  }
  return StepResult{};
}

milepost::Result<Outcome> Worker::finish(const Run& claimed, const StepResult& ending) {
  // Owner and token prove that the run is still ours.
  const milepost::FinishOptions options = {.owner = claimed.owner,
                                           .fencing_token = claimed.fencing_token,
                                           .organization_id = claimed.organization_id};
  const auto counted = [this](milepost::Result<Outcome> ended, std::uint64_t ExecuteTally::*what) {
    if (ended && ended->applied()) shift_.count(what);
    return ended;
  };
  switch (ending.kind) {
    case StepResult::Kind::fail:
      return counted(shift_.tracker.fail(claimed.run_id, ending.error, options),
                     &ExecuteTally::failed);
    case StepResult::Kind::exit:
      return counted(shift_.tracker.exit(claimed.run_id, options), &ExecuteTally::exited);
    case StepResult::Kind::go_on:
      break;
  }
  return counted(shift_.tracker.complete(claimed.run_id, options), &ExecuteTally::completed);
}

void Worker::show_running(const Run& run) {
  if (shift_.running_shown.exchange(true)) return;
  // Only its owner, which is us, moves the run on: there is one to be seen.
  auto json = example_of(shift_.tracker, {run.organization_id}, RunStatus::running);
  if (!json) return shift_.stop_with(json.error());
  const std::lock_guard lock(shift_.mutex);
  shift_.tally.running_json = std::move(*json);
}

}  // namespace

milepost::Result<void> execute_runs(milepost::Tracker& tracker, WorkQueue& queue,
                                    const ExecuteOptions& options, Console& console,
                                    const Acknowledged& acknowledged, ExecuteTally& tally) {
  const auto began = std::chrono::steady_clock::now();
  Progress progress(console, "execute", "run", options.runs);
  Shift shift{.tracker = tracker,
              .queue = queue,
              .options = options,
              .acknowledged = acknowledged,
              .progress = progress,
              .tally = tally};
  {
    std::vector<std::jthread> threads;
    for (unsigned number = 1; number <= options.workers; ++number) {
      threads.emplace_back([&shift, number] { Worker(shift, number).work(); });
    }
  }
  tally.elapsed = std::chrono::steady_clock::now() - began;
  if (shift.error) return *shift.error;
  return {};
}

}  // namespace sample
