// SPDX-License-Identifier: Apache-2.0
//
// What a cohort goes through.
#include "common/upkeep_work.hpp"

#include <algorithm>

#include "common/process.hpp"

namespace milepost::crash {
namespace {

constexpr std::size_t kOwnerBytes = 200;  ///< As in workload.cpp: journals fill faster than tables.
constexpr std::size_t kEffectBytes = 460;
constexpr std::size_t kRemovalBytes = 64;
constexpr std::uint32_t kImportedFirst = kCohortKeyed;
constexpr std::uint32_t kLast = kCohortKeyed - 1;  ///< Made when the key of the first one is free.

bool is_final(const Run& run) {
  return run.status != RunStatus::queued && run.status != RunStatus::running;
}

Uuid cohort_journey(std::uint64_t seed, std::uint32_t slot) {
  return uuid_of(mix(seed * 7 + slot / kCohortSize), 4);
}

Uuid cohort_profile(std::uint64_t seed, std::uint32_t slot) {
  if (slot % kCohortSize >= kCohortErased) return uuid_of(mix(seed ^ slot), 5);
  return uuid_of(mix(seed * 11 + slot / kCohortSize), 6);
}

std::string owner_of(const char* who, std::uint32_t slot) {
  std::string owner = who + std::to_string(slot);
  owner.resize(kOwnerBytes, '.');
  return owner;
}

/// Later than whatever a run may have been completed at.
Instant later() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()) +
         std::chrono::hours(24);
}

StepState state_after(const Error& error) {
  return error.applied == Applied::no ? StepState::not_done : StepState::unknown;
}

}  // namespace

Uuid cohort_organization(std::uint64_t seed, std::uint32_t slot) {
  return uuid_of(mix(seed * 5 + slot / kCohortSize), 3);
}

KeyedCreate::KeyedCreate(std::uint64_t seed, std::uint32_t slot) {
  const std::uint32_t member = slot % kCohortSize;
  const std::uint32_t named = member == kLast ? slot - kLast : slot;
  key = "order-" + std::to_string(named);
  key.resize(1 + mix(seed + named) % kIdempotencyKeySizeMax, '-');
  key = std::to_string(named) + key;
  key.resize(std::min(key.size(), kIdempotencyKeySizeMax));
  command.journey_id = cohort_journey(seed, slot);
  command.profile_id = cohort_profile(seed, slot);
  command.organization_id = cohort_organization(seed, slot);
  if (member % 2 == 0) command.run_id = slot_id(seed, slot);
  command.idempotency_key = key;
}

Cohort::Cohort(Workload& work, std::uint32_t first, unsigned index)
    : work_(work),
      options_(work.options_),
      tracker_(work.tracker_),
      first_(first),
      index_(index),
      random_(mix(work.options_.seed + first * std::uint64_t{31})),
      organization_(cohort_organization(work.options_.seed, first)) {}

void Cohort::run() {
  for (std::uint32_t member = 0; member < kLast && !stopped(); ++member) make(member);
  if (!stopped()) import_lines();
  if (!stopped()) live();
  if (!stopped()) look_after();
  if (!stopped()) make_last();
  if (!stopped() && (random_ >> 40) % 4 == 0) read_feed();
  if (!stopped() && index_ == 0) copy_store();
}

/// In every order the first member, which is final and of the profile, goes.
void Cohort::look_after() {
  using Act = void (Cohort::*)();
  static constexpr std::array<std::array<Act, 3>, 6> kOrders{{
      {&Cohort::purge, &Cohort::bulk, &Cohort::purge},
      {&Cohort::bulk, &Cohort::erase, &Cohort::purge},
      {&Cohort::erase, &Cohort::bulk, nullptr},
      {&Cohort::erase, nullptr, nullptr},
      {&Cohort::purge, &Cohort::erase, &Cohort::bulk},
      {&Cohort::bulk, &Cohort::purge, nullptr},
  }};
  for (const Act act : kOrders[random_ % kOrders.size()]) {
    if (act != nullptr && !stopped()) (this->*act)();
  }
}

