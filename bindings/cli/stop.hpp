// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C and SIGTERM. A command that can end in order says so for a while (Stop::Scope); at any
// other time, and at the second signal, the process ends at once, which the store survives.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

namespace cli {

/// Made first in main, before any thread. Lives as long as the process.
class Stop {
 public:
  Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  [[nodiscard]] bool asked() const noexcept { return signal_.load() != 0; }
  /// 128 and the number of the signal.
  [[nodiscard]] int exit_code() const noexcept { return 128 + signal_.load(); }

  /// While one is alive, the first signal only calls `wake`, on another thread, and is told by
  /// asked().
  class Scope {
   public:
    explicit Scope(Stop& stop, std::function<void()> wake = {});
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Stop& stop_;
  };

 private:
  void handle(int number);

  std::atomic<int> signal_{0};
  std::mutex mutex_;
  bool cooperative_ = false;
  std::function<void()> wake_;
};

}  // namespace cli
