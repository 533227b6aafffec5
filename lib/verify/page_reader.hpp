// SPDX-License-Identifier: Apache-2.0
//
// Reads a whole LMDB data file that is not trusted, page by page with pread, and says by name what
// is wrong with it. LMDB itself takes every number in a file at its word; a file that passes here
// is one whose every reachable page LMDB can follow. Nobody may write to the file meanwhile.
//
// Each page is read at most once and nothing recurses: time is at most proportional to the file's
// length, memory to two bits a page. What a record's bytes mean is a higher layer's business: it
// gets them through the visitor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "verify/findings.hpp"
#include "verify/page_file.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::verify {

inline constexpr std::size_t kValueSizeMax = 1u << 20;   ///< Largest value that is no finding.
inline constexpr std::size_t kFindingsKeptMax = 1'000;   ///< Findings kept; all are counted.
inline constexpr std::uint64_t kMapBytesMax = 1u << 28;  ///< Memory for the map of pages.

/// Bounds of one check.
struct PageLimits {
  /// End once this many bytes were read. Default: the file's length bounds it.
  std::optional<std::uint64_t> bytes_max{};
  /// End at this moment.
  std::optional<Deadline> deadline{};
  /// Asked every few pages; true ends the check.
  std::function<bool()> cancelled{};
  /// Memory for the map of pages, 2 bits each; the default is enough for 4 TiB of 4 KiB pages.
  std::uint64_t map_bytes_max = kMapBytesMax;
  /// Larger values are a finding.
  std::size_t value_size_max = kValueSizeMax;
  std::size_t findings_kept_max = kFindingsKeptMax;
};

/// A table whose records come next. `name` is empty for the main table's own records, which have
/// no table; they come between the tables, in the order of the main table's keys.
struct TableView {
  std::string_view name;
  std::uint64_t entries = 0;  ///< As its record says; checked only in the end.
};

/// A record. Everything is valid during the call only.
struct RecordView {
  std::string_view table;  ///< Empty: a plain record of the main table.
  std::span<const std::byte> key;
  std::span<const std::byte> value;
};

/// Receives what the file holds; within a table in key order, as far as `key_order` is no finding.
/// Records of pages that are damaged are left out, and so is what hangs below them. False ends the
/// check. Either may be empty; without `record` large values are not read.
struct PageVisitor {
  std::function<bool(const TableView&)> table{};
  std::function<bool(const RecordView&)> record{};
};

/// Why a check ended before it was through.
enum class StopReason : std::uint8_t {
  none,           ///< It was not.
  cancelled,      ///< `cancelled` or the visitor said so.
  deadline,       ///< The deadline passed.
  bytes,          ///< `bytes_max` was reached.
  map_too_large,  ///< The map of pages would need more than `map_bytes_max`.
};

[[nodiscard]] std::string_view to_string(StopReason reason) noexcept;

/// What was found. Plain value.
struct PageReport {
  std::uint64_t file_size = 0;
  std::uint64_t page_size = 0;  ///< 0: no meta page could be used, and nothing else was read.
  std::uint64_t last_page = 0;
  std::uint64_t txn_id = 0;  ///< The commit whose pages were read.

  std::uint64_t tables = 0;      ///< Named tables.
  std::uint64_t entries = 0;     ///< Records in them, and plain records of the main table.
  std::uint64_t pages_used = 0;  ///< Reached through the trees; without the meta pages.
  std::uint64_t pages_free = 0;  ///< Listed as free.
  std::uint64_t pages_lost = 0;  ///< Neither; only counted when everything could be read.
  std::uint64_t bytes_read = 0;

  std::vector<Finding> findings;     ///< The first of them ...
  std::uint64_t findings_count = 0;  ///< ... and how many there are.
  StopReason stopped = StopReason::none;

  /// Everything was read, and nothing found.
  [[nodiscard]] bool sound() const noexcept {
    return stopped == StopReason::none && findings_count == 0;
  }
};

/// Reads and checks the data file at `path`. An error only says that there is nothing to read
/// (`invalid_argument`, `not_found`, `permission`, `not_a_database`, `io`) or no memory
/// (`out_of_memory`); whatever the file holds is in the report.
[[nodiscard]] Result<PageReport> check_pages(const std::string& path, const PageLimits& limits = {},
                                             const PageVisitor& visitor = {});

/// The same for a file that is open already.
[[nodiscard]] Result<PageReport> check_pages(PageFile& file, const PageLimits& limits = {},
                                             const PageVisitor& visitor = {});

}  // namespace milepost::verify
