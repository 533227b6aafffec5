// SPDX-License-Identifier: Apache-2.0
//
// Histories of calls by many threads, and what may be true of them. Two judges that share no code
// with the library:
//  - is_linearizable: whether the calls about one run could have been made one after the other, in
//    an order that keeps what ended before what began later, with just these answers;
//  - PrefixWatch: whether what a reader sees are prefixes of one feed, each at least as long as the
//    one before, and every list and count what that prefix says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "milepost/milepost.hpp"

namespace milepost::test {

enum class Verb : std::uint8_t { get, create, start, complete, fail, exit, adopt };

/// One call about a run, and its answer.
struct Call {
  Verb verb = Verb::get;
  std::string owner;
  std::optional<std::uint64_t> token{};
  std::uint64_t begin = 0;                       ///< When it was made ...
  std::uint64_t end = 0;                         ///< ... and answered.
  OutcomeKind outcome = OutcomeKind::not_found;  ///< Not of a get.
  std::optional<Run> shown{};                    ///< The run as the answer shows it.
};

inline constexpr std::size_t kHistorySizeMax = 64;

/// At most kHistorySizeMax calls, all about one run that nobody made before. All creates are the
/// same request.
[[nodiscard]] bool is_linearizable(const std::vector<Call>& calls);

/// One thread at a time.
class PrefixWatch {
 public:
  /// The next change of the feed. A complaint, or nothing.
  [[nodiscard]] std::string change(const Change& change);
  /// A moment that a reader had, after all changes up to it. A complaint, or nothing.
  [[nodiscard]] std::string moment(std::uint64_t sequence, std::vector<Run> listed,
                                   const Counts& counts) const;

  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  /// Two watches that took the same changes have the same.
  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

 private:
  std::uint64_t position_ = 0;
  std::uint64_t digest_ = 0xcbf29ce484222325ull;
  std::map<Uuid, Run> runs_;
};

}  // namespace milepost::test
