// SPDX-License-Identifier: Apache-2.0
//
// Truth: what was acknowledged, kept outside the store in bounded memory. Every effect that a call
// was told of must come through the feed once, as it was told; what the feed tells, added up, is
// what the store must hold in the end.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "milepost/milepost.hpp"

namespace milepost::soak {

/// Error texts of steps that answer no single call.
inline constexpr const char* kBulkText = "stopped in bulk";
inline constexpr const char* kOrphanText = "its host went away";

/// Thread-safe.
class Truth {
 public:
  /// A call was told that it did this.
  void told(const Run& run);
  /// The feed's next change.
  void came(const Change& change);

  /// The first thing that was wrong; empty if nothing was.
  [[nodiscard]] std::string wrong() const;
  void complain(const std::string& what);

  [[nodiscard]] std::uint64_t position() const;
  [[nodiscard]] std::uint64_t acknowledged() const;
  /// Effects that were told or came, but not both. What comes blanked, as its profile was erased
  /// meanwhile, may have answered no call, like what a bulk failed.
  [[nodiscard]] std::size_t unmatched() const;
  /// One of them, in words.
  [[nodiscard]] std::string example() const;
  /// The runs there must be, by id.
  [[nodiscard]] std::map<Uuid, Run> runs() const;

 private:
  void match(const Change& change, bool from_feed);
  void fold(const Change& change);

  struct Half {
    Change change;
    bool from_feed = false;
  };

  mutable std::mutex mutex_;
  std::string wrong_;
  std::uint64_t position_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::map<std::uint64_t, Half> halves_;
  std::size_t blanked_ = 0;  ///< So many of them came blanked.
  std::map<Uuid, Run> runs_;
};

}  // namespace milepost::soak
