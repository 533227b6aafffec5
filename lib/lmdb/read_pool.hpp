// SPDX-License-Identifier: Apache-2.0
//
// The read transactions of one environment, which are also its resize gate. Each slot owns one
// LMDB read transaction, made once and then only renewed and reset; whoever has set a slot's flag
// may use its transaction. So holding every slot means that nobody in this process reads through
// the map, and the map may be moved.
//
// Invariants: a slot's transaction is touched by the holder of its flag only; an idle slot's
// transaction is reset (it pins no pages); a closing pool hands out no slot.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "lmdb/descent.hpp"
#include "lmdb/types.hpp"

#include "milepost/options.hpp"

namespace milepost::lmdb {

/// Whole cache lines: no two threads' slots share one.
struct alignas(64) ReadSlot {
  std::atomic<std::uint32_t> taken{0};
  std::atomic<bool> warm{false};         ///< Has a transaction; written by the holder.
  std::atomic<std::uint64_t> serial{1};  ///< Changes when a transaction ends; cursors compare it.
  MDB_txn* txn = nullptr;
  // The tree that was looked for last, and when; the holder's.
  std::uint64_t tree_commit = 0;
  std::uint64_t tree_epoch = 0;
  unsigned int tree_table = 0;
  TreePlace tree{};
};

/// Thread-safe.
class ReadPool {
 public:
  /// `slots` is rounded up to a power of two.
  explicit ReadPool(std::uint32_t slots);

  /// The caller's usual slot or another free one; null if the pool is closing or full. The usual
  /// case is one atomic exchange.
  [[nodiscard]] ReadSlot* try_take() noexcept {
    if (closing_.load(std::memory_order_relaxed)) return nullptr;
    ReadSlot& usual = slots_[thread_hint() & usual_mask_];
    if (take(usual)) return &usual;
    return take_other();
  }

  /// A free slot that already has a transaction, or null.
  [[nodiscard]] ReadSlot* try_take_warm() noexcept;

  /// Waits for a slot; null when the deadline passed or the pool was shut for good.
  [[nodiscard]] ReadSlot* take_until(Deadline deadline);

  void give_back(ReadSlot& slot) noexcept {
    // Sequentially consistent on both sides: either the waiter sees the free slot or we see it.
    slot.taken.store(0, std::memory_order_seq_cst);
    if (waiters_.load(std::memory_order_seq_cst) != 0) wake();
  }

  /// Takes every slot; new readers wait meanwhile. False, with nothing taken, when the deadline
  /// passed. Only one thread at a time may try.
  [[nodiscard]] bool close_gate(Deadline deadline);
  /// Undoes close_gate.
  void open_gate() noexcept;
  /// Instead of open_gate: the pool stays closed, and those who wait give up.
  void shut() noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return count_; }
  [[nodiscard]] ReadSlot& slot(std::uint32_t index) noexcept { return slots_[index]; }
  /// Slots in use now. A snapshot, for reports.
  [[nodiscard]] std::uint32_t in_use() const noexcept;

 private:
  static std::uint32_t thread_hint() noexcept {
    const std::uint32_t hint = t_hint_;
    return hint != 0 ? hint : assign_hint();
  }
  static std::uint32_t assign_hint() noexcept;
  [[nodiscard]] static bool take(ReadSlot& slot) noexcept {
    return slot.taken.load(std::memory_order_relaxed) == 0 &&
           slot.taken.exchange(1, std::memory_order_seq_cst) == 0;
  }
  [[nodiscard]] ReadSlot* take_other() noexcept;
  void wake() noexcept;

  static thread_local constinit std::uint32_t t_hint_;

  std::unique_ptr<ReadSlot[]> slots_;
  std::uint32_t count_;
  std::uint32_t usual_mask_;  ///< Threads start within the first few slots, so that few get warm.
  std::atomic<bool> closing_{false};
  std::atomic<std::uint32_t> waiters_{0};
  bool shut_ = false;  ///< Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace milepost::lmdb
