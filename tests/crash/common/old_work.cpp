// SPDX-License-Identifier: Apache-2.0
//
// What a workload does about runs of sessions before it, and its reader of the feed.
#include <algorithm>

#include "common/process.hpp"
#include "common/upkeep_work.hpp"
#include "common/workload.hpp"

namespace milepost::crash {
namespace {

constexpr std::size_t kPage = 50;

bool is_final(RunStatus status) {
  return status != RunStatus::queued && status != RunStatus::running;
}

}  // namespace

std::string Workload::complain_of(const char* what, const Error& error) {
  complain(what, error);
  return failure_;
}

std::string Workload::take_orphans(const Oracle& oracle) {
  std::map<Uuid, std::uint32_t> running;
  for (std::uint32_t slot = 0; slot < options_.first_slot; ++slot) {
    const SlotRecord& record = oracle.slots[slot];
    if (record.id_known == 0) continue;
    auto got = tracker_.get(record.run_id, {.organization_id = record.organization_id});
    if (!got) return complain_of("reading a run", got.error());
    if (*got && (*got)->status == RunStatus::running) running[record.run_id] = slot;
  }
  std::vector<Run> orphans;
  std::string cursor;
  do {
    auto page = tracker_.orphans({.limit = kPage, .cursor = cursor});
    if (!page) return complain_of("orphans", page.error());
    orphans.insert(orphans.end(), page->runs.begin(), page->runs.end());
    cursor = page->next;
  } while (!cursor.empty());
  if (orphans.size() != running.size()) {
    complain(std::to_string(orphans.size()) + " orphans are found, not " +
             std::to_string(running.size()));
  }
  const std::uint64_t choice = mix(options_.seed ^ options_.first_slot) % 3;
  for (const Run& run : orphans) {
    if (!running.contains(run.run_id)) complain("a run that nobody knows is an orphan");
    if (choice != 0 || stopped()) continue;
    const std::uint32_t slot = running[run.run_id];
    if (oracle.slots[slot].step(Step::adopt).state != StepState::none) continue;
    step(begun(slot, Step::adopt, RunStatus::running, 0), [&] {
      return tracker_.adopt(run.run_id, {.owner = "next of kin",
                                         .fencing_token = run.fencing_token,
                                         .organization_id = run.organization_id});
    });
  }
  if (choice == 1 && !stopped()) fail_orphans(oracle, running);
  return failure_;
}

void Workload::fail_orphans(const Oracle& oracle, const std::map<Uuid, std::uint32_t>& running) {
  for (const auto& [id, slot] : running) {
    options_.note(begun(slot, Step::bulk, RunStatus::failed, 0));
  }
  std::uint64_t failed = 0;
  for (bool more = true; more;) {
    auto report = tracker_.fail_orphans({.error = "its process is gone", .limit = kPage});
    if (!report) return complain("fail_orphans", report.error());
    failed += report->failed;
    more = report->more;
  }
  if (failed != running.size()) complain("not all orphans were failed");
  for (const auto& [id, slot] : running) {
    auto got = tracker_.get(id, {.organization_id = oracle.slots[slot].organization_id});
    if (!got) return complain("reading a failed orphan", got.error());
    if (!*got) return complain("a failed orphan is missing");
    Note note = begun(slot, Step::bulk, RunStatus::failed, 0);
    answer(note, {.kind = OutcomeKind::applied, .run = **got, .run_known = true});
  }
}

std::string Workload::purge_old(const Oracle& oracle) {
  struct Finished {
    std::uint32_t slot;
    Instant completed_at;
  };
  std::vector<Finished> finished;
  for (std::uint32_t slot = 0; slot < options_.first_slot; ++slot) {
    const SlotRecord& record = oracle.slots[slot];
    if (record.id_known == 0) continue;
    auto got = tracker_.get(record.run_id, {.organization_id = record.organization_id});
    if (!got) return complain_of("reading a run", got.error());
    if (*got && is_final((*got)->status)) finished.push_back({slot, *(*got)->completed_at});
  }
  if (finished.empty()) return {};
  std::sort(finished.begin(), finished.end(),
            [](const Finished& a, const Finished& b) { return a.completed_at < b.completed_at; });
  const Instant before = finished[finished.size() / 2].completed_at;
  std::erase_if(finished, [&](const Finished& one) { return one.completed_at >= before; });
  const auto note_all = [&](StepState state) {
    for (const Finished& one : finished) {
      Note note = begun(one.slot, Step::remove, RunStatus::queued, 0);
      note.state = state;
      note.outcome = OutcomeKind::applied;
      options_.note(note);
    }
  };
  note_all(StepState::begun);
  std::uint64_t removed = 0;
  std::string cursor;
  do {
    auto report = tracker_.purge({.completed_before = before, .limit = kPage, .cursor = cursor});
    if (!report) return complain_of("purge", report.error());
    removed += report->removed;
    cursor = report->next;
  } while (!cursor.empty());
  if (removed != finished.size()) {
    complain("a purge of all organizations removed " + std::to_string(removed) + " runs, not " +
             std::to_string(finished.size()));
  }
  note_all(StepState::answered);
  return failure_;
}

std::string Workload::repeat_keyed(const Oracle& oracle) {
  for (std::uint32_t slot = 0; slot < options_.first_slot && !stopped(); ++slot) {
    const SlotRecord& record = oracle.slots[slot];
    if (record.keyed == 0 || !record.step(Step::create).may_have_happened()) continue;
    const KeyedCreate create(options_.seed, slot);
    Note note = begun(slot, Step::create, RunStatus::queued, create.key.size());
    note.keyed = 1;
    note.organization_id = create.command.organization_id;
    step(note, [&] { return tracker_.create(create.command); });
  }
  return failure_;
}

/// Each change comes once, in order; and what a reader of the feed was shown is there for good.
void Workload::feed_main() {
  auto feed = tracker_.subscribe();
  if (!feed) return complain("subscribe", feed.error());
  while (!finished_ && !stopped()) {
    const std::uint64_t before = feed->position();
    auto changes = feed->next(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
    if (!changes && changes.error().code == Errc::busy) continue;
    if (!changes && changes.error().code == Errc::too_old) {
      // A feed this short may run away from whoever reads it.
      feed = tracker_.subscribe();
      if (!feed) return complain("subscribe", feed.error());
      continue;
    }
    if (!changes) return complain("following the feed", changes.error());
    std::uint64_t last = before;
    for (const Change& change : *changes) {
      if (change.sequence != ++last) return complain("the feed has a gap");
    }
    Note note;
    note.kind = NoteKind::firm;
    note.sequence = last;
    options_.note(note);
  }
}

}  // namespace milepost::crash
