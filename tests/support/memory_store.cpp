// SPDX-License-Identifier: Apache-2.0
//
// Decide, keep, answer.
#include "support/memory_store.hpp"

#include <algorithm>

#include "core/effect.hpp"
#include "core/record_codec.hpp"
#include "core/state.hpp"
#include "store/clock.hpp"
#include "support/memory_view.hpp"
#include "support/runs.hpp"

namespace milepost::test {

KeptRun KeptRun::of(const core::RecordView& record) {
  return {record, std::string(record.error), std::string(record.owner),
          std::string(record.idempotency_key)};
}

core::RecordView KeptRun::view() const {
  core::RecordView view = record;
  view.error = error;
  view.owner = owner;
  view.idempotency_key = idempotency_key;
  return view;
}

Uuid next_store_id() {
  static std::atomic<std::uint64_t> count{0};
  return id(++count, 0x5e);
}

MemoryStore::MemoryStore(std::shared_ptr<MemoryDisk> disk, const OpenOptions& options)
    : disk_(std::move(disk)),
      options_(options),
      clock_(store::engine_clock(options.clock)),
      read_only_(options.read_only) {
  if (!read_only_) epoch_ = ++disk_->epoch;
}

Result<void> MemoryStore::refusal(bool writes) const {
  if (*closed_) return Error{.code = Errc::closed};
  if (writes && read_only_) return Error{.code = Errc::read_only};
  return {};
}

Result<void> MemoryStore::apply(std::span<const store::ResolvedCommand> commands, Deadline,
                                std::span<Outcome> outcomes) {
  {
    const std::lock_guard lock(disk_->mutex);
    if (auto refused = refusal(true); !refused) return refused;
    const Instant now = clock_();
    for (std::size_t i = 0; i < commands.size(); ++i) {
      outcomes[i] = commands[i].removal != nullptr
                        ? remove_one(*commands[i].removal)
                        : apply_one(*commands[i].command, commands[i].run_id, now);
    }
  }
  disk_->changed.notify_all();
  return {};
}

const KeptRun* MemoryStore::find_for(const Command& command, const Uuid& run_id,
                                     Instant now) const {
  const MemoryState& state = disk_->state;
  if (const std::string_view key = core::idempotency_key(command); !key.empty()) {
    const auto holder =
        state.keys.find({std::get<CreateCommand>(command).organization_id, std::string(key)});
    const auto run =
        holder == state.keys.end() ? state.runs.end() : state.runs.find(holder->second);
    const auto lifetime = options_.idempotency_key_lifetime;
    if (run != state.runs.end() &&
        (lifetime.count() == 0 || now - run->second.record.keyed_at < lifetime)) {
      return &run->second;
    }
  }
  const auto found = state.runs.find(run_id);
  return found == state.runs.end() ? nullptr : &found->second;
}

Outcome MemoryStore::apply_one(const Command& command, const Uuid& run_id, Instant now) {
  MemoryState& state = disk_->state;
  const KeptRun* kept = find_for(command, run_id, now);
  std::optional<core::RecordView> current;
  if (kept != nullptr) current = kept->view();
  const auto lease = leases_.find(run_id);
  const core::DecideContext context{
      .now = now,
      .epoch = epoch_,
      .sequence = state.last_sequence + 1,
      .fresh_id = run_id,
      .lease_expired = lease != leases_.end() && lease->second <= store::steady_clock(options_)()};
  const core::Decision decision = core::decide(command, current ? &*current : nullptr, context);
  Outcome outcome{.kind = decision.outcome};
  if (decision.next) {
    const core::RecordView& next = *decision.next;
    outcome.run = core::to_run(next);
    outcome.run_known = true;
    KeptChange change{context.sequence, {}, next.profile_id, next.organization_id};
    change.effect.resize(core::kEffectHeaderSize + core::encoded_record_size(next));
    core::write_effect_header(core::EffectKind::put, run_id, change.effect.data());
    core::encode_record(next, std::span(change.effect).subspan(core::kEffectHeaderSize));
    add_change(std::move(change));
    if (!next.idempotency_key.empty() && decision.outcome == OutcomeKind::created) {
      state.keys[{next.organization_id, std::string(next.idempotency_key)}] = run_id;
    }
    // The texts are copied before the run they may point into is replaced.
    KeptRun replacement = KeptRun::of(next);
    state.runs[run_id] = std::move(replacement);
  } else if (decision.current_visible) {
    outcome.run = core::to_run(*current);
    outcome.run_known = true;
  }
  note_lease(command, run_id, outcome);
  return outcome;
}

void MemoryStore::note_lease(const Command& command, const Uuid& run_id, const Outcome& outcome) {
  if (outcome.kind != OutcomeKind::applied) return;
  std::optional<Lease> lease;
  if (const auto* start = std::get_if<StartCommand>(&command)) lease = start->lease;
  if (const auto* adopt = std::get_if<AdoptCommand>(&command)) lease = adopt->lease;
  if (const auto* beat = std::get_if<HeartbeatCommand>(&command)) lease = beat->lease;
  leases_.erase(run_id);
  if (lease) leases_[run_id] = store::steady_clock(options_)() + *lease;
}

void MemoryStore::add_change(KeptChange change) {
  MemoryState& state = disk_->state;
  state.last_sequence = change.sequence;
  state.feed.push_back(std::move(change));
}

Outcome MemoryStore::remove_one(const core::Removal& removal) {
  MemoryState& state = disk_->state;
  const std::uint64_t sequence = state.last_sequence + 1;
  if (removal.kind == core::EffectKind::forget) {
    KeptChange change{sequence, std::vector<std::byte>(core::kForgetSize), {}, {}};
    core::write_forget({removal.profile_id, removal.organization_id}, change.effect.data());
    for (KeptChange& said : state.feed) {
      const bool about = said.effect[0] == static_cast<std::byte>(core::EffectKind::put) &&
                         said.profile_id == removal.profile_id &&
                         said.organization_id == removal.organization_id;
      if (!about) continue;
      std::fill(said.effect.begin(), said.effect.end(), std::byte{0});
      said.effect[0] = static_cast<std::byte>(core::EffectKind::blank);
    }
    add_change(std::move(change));
    Outcome outcome{.kind = OutcomeKind::applied};
    outcome.run.sequence = sequence;
    return outcome;
  }
  const auto found = state.runs.find(removal.run_id);
  std::optional<core::RecordView> current;
  if (found != state.runs.end()) current = found->second.view();
  Outcome outcome{.kind = core::decide(removal, current ? &*current : nullptr)};
  if (outcome.kind == OutcomeKind::illegal) {
    outcome.run = core::to_run(*current);
    outcome.run_known = true;
  }
  if (outcome.kind != OutcomeKind::applied) return outcome;
  outcome.run.sequence = sequence;
  KeptChange change{sequence, std::vector<std::byte>(core::kEffectHeaderSize), {}, {}};
  core::write_effect_header(removal.kind, removal.run_id, change.effect.data());
  add_change(std::move(change));
  const auto holder = state.keys.find({current->organization_id, found->second.idempotency_key});
  if (holder != state.keys.end() && holder->second == removal.run_id) state.keys.erase(holder);
  state.runs.erase(found);
  leases_.erase(removal.run_id);
  return outcome;
}

Result<bool> MemoryStore::find(const Uuid& run_id, store::RecordVisitor visit) const {
  const std::lock_guard lock(disk_->mutex);
  if (auto refused = refusal(false); !refused) return refused.error();
  const auto found = disk_->state.runs.find(run_id);
  if (found == disk_->state.runs.end()) return false;
  visit(found->second.view());
  return true;
}

Result<void> MemoryStore::find_many(std::span<const Uuid> run_ids,
                                    store::IndexedRecordVisitor visit) const {
  const std::lock_guard lock(disk_->mutex);
  if (auto refused = refusal(false); !refused) return refused;
  for (std::size_t i = 0; i < run_ids.size(); ++i) {
    const auto found = disk_->state.runs.find(run_ids[i]);
    if (found != disk_->state.runs.end()) visit(i, found->second.view());
  }
  return {};
}

Result<std::unique_ptr<store::View>> MemoryStore::view(Freshness, Deadline) const {
  const std::lock_guard lock(disk_->mutex);
  if (auto refused = refusal(false); !refused) return refused.error();
  return std::unique_ptr<store::View>(
      std::make_unique<MemoryView>(disk_->state, options_, closed_));
}

Result<bool> MemoryStore::wait_final(const Uuid& run_id, const Uuid& organization_id,
                                     Deadline deadline, store::RecordVisitor visit) const {
  std::unique_lock lock(disk_->mutex);
  if (auto refused = refusal(false); !refused) return refused.error();
  const auto& runs = disk_->state.runs;
  const auto find_run = [&] {
    const auto found = runs.find(run_id);
    const bool theirs =
        found != runs.end() && found->second.record.organization_id == organization_id;
    return theirs ? found : runs.end();
  };
  const auto settled = [&] {
    const auto found = find_run();
    return *closed_ || found == runs.end() || core::is_final(found->second.record.status);
  };
  if (!disk_->changed.wait_until(lock, deadline, settled)) return Error{.code = Errc::busy};
  if (*closed_) return Error{.code = Errc::closed};
  const auto found = find_run();
  if (found == runs.end()) return false;
  visit(found->second.view());
  return true;
}

Result<std::uint64_t> MemoryStore::wait_published(std::uint64_t sequence, Deadline deadline,
                                                  const std::atomic<bool>& cancelled) const {
  std::unique_lock lock(disk_->mutex);
  const bool moved = disk_->changed.wait_until(lock, deadline, [&] {
    return *closed_ || cancelled || disk_->state.last_sequence > sequence;
  });
  if (*closed_) return Error{.code = Errc::closed};
  if (!moved) return Error{.code = Errc::busy};
  return disk_->state.last_sequence;
}

void MemoryStore::wake_waiters() const noexcept {
  { const std::lock_guard lock(disk_->mutex); }
  disk_->changed.notify_all();
}

Result<std::vector<Uuid>> MemoryStore::expired_leases(std::size_t limit) const {
  const std::lock_guard lock(disk_->mutex);
  if (auto refused = refusal(true); !refused) return refused.error();
  std::vector<std::pair<SteadyClock::time_point, Uuid>> due;
  const auto now = store::steady_clock(options_)();
  for (const auto& [run_id, until] : leases_) {
    if (until <= now) due.emplace_back(until, run_id);
  }
  std::sort(due.begin(), due.end());
  std::vector<Uuid> run_ids;
  for (const auto& [until, run_id] : due) {
    if (run_ids.size() < limit) run_ids.push_back(run_id);
  }
  return run_ids;
}

Result<void> MemoryStore::publish(Deadline) { return refusal(true); }

Result<std::uint64_t> MemoryStore::unpublished() const {
  if (auto refused = refusal(false); !refused) return refused.error();
  return std::uint64_t{0};
}

Result<Stats> MemoryStore::stats() const {
  auto moment = view(Freshness::latest, Deadline::max());
  if (!moment) return moment.error();
  auto counts = (*moment)->counts(std::nullopt, std::nullopt);
  if (!counts) return counts.error();
  Stats stats;
  stats.runs = *counts;
  stats.sequence = stats.sequence_synced = stats.sequence_published = (*moment)->sequence();
  stats.epoch = epoch();
  return stats;
}

Result<VerifyReport> MemoryStore::verify(const VerifyOptions&) const {
  const std::lock_guard lock(disk_->mutex);
  if (auto refused = refusal(false); !refused) return refused.error();
  VerifyReport report;
  report.runs = disk_->state.runs.size();
  report.sequence = disk_->state.last_sequence;
  return report;
}

Result<BackupReport> MemoryStore::backup(const std::string&, const BackupOptions&) const {
  return Error{.code = Errc::invalid_argument, .message = "A store in memory has no files."};
}

Result<void> MemoryStore::close() {
  {
    const std::lock_guard lock(disk_->mutex);
    if (auto refused = refusal(false); !refused) return refused;
    *closed_ = true;
  }
  disk_->changed.notify_all();
  return {};
}

}  // namespace milepost::test
