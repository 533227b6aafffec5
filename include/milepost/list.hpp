// SPDX-License-Identifier: Apache-2.0
//
// Questions about many runs: lists, page by page, and counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "milepost/options.hpp"
#include "milepost/run.hpp"

namespace milepost {

/// A set of statuses. Plain value. A number that is no status is in none.
class StatusSet {
 public:
  /// Every status.
  constexpr StatusSet() noexcept = default;
  constexpr StatusSet(RunStatus status) noexcept : bits_(bit(status)) {}
  constexpr StatusSet(std::initializer_list<RunStatus> statuses) noexcept : bits_(0) {
    for (const RunStatus status : statuses) bits_ = static_cast<std::uint8_t>(bits_ | bit(status));
  }
  [[nodiscard]] constexpr bool contains(RunStatus status) const noexcept {
    return (bits_ & bit(status)) != 0;
  }
  /// One bit for each status, at its number.
  [[nodiscard]] constexpr std::uint8_t bits() const noexcept { return bits_; }
  [[nodiscard]] constexpr bool is_all() const noexcept { return bits_ == kAll; }
  [[nodiscard]] constexpr bool is_empty() const noexcept { return bits_ == 0; }
  friend constexpr bool operator==(const StatusSet&, const StatusSet&) noexcept = default;

 private:
  static constexpr std::uint8_t kAll = 0b11111;
  static constexpr std::uint8_t bit(RunStatus status) noexcept {
    const auto number = static_cast<unsigned>(status);
    return number < 8 ? static_cast<std::uint8_t>((1u << number) & kAll) : std::uint8_t{0};
  }
  std::uint8_t bits_ = kAll;
};

/// Which runs. Every member that is given must fit. By journey and status, and by status alone, a
/// page costs what it yields; by profile the profile's runs are looked through, at most
/// kListScanMax for a page, so that a page may hold fewer runs than its limit and still go on.
struct RunFilter {
  Uuid organization_id{};
  std::optional<Uuid> journey_id{};
  std::optional<Uuid> profile_id{};
  StatusSet statuses{};
  std::optional<Instant> triggered_from{};  ///< This instant is in.
  std::optional<Instant> triggered_to{};    ///< This one is not.
};

/// By triggered_at; equal instants by run id.
enum class Order : std::uint8_t { newest_first = 0, oldest_first = 1 };

/// One page of a list.
struct ListOptions {
  RunFilter filter{};
  Order order = Order::newest_first;
  std::size_t limit = 100;  ///< 1 to kListLimitMax.
  /// `next` of the page before, with the same filter and order; empty for the first page. Anything
  /// else is `invalid_argument`, a cursor of another store `other_store`.
  std::string_view cursor{};
  Freshness freshness = Freshness::latest;  ///< Without meaning in a Snapshot.
  std::optional<Deadline> deadline{};
};

/// Runs in order, and where to go on.
struct Page {
  std::vector<Run> runs;
  /// The next page's cursor; empty when this is the last one. It holds the sort key of the place
  /// it stands at: no run comes twice and none is skipped, whatever is written in between.
  std::string next;
};

/// The same with each run as its public response, in one JSON array.
struct JsonPage {
  std::string json;
  std::size_t count = 0;
  std::string next;
};

/// Whose runs are counted.
struct CountOptions {
  /// Default: everybody's, or with a journey the nil organization's.
  std::optional<Uuid> organization_id{};
  std::optional<Uuid> journey_id{};
  Freshness freshness = Freshness::latest;  ///< Without meaning in a Snapshot.
  std::optional<Deadline> deadline{};
};

/// Runs per status; exact. Plain value.
struct Counts {
  std::uint64_t queued = 0;
  std::uint64_t running = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t exited = 0;

  [[nodiscard]] std::uint64_t total() const noexcept {
    return queued + running + completed + failed + exited;
  }
  [[nodiscard]] std::uint64_t of(RunStatus status) const noexcept {
    return std::array{queued, running, completed, failed, exited}[static_cast<std::size_t>(status)];
  }
  friend bool operator==(const Counts&, const Counts&) = default;
};

static_assert(std::is_aggregate_v<RunFilter> && std::is_aggregate_v<ListOptions> &&
              std::is_aggregate_v<CountOptions>);

}  // namespace milepost
