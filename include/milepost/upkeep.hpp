// SPDX-License-Identifier: Apache-2.0
//
// Looking after a store: orphans and expired leases, retention, erasure, bulk steps. Whatever takes
// long goes in steps with a budget; a step's report says how to go on, also after a restart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "milepost/list.hpp"
#include "milepost/options.hpp"
#include "milepost/run.hpp"

namespace milepost {

/// One page of the runs that are running under a process that is gone.
struct OrphansOptions {
  std::size_t limit = 100;    ///< 1 to kListLimitMax.
  std::string_view cursor{};  ///< `next` of the page before; empty for the first.
  std::optional<Deadline> deadline{};
};

/// One step of failing the runs that are running under a process that is gone. A run that somebody
/// adopts meanwhile is left alone.
struct FailOrphansOptions {
  std::string_view error{};   ///< The reason; see FailCommand.
  std::size_t limit = 1'000;  ///< The budget: 1 to kRemoveLimitMax runs.
  std::optional<Deadline> deadline{};
};

struct FailOrphansReport {
  std::uint64_t failed = 0;
  bool more = false;  ///< There were more than the budget: call again.
};

/// One page of the running runs whose lease has run out, longest overdue first.
struct ExpiredOptions {
  std::size_t limit = 100;  ///< 1 to kListLimitMax.
};

/// One step of retention: removes finished runs by completed_at. Never a run that is not finished.
struct PurgeOptions {
  Instant completed_before{};             ///< Runs that finished at this instant or later stay.
  std::optional<Uuid> organization_id{};  ///< Default: of every organization.
  std::size_t limit = 1'000;              ///< The budget: 1 to kRemoveLimitMax runs.
  std::string_view cursor{};              ///< `next` of the step before; empty for the first.
  bool dry_run = false;                   ///< Only counts what the step would remove.
  std::optional<Deadline> deadline{};
};

struct PurgeReport {
  std::uint64_t removed = 0;  ///< Runs removed; in a dry run: that would be.
  std::string next;           ///< The next step's cursor; empty when nothing is left to remove.
};

/// Erases every run of a profile, finished or not, with index rows, counters and idempotency keys,
/// and blanks what the change feed says of them.
struct EraseProfileOptions {
  Uuid profile_id{};
  Uuid organization_id{};
  std::optional<Deadline> deadline{};
};

/// What was erased, and what remains of it where.
struct ErasureReceipt {
  std::uint64_t runs = 0;             ///< Runs removed.
  std::uint64_t changes_blanked = 0;  ///< Entries of the feed whose content is gone.
  std::uint64_t sequence = 0;         ///< The last effect of the erasure; it is published.
  /// Every run of the profile made up to this sequence is gone; one made later, during the call, is
  /// left whole.
  std::uint64_t through = 0;
  /// Segments of the journal, any of which may still hold bytes of what was erased: they are
  /// overwritten as the journal goes round.
  std::uint64_t journal_bytes = 0;
  /// Free pages of the data file, likewise: they are overwritten as they are used again. A
  /// compacting backup holds none of them; older backups hold what they held.
  std::uint64_t free_bytes = 0;
};

/// What a bulk step does to the runs that match.
enum class BulkAction : std::uint8_t { fail = 0, exit = 1 };

/// One step of failing or exiting all runs a filter matches, e.g. because a journey is stopped.
/// Only queued and running runs are touched. Runs made after the first step are left alone.
struct BulkOptions {
  RunFilter filter{};
  BulkAction action = BulkAction::exit;
  std::string_view error{};   ///< For fail: the reason.
  std::size_t limit = 1'000;  ///< The budget: 1 to kRemoveLimitMax runs.
  std::string_view cursor{};  ///< `next` of the step before; empty for the first.
  bool dry_run = false;       ///< Counts what matches and shows a few, changes nothing.
  std::optional<Deadline> deadline{};
};

struct BulkReport {
  std::uint64_t matched = 0;  ///< Runs this step looked at that the filter and the action fit.
  std::uint64_t applied = 0;  ///< Of those, the ones this step moved.
  std::vector<Run> sample;    ///< In a dry run: the first few of them.
  /// The next step's cursor; empty when all are done. What follows may turn out not to match: then
  /// the last step finds nothing.
  std::string next;
};

static_assert(std::is_aggregate_v<OrphansOptions> && std::is_aggregate_v<FailOrphansOptions> &&
              std::is_aggregate_v<ExpiredOptions> && std::is_aggregate_v<PurgeOptions> &&
              std::is_aggregate_v<EraseProfileOptions> && std::is_aggregate_v<BulkOptions>);

}  // namespace milepost
