// SPDX-License-Identifier: Apache-2.0
//
// Waits: requests that wait for a run to end, a thread each, made when needed and kept. The engine
// wakes them; so that a server can stop they look up now and then.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "counters.hpp"

#include "milepost/tracker.hpp"

namespace milepost::http {

struct Wait {
  Uuid run_id{};
  Uuid organization_id{};
  Deadline deadline{};
  std::function<void()> done;  ///< Called once, from another thread, unless the waits are stopped.
};

class Waits {
 public:
  Waits(const Tracker& tracker, Counters& counters, std::uint32_t threads_max)
      : tracker_(tracker), counters_(counters), threads_max_(threads_max) {}
  ~Waits() { stop(); }
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

  /// False if as many wait as may: then the request is answered as things stand.
  [[nodiscard]] bool add(Wait wait);
  /// Ends all threads. Waits under way are dropped.
  void stop() noexcept;

 private:
  void work();
  void sleep_until_done(const Wait& wait);
  [[nodiscard]] bool stopping() const;

  const Tracker& tracker_;
  Counters& counters_;
  const std::uint32_t threads_max_;
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Wait> queue_;
  std::vector<std::thread> threads_;
  std::size_t busy_ = 0;  ///< Waits that were added and are not done.
  bool stopping_ = false;
};

}  // namespace milepost::http
