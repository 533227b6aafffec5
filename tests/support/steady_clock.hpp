// SPDX-License-Identifier: Apache-2.0
//
// ManualSteadyClock: a steady clock that stands still until told otherwise. Copies share the hands.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

namespace milepost::test {

class ManualSteadyClock {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  [[nodiscard]] time_point operator()() const { return time_point(ticks_->load()); }
  void step(std::chrono::steady_clock::duration by) { ticks_->store(ticks_->load() + by); }

 private:
  using Ticks = std::atomic<std::chrono::steady_clock::duration>;
  std::shared_ptr<Ticks> ticks_ = std::make_shared<Ticks>(std::chrono::hours(1));
};

}  // namespace milepost::test
