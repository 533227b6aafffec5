// SPDX-License-Identifier: Apache-2.0
//
// The change feed: every effect, numbered without gaps in the order of commits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "milepost/export.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost {

/// What happened to a run. The numbers are fixed, in C and in every binding.
enum class ChangeKind : std::uint8_t {
  created = 0,
  started = 1,
  completed = 2,
  failed = 3,
  exited = 4,
  adopted = 5,
  imported = 6,
  purged = 7,  ///< Removed by retention; of the run only its id is known.
  erased = 8,  ///< Removed with its profile; of the run only its id is known.
  /// A profile was erased: whoever copied what the feed said of it should erase that, too. Of `run`
  /// only `profile_id` and `organization_id` are set.
  profile_erased = 9,
  blanked = 10,  ///< Something that happened to a run of a profile erased since.
};

/// The stable name, e.g. `started`. Never fails.
[[nodiscard]] MILEPOST_EXPORT std::string_view to_string(ChangeKind kind) noexcept;

/// One change. Plain value.
struct Change {
  std::uint64_t sequence = 0;
  ChangeKind kind = ChangeKind::created;
  /// The run as this change left it, or what the kind says is known of it.
  Run run{};

  friend bool operator==(const Change&, const Change&) = default;
};

/// One page of the feed.
struct ChangesOptions {
  /// Changes behind this sequence; 0 begins with the store's first. A position older than what the
  /// feed keeps is `too_old`, one the store has not reached yet `invalid_argument`.
  std::uint64_t after = 0;
  std::size_t limit = 1'000;  ///< 1 to kChangesLimitMax.
  /// The store the position belongs to, if the caller kept it (`ChangesPage::store_id`): another
  /// store's position is `other_store`. A restored backup is another store.
  std::optional<Uuid> store_id{};
  Freshness freshness = Freshness::latest;  ///< Without meaning in a Snapshot.
  std::optional<Deadline> deadline{};
};

struct ChangesPage {
  std::vector<Change> changes;  ///< In order, without gaps; empty if there is nothing newer.
  std::uint64_t next = 0;       ///< `after` of the next page.
  std::uint64_t newest = 0;     ///< The last sequence of the moment this page is of.
  Uuid store_id{};
};

/// Where a subscription begins.
struct SubscribeOptions {
  /// As in ChangesOptions; default: only what is published from now on.
  std::optional<std::uint64_t> after{};
  std::optional<Uuid> store_id{};
};

/// Delivers the feed as it is published, in order, without gaps, to whoever calls it. Waits on
/// wake-ups, never by polling. Move-only; its tracker must outlive it.
///
/// One thread at a time, except for stop().
class MILEPOST_EXPORT Subscription {
 public:
  class Impl;
  explicit Subscription(std::unique_ptr<Impl> impl) noexcept;
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();

  /// Waits for changes behind the last one delivered, at most `limit` (1 to kChangesLimitMax).
  /// `busy` at the deadline, `cancelled` after stop(), `closed` when the tracker is closed,
  /// `too_old` if the feed moved on too far meanwhile.
  [[nodiscard]] Result<std::vector<Change>> next(Deadline deadline, std::size_t limit = 1'000);

  /// Calls `deliver` with each change on the calling thread until stop() (then yields nothing), an
  /// error as in next(), or `deliver` returns false. `deliver` may use the tracker.
  [[nodiscard]] Result<void> run(const std::function<bool(const Change&)>& deliver);

  /// Ends a wait under way and every later one. Thread-safe.
  void stop() noexcept;

  /// The sequence of the last change delivered: `after` for a later subscription.
  [[nodiscard]] std::uint64_t position() const noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

static_assert(std::is_aggregate_v<ChangesOptions> && std::is_aggregate_v<SubscribeOptions>);

}  // namespace milepost
