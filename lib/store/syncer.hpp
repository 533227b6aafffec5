// SPDX-License-Identifier: Apache-2.0
//
// Syncer: when the journal is made durable. In durable mode a group's leader does it before anybody
// is answered; in relaxed mode a thread does it in the background, and a step waits once the
// oldest effect that is not synced exceeds the mode's bound in age or bytes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>

#include "journal/journal.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// Thread-safe, except where a method says otherwise.
class Syncer {
 public:
  struct Options {
    Durability durability = Durability::durable;
    std::chrono::milliseconds delay_max{50};
    std::size_t bytes_max = 16u << 20;
  };

  /// `on_synced` is called after each sync of relaxed mode.
  Syncer(journal::Journal& journal, Options options, std::function<void()> on_synced,
         std::function<void(LogLevel, std::string_view)> log);
  ~Syncer();
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  /// Leader only, after an append: durable mode syncs, relaxed mode sees to it that it will be.
  [[nodiscard]] Result<void> after_append();

  /// Relaxed mode: waits while the bound is exceeded. `busy` at the deadline.
  [[nodiscard]] Result<void> wait_within_bound(Deadline deadline);

  /// Makes everything appended durable now.
  [[nodiscard]] Result<void> sync_all();

  /// Ends the thread. What is not synced stays so. Idempotent.
  void stop() noexcept;

 private:
  using Ticks = std::chrono::steady_clock::rep;

  void run();
  [[nodiscard]] bool within_bound() const noexcept;

  journal::Journal& journal_;
  const Options options_;
  const std::function<void()> on_synced_;
  const std::function<void(LogLevel, std::string_view)> log_;

  std::mutex sync_mutex_;                  ///< One sync at a time.
  std::atomic<Ticks> unsynced_since_{0};   ///< When the oldest append no sync covers was made.
  std::atomic<Ticks> in_flight_since_{0};  ///< The same for the sync under way.

  std::mutex mutex_;
  std::condition_variable dirty_;
  std::condition_variable synced_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace milepost::store
