// SPDX-License-Identifier: Apache-2.0
//
// KeyMap: idempotency keys whose effects are journaled but not in LMDB yet, and the runs they name.
// Probed before LMDB, as the recent map is.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "milepost/run.hpp"

namespace milepost::store {

/// What a key is filed under.
[[nodiscard]] inline std::string full_key(const Uuid& organization_id, std::string_view key) {
  std::string full(reinterpret_cast<const char*>(organization_id.data), 16);
  full.append(key);
  return full;
}

/// Thread-safe.
class KeyMap {
 public:
  /// The key, by full_key, names this run now.
  void put(const std::string& key, const Uuid& run_id);
  [[nodiscard]] std::optional<Uuid> find(const Uuid& organization_id, std::string_view key) const;
  /// LMDB has the key for this run: forgets it, unless it names another one by now.
  void applied(const Uuid& organization_id, std::string_view key, const Uuid& run_id) noexcept;

  /// Without a lock, for the applier: a key it has to forget was put before.
  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_acquire) == 0; }

 private:
  std::atomic<std::size_t> count_{0};
  mutable std::mutex mutex_;
  boost::unordered_flat_map<std::string, Uuid> runs_;
};

}  // namespace milepost::store
