// SPDX-License-Identifier: Apache-2.0
//
// RecentMap: the latest record of every run whose effects are not in LMDB yet, and within a byte
// budget of runs written lately. An effect leaves only after its LMDB commit (mark_applied), so a
// reader that misses here and then begins an LMDB read finds everything acknowledged before.
//
// Sharded; a shard's lock is held for memory work only, never during I/O.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>

#include "core/function_ref.hpp"
#include "store/effect_block.hpp"
#include "store/id_hash.hpp"

#include "milepost/run.hpp"

namespace milepost::store {

/// Thread-safe.
class RecentMap {
 public:
  /// `bytes_max` bounds what is kept once applied; what is not applied is never dropped.
  explicit RecentMap(std::size_t bytes_max);

  /// Makes each effect the latest of its run; they come in order of sequence. Readers of many
  /// runs see all of the group or none (generation()).
  void publish(std::span<const EffectPtr> group);

  /// Even, and raised by two with each published group; odd while one is being published.
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_seq_cst);
  }
  /// Holds off publishing while the lock lives. For a reader of many runs that was overtaken.
  [[nodiscard]] std::unique_lock<std::mutex> pause_publishing() const {
    return std::unique_lock(publish_mutex_);
  }

  /// The run's latest effect, or null.
  [[nodiscard]] EffectPtr find(const Uuid& run_id) const;

  /// Calls `visit` with the latest effect under the shard's lock, without touching its reference
  /// count; yields whether there was one. `visit` must be short.
  template <typename Visit>
  bool visit(const Uuid& run_id, Visit&& visit) const {
    const Shard& shard = shard_of(run_id);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.runs.find(run_id);
    if (found == shard.runs.end()) return false;
    visit(found->second.effect);
    return true;
  }

  /// These effects are committed to LMDB: each may be dropped unless a later one replaced it.
  void mark_applied(std::span<const EffectPtr> effects) noexcept;

  [[nodiscard]] std::size_t size() const;
  /// Bytes held, applied or not.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    EffectPtr effect;
    bool applied = false;
  };
  struct Evictable {
    Uuid run_id;
    std::uint64_t sequence;
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    boost::unordered_flat_map<Uuid, Entry, IdHash> runs;
    std::deque<Evictable> applied;  ///< Oldest first; stale where a later effect came.
    std::size_t bytes = 0;
  };

  static constexpr std::size_t kShardCount = 64;

  [[nodiscard]] Shard& shard_of(const Uuid& run_id) const noexcept;
  void put(const EffectPtr& effect);
  void evict(Shard& shard) const;

  const std::size_t shard_bytes_max_;
  const IdHash hash_;
  const std::unique_ptr<Shard[]> shards_;
  mutable std::mutex publish_mutex_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace milepost::store
