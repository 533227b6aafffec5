// SPDX-License-Identifier: Apache-2.0
//
// Keys, imports, bulk steps, removals, the feed, copies and verification in the face of faults. The
// members of one cohort, and what becomes of them:
//   0, 1, 2   of the profile that is erased: completed, adopted, queued
//   4, 5      failed, and queued until the bulk step; purged
//   8, 10     imported, completed and running; purged
//   7         made last, with the key that 0 had
#include "common/upkeep_work.hpp"
#include "fault_worker.hpp"

namespace milepost::crash {
namespace {

constexpr std::uint32_t kFirst = 204;  ///< Behind the slots of the lifecycles.
constexpr std::uint64_t kSeed = 1;
constexpr std::uint32_t kCopyTries = 4;
static_assert(kFirst % kCohortSize == 0);

const KeyedCreate& request(std::uint32_t member) {
  static const std::array<KeyedCreate, kCohortKeyed> kRequests{
      KeyedCreate(kSeed, kFirst + 0), KeyedCreate(kSeed, kFirst + 1),
      KeyedCreate(kSeed, kFirst + 2), KeyedCreate(kSeed, kFirst + 3),
      KeyedCreate(kSeed, kFirst + 4), KeyedCreate(kSeed, kFirst + 5),
      KeyedCreate(kSeed, kFirst + 6), KeyedCreate(kSeed, kFirst + 7)};
  return kRequests[member];
}

Uuid organization() { return cohort_organization(kSeed, kFirst); }

Run imported(std::uint32_t member) {
  Run run;
  run.run_id = slot_id(kSeed, kFirst + member);
  run.journey_id = request(0).command.journey_id;
  run.profile_id = slot_id(kSeed + 1, member);
  run.organization_id = organization();
  run.status = member == 8 ? RunStatus::completed : RunStatus::running;
  run.triggered_at = Instant(std::chrono::microseconds(1'600'000'000'000'000));
  if (member == 8) run.completed_at = run.triggered_at + std::chrono::seconds(1);
  return run;
}

std::string line_of(std::uint32_t member) {
  std::string line = to_json(imported(member)).value();
  line.pop_back();
  return line + R"(,"organizationId":")" + to_string(organization()) + "\"}\n";
}

}  // namespace

Note FaultWorker::cohort_note(std::uint32_t member, Step step, RunStatus target) const {
  Note note = note_of(kFirst + member, step, target);
  note.organization_id = organization();
  // Odd ones take an id that nobody knows before.
  if (member < kCohortKeyed && member % 2 != 0) note.id_known = 0;
  if (member < kCohortKeyed && step == Step::create) note.keyed = 1;
  return note;
}

bool FaultWorker::look_after() {
  bool all = true;
  for (const std::uint32_t member : {0u, 1u, 2u, 4u, 5u}) all &= tracker_ && make_keyed(member);
  all &= tracker_ && live();
  all &= tracker_ && import_lines();
  all &= tracker_ && bulk();
  all &= tracker_ && follow_feed();
  all &= tracker_ && copy_and_restore();
  // Where something of this failed for good, runs may be as they were before it.
  all = all && erase() && purge() && make_keyed(kCohortKeyed - 1);
  all &= tracker_ && follow_feed();
  all &= tracker_ && verify_all();
  return all;
}

bool FaultWorker::make_keyed(std::uint32_t member) {
  return step(cohort_note(member, Step::create, RunStatus::queued),
              [&] { return tracker_->create(request(member).command); });
}

bool FaultWorker::live() {
  const auto id = [&](std::uint32_t member) { return oracle_.slots[kFirst + member].run_id; };
  const FinishOptions mine{.organization_id = organization()};
  const auto start = [&](std::uint32_t member) {
    const StartOptions options{
        .owner = "worker", .organization_id = organization(), .lease = std::chrono::minutes(1)};
    return step(cohort_note(member, Step::start, RunStatus::running),
                [&] { return tracker_->start(id(member), options); });
  };
  for (const std::uint32_t member : {0u, 1u, 4u}) {
    if (oracle_.slots[kFirst + member].id_known == 0) return false;
  }
  bool all = start(0) && start(1);
  const HeartbeatOptions beat{.organization_id = organization()};
  all &= try_often("heartbeat", [&]() -> std::optional<Error> {
    return error_of(tracker_->heartbeat(id(0), std::chrono::minutes(1), beat));
  });
  all = all && step(cohort_note(0, Step::finish, RunStatus::completed),
                    [&] { return tracker_->complete(id(0), mine); });
  all = all && step(cohort_note(1, Step::adopt, RunStatus::running), [&] {
          return tracker_->adopt(
              id(1), {.owner = "adopter", .fencing_token = 1, .organization_id = organization()});
        });
  return all && step(cohort_note(4, Step::finish, RunStatus::failed),
                     [&] { return tracker_->fail(id(4), "mailbox full", mine); });
}

bool FaultWorker::on_many(const char* what, const std::vector<Note>& notes,
                          const Attempt& attempt) {
  bool unknown = false;
  return try_often(what, [&]() -> std::optional<Error> {
    for (const Note& note : notes) oracle_.apply(note);
    auto error = attempt();
    if (!error) return error;
    for (const Note& note : notes) note_refusal(note, *error, unknown);
    unknown = unknown || error->applied != Applied::no;
    return error;
  });
}

bool FaultWorker::read_members(const std::vector<Note>& notes, OutcomeKind outcome) {
  bool all = true;
  for (const Note& note : notes) {
    all &= tracker_ && try_often("get", [&]() -> std::optional<Error> {
             const Uuid& id = oracle_.slots[note.slot].run_id;
             auto got = tracker_->get(id, {.organization_id = organization()});
             if (!got) return got.error();
             if (!*got || (*got)->status != note.target) {
               oracle_.fail("a call on many runs was answered, but one is not as it should be");
             } else {
               note_answer(note, {.kind = outcome, .run = **got, .run_known = true});
             }
             return std::nullopt;
           });
  }
  return all;
}

bool FaultWorker::import_lines() {
  const std::string text = line_of(8) + line_of(10);
  const std::vector<Note> notes{cohort_note(8, Step::create, RunStatus::completed),
                                cohort_note(10, Step::create, RunStatus::running)};
  const bool done = on_many("import", notes, [&] {
    std::size_t at = 0;
    auto report = tracker_->import_runs([&](char* buffer, std::size_t room) {
      const std::size_t size = text.copy(buffer, room, at);
      at += size;
      return Result<std::size_t>(size);
    });
    if (report && report->created + report->unchanged != 2) {
      oracle_.fail("an import took in " + std::to_string(report->created) + " lines, not 2");
    }
    return error_of(report);
  });
  return done && read_members(notes, OutcomeKind::created);
}

bool FaultWorker::bulk() {
  std::vector<Note> notes;
  for (const std::uint32_t member : {1u, 2u, 5u, 10u}) {
    const SlotRecord& record = oracle_.slots[kFirst + member];
    if (record.step(Step::create).state != StepState::answered) return false;
    notes.push_back(cohort_note(member, Step::bulk, RunStatus::exited));
  }
  const bool done = on_many("bulk", notes, [&] {
    return error_of(tracker_->bulk({.filter = {.organization_id = organization(),
                                               .journey_id = request(0).command.journey_id}}));
  });
  return done && read_members(notes, OutcomeKind::applied);
}

bool FaultWorker::remove(const char* what, const Members& members, const Attempt& attempt) {
  std::vector<Note> notes;
  for (const std::uint32_t member : members) {
    notes.push_back(cohort_note(member, Step::remove, RunStatus::queued));
  }
  if (!on_many(what, notes, attempt)) return false;
  bool all = true;
  for (Note note : notes) {
    note.state = StepState::answered;
    note.outcome = OutcomeKind::applied;
    oracle_.apply(note);
    all &= try_often("get", [&]() -> std::optional<Error> {
      auto got =
          tracker_->get(oracle_.slots[note.slot].run_id, {.organization_id = organization()});
      if (got && *got) oracle_.fail("a run is there after its removal was acknowledged");
      return error_of(got);
    });
  }
  return all;
}

bool FaultWorker::erase() {
  return remove("erase", {0, 1, 2}, [&] {
    return error_of(tracker_->erase_profile(
        {.profile_id = request(0).command.profile_id, .organization_id = organization()}));
  });
}

bool FaultWorker::purge() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return remove("purge", {4, 5, 8, 10}, [&] {
    return error_of(tracker_->purge(
        {.completed_before = now + std::chrono::hours(1), .organization_id = organization()}));
  });
}

bool FaultWorker::follow_feed() {
  std::uint64_t last = 0;
  return try_often("changes", [&]() -> std::optional<Error> {
    for (;;) {
      auto page = tracker_->changes({.after = last, .limit = 100});
      if (!page) return page.error();
      for (const Change& change : page->changes) {
        if (change.sequence != ++last) oracle_.fail("the feed has a gap");
      }
      if (page->changes.empty() || last >= page->newest) return std::nullopt;
    }
  });
}

bool FaultWorker::copy(std::uint32_t first_number, std::uint64_t at_least,
                       const std::function<Result<std::uint64_t>(const std::string& to)>& make) {
  std::uint32_t number = first_number;
  return try_often("copy", [&]() -> std::optional<Error> {
    // What a failed try left behind, if anything, is judged too.
    Note note;
    note.kind = NoteKind::copy;
    note.slot = number++;
    note.state = StepState::begun;
    note.sequence = at_least;
    oracle_.apply(note);
    const auto sequence = make(copy_path(directory_, note.slot));
    note.state = sequence ? StepState::answered : StepState::unknown;
    if (sequence) note.sequence = *sequence;
    if (sequence) copied_ = note.slot;
    oracle_.apply(note);
    return error_of(sequence);
  });
}

bool FaultWorker::copy_and_restore() {
  const auto sequence_of = [](const auto& report) -> Result<std::uint64_t> {
    if (!report) return report.error();
    return report->sequence;
  };
  for (const bool compact : {false, true}) {
    const std::uint32_t number = compact ? kCopyTries : 0;
    const bool made = copy(number, oracle_.answered_max, [&](const std::string& to) {
      return sequence_of(tracker_->backup(to, {.compact = compact}));
    });
    if (!made || !tracker_) return false;
  }
  const std::string from = copy_path(directory_, copied_);
  return copy(2 * kCopyTries, oracle_.copies[copied_].sequence,
              [&](const std::string& to) { return sequence_of(restore_backup(from, to)); });
}

bool FaultWorker::verify_all() {
  const auto look = [&](const Result<VerifyReport>& report) -> std::optional<Error> {
    if (!report) return report.error();
    if (report->sound()) return std::nullopt;
    const Finding& first = report->findings.front();
    return Error{.code = Errc::corrupt, .subject = first.where, .message = first.text};
  };
  return try_often("verify", [&] { return look(tracker_->verify()); }) &&
         try_often("verify_directory",
                   [&] { return look(verify_directory(copy_path(directory_, copied_))); });
}

}  // namespace milepost::crash
