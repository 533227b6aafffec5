// SPDX-License-Identifier: Apache-2.0
//
// Wakeups: whoever waits for a run to become final or for something to be published sleeps here,
// and the commit that brings it wakes them. Without waiters a notification is one load. Nobody
// polls, nobody wakes in vain by time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>

#include "core/function_ref.hpp"
#include "store/effect_block.hpp"
#include "store/id_hash.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// Thread-safe.
class Wakeups {
 public:
  /// What a waiter for a run finds when it looks.
  enum class Look : std::uint8_t {
    ready,
    not_yet,
    not_synced,  ///< Ready as soon as what it saw is on the disk.
  };

  /// Looks, and again whenever the run changed or what it saw may have been synced, until it is
  /// `ready`. `busy` at the deadline, `closed` after close(). `look` may fail, which ends the wait.
  [[nodiscard]] Result<void> wait_for_run(const Uuid& run_id, Deadline deadline,
                                          core::FunctionRef<Result<Look>()> look);

  /// Waits until something behind `sequence` is published; yields the last one that is.
  [[nodiscard]] Result<std::uint64_t> wait_published(std::uint64_t sequence, Deadline deadline,
                                                     const std::atomic<bool>& cancelled);

  /// These effects can be seen now.
  void visible(std::span<const EffectPtr> effects);
  /// More effects are on the disk.
  void synced();
  /// LMDB holds everything up to here.
  void published(std::uint64_t sequence);
  /// Lets every waiter look at its `cancelled`.
  void nudge() noexcept;
  /// Every wait, under way or later, is `closed`.
  void close() noexcept;

  /// For the beginning: what is published already.
  void start_at(std::uint64_t sequence) noexcept { published_ = sequence; }

 private:
  struct Waiter {
    std::condition_variable wake;
    bool look_again = false;
    bool wants_sync = false;
  };
  /// A waiter's place among the others, given back however its wait ends.
  class Place;

  std::mutex mutex_;
  std::atomic<std::uint32_t> waiting_for_runs_{0};
  std::unordered_multimap<Uuid, Waiter*, IdHash> waiters_;
  std::condition_variable feed_moved_;
  std::uint64_t syncs_ = 0;
  std::uint64_t published_ = 0;
  bool closed_ = false;
};

}  // namespace milepost::store
