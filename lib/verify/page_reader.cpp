// SPDX-License-Identifier: Apache-2.0
//
// The order of a check: meta pages, free list, main table with each named table where its record
// comes up, and in the end whether every page belongs to somebody.
#include "verify/page_reader.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "verify/check.hpp"
#include "verify/format.hpp"
#include "verify/free_list.hpp"
#include "verify/meta_reader.hpp"
#include "verify/page_map.hpp"
#include "verify/tree_walk.hpp"

namespace milepost::verify {
namespace {

constexpr std::string_view kMainName = "@main";

// The entries of a table: their values are put together and handed on.
class RecordSink final : public EntrySink {
 public:
  RecordSink(Check& check, const PageVisitor& visitor) : check_(check), visitor_(visitor) {}

  /// The table whose entries come next.
  void begin(std::string_view name) { name_ = name; }
  [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
  /// Whether all values could be had.
  [[nodiscard]] bool intact() const noexcept { return intact_; }

  void entry(const Entry& entry) override {
    if ((entry.flags & kNodeTable) != 0) {
      check_.add(FindingKind::node_flags, entry.page, entry.table,
                 [] { return std::string("a table inside a table"); });
      intact_ = false;
      return;
    }
    ++records_;
    if (entry.value_size > check_.limits().value_size_max) {
      check_.add(FindingKind::value_size, entry.page, entry.table, [&] {
        return "a value of bytes: " + std::to_string(entry.value_size) + ", key " +
               shown(text_of(entry.key));
      });
      return;
    }
    if (!visitor_.record) return;
    Bytes value = entry.value;
    if (entry.big()) {
      buffer_.resize(entry.value_size);
      if (!check_.read_run(entry.run.first, kPageHeaderSize, buffer_, entry.table)) return;
      value = buffer_;
    }
    if (!visitor_.record({name_, entry.key, value})) check_.stop(StopReason::cancelled);
  }

 private:
  Check& check_;
  const PageVisitor& visitor_;
  std::string_view name_;
  std::vector<std::byte> buffer_;
  std::uint64_t records_ = 0;
  bool intact_ = true;
};

// The main table: most of its entries are records of named tables, which are walked at once.
class MainSink final : public EntrySink {
 public:
  MainSink(Check& check, const PageVisitor& visitor)
      : check_(check), visitor_(visitor), records_(check, visitor), walk_(check) {}

  [[nodiscard]] std::uint64_t tables() const noexcept { return tables_; }
  [[nodiscard]] std::uint64_t records() const noexcept { return records_.records(); }
  [[nodiscard]] bool intact() const noexcept { return intact_ && records_.intact(); }

  void entry(const Entry& entry) override {
    if ((entry.flags & kNodeTable) == 0) {
      records_.begin({});
      records_.entry(entry);
      return;
    }
    const std::string label = shown(text_of(entry.key));
    if (entry.value_size != kTableRecordSize) {
      check_.add(FindingKind::table_record, entry.page, label, [&] {
        return "the table's record has bytes: " + std::to_string(entry.value_size);
      });
      intact_ = false;
      return;
    }
    const TableRecord record = load_table_record(entry.value, 0);
    check_flags(record, entry.page, label);
    ++tables_;
    if (visitor_.table && !visitor_.table({text_of(entry.key), record.entries})) {
      check_.stop(StopReason::cancelled);
      return;
    }
    records_.begin(text_of(entry.key));
    if (!walk_.walk(record, KeyOrder::bytes, label, entry.page, records_)) intact_ = false;
  }

  void check_flags(const TableRecord& record, std::uint64_t page, std::string_view label) {
    if (record.flags != 0) {
      check_.add(FindingKind::table_flags, page, label, [&] {
        return "a kind of table that is never written here, flags " + std::to_string(record.flags);
      });
    }
    if (record.pad != 0) {
      check_.add(FindingKind::table_record, page, label,
                 [&] { return "a key size of its own: " + std::to_string(record.pad); });
    }
  }

