// SPDX-License-Identifier: Apache-2.0
//
// The log hook, and how a call that it makes is noticed. A hook runs inside the engine, where locks
// may be held, so its thread is listed while it does; there is no thread-local state. Usually no
// hook runs, and then noticing is one load.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <pthread.h>
#include <string_view>

#include "milepost/milepost.h"
#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::capi {

/// Lock-free, so that a fork leaves no lock behind.
class HookThreads {
 public:
  constexpr HookThreads() noexcept = default;

  /// Lists this thread as long as it lives.
  class Entry {
   public:
    explicit Entry(HookThreads& threads) noexcept : threads_(threads), place_(threads.enter()) {}
    ~Entry() { threads_.leave(place_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    HookThreads& threads_;
    std::size_t place_;
  };

  /// Whether this thread is in a hook.
  [[nodiscard]] bool has_this_thread() const noexcept {
    return running_.load(std::memory_order_acquire) != 0 && is_listed();
  }

 private:
  static constexpr std::size_t kPlaces = 64;
  [[nodiscard]] std::size_t enter() noexcept;
  void leave(std::size_t place) noexcept;
  [[nodiscard]] bool is_listed() const noexcept;

  std::atomic<std::size_t> running_{0};
  std::array<std::atomic<pthread_t>, kPlaces> threads_{};  ///< 0: nobody.
};

inline constinit HookThreads hook_threads;

[[nodiscard]] Error called_by_hook();

/// The hook as the engine calls it; empty if there is none.
[[nodiscard]] std::function<void(LogLevel, std::string_view)> log_hook(
    milepost_log_function function, void* user);

}  // namespace milepost::capi
