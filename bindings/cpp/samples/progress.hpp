// SPDX-License-Identifier: Apache-2.0
//
// What the user sees while work goes on, on stderr: a bar on a terminal, plain lines otherwise,
// and notes above the bar. NO_COLOR is respected.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace sample {

/// Stderr, shared by a bar and by notes that scroll past above it. Thread-safe.
class Console {
 public:
  /// A quiet console shows errors only.
  explicit Console(bool quiet);

  /// One line for people.
  void note(std::string_view line);
  /// The same, shown even when quiet.
  void error(std::string_view line);
  /// Replaces the bar on the terminal's last line; an empty text takes it away.
  void draw(const std::string& bar);
  /// Writes the bar one last time and leaves it there.
  void leave(const std::string& bar);

  [[nodiscard]] bool quiet() const noexcept { return quiet_; }
  [[nodiscard]] bool terminal() const noexcept { return terminal_; }
  [[nodiscard]] bool colours() const noexcept { return colours_; }

 private:
  void put(std::string_view line);

  const bool quiet_;
  const bool terminal_;
  const bool colours_;
  std::mutex mutex_;
  std::string bar_;
};

/// Shows how far one phase is, from construction to destruction. `advance` is thread-safe.
class Progress {
 public:
  /// `items_max` 0: not known, then only the count is shown.
  Progress(Console& console, std::string label, std::string unit, std::uint64_t items_max);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::uint64_t items) noexcept { done_.fetch_add(items, std::memory_order_relaxed); }
  /// For phases that know how far they are, but not how many items there will be: 0 to 1.
  void set_fraction(double fraction) noexcept { fraction_.store(fraction); }

 private:
  void tick();
  [[nodiscard]] std::string bar() const;
  [[nodiscard]] std::string line(bool finished) const;
  [[nodiscard]] double fraction() const noexcept;  // Negative: not known.

  Console& console_;
  const std::string label_;
  const std::string unit_;
  const std::uint64_t items_max_;
  const std::chrono::steady_clock::time_point began_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<double> fraction_{-1.0};
  std::mutex mutex_;
  std::condition_variable finished_cv_;
  bool finished_ = false;
  std::thread ticker_;
};

}  // namespace sample
