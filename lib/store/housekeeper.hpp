// SPDX-License-Identifier: Apache-2.0
//
// Housekeeper: a thread that readies journal segments ahead of need, so that no leader waits for
// zero-filling. Idle, it never wakes.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>

#include "journal/journal.hpp"

#include "milepost/options.hpp"

namespace milepost::store {

/// Thread-safe.
class Housekeeper {
 public:
  Housekeeper(journal::Journal& journal, std::function<void(LogLevel, std::string_view)> log);
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  /// There may be something to do: a segment was begun, or some were released.
  void wake() noexcept;
  void stop() noexcept;

 private:
  void run();
  void prepare();

  journal::Journal& journal_;
  const std::function<void(LogLevel, std::string_view)> log_;
  std::mutex mutex_;
  std::condition_variable work_;
  bool wanted_ = true;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace milepost::store
