// SPDX-License-Identifier: Apache-2.0
//
// Is the store whole? And what can be saved if it is not.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "milepost/export.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost {

/// How deep to look.
enum class VerifyLevel : std::uint8_t {
  /// Every record's checksum and rules, every index row, counter, key and change, against each
  /// other; in a directory also the journal.
  records = 0,
  /// The same, and before it every page of the data file, read as plain bytes. The only level for
  /// a file that is not trusted: LMDB takes a file at its word.
  pages = 1,
};

/// One thing that is wrong. Plain value.
struct Finding {
  std::string kind;   ///< A stable snake_case name, e.g. `index_row_missing`, `record_checksum`.
  std::string where;  ///< Table, page or file.
  std::string text;   ///< One sentence.

  friend bool operator==(const Finding&, const Finding&) = default;
};

inline constexpr std::size_t kFindingsMax = 1'000;  ///< Findings kept in one report; all count.

/// Told now and then how many rows were read; false cancels, and the call is `cancelled`.
using VerifyProgressHook = std::function<bool(std::uint64_t rows)>;

struct VerifyOptions {
  VerifyLevel level = VerifyLevel::pages;
  VerifyProgressHook progress{};
  std::optional<Deadline> deadline{};  ///< Of the waiting, not of the reading.
};

struct VerifyReport {
  std::uint64_t runs = 0;
  std::uint64_t rows = 0;       ///< Of all tables.
  std::uint64_t changes = 0;    ///< In the feed.
  std::uint64_t pages = 0;      ///< Of the data file; a tracker at level `records` counts none.
  std::uint64_t journaled = 0;  ///< Effects in the journal that the data file has not; directories.
  std::uint64_t sequence = 0;   ///< The last effect the data file holds.
  std::vector<Finding> findings;
  std::uint64_t findings_count = 0;  ///< Also of those that were not kept.

  [[nodiscard]] bool sound() const noexcept { return findings_count == 0; }
};

/// Verifies a store that no process has open for writing (`locked` otherwise; use
/// Tracker::verify there). Reads with plain reads only, never through a map; any file gets a
/// report, and no file a crash. `not_found`, `permission`, `not_a_database`, `io`.
[[nodiscard]] MILEPOST_EXPORT Result<VerifyReport> verify_directory(
    const std::string& directory, const VerifyOptions& options = {});

struct RepairOptions {
  VerifyProgressHook progress{};
};

struct RepairReport {
  std::uint64_t runs = 0;         ///< Runs saved.
  std::uint64_t lost = 0;         ///< Records that failed their checks and were left behind.
  std::uint64_t changes = 0;      ///< Changes saved: the unbroken end of the feed.
  std::uint64_t journaled = 0;    ///< Of the runs' effects, those that only the journal held.
  std::vector<Finding> findings;  ///< What was wrong with the store.
  std::uint64_t findings_count = 0;
};

/// Makes a new store at `to`, which must not exist, from every run at `from` whose record is whole,
/// with indexes, counters and keys made anew. `from` is only read. The new store has an id of its
/// own. `locked` while a process has `from` open for writing.
[[nodiscard]] MILEPOST_EXPORT Result<RepairReport> repair_directory(
    const std::string& from, const std::string& to, const RepairOptions& options = {});

static_assert(std::is_aggregate_v<VerifyOptions> && std::is_aggregate_v<RepairOptions>);

}  // namespace milepost
