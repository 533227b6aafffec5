// SPDX-License-Identifier: Apache-2.0
//
// Ids, clocks and seeds as tests want them: readable, steerable, replayable.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>

#include "milepost/options.hpp"
#include "milepost/run.hpp"

namespace milepost::test {

/// An id that says who it is: `number` in its last eight bytes, in the form of a version 4 UUID.
[[nodiscard]] inline Uuid id(std::uint64_t number, std::uint8_t family = 0) {
  Uuid made{};
  made.data[0] = family;
  made.data[6] = 0x40;
  made.data[8] = 0x80;
  for (int i = 0; i < 7; ++i) {
    made.data[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return made;
}

[[nodiscard]] inline Instant at(std::string_view text) { return parse_instant(text).value(); }

/// A clock that stands still until told otherwise. Copies share the hands.
class ManualClock {
 public:
  explicit ManualClock(Instant now)
      : micros_(std::make_shared<std::atomic<std::int64_t>>(now.time_since_epoch().count())) {}

  [[nodiscard]] Instant operator()() const {
    return Instant(std::chrono::microseconds(micros_->load()));
  }
  void set(Instant now) { micros_->store(now.time_since_epoch().count()); }
  void step(std::chrono::microseconds by) { micros_->fetch_add(by.count()); }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> micros_;
};

/// The seed of a random test: MILEPOST_TEST_SEED if set, else a fresh one. Printed, so that a
/// failure can be had again.
[[nodiscard]] inline std::uint64_t test_seed(const char* test) {
  std::uint64_t seed = (std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}();
  if (const char* chosen = std::getenv("MILEPOST_TEST_SEED")) seed = std::stoull(chosen);
  std::cout << test << ": MILEPOST_TEST_SEED=" << seed << std::endl;
  return seed;
}

/// A count that an environment variable may raise or lower.
[[nodiscard]] inline std::size_t test_count(const char* variable, std::size_t usual) {
  const char* chosen = std::getenv(variable);
  return chosen != nullptr ? static_cast<std::size_t>(std::stoull(chosen)) : usual;
}

/// What a [long] test does beyond its counts: it goes on for MILEPOST_LONG_SECONDS from here.
class LongRun {
 public:
  [[nodiscard]] bool goes_on() const { return std::chrono::steady_clock::now() < until_; }

 private:
  std::chrono::steady_clock::time_point until_ =
      std::chrono::steady_clock::now() +
      std::chrono::seconds(test_count("MILEPOST_LONG_SECONDS", 0));
};

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
#else
inline constexpr bool kThreadSanitizer = false;
#endif

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#else
inline constexpr bool kAddressSanitizer = false;
#endif

inline constexpr bool kSanitizer = kThreadSanitizer || kAddressSanitizer;

}  // namespace milepost::test