Note Cohort::note_of(std::uint32_t member, Step step, RunStatus target, std::size_t bytes) const {
  Note note;
  note.step = step;
  note.state = StepState::begun;
  note.target = target;
  note.slot = first_ + member;
  note.bytes = static_cast<std::uint32_t>((step == Step::remove ? 0 : kEffectBytes) + bytes);
  note.organization_id = organization_;
  return note;
}

std::optional<Outcome> Cohort::call(std::uint32_t member, Step step, RunStatus target,
                                    std::size_t bytes, const Call& make_call) {
  if (stopped()) return std::nullopt;
  Note note = note_of(member, step, target, bytes);
  if (step == Step::create) {
    note.keyed = 1;
    if (member % 2 == 0) {
      note.run_id = slot_id(options_.seed, first_ + member);
      note.id_known = 1;
    }
  }
  options_.note(note);
  auto outcome = make_call();
  if (!outcome) {
    note.state = state_after(outcome.error());
    options_.note(note);
    work_.complain("a step of slot " + std::to_string(first_ + member), outcome.error());
    return std::nullopt;
  }
  work_.answer(note, *outcome);
  if (outcome->applied()) members_[member] = {true, outcome->run};
  return *outcome;
}

void Cohort::expect(const std::optional<Outcome>& outcome, OutcomeKind kind, const char* what) {
  if (!outcome || outcome->kind == kind) return;
  work_.complain(std::string(what) + " is " + std::string(to_string(outcome->kind)));
}

void Cohort::make(std::uint32_t member) {
  const KeyedCreate create(options_.seed, first_ + member);
  const auto made = call(member, Step::create, RunStatus::queued, create.key.size(),
                         [&] { return tracker_.create(create.command); });
  expect(made, OutcomeKind::created, "a create with a fresh key");
  if (!made || (random_ >> member) % 4 != 0) return;
  // Asked again it names the same run, and so does another request under the key.
  auto again = tracker_.create(create.command);
  if (!again) return work_.complain("repeating a create", again.error());
  expect(*again, OutcomeKind::unchanged, "a repeated create");
  if (again->run != made->run) work_.complain("a repeated create names another run");
  CreateCommand other = create.command;
  other.journey_id = organization_;
  auto refused = tracker_.create(other);
  if (!refused) return work_.complain("another request", refused.error());
  expect(*refused, OutcomeKind::conflict, "another request under a key");
}

