// SPDX-License-Identifier: Apache-2.0
//
// Desk: the committer between a journal that can fail, and tables that stand in for LMDB and can be
// damaged. Nothing reaches the tables but by apply().
#pragma once

#include <chrono>
#include <map>
#include <new>
#include <string>
#include <vector>

#include "store/committer.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"
#include "unit/store/support.hpp"

namespace milepost::test {

using namespace store;  // NOLINT: a header of one test program

/// The smallest journal, which is full after a quarter of a megabyte unless something is released.
inline std::unique_ptr<journal::Journal> open_journal(const std::string& directory) {
  journal::JournalOptions options;
  options.directory = directory;
  options.store_id = id(77);
  options.segment_bytes = kJournalSegmentBytesMin;
  options.bytes_max = 4 * kJournalSegmentBytesMin;
  return journal::Journal::open(options, 3, 0).value();
}

class Desk {
 public:
  explicit Desk(std::chrono::seconds lifetime = {}) : key_lifetime(lifetime) {}

  Result<std::vector<Outcome>> send(const std::vector<Command>& commands) {
    std::vector<ResolvedCommand> resolved;
    for (const Command& command : commands) {
      const Uuid* run_id = core::command_run_id(command);
      resolved.push_back({.command = &command, .run_id = run_id ? *run_id : id(++fresh_ids)});
    }
    return send(resolved);
  }
  Result<Outcome> remove(const core::Removal& removal) {
    auto outcomes = send({{.run_id = removal.run_id, .removal = &removal}});
    if (!outcomes) return outcomes.error();
    return outcomes->front();
  }
  Result<std::vector<Outcome>> send(const std::vector<ResolvedCommand>& commands) {
    CommitRequest request{
        .commands = commands, .bytes = 100 * commands.size(), .deadline = Deadline::max()};
    auto batch = queue.submit(
        request, [](Deadline) -> Result<void> { return {}; },
        [this](CommitBatch& sealed) {
          if (before_commit) before_commit();
          committer.commit(sealed);
        });
    if (!batch) return batch.error();
    if ((*batch)->error) return *(*batch)->error;
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const Answer& answer = (*batch)->answers.at(request.first_answer + i);
      if (answer.error) return *answer.error;
      Outcome outcome{.kind = answer.kind};
      outcome.run.sequence = answer.removal;
      if (answer.record) {
        const auto effect = answer.record.view();
        outcome.run = core::to_run(core::decode_record(effect.run_id, effect.record).value());
        outcome.run_known = true;
      }
      outcomes.push_back(outcome);
    }
    return outcomes;
  }

  Result<EffectPtr> read_stored(const Uuid& run) {
    reads.push_back(run);
    if (damaged == run) return Error{.code = Errc::corrupt, .message = "A bad checksum."};
    const auto found = stored.find(run);
    return found == stored.end() ? EffectPtr() : found->second;
  }

  Result<std::optional<Uuid>> read_stored_key(const Uuid& organization, std::string_view key) {
    const auto found = stored_keys.find(full_key(organization, key));
    return found == stored_keys.end() ? std::nullopt : std::optional(found->second);
  }

  /// Everything handed over so far goes to the table and leaves the maps, as the applier does it.
  void apply() {
    for (const EffectPtr& effect : pending) {
      const auto view = effect.view();
      if (view.removes()) stored.erase(view.run_id);
      if (view.kind != core::EffectKind::put) continue;
      stored[view.run_id] = effect;
      const auto record = core::decode_record(view.run_id, view.record).value();
      if (record.idempotency_key.empty()) continue;
      stored_keys[full_key(record.organization_id, record.idempotency_key)] = view.run_id;
      keys.applied(record.organization_id, record.idempotency_key, view.run_id);
    }
    recent.mark_applied(pending);
    pending.clear();
  }

  Result<void> make_durable() {
    const std::uint64_t appended = journal->next_sequence() - 1;
    bool seen = false;  // Nobody may see an effect before its sync.
    for (const Uuid& run : watched) {
      const EffectPtr found = recent.find(run);
      seen = seen || (found && found.sequence() > journal->synced_sequence());
    }
    events.push_back((seen ? "seen before sync " : "sync ") + std::to_string(appended));
    if (sync_error) return *sync_error;
    if (auto synced = journal->sync(); !synced) return synced.error();
    return {};
  }

  void hand_over(std::span<const EffectPtr> effects) {
    if (hand_overs_without_memory > 0) {
      --hand_overs_without_memory;
      throw std::bad_alloc();
    }
    bool published = true;
    for (const EffectPtr& effect : effects) {
      const EffectPtr found = recent.find(effect.view().run_id);
      const bool shown = found && found.sequence() >= effect.sequence();
      published = published && (shown || !effect.view().is_about_a_run());
      in_order = in_order && effect.sequence() == ++handed_over;
      pending.push_back(effect);
    }
    events.push_back(published ? "hand over" : "hand over before publish");
  }

  /// Appends until the journal takes no more; yields what it says then.
  Errc fill_journal() {
    const std::string text(4'000, 'x');
    for (std::uint64_t i = 0;; ++i) {
      auto told = send({request(id(i, 0x50)), FailCommand{id(i, 0x50), text}});
      if (!told) return told.error().code;
    }
  }

  /// Puts a queued run into the table.
  void store(std::uint64_t number) { stored[id(number)] = effect(number, number); }

  const std::chrono::seconds key_lifetime;
  TempDirectory folder;
  std::unique_ptr<journal::Journal> journal = open_journal(folder / "journal");
  KeyMap keys;
  LeaseTable::Clock::time_point now{std::chrono::hours(1)};  // of leases
  LeaseTable leases{[this] { return now; }};
  Instant wall = at("2023-11-07T05:31:56Z");
  std::uint64_t fresh_ids = 2'000;
  std::map<std::string, Uuid> stored_keys;
  std::vector<EffectPtr> pending;
  RecentMap recent{0};  // lets go of everything that is applied
  std::map<Uuid, EffectPtr> stored;
  std::vector<Uuid> reads;
  std::optional<Uuid> damaged;
  std::optional<Error> sync_error;
  std::function<void()> before_commit;
  unsigned hand_overs_without_memory = 0;
  std::vector<std::string> events;
  const std::vector<Uuid> watched{id(1), id(2), id(3)};
  std::uint64_t handed_over = 0;
  bool in_order = true;
  CommitQueue queue{{}};
  Committer committer{
      {.journal = *journal,
       .recent = recent,
       .keys = keys,
       .leases = leases,
       .read_stored = [this](const Uuid& run) { return read_stored(run); },
       .read_stored_key = [this](
                              const Uuid& organization,
                              std::string_view key) { return read_stored_key(organization, key); },
       .make_durable = [this] { return make_durable(); },
       .hand_over = [this](std::span<const EffectPtr> effects) { hand_over(effects); },
       .clock = [this] { return wall; },
       .epoch = 3,
       .key_lifetime = key_lifetime,
       .greatest_run_id = id(1'000)}};
};

}  // namespace milepost::test
