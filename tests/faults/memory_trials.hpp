// SPDX-License-Identifier: Apache-2.0
//
// Trials: calls while memory fails, and what has to hold after each. A call said that it was done,
// or that nothing was, or that it does not know; whatever it said must be true, a repeat must go
// through without reopening, and what was acknowledged must be there for good.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "memory_api.hpp"

namespace milepost::faults {

/// Writes a line past every buffer and without an allocation: what is said before the process dies
/// is heard.
void tell(const char* word, const char* verb, std::uint64_t n, const char* text = "") noexcept;

/// How many of this process's descriptors are open.
[[nodiscard]] std::size_t open_descriptors();

/// A trial of its own ids.
[[nodiscard]] Trial make_trial(const VerbFacts& verb, std::uint64_t number,
                               const std::string& directory);

/// What is known of one store, or of one thread's runs in it. One thread at a time.
class Ledger {
 public:
  /// `alone`: nobody else writes to the store. `tries`: within how many a call has to go through
  /// that did not; more than one where memory goes on failing.
  explicit Ledger(Api& api, bool alone = true, unsigned tries = 1)
      : api_(api), alone_(alone), tries_(tries) {}

  /// Makes the trial's subject.
  void begin(const VerbFacts& verb, const Trial& trial);
  /// Judges what the call said; `may_wait`: it may also have been refused for want of time.
  void judge(const VerbFacts& verb, const Trial& trial, const Said& said, std::uint64_t n,
             bool may_wait);
  /// Everything acknowledged is there, and the store is sound.
  void check_all(const char* when);

  [[nodiscard]] std::uint64_t wrongs() const noexcept { return wrongs_; }
  void wrong(const char* verb, std::uint64_t n, const std::string& text);

 private:
  struct Entry {
    Uuid run_id{};
    Uuid organization{};
    std::optional<RunStatus> status{};
  };
  void check_untouched(const VerbFacts& verb, const Trial& trial, std::uint64_t n);
  void check_done(const VerbFacts& verb, const Trial& trial, std::uint64_t n);
  void check_backup(const VerbFacts& verb, const Trial& trial, bool done, std::uint64_t n);

  Api& api_;
  const bool alone_;
  const unsigned tries_;
  std::vector<Entry> entries_{};
  std::uint64_t sequence_ = 0;
  std::uint64_t wrongs_ = 0;
};

/// memory_storm.cpp: several threads call while allocations fail at random. Yields the wrongs.
[[nodiscard]] std::uint64_t storm(const std::string& directory, unsigned threads,
                                  std::uint64_t trials, unsigned seconds, std::uint64_t seed);

}  // namespace milepost::faults
