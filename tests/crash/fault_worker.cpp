// SPDX-License-Identifier: Apache-2.0
//
// Lifecycles, batches and reopening in the face of faults.
#include "fault_worker.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/workload.hpp"

namespace milepost::crash {
namespace {

constexpr std::uint32_t kRuns = 200;
constexpr std::uint32_t kBatch = 8;
constexpr int kTries = 4;
constexpr int kStickyRefusalsMax = 8;

OpenOptions fault_store(const std::string& directory) {
  OpenOptions options = small_store(directory, Durability::durable);
  options.wait_max = std::chrono::milliseconds(400);
  return options;
}

bool faults_stay() {
  const char* sticky = std::getenv("MILEPOST_SHIM_STICKY");
  return sticky != nullptr && std::strcmp(sticky, "1") == 0;
}

CreateCommand create_of(std::uint32_t slot) {
  CreateCommand command;
  command.run_id = slot_id(1, slot);
  command.journey_id = slot_id(2, slot % 5);
  command.profile_id = slot_id(3, slot);
  return command;
}

}  // namespace

FaultWorker::FaultWorker(std::string store, Oracle& oracle, WorkerReport& report)
    : directory_(std::move(store)), oracle_(oracle), report_(report), sticky_(faults_stay()) {}

int FaultWorker::run() {
  if (!open()) return 0;
  bool all = true;
  for (std::uint32_t slot = 0; slot < kRuns; slot += kBatch) {
    for (std::uint32_t i = 0; slot % 32 == 0 && i < kBatch; ++i) all &= lifecycle(slot + i);
    if (slot % 32 != 0) all &= batch(slot);
    if (!tracker_) return 0;
    if (slot == 96) all &= reopen_cleanly();
    if (!tracker_) return 0;
  }
  all &= try_often("flush", [&] { return error_of(tracker_->flush()); });
  if (tracker_) all &= look_after();
  if (tracker_) all &= reopen_cleanly();
  if (tracker_) all &= lifecycle(kRuns);
  if (tracker_) read_back();
  report_.completed = all ? 1 : 0;
  return 0;  // without a close: the journal has the rest
}

void FaultWorker::note_error(const char* what, const Error& error) {
  std::snprintf(report_.last_error, sizeof report_.last_error, "%s: %s", what,
                to_string(error).c_str());
}

bool FaultWorker::open() {
  for (int i = 0; i < kTries; ++i) {
    auto tracker = Tracker::open(fault_store(directory_));
    if (tracker) {
      tracker_.emplace(std::move(*tracker));
      return true;
    }
    note_error("open", tracker.error());
  }
  return false;
}

/// Refused until reopened: reads must go on, and a reopen must help.
bool FaultWorker::reopen_refused() {
  ++report_.reopened;
  if (known_) {
    auto got = tracker_->get(*known_);
    if (!got && !sticky_) {
      oracle_.fail("a read fails after a failed write: " + to_string(got.error()));
    }
  }
  static_cast<void>(tracker_->close());
  tracker_.reset();
  return open();
}

bool FaultWorker::reopen_cleanly() {
  auto closed = tracker_->close();
  if (!closed) note_error("close", closed.error());
  tracker_.reset();
  return open();
}

bool FaultWorker::gave_up() const { return sticky_ && refusals_ >= kStickyRefusalsMax; }

bool FaultWorker::try_often(const char* what, const Attempt& attempt) {
  for (int i = 0; i < kTries && tracker_ && !gave_up(); ++i) {
    const auto error = attempt();
    if (!error) return true;
    ++refusals_;
    note_error(what, *error);
    if (error->code == Errc::needs_reopen && !reopen_refused()) return false;
  }
  return false;
}

Note FaultWorker::note_of(std::uint32_t slot, Step step, RunStatus target,
                          std::uint32_t batch) const {
  Note note;
  note.step = step;
  note.state = StepState::begun;
  note.target = target;
  note.slot = slot;
  note.batch = batch;
  note.run_id = slot_id(1, slot);
  note.id_known = 1;
  return note;
}

void FaultWorker::note_answer(Note note, const Outcome& outcome) {
  note.state = StepState::answered;
  note.outcome = outcome.kind;
  note.sequence = outcome.run.sequence;
  note.digest = digest(outcome.run);
  note.run_id = outcome.run.run_id;
  note.id_known = 1;
  oracle_.apply(note);
  if (!outcome.holds()) {
    oracle_.fail("a step is refused: " + std::string(to_string(outcome.kind)));
  }
  if (note.organization_id.is_nil()) known_ = outcome.run.run_id;
}

void FaultWorker::note_refusal(Note note, const Error& error, bool was_unknown) {
  const bool not_done = error.applied == Applied::no && !was_unknown;
  note.state = not_done ? StepState::not_done : StepState::unknown;
  oracle_.apply(note);
}

bool FaultWorker::step(const Note& note, const std::function<Result<Outcome>()>& call) {
  bool unknown = false;
  return tracker_ && try_often("step", [&]() -> std::optional<Error> {
           oracle_.apply(note);
           auto outcome = call();
           if (outcome) {
             note_answer(note, *outcome);
           } else {
             note_refusal(note, outcome.error(), unknown);
             unknown = unknown || outcome.error().applied != Applied::no;
           }
           return error_of(outcome);
         });
}

bool FaultWorker::lifecycle(std::uint32_t slot) {
  const Uuid id = slot_id(1, slot);
  return step(note_of(slot, Step::create, RunStatus::queued),
              [&] { return tracker_->create(create_of(slot)); }) &&
         step(note_of(slot, Step::start, RunStatus::running),
              [&] { return tracker_->start(id, {.owner = "worker"}); }) &&
         step(note_of(slot, Step::finish, RunStatus::completed),
              [&] { return tracker_->complete(id); });
}

bool FaultWorker::batch(std::uint32_t slot) {
  std::vector<Command> commands;
  std::vector<Note> notes;
  const std::string text(4'000, 'x');
  for (std::uint32_t i = slot; i < slot + kBatch; ++i) {
    commands.emplace_back(create_of(i));
    notes.push_back(note_of(i, Step::create, RunStatus::queued, slot + 1));
    commands.emplace_back(FailCommand{.run_id = slot_id(1, i), .error = text});
    notes.push_back(note_of(i, Step::finish, RunStatus::failed, slot + 1));
  }
  bool unknown = false;
  return try_often("batch", [&]() -> std::optional<Error> {
    for (const Note& note : notes) oracle_.apply(note);
    auto outcomes = tracker_->apply(commands);
    for (std::size_t i = 0; i < notes.size(); ++i) {
      if (outcomes) {
        note_answer(notes[i], (*outcomes)[i]);
      } else {
        note_refusal(notes[i], outcomes.error(), unknown);
      }
    }
    if (!outcomes) unknown = unknown || outcomes.error().applied != Applied::no;
    return error_of(outcomes);
  });
}

void FaultWorker::read_back() {
  for (std::uint32_t slot = 0; slot < kRuns; ++slot) {
    auto got = tracker_->get(slot_id(1, slot));
    if (!got) note_error("get", got.error());
  }
}

}  // namespace milepost::crash
