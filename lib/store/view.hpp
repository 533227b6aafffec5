// SPDX-License-Identifier: Apache-2.0
//
// View: one moment of a store, and the questions that need one. Questions are plain values; what
// hosts see of them (cursors, limits, defaults) is the tracker's.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "core/effect.hpp"
#include "core/function_ref.hpp"
#include "core/record.hpp"

#include "milepost/list.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost::store {

/// Called with a record while it is known to be current. Must not call back into the store.
using RecordVisitor = core::FunctionRef<void(const core::RecordView&)>;
using IndexedRecordVisitor = core::FunctionRef<void(std::size_t, const core::RecordView&)>;
/// An effect of the feed and its sequence; the bytes went through read_effect once, or are blank.
using ChangeVisitor = core::FunctionRef<void(std::uint64_t, std::span<const std::byte>)>;

/// A place in an order of instants with run ids behind them. The place itself is passed already.
struct Position {
  Instant instant{};
  Uuid run_id{};

  friend std::strong_ordering operator<=>(const Position& a, const Position& b) noexcept {
    if (const auto order = a.instant <=> b.instant; order != 0) return order;
    return std::memcmp(a.run_id.data, b.run_id.data, sizeof a.run_id.data) <=> 0;
  }
  friend bool operator==(const Position& a, const Position& b) noexcept { return (a <=> b) == 0; }
};

struct ListQuery {
  RunFilter filter{};
  Order order = Order::newest_first;
  std::optional<Position> after{};  ///< triggered_at and run id.
  std::size_t limit = 0;
};

/// Finished runs by completed_at, oldest first; with no organization, one organization after the
/// other.
struct CompletedQuery {
  Instant before{};
  std::optional<Uuid> organization_id{};
  /// The place to go on behind: the organization is the one it lies in.
  std::optional<Position> after{};
  Uuid after_organization_id{};
  std::size_t limit = 0;
};

/// A place in the order of orphans.
struct OrphanPlace {
  std::uint64_t epoch = 0;
  Uuid run_id{};
};

/// Where a list went to.
struct ListEnd {
  bool more = false;               ///< There may be more behind `last`.
  std::optional<Position> last{};  ///< The last row looked at, visited or not.
  Uuid last_organization_id{};     ///< completed() only.
};

/// One thread at a time.
class View {
 public:
  View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  virtual ~View() = default;

  /// The last effect this moment holds.
  [[nodiscard]] virtual std::uint64_t sequence() const noexcept = 0;

  /// The view goes into a host's hands, who may forget it: from now on it lasts for
  /// `snapshot_age_max`. `readers_full` if hosts hold kSnapshotsMax already. A view that a call
  /// takes and gives back needs no such limits.
  [[nodiscard]] virtual Result<void> hand_out() = 0;

  [[nodiscard]] virtual Result<bool> find(const Uuid& run_id, RecordVisitor visit) const = 0;
  [[nodiscard]] virtual Result<void> find_many(std::span<const Uuid> run_ids,
                                               IndexedRecordVisitor visit) const = 0;

  /// Visits at most `limit` matching runs in order, looking at no more than kListScanMax rows.
  [[nodiscard]] virtual Result<ListEnd> list(const ListQuery& query, RecordVisitor visit) const = 0;

  /// Visits finished runs in order, at most `limit`, passing no more than kListScanMax
  /// organizations that have none old enough.
  [[nodiscard]] virtual Result<ListEnd> completed(const CompletedQuery& query,
                                                  RecordVisitor visit) const = 0;

  /// Visits runs that are running under an epoch below `epoch`, in order of epoch and run id
  /// behind `after`, at most `limit`. Yields whether there are more.
  [[nodiscard]] virtual Result<bool> orphans(std::uint64_t epoch,
                                             const std::optional<OrphanPlace>& after,
                                             std::size_t limit, RecordVisitor visit) const = 0;

  /// Visits runs by id behind `after` (nothing: from the first), at most `limit`; every
  /// organization's. Yields whether there are more.
  [[nodiscard]] virtual Result<bool> scan(const std::optional<Uuid>& after, std::size_t limit,
                                          RecordVisitor visit) const = 0;

  /// nullopt: everybody's; a journey is of an organization.
  [[nodiscard]] virtual Result<Counts> counts(const std::optional<Uuid>& organization_id,
                                              const std::optional<Uuid>& journey_id) const = 0;

  /// Visits the effects behind `after`, in order, at most `limit`. `too_old` if the feed no longer
  /// holds the first of them.
  [[nodiscard]] virtual Result<void> changes(std::uint64_t after, std::size_t limit,
                                             ChangeVisitor visit) const = 0;
  /// The oldest sequence the feed holds; 0 if it holds none.
  [[nodiscard]] virtual Result<std::uint64_t> feed_first() const = 0;
};

}  // namespace milepost::store