Run Cohort::imported(std::uint32_t member) const {
  constexpr std::array kStatuses{RunStatus::completed, RunStatus::failed, RunStatus::running,
                                 RunStatus::queued};
  const std::uint32_t slot = first_ + member;
  Run run;
  run.run_id = slot_id(options_.seed, slot);
  run.journey_id = cohort_journey(options_.seed, slot);
  run.profile_id = cohort_profile(options_.seed, slot);
  run.organization_id = organization_;
  run.status = kStatuses[member - kImportedFirst];
  run.triggered_at = Instant(std::chrono::microseconds(1'600'000'000'000'000 + slot));
  if (is_final(run)) run.completed_at = run.triggered_at + std::chrono::seconds(slot);
  if (run.status == RunStatus::failed) {
    run.error = error_text(options_.seed, slot, options_.error_size_max);
  }
  return run;
}

std::string Cohort::lines() const {
  std::string text;
  for (std::uint32_t member = kImportedFirst; member < kCohortSize; ++member) {
    std::string line = to_json(imported(member)).value();
    line.pop_back();
    text += line + R"(,"organizationId":")" + to_string(organization_) + "\"}\n";
  }
  return text;
}

void Cohort::import_lines() {
  const std::string text = lines();
  std::vector<std::uint32_t> all;
  for (std::uint32_t member = kImportedFirst; member < kCohortSize; ++member) {
    const Run run = imported(member);
    Note note = note_of(member, Step::create, run.status, run.error.value_or("").size());
    note.run_id = run.run_id;
    note.id_known = 1;
    options_.note(note);
    all.push_back(member);
  }
  const auto import_once = [&]() -> Result<ImportReport> {
    std::size_t at = 0;
    return tracker_.import_runs([&](char* buffer, std::size_t room) -> Result<std::size_t> {
      const std::size_t size = text.copy(buffer, std::min<std::size_t>(room, 700), at);
      at += size;
      return size;
    });
  };
  auto report = import_once();
  if (!report) {
    note_failed(all, Step::create, report.error());
    return work_.complain("import", report.error());
  }
  if (report->created != all.size()) return work_.complain("not all lines were imported");
  read_members(all, Step::create, OutcomeKind::created);
  if ((random_ >> 12) % 2 != 0) return;
  report = import_once();
  if (!report) return work_.complain("importing again", report.error());
  if (report->unchanged != all.size()) work_.complain("importing again changed something");
}

void Cohort::live() {
  const auto id = [&](std::uint32_t member) -> const Uuid& { return members_[member].run.run_id; };
  const auto start = [&](std::uint32_t member, std::optional<Lease> lease) {
    const std::string owner = owner_of("worker-", first_ + member);
    const StartOptions options{.owner = owner, .organization_id = organization_, .lease = lease};
    expect(call(member, Step::start, RunStatus::running, 0,
                [&] { return tracker_.start(id(member), options); }),
           OutcomeKind::applied, "a start");
  };
  const FinishOptions mine{.organization_id = organization_};
  const std::string text = error_text(options_.seed, first_, options_.error_size_max);
  start(0, std::nullopt);
  call(0, Step::finish, RunStatus::completed, 0, [&] { return tracker_.complete(id(0), mine); });
  start(1, std::chrono::minutes(1));
  live_adopted(1);
  call(1, Step::finish, RunStatus::completed, 0, [&] {
    return tracker_.complete(id(1), {.fencing_token = 2, .organization_id = organization_});
  });
  start(3, std::chrono::minutes(1));
  call(4, Step::finish, RunStatus::failed, text.size(),
       [&] { return tracker_.fail(id(4), text, mine); });
  start(5, std::nullopt);
  live_adopted(5);
  start(6, kLeaseMin);
  // Whether the lease has run out by now is all the same: it is answered truly.
  call(6, Step::finish, RunStatus::failed, text.size(), [&] {
    return tracker_.fail(id(6), text, {.organization_id = organization_, .only_if_expired = true});
  });
  call(10, Step::adopt, RunStatus::running, 0, [&] {
    return tracker_.adopt(id(10), {.owner = "finder", .organization_id = organization_});
  });
  if (stopped()) return;
  const auto beat =
      tracker_.heartbeat(id(3), std::chrono::minutes(1), {.organization_id = organization_});
  if (!beat) return work_.complain("a heartbeat", beat.error());
  expect(*beat, OutcomeKind::applied, "a heartbeat");
  const auto silent = tracker_.expired();
  if (!silent) return work_.complain("expired", silent.error());
  for (const Run& run : *silent) {
    if (run.status != RunStatus::running) work_.complain("a run that is not running is expired");
  }
}

/// From then on the owner before is fenced off.
void Cohort::live_adopted(std::uint32_t member) {
  if (stopped()) return;
  const Uuid id = members_[member].run.run_id;
  const std::string owner = owner_of("adopter-", first_ + member);
  expect(call(member, Step::adopt, RunStatus::running, 0,
              [&] {
                return tracker_.adopt(
                    id, {.owner = owner, .fencing_token = 1, .organization_id = organization_});
              }),
         OutcomeKind::applied, "an adopt");
  expect(call(member, Step::repeat, RunStatus::completed, 0,
              [&] {
                return tracker_.complete(id,
                                         {.fencing_token = 1, .organization_id = organization_});
              }),
         OutcomeKind::conflict, "a step under a token of before");
}

void Cohort::note_all(const std::vector<std::uint32_t>& members, Step step, StepState state,
                      std::uint64_t sequence) {
  for (const std::uint32_t member : members) {
    Note note = note_of(member, step, step == Step::bulk ? bulk_target_ : RunStatus::queued,
                        step == Step::remove ? kRemovalBytes : 0);
    note.state = state;
    note.outcome = OutcomeKind::applied;
    note.sequence = sequence;
    options_.note(note);
  }
}

void Cohort::note_failed(const std::vector<std::uint32_t>& members, Step step, const Error& error) {
  note_all(members, step, state_after(error), 0);
}

void Cohort::note_gone(const std::vector<std::uint32_t>& members, std::uint64_t sequence) {
  note_all(members, Step::remove, StepState::answered, sequence);
  for (const std::uint32_t member : members) {
    auto got = tracker_.get(members_[member].run.run_id, {.organization_id = organization_});
    if (!got) return work_.complain("reading a removed run", got.error());
    if (*got) return work_.complain("a removed run can be read");
    members_[member].there = false;
  }
}

void Cohort::read_members(const std::vector<std::uint32_t>& members, Step step,
                          OutcomeKind outcome) {
  for (const std::uint32_t member : members) {
    const bool made = step == Step::create;
    const Uuid id = made ? slot_id(options_.seed, first_ + member) : members_[member].run.run_id;
    auto got = tracker_.get(id, {.organization_id = organization_});
    if (!got) return work_.complain("reading a run", got.error());
    if (!*got) return work_.complain("a run is missing");
    members_[member] = {true, **got};
    Note note = note_of(member, step, (*got)->status, (*got)->error.value_or("").size());
    work_.answer(note, {.kind = outcome, .run = **got, .run_known = true});
  }
}

void Cohort::purge() {
  std::vector<std::uint32_t> gone;
  for (std::uint32_t member = 0; member < kCohortSize; ++member) {
    if (members_[member].there && is_final(members_[member].run)) gone.push_back(member);
  }
  note_all(gone, Step::remove, StepState::begun, 0);
  std::uint64_t removed = 0;
  const Instant before = later();
  PurgeReport report;
  do {
    auto step = tracker_.purge({.completed_before = before,
                                .organization_id = organization_,
                                .limit = 1 + (random_ >> 8) % 6,
                                .cursor = report.next});
    if (!step) {
      // Steps before this one may have removed some of them.
      note_all(gone, Step::remove, StepState::unknown, 0);
      return work_.complain("purge", step.error());
    }
    removed += step->removed;
    report = std::move(*step);
  } while (!report.next.empty());
  if (removed != gone.size()) {
    work_.complain("a purge removed " + std::to_string(removed) + " runs, not " +
                   std::to_string(gone.size()));
  }
  note_gone(gone, 0);
  unplaced_.insert(unplaced_.end(), gone.begin(), gone.end());
}

void Cohort::bulk() {
  std::vector<std::uint32_t> open;
  for (std::uint32_t member = 0; member < kCohortSize; ++member) {
    if (members_[member].there && !is_final(members_[member].run)) open.push_back(member);
  }
  const bool fail = (random_ >> 16) % 2 == 0;
  bulk_target_ = fail ? RunStatus::failed : RunStatus::exited;
  note_all(open, Step::bulk, StepState::begun, 0);
  std::uint64_t applied = 0;
  BulkReport report;
  do {
    auto step = tracker_.bulk({.filter = {.organization_id = organization_,
                                          .journey_id = cohort_journey(options_.seed, first_)},
                               .action = fail ? BulkAction::fail : BulkAction::exit,
                               .error = fail ? "the journey was stopped" : "",
                               .limit = 1 + (random_ >> 20) % 7,
                               .cursor = report.next});
    if (!step) {
      note_all(open, Step::bulk, StepState::unknown, 0);
      return work_.complain("bulk", step.error());
    }
    applied += step->applied;
    report = std::move(*step);
  } while (!report.next.empty());
  if (applied != open.size()) {
    work_.complain("a bulk step moved " + std::to_string(applied) + " runs, not " +
                   std::to_string(open.size()));
  }
  read_members(open, Step::bulk, OutcomeKind::applied);
}

void Cohort::erase() {
  std::vector<std::uint32_t> gone;
  for (std::uint32_t member = 0; member < kCohortErased; ++member) {
    if (members_[member].there) gone.push_back(member);
  }
  note_all(gone, Step::remove, StepState::begun, 0);
  auto receipt = tracker_.erase_profile(
      {.profile_id = cohort_profile(options_.seed, first_), .organization_id = organization_});
  if (!receipt) {
    note_failed(gone, Step::remove, receipt.error());
    return work_.complain("erase", receipt.error());
  }
  if (receipt->runs != gone.size()) {
    work_.complain("an erasure removed " + std::to_string(receipt->runs) + " runs, not " +
                   std::to_string(gone.size()));
  }
  // It is published when it is answered, which in either mode nothing takes back.
  Note firm;
  firm.kind = NoteKind::firm;
  firm.sequence = receipt->sequence;
  options_.note(firm);
  note_gone(gone, receipt->sequence);
}

/// Takes the key of the first member, which is gone; and comes behind all that was removed.
void Cohort::make_last() {
  make(kLast);
  if (stopped()) return;
  note_all(unplaced_, Step::remove, StepState::answered, members_[kLast].run.sequence);
}

void Cohort::copy_store() {
  const bool first = work_.next_copy_ == options_.copies_from;
  if (options_.store.empty() || (!first && (random_ >> 44) % 8 != 0)) return;
  const std::uint32_t number = work_.next_copy_.fetch_add(1);
  if (number >= options_.copies_end) return;
  Note note;
  note.kind = NoteKind::copy;
  note.state = StepState::begun;
  note.slot = number;
  note.sequence = work_.answered_max_;
  options_.note(note);
  auto report = tracker_.backup(copy_path(options_.store, number), {.compact = number % 2 == 1});
  if (!report) return work_.complain("backup", report.error());
  note.state = StepState::answered;
  note.sequence = report->sequence;
  options_.note(note);
  const auto verified = tracker_.verify();
  if (!verified) return work_.complain("verify", verified.error());
  if (!verified->sound()) {
    work_.complain("verify finds " + verified->findings.front().text + " in a store in use");
  }
}

void Cohort::read_feed() {
  const std::uint64_t seen = work_.answered_max_;
  const std::uint64_t after = seen - std::min<std::uint64_t>(seen, random_ % 300);
  auto page = tracker_.changes({.after = after});
  if (!page && page.error().code == Errc::too_old) return;
  if (!page) return work_.complain("changes", page.error());
  std::uint64_t last = after;
  for (const Change& change : page->changes) {
    if (change.sequence != ++last) return work_.complain("a page of the feed has a gap");
  }
  if (page->newest < seen) work_.complain("the feed lacks what was answered");
  Note firm;
  firm.kind = NoteKind::firm;
  firm.sequence = page->newest;
  options_.note(firm);
}

std::string probe_keys(Tracker& tracker, const Oracle& oracle, std::uint64_t seed,
                       std::uint64_t turn) {
  const std::uint32_t used = std::min<std::uint32_t>(oracle.slots_used, kSlotsMax);
  for (std::uint32_t slot = 0; slot < used; ++slot) {
    const SlotRecord& record = oracle.slots[slot];
    const bool in_flight = record.step(Step::create).may_have_happened();
    if (record.keyed == 0 || (!in_flight && mix(turn + slot) % (used / 6 + 1) != 0)) continue;
    const KeyedCreate create(seed, slot);
    const GetOptions where{.organization_id = create.command.organization_id};
    const std::uint32_t member = slot % kCohortSize;
    const SlotRecord& sharing =
        oracle.slots[member == kLast ? slot - kLast : std::min(slot + kLast, used - 1)];
    if (member == 0 && sharing.keyed != 0) continue;
    std::optional<Run> run;
    if (record.id_known != 0) {
      auto got = tracker.get(record.run_id, where);
      if (!got) return "a run cannot be read: " + to_string(got.error());
      run = *got;
    }
    if (member == kLast && !run) {
      auto holder = tracker.get(sharing.run_id, where);
      if (!holder || *holder) continue;  // what took it away is among what was lost
    }
    auto again = tracker.create(create.command);
    const std::string who = "the create of slot " + std::to_string(slot) + ", repeated, ";
    if (!again) return who + "fails: " + to_string(again.error());
    if (run && (again->kind != OutcomeKind::unchanged || again->run != *run)) {
      return who + "is " + std::string(to_string(again->kind)) + " though its run is there";
    }
    if (!run && again->kind != OutcomeKind::created &&
        (record.id_known != 0 || again->kind != OutcomeKind::unchanged)) {
      return who + "is " + std::string(to_string(again->kind)) + " though its run is gone";
    }
  }
  return {};
}

}  // namespace milepost::crash
