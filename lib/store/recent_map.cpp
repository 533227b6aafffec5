// SPDX-License-Identifier: Apache-2.0
//
// Shards, and first-in-first-out eviction of applied runs.
#include "store/recent_map.hpp"

#include <new>

namespace milepost::store {
namespace {

// What one entry costs beside its block: the slot, its share of empty slots, the eviction note.
constexpr std::size_t kEntryOverhead = 88;

}  // namespace

RecentMap::RecentMap(std::size_t bytes_max)
    : shard_bytes_max_(bytes_max / kShardCount), shards_(std::make_unique<Shard[]>(kShardCount)) {}

RecentMap::Shard& RecentMap::shard_of(const Uuid& run_id) const noexcept {
  // The table inside a shard uses the hash's other bits.
  return shards_[(hash_(run_id) >> 20) % kShardCount];
}

void RecentMap::publish(std::span<const EffectPtr> group) {
  /// Odd while a group is being published, and even again where memory ran out amid it: readers of
  /// many runs wait for that.
  struct Publishing {
    explicit Publishing(std::atomic<std::uint64_t>& which) noexcept : generation(which) {
      generation.fetch_add(1, std::memory_order_seq_cst);
    }
    ~Publishing() { generation.fetch_add(1, std::memory_order_seq_cst); }
    std::atomic<std::uint64_t>& generation;
  };
  const std::lock_guard lock(publish_mutex_);
  const Publishing publishing(generation_);
  for (const EffectPtr& effect : group) {
    if (effect.view().is_about_a_run()) put(effect);
  }
}

void RecentMap::put(const EffectPtr& effect) {
  const Uuid run_id = effect.view().run_id;
  Shard& shard = shard_of(run_id);
  const std::lock_guard lock(shard.mutex);
  const auto [place, inserted] = shard.runs.try_emplace(run_id);
  Entry& entry = place->second;
  if (!inserted) shard.bytes -= entry.effect.footprint() + kEntryOverhead;
  entry.effect = effect;
  entry.applied = false;
  shard.bytes += effect.footprint() + kEntryOverhead;
  evict(shard);
}

EffectPtr RecentMap::find(const Uuid& run_id) const {
  EffectPtr found;
  visit(run_id, [&](const EffectPtr& effect) { found = effect; });
  return found;
}

void RecentMap::mark_applied(std::span<const EffectPtr> effects) noexcept {
  for (const EffectPtr& effect : effects) {
    const core::EffectView view = effect.view();
    if (!view.is_about_a_run()) continue;
    const Uuid run_id = view.run_id;
    Shard& shard = shard_of(run_id);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.runs.find(run_id);
    if (found == shard.runs.end()) continue;
    Entry& entry = found->second;
    if (entry.effect.sequence() != effect.sequence() || entry.applied) continue;
    try {
      shard.applied.push_back({run_id, effect.sequence()});
    } catch (const std::bad_alloc&) {
      continue;  // It only stays longer than it needs to.
    }
    entry.applied = true;
    evict(shard);
  }
}

void RecentMap::evict(Shard& shard) const {
  while (shard.bytes > shard_bytes_max_ && !shard.applied.empty()) {
    const Evictable oldest = shard.applied.front();
    shard.applied.pop_front();
    const auto found = shard.runs.find(oldest.run_id);
    if (found == shard.runs.end()) continue;
    const Entry& entry = found->second;
    if (!entry.applied || entry.effect.sequence() != oldest.sequence) continue;
    shard.bytes -= entry.effect.footprint() + kEntryOverhead;
    shard.runs.erase(found);
  }
}

std::size_t RecentMap::size() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < kShardCount; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    total += shards_[i].runs.size();
  }
  return total;
}

std::size_t RecentMap::bytes() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < kShardCount; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    total += shards_[i].bytes;
  }
  return total;
}

}  // namespace milepost::store
