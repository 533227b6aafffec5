// SPDX-License-Identifier: Apache-2.0
//
// The slow sides of read_pool.hpp: other slots than the usual one, waiting, and the gate.
#include "lmdb/read_pool.hpp"

#include <algorithm>
#include <bit>
#include <thread>

namespace milepost::lmdb {
namespace {

std::atomic<std::uint32_t> g_last_hint{0};

std::uint32_t usual_slots(std::uint32_t count) {
  const std::uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  return std::min(count, std::bit_ceil(std::max(8u, std::min(2 * cores, kReadSlotsMax))));
}

}  // namespace

constinit thread_local std::uint32_t ReadPool::t_hint_ = 0;

ReadPool::ReadPool(std::uint32_t slots)
    : count_(std::bit_ceil(std::clamp(slots, 1u, kReadSlotsMax))),
      usual_mask_(usual_slots(count_) - 1) {
  slots_ = std::make_unique<ReadSlot[]>(count_);
}

std::uint32_t ReadPool::assign_hint() noexcept {
  std::uint32_t hint = 0;
  while (hint == 0) hint = g_last_hint.fetch_add(1, std::memory_order_relaxed) + 1;
  t_hint_ = hint;
  return hint;
}

ReadSlot* ReadPool::try_take_warm() noexcept {
  const std::uint32_t start = thread_hint();
  for (std::uint32_t i = 0; i < count_; ++i) {
    ReadSlot& candidate = slots_[(start + i) & (count_ - 1)];
    if (candidate.warm.load(std::memory_order_relaxed) && take(candidate)) return &candidate;
  }
  return nullptr;
}

ReadSlot* ReadPool::take_other() noexcept {
  if (ReadSlot* const warm = try_take_warm()) return warm;
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (take(slots_[i])) return &slots_[i];
  }
  return nullptr;
}

ReadSlot* ReadPool::take_until(Deadline deadline) {
  std::unique_lock lock(mutex_);
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  ReadSlot* found = nullptr;
  for (;;) {
    if (shut_) break;
    found = try_take();
    if (found != nullptr) break;
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
      found = shut_ ? nullptr : try_take();
      break;
    }
  }
  waiters_.fetch_sub(1, std::memory_order_seq_cst);
  return found;
}

bool ReadPool::close_gate(Deadline deadline) {
  std::unique_lock lock(mutex_);
  closing_.store(true, std::memory_order_seq_cst);
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  std::uint32_t held = 0;
  bool in_time = true;
  while (held < count_) {
    if (take(slots_[held])) {
      ++held;
    } else if (!in_time) {
      break;
    } else {
      in_time = changed_.wait_until(lock, deadline) != std::cv_status::timeout;
    }
  }
  waiters_.fetch_sub(1, std::memory_order_seq_cst);
  if (held == count_) return true;
  for (std::uint32_t i = 0; i < held; ++i) slots_[i].taken.store(0, std::memory_order_seq_cst);
  closing_.store(false, std::memory_order_seq_cst);
  changed_.notify_all();
  return false;
}

void ReadPool::open_gate() noexcept {
  const std::lock_guard lock(mutex_);
  shut_ = false;
  for (std::uint32_t i = 0; i < count_; ++i) slots_[i].taken.store(0, std::memory_order_seq_cst);
  closing_.store(false, std::memory_order_seq_cst);
  changed_.notify_all();
}

void ReadPool::shut() noexcept {
  const std::lock_guard lock(mutex_);
  shut_ = true;
  closing_.store(true, std::memory_order_seq_cst);
  changed_.notify_all();
}

std::uint32_t ReadPool::in_use() const noexcept {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (slots_[i].taken.load(std::memory_order_relaxed) != 0) ++count;
  }
  return count;
}

void ReadPool::wake() noexcept {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

}  // namespace milepost::lmdb
