// SPDX-License-Identifier: Apache-2.0
//
// Decide, keep, answer.
#include "support/memory_store.hpp"

#include "store/clock.hpp"

namespace milepost::test {

core::RecordView MemoryDisk::Kept::view() const {
  core::RecordView view = record;
  view.error = error;
  view.owner = owner;
  view.idempotency_key = {};
  return view;
}

MemoryStore::MemoryStore(std::shared_ptr<MemoryDisk> disk, const OpenOptions& options)
    : disk_(std::move(disk)),
      clock_(store::engine_clock(options.clock)),
      read_only_(options.read_only) {
  if (!read_only_) ++disk_->epoch;
}

Result<void> MemoryStore::refusal(bool writes) const {
  if (closed_) return Error{.code = Errc::closed};
  if (writes && read_only_) return Error{.code = Errc::read_only};
  return {};
}

Result<void> MemoryStore::apply(std::span<const store::ResolvedCommand> commands, Deadline,
                                std::span<Outcome> outcomes) {
  const std::lock_guard lock(disk_->mutex);
  if (auto refused = refusal(true); !refused) return refused;
  const Instant now = clock_();
  for (std::size_t i = 0; i < commands.size(); ++i) outcomes[i] = apply_one(commands[i], now);
  return {};
}

Outcome MemoryStore::apply_one(const store::ResolvedCommand& resolved, Instant now) {
  const auto found = disk_->runs.find(resolved.run_id);
  std::optional<core::RecordView> current;
  if (found != disk_->runs.end()) current = found->second.view();
  const core::DecideContext context{.now = now,
                                    .epoch = disk_->epoch,
                                    .sequence = disk_->last_sequence + 1,
                                    .fresh_id = resolved.run_id};
  const core::Decision decision =
      core::decide(*resolved.command, current ? &*current : nullptr, context);
  Outcome outcome{.kind = decision.outcome};
  if (decision.next) {
    outcome.run = core::to_run(*decision.next);
    outcome.run_known = true;
    // The texts are copied before the run they may point into is replaced.
    MemoryDisk::Kept kept{*decision.next, std::string(decision.next->error),
                          std::string(decision.next->owner)};
    disk_->runs[resolved.run_id] = std::move(kept);
    disk_->last_sequence = context.sequence;
  } else if (decision.current_visible) {
    outcome.run = core::to_run(*current);
    outcome.run_known = true;
  }
  return outcome;
}

Result<bool> MemoryStore::find(const Uuid& run_id, store::RecordVisitor visit) const {
  const std::lock_guard lock(disk_->mutex);
  if (auto refused = refusal(false); !refused) return refused.error();
  const auto found = disk_->runs.find(run_id);
  if (found == disk_->runs.end()) return false;
  visit(found->second.view());
  return true;
}

Result<void> MemoryStore::find_many(std::span<const Uuid> run_ids,
                                    store::IndexedRecordVisitor visit) const {
  const std::lock_guard lock(disk_->mutex);
  if (auto refused = refusal(false); !refused) return refused;
  for (std::size_t i = 0; i < run_ids.size(); ++i) {
    const auto found = disk_->runs.find(run_ids[i]);
    if (found != disk_->runs.end()) visit(i, found->second.view());
  }
  return {};
}

Result<void> MemoryStore::publish(Deadline) { return refusal(true); }

Result<std::uint64_t> MemoryStore::unpublished() const {
  if (auto refused = refusal(false); !refused) return refused.error();
  return std::uint64_t{0};
}

Result<void> MemoryStore::close() {
  const std::lock_guard lock(disk_->mutex);
  if (auto refused = refusal(false); !refused) return refused;
  closed_ = true;
  return {};
}

}  // namespace milepost::test
