// SPDX-License-Identifier: Apache-2.0
//
// Load: everything a host does to a store, by threads that go on until they are stopped: lives of
// runs, questions, the feed, retention and erasure. What is acknowledged goes to the truth. The
// tracker can be closed and opened again under them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "truth.hpp"

#include "milepost/milepost.hpp"

namespace milepost::soak {

/// The number of runs that retention keeps.
inline constexpr std::uint64_t kRunsKept = 2'000;

class Load {
 public:
  Load(const std::string& directory, std::uint64_t seed, Truth& truth);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void start(unsigned writers);
  void stop();
  /// Closes the tracker and opens it again, while everybody waits; fails the orphans.
  void reopen();
  /// Moves the wall clock, forward or back.
  void move_clock(std::chrono::seconds by);

  [[nodiscard]] Tracker& tracker() { return *tracker_; }
  [[nodiscard]] std::uint64_t lives() const noexcept { return lives_; }
  /// Calls that met their deadline.
  [[nodiscard]] std::uint64_t busy() const noexcept { return busy_; }

 private:
  using Random = std::mt19937_64;

  void run_thread(std::uint64_t seed, const std::function<void(Random&)>& turn);
  void live(Random& random);
  void live_in_batch(Random& random);
  void bring_in(Random& random);
  void end_run(const Run& run, Random& random);
  void ask(Random& random);
  void keep(Random& random);
  void follow();

  [[nodiscard]] bool told(const Result<Outcome>& outcome);
  template <typename T>
  [[nodiscard]] bool fine(const Result<T>& result, const char* call);
  [[nodiscard]] bool has_room();

  OpenOptions options_;
  Truth& truth_;
  Random random_;
  std::optional<Tracker> tracker_;
  std::vector<std::thread> threads_;
  std::shared_mutex gate_;            ///< Shared while the tracker is used.
  std::atomic<bool> closing_{false};  ///< Somebody wants the gate for itself.
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> lives_{0};
  std::atomic<std::uint64_t> busy_{0};
  std::atomic<std::uint64_t> numbers_{0};
  std::atomic<std::int64_t> clock_offset_{0};
  std::mutex room_mutex_;
  std::condition_variable room_;
  std::uint64_t runs_ = 0;  ///< As the keeper last counted them.
};

}  // namespace milepost::soak
