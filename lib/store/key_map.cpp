// SPDX-License-Identifier: Apache-2.0
//
// A table under a mutex; keys are looked up by one leader at a time.
#include "store/key_map.hpp"

#include <new>

namespace milepost::store {
void KeyMap::put(const std::string& key, const Uuid& run_id) {
  const std::lock_guard lock(mutex_);
  runs_[key] = run_id;
  count_.store(runs_.size(), std::memory_order_release);
}

std::optional<Uuid> KeyMap::find(const Uuid& organization_id, std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(full_key(organization_id, key));
  if (found == runs_.end()) return std::nullopt;
  return found->second;
}

void KeyMap::applied(const Uuid& organization_id, std::string_view key,
                     const Uuid& run_id) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find(full_key(organization_id, key));
    if (found == runs_.end() || found->second != run_id) return;
    runs_.erase(found);
    count_.store(runs_.size(), std::memory_order_release);
  } catch (const std::bad_alloc&) {
    return;  // It only stays longer than it needs to.
  }
}

}  // namespace milepost::store
