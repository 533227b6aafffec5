// SPDX-License-Identifier: Apache-2.0
//
// A wait is cut into slices, for the engine's own wait ends only with its run or its deadline.
#include "waits.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace milepost::http {
namespace {

constexpr std::chrono::milliseconds kSlice{250};

}  // namespace

bool Waits::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool Waits::add(Wait wait) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || busy_ == threads_max_) return false;
  if (busy_ == threads_.size()) {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      return false;  // the system has no thread left: then nobody waits
    }
  }
  ++busy_;
  counters_.waiting.fetch_add(1, std::memory_order_relaxed);
  queue_.push_back(std::move(wait));
  more_.notify_one();
  return true;
}

void Waits::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    more_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Waits::sleep_until_done(const Wait& wait) {
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    const Deadline slice = std::min(wait.deadline, now + kSlice);
    const auto ended =
        tracker_.wait(wait.run_id, {.organization_id = wait.organization_id, .deadline = slice});
    if (ended || ended.error().code != Errc::busy) return;
    if (slice == wait.deadline || stopping()) return;
  }
}

void Waits::work() {
  for (;;) {
    Wait wait;
    {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      wait = std::move(queue_.front());
      queue_.pop_front();
    }
    sleep_until_done(wait);
    {
      const std::lock_guard lock(mutex_);
      --busy_;
      counters_.waiting.fetch_sub(1, std::memory_order_relaxed);
      if (stopping_) return;
    }
    wait.done();
  }
}

}  // namespace milepost::http
