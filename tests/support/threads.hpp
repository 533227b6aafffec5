// SPDX-License-Identifier: Apache-2.0
//
// What tests of threads need instead of sleeps: gates, a barrier that spins, a way to know that
// another thread has nothing left to do but wait, and threads that are joined whatever happens.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace milepost::test {

/// Closed until opened, then open for ever.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }
  [[nodiscard]] bool is_open() const {
    const std::lock_guard lock(mutex_);
    return open_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Lets `count` threads go at the same instant, again and again. Spins for a moment, then sleeps:
/// on a crowded machine threads that yield would wait for everybody else's turn.
class SpinBarrier {
 public:
  explicit SpinBarrier(std::uint32_t count) : count_(count) {}

  void arrive_and_wait() {
    const std::uint32_t round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      round_.notify_all();
      return;
    }
    for (unsigned spins = 0; spins < kSpins; ++spins) {
      if (round_.load(std::memory_order_acquire) != round) return;
    }
    round_.wait(round, std::memory_order_acquire);
  }

 private:
  static constexpr unsigned kSpins = 2'000;

  const std::uint32_t count_;
  std::atomic<std::uint32_t> arrived_{0};
  std::atomic<std::uint32_t> round_{0};
};

/// Threads that can be asked whether all of them are asleep.
class Threads {
 public:
  Threads() = default;
  ~Threads() { join(); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  void start(std::function<void()> body);
  void join();
  /// Returns once every thread started and not ended sleeps in the kernel, seen twice without one
  /// having run in between: whatever they wait for, only somebody else can give it to them.
  void wait_until_asleep() const;

 private:
  struct One {
    std::atomic<pid_t> id{0};
    std::atomic<bool> ended{false};
    std::thread thread;
  };
  std::vector<std::unique_ptr<One>> threads_;
};

/// Returns once that thread of this process sleeps in the kernel, seen twice without it having run
/// in between.
void wait_until_asleep(pid_t thread);

/// The kernel's ids of this process's threads.
[[nodiscard]] std::vector<pid_t> thread_ids();

/// How often a thread of this process went to sleep of its own will.
[[nodiscard]] std::uint64_t voluntary_switches(pid_t thread);

}  // namespace milepost::test
