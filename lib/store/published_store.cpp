// SPDX-License-Identifier: Apache-2.0
//
// Reads straight from LMDB; every command is refused.
#include "store/published_store.hpp"

#include <numeric>
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/fork_guard.hpp"

namespace milepost::store {
namespace {

constexpr int kReplayTriesMax = 100;

Error read_only_error() {
  return Error{.code = Errc::read_only,
               .message = "The tracker was opened read-only.",
               .advice = "Open it without read_only, or send commands to the process that writes."};
}

}  // namespace

Result<std::unique_ptr<Store>> PublishedStore::open(std::unique_ptr<lmdb::Env> env) {
  auto stored = StoredRuns::make(*env);
  if (!stored) return stored.error();
  return std::unique_ptr<Store>(new PublishedStore(std::move(env), *stored));
}

PublishedStore::PublishedStore(std::unique_ptr<lmdb::Env> env, StoredRuns stored)
    : fork_generation_(lmdb::fork_generation()), env_(std::move(env)), stored_(stored) {}

Result<void> PublishedStore::apply(std::span<const ResolvedCommand>, Deadline, std::span<Outcome>) {
  if (forked()) return lmdb::forked_error(env_->directory());
  return read_only_error();
}

Result<bool> PublishedStore::find(const Uuid& run_id, RecordVisitor visit) const {
  return stored_.visit(run_id, visit);
}

Result<void> PublishedStore::find_many(std::span<const Uuid> run_ids,
                                       IndexedRecordVisitor visit) const {
  auto txn = env_->begin_read();
  if (!txn) return txn.error();
  std::vector<std::size_t> indexes(run_ids.size());
  std::iota(indexes.begin(), indexes.end(), std::size_t{0});
  return visit_in_order(stored_, *txn, run_ids, indexes, visit);
}

Result<void> PublishedStore::publish(Deadline) {
  if (forked()) return lmdb::forked_error(env_->directory());
  return read_only_error();
}

Result<std::uint64_t> PublishedStore::unpublished() const {
  for (int attempt = 1;; ++attempt) {
    auto applied = stored_.applied_sequence();
    if (!applied) return applied.error();
    auto report = journal::replay(
        journal_directory(*env_), store_id(*env_), *applied,
        [](std::uint64_t, journal::EffectBytes) -> Result<void> { return {}; },
        journal::ReplayRole::reader);
    if (report) return report->effects;
    // The writer published and recycled what we asked for: ask again from where it is now.
    if (report.error().code != Errc::busy || attempt == kReplayTriesMax) return report.error();
  }
}

bool PublishedStore::forked() const noexcept { return lmdb::fork_generation() != fork_generation_; }

Result<void> PublishedStore::close() { return env_->close(); }

}  // namespace milepost::store
