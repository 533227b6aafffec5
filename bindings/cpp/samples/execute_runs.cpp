// SPDX-License-Identifier: Apache-2.0
//
// The workers take deliveries from one shared counter. Like many queues this one delivers at
// least once: every 64th run comes twice, so two workers race to start it, and the store decides.
#include "execute_runs.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "journey.hpp"
#include "stop.hpp"

namespace sample {
namespace {

using milepost::Outcome;
using milepost::Run;
using milepost::RunStatus;

constexpr std::size_t kDeliverTwiceEvery = 64;

struct Delivery {
  std::size_t run = 0;  ///< Index into the runs.
  bool repeat = false;
};

std::vector<Delivery> deliveries_of(const std::vector<Run>& runs) {
  std::vector<Delivery> deliveries;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    deliveries.push_back({.run = i});
    if (i % kDeliverTwiceEvery == 0 && runs[i].status == RunStatus::queued) {
      deliveries.push_back({.run = i, .repeat = true});
    }
  }
  return deliveries;
}

/// What the workers share. Everything that changes is atomic, behind the mutex, or an element that
/// only the worker who won the run's start touches.
struct Shift {
  milepost::Tracker& tracker;
  const std::vector<Run>& runs;
  const std::vector<Delivery> deliveries;
  const ExecuteOptions& options;
  const Acknowledged& acknowledged;
  std::vector<RunStatus>& acknowledged_status;
  Progress& progress;

  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> steps{0};
  std::atomic<std::uint64_t> finished{0};
  std::atomic<std::uint64_t> repeats{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<bool> failed{false};
  std::atomic<bool> running_shown{false};
  std::mutex mutex;
  std::optional<milepost::Error> error;  // The first one.
  std::string running_json;

  [[nodiscard]] bool stopping() const { return stop_requested() || failed.load(); }
  void stop_with(const milepost::Error& problem) {
    const std::lock_guard lock(mutex);
    if (!error) error = problem;
    failed = true;
  }
};

class Worker {
 public:
  Worker(Shift& shift, unsigned number)
      : shift_(shift), name_("worker-" + std::to_string(number)) {}

  void work() {
    while (!shift_.stopping()) {
      const std::size_t i = shift_.next.fetch_add(1);
      if (i >= shift_.deliveries.size()) return;
      const Delivery& delivery = shift_.deliveries[i];
      if (delivery.repeat) ++shift_.repeats;
      // Either of the two deliveries may come first; the later one is refused.
      if (!execute(delivery.run)) ++shift_.refused;
    }
  }

 private:
  /// False: somebody else has the run.
  bool execute(std::size_t index);
  /// How the journey ends for this recipient; nothing if a stop came first.
  std::optional<StepResult> walk(const Run& run) const;
  milepost::Result<Outcome> finish(const Run& started, const StepResult& ending);
  void note_step(std::size_t index, const Outcome& outcome);
  void show_running(const Run& run);

  Shift& shift_;
  const std::string name_;
};

bool Worker::execute(std::size_t index) {
  const Run& run = shift_.runs[index];
  // A run that a worker of an earlier process left running: only one process writes at a time, so
  // that worker is gone, and we carry on in its name. The store answers `unchanged`.
  const bool left_running = run.status == RunStatus::running;
  const std::string_view owner = left_running ? std::string_view(run.owner) : name_;
  const auto started =
      shift_.tracker.start(run.run_id, {.owner = owner, .organization_id = run.organization_id});
  if (!started) {
    shift_.stop_with(started.error());
    return true;
  }
  if (left_running ? !started->holds() : !started->applied()) return false;
  if (started->applied()) note_step(index, *started);
  show_running(started->run);

  const std::optional<StepResult> ending = walk(run);
  if (!ending) return true;  // Stays running; the next process carries on.
  const auto ended = finish(started->run, *ending);
  if (!ended) {
    shift_.stop_with(ended.error());
  } else if (!ended->applied()) {
    shift_.stop_with({.code = milepost::Errc::internal,
                      .subject = milepost::to_string(run.run_id),
                      .message = "the run's owner was answered " +
                                 std::string(milepost::to_string(ended->kind)) +
                                 " when it ended the run.",
                      .advice = "Please report it."});
  } else {
    note_step(index, *ended);
    ++shift_.finished;
    shift_.progress.advance(1);
  }
  return true;
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

milepost::Result<Outcome> Worker::finish(const Run& started, const StepResult& ending) {
  // Owner and token prove that the run is still ours.
  const milepost::FinishOptions options = {.owner = started.owner,
                                           .fencing_token = started.fencing_token,
                                           .organization_id = started.organization_id};
  switch (ending.kind) {
    case StepResult::Kind::fail:
      return shift_.tracker.fail(started.run_id, ending.error, options);
    case StepResult::Kind::exit:
      return shift_.tracker.exit(started.run_id, options);
    case StepResult::Kind::go_on:
      break;
  }
  return shift_.tracker.complete(started.run_id, options);
}

void Worker::note_step(std::size_t index, const Outcome& outcome) {
  ++shift_.steps;
  shift_.acknowledged_status[index] = outcome.run.status;
  if (shift_.acknowledged) shift_.acknowledged(outcome.run);
}

void Worker::show_running(const Run& run) {
  if (shift_.running_shown.exchange(true)) return;
  // Only its owner, which is us, moves the run on: it is running while we look.
  auto json = shift_.tracker.get_json(run.run_id,
                                      milepost::GetOptions{.organization_id = run.organization_id});
  if (!json) return shift_.stop_with(json.error());
  const std::lock_guard lock(shift_.mutex);
  shift_.running_json = std::move(*json);
}

/// The public JSON of the first run that nobody started yet.
milepost::Result<std::string> queued_json(const milepost::Tracker& tracker,
                                          const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.status != RunStatus::queued) continue;
    return tracker.get_json(run.run_id,
                            milepost::GetOptions{.organization_id = run.organization_id});
  }
  return std::string();
}

}  // namespace

milepost::Result<void> execute_runs(milepost::Tracker& tracker, const std::vector<Run>& runs,
                                    const ExecuteOptions& options, Console& console,
                                    const Acknowledged& acknowledged,
                                    std::vector<RunStatus>& acknowledged_status,
                                    ExecuteTally& tally) {
  acknowledged_status.clear();
  for (const Run& run : runs) acknowledged_status.push_back(run.status);
  auto queued = queued_json(tracker, runs);
  if (!queued) return queued.error();
  tally.queued_json = std::move(*queued);

  const auto began = std::chrono::steady_clock::now();
  Progress progress(console, "execute", "run", runs.size());
  Shift shift{.tracker = tracker,
              .runs = runs,
              .deliveries = deliveries_of(runs),
              .options = options,
              .acknowledged = acknowledged,
              .acknowledged_status = acknowledged_status,
              .progress = progress};
  {
    std::vector<std::jthread> threads;
    for (unsigned number = 1; number <= options.workers; ++number) {
      threads.emplace_back([&shift, number] { Worker(shift, number).work(); });
    }
  }
  tally.steps = shift.steps;
  tally.finished = shift.finished;
  tally.repeats = shift.repeats;
  tally.refused = shift.refused;
  tally.running_json = std::move(shift.running_json);
  tally.elapsed = std::chrono::steady_clock::now() - began;
  if (shift.error) return *shift.error;
  return {};
}

}  // namespace sample