 private:
  Check& check_;
  const PageVisitor& visitor_;
  RecordSink records_;
  TreeWalk walk_;
  std::uint64_t tables_ = 0;
  bool intact_ = true;
};

void check_all_claimed(Check& check, PageReport& report) {
  const PageMap& map = check.map();
  const std::uint64_t file_pages = report.file_size / check.page_size();
  const std::uint64_t end = std::min(map.pages(), check.last_page() + 1);
  const PageMap::Unclaimed lost = map.unclaimed(kFirstPage, std::min(file_pages, end));
  report.pages_lost = lost.count;
  if (lost.count != 0) {
    check.add(FindingKind::page_lost, lost.first, "", [&] {
      return "pages that are neither used nor free, this is the first of " +
             std::to_string(lost.count);
    });
  }
  // LMDB never writes what is freed in the transaction that made it: such pages may be missing.
  const std::uint64_t missing_first = std::max(kFirstPage, file_pages);
  if (missing_first >= end) return;
  const PageMap::Unclaimed missing = map.unclaimed(missing_first, end);
  if (missing.count != 0) {
    check.add(FindingKind::file_length, missing.first, "", [&] {
      return "the file is " + std::to_string(report.file_size) +
             " bytes long and lacks pages, this is the first of " + std::to_string(missing.count);
    });
  }
}

void walk_trees(Check& check, const PageVisitor& visitor, PageReport& report) {
  const std::uint64_t home = check.meta().txn_id % 2;
  TreeWalk walk(check);
  bool intact = FreeListReader(check).read(walk);
  MainSink main(check, visitor);
  main.check_flags(check.meta().main, home, kMainName);
  if (!walk.walk(check.meta().main, KeyOrder::bytes, kMainName, home, main)) intact = false;
  report.tables = main.tables();
  report.entries = main.records();
  report.pages_used = check.map().used_count();
  report.pages_free = check.map().free_count();
  report.stopped = check.stopped();
  if (intact && main.intact() && report.stopped == StopReason::none) {
    check_all_claimed(check, report);
  }
}

Error out_of_memory(const std::string& name) {
  Error error;
  error.code = Errc::out_of_memory;
  error.retry_safe = true;
  error.subject = name;
  error.message = "there is no memory for the map of the file's pages";
  error.advice = "Free memory, then check again.";
  return error;
}

// Pages the map must know: those in the file, and behind its end as many as a free list inside it
// could list. A last page beyond that is impossible.
std::uint64_t pages_to_map(const PageFile& file, const Meta& meta, FindingLog& log) {
  const std::uint64_t file_pages = file.size() / meta.page_size;
  const std::uint64_t possible = file_pages + file.size() / sizeof(std::uint64_t);
  if (meta.last_page < possible) return meta.last_page + 1;
  log.add(FindingKind::file_length, meta.txn_id % 2, "", [&] {
    return "the last page is " + std::to_string(meta.last_page) + ", the file is " +
           std::to_string(file.size()) + " bytes long: it was cut off";
  });
  return file_pages;
}

}  // namespace

std::string_view to_string(StopReason reason) noexcept {
  constexpr std::array<std::string_view, 5> kNames = {"none", "cancelled", "deadline", "bytes",
                                                      "map_too_large"};
  const auto index = static_cast<std::size_t>(reason);
  return index < kNames.size() ? kNames[index] : "unknown";
}

Result<PageReport> check_pages(PageFile& file, const PageLimits& limits,
                               const PageVisitor& visitor) {
  PageReport report;
  report.file_size = file.size();
  FindingLog log(limits.findings_kept_max);
  const std::uint64_t read_before = file.bytes_read();
  if (const std::optional<Meta> meta = read_metas(file, log)) {
    report.page_size = meta->page_size;
    report.last_page = meta->last_page;
    report.txn_id = meta->txn_id;
    const std::uint64_t pages = pages_to_map(file, *meta, log);
    if (PageMap::bytes_for(pages) > limits.map_bytes_max) {
      report.stopped = StopReason::map_too_large;
    } else {
      std::optional<PageMap> map = PageMap::make(pages);
      if (!map) return out_of_memory(file.name());
      Check check(file, limits, log, *meta, *std::move(map));
      walk_trees(check, visitor, report);
    }
  }
  report.bytes_read = file.bytes_read() - read_before;
  report.findings_count = log.count();
  report.findings = log.take();
  return report;
}

Result<PageReport> check_pages(const std::string& path, const PageLimits& limits,
                               const PageVisitor& visitor) {
  Result<PageFile> file = PageFile::open(path);
  if (!file) return file.error();
  return check_pages(*file, limits, visitor);
}

}  // namespace milepost::verify
