// SPDX-License-Identifier: Apache-2.0
//
// Audit: whether the rows of all tables fit each other. It is shown every row once, table by table
// in the order of their names, and keeps sums instead of rows: what every index should hold follows
// from the runs, so the sum over what it should hold must equal the sum over what it does hold.
// Sums are kept for parts of the ids; where a part differs, a second reading names the rows.
//
// Memory: some bytes for each journey, each change in the feed and each idempotency key; nothing
// for a run. Nothing a row holds is believed before it was checked.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "store/audit_feed.hpp"
#include "store/audit_findings.hpp"
#include "store/schema.hpp"

namespace milepost::store {

/// One thread at a time.
class Audit {
 public:
  using Bytes = std::span<const std::byte>;

  explicit Audit(AuditFindings& findings) : findings_(findings) {}

  /// A table begins, also an empty one.
  void table(std::string_view name);
  void row(std::string_view table, Bytes key, Bytes value);
  /// Every row was shown. If it says so, show all of them once more: then the rows of indexes that
  /// are missing or too many are named, and finish() is called again.
  [[nodiscard]] bool finish();

  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::uint64_t runs() const noexcept { return runs_; }
  [[nodiscard]] std::uint64_t changes() const noexcept { return feed_.changes(); }
  [[nodiscard]] std::uint64_t sequence() const noexcept { return applied_; }

 private:
  static constexpr std::size_t kParts = 1'024;
  static constexpr std::size_t kPartsNamed = 8;  ///< Rows are named in so many parts of a table.

  /// A sum over rows that does not depend on their order.
  struct Sum {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend bool operator==(const Sum&, const Sum&) = default;
  };
  struct IndexSums {
    std::array<Sum, kParts> expected{};
    std::array<Sum, kParts> found{};
  };
  /// Second reading: the rows of one index's parts that differ.
  struct Naming {
    std::set<std::size_t> parts;
    std::set<std::string> expected;
    std::set<std::string> found;
  };
  using StatusCounts = std::array<std::uint64_t, 5>;

  void check_run(Bytes key, Bytes value);
  void check_index_row(Table table, Bytes key, Bytes value);
  void check_counter(Bytes key, Bytes value);
  void check_key_row(Bytes key, Bytes value);
  void check_meta(Bytes key, Bytes value);
  void add_index_rows(const core::RecordView& run);
  void finish_counters();
  void finish_keys();
  [[nodiscard]] bool finish_indexes();
  void name_rows();

  AuditFindings& findings_;
  AuditFeed feed_{findings_};
  std::set<std::string, std::less<>> seen_;
  std::uint64_t rows_ = 0;
  std::uint64_t runs_ = 0;
  std::uint64_t applied_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t feed_floor_ = 0;
  bool naming_ = false;

  std::map<Table, IndexSums> sums_;
  std::map<Table, Naming> named_;
  std::map<std::pair<Uuid, Uuid>, StatusCounts> recount_;
  std::map<std::string, std::uint64_t> counters_;
  boost::unordered_flat_map<std::uint64_t, bool> keys_;  ///< Hash of row -> whether its run came.
};

}  // namespace milepost::store
