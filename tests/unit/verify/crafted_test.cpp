// SPDX-License-Identifier: Apache-2.0
//
// Files put together by hand: the sample is sound at every page size, to LMDB too, and each edit
// of it is found under its name.
#include "crafted.hpp"

#include <filesystem>
#include <fstream>

#include "raw_store.hpp"
#include "reader_support.hpp"
#include "support/temp_directory.hpp"

using namespace milepost;
using namespace milepost::verify;
using namespace milepost::verify::test;

namespace {

void check_all(const std::vector<Crafted>& all, std::size_t page_size) {
  for (const Crafted& crafted : all) {
    INFO(crafted.name << ", pages of " << page_size);
    FileMaker file = sample_file(page_size);
    crafted.edit(file);
    const PageReport report = report_on(file.bytes());
    kinds_of(report);  // Shown if it fails.
    CHECK_FALSE(report.sound());
    CHECK(report.stopped == StopReason::none);
    REQUIRE_FALSE(report.findings.empty());
    CHECK(to_string(report.findings.front().kind) == to_string(crafted.kind));
    for (const Finding& finding : report.findings) CHECK_FALSE(finding.text.empty());
    // With a visitor more is read; nothing else may change.
    const PageVisitor visitor{[](const TableView&) { return true; },
                              [](const RecordView&) { return true; }};
    CHECK(report_on(file.bytes(), {}, visitor).findings_count == report.findings_count);
  }
}

}  // namespace

TEST_CASE("the sample file is sound at every page size", "[verify][crafted]") {
  for (std::size_t page_size = 512; page_size <= 65'536; page_size *= 2) {
    INFO("pages of " << page_size);
    FileMaker file = sample_file(page_size);
    std::vector<std::string> seen;
    const PageVisitor visitor{[&](const TableView& table) {
                                seen.push_back("table " + std::string(table.name) + " of " +
                                               std::to_string(table.entries));
                                return true;
                              },
                              [&](const RecordView& record) {
                                seen.push_back(std::string(record.table) + " " + text(record.key) +
                                               " " + std::to_string(record.value.size()));
                                return true;
                              }};
    const PageReport report = report_on(file.bytes(), {}, visitor);
    CHECK(kinds_of(report).empty());
    CHECK(report.sound());
    CHECK(report.page_size == page_size);
    CHECK(report.last_page == kLast);
    CHECK(report.txn_id == 7);
    CHECK(report.tables == 2);
    CHECK(report.entries == 10);
    CHECK(report.pages_used == 8);
    CHECK(report.pages_free == 4);
    CHECK(seen ==
          std::vector<std::string>{"table alpha of 9", "alpha k01 3", "alpha k02 3", "alpha k03 0",
                                   "alpha k04 6", "alpha k05 4", "alpha k06 1",
                                   "alpha k07 " + std::to_string(2 * page_size + 100),
                                   "alpha k08 5", "alpha k09 4", "table beta of 0", " plain 1"});
  }
}

TEST_CASE("LMDB takes the sample file for its own", "[verify][crafted]") {
  const milepost::test::TempDirectory folder;
  FileMaker file = sample_file();
  std::ofstream(folder / "data.mdb", std::ios::binary) << file.bytes();
  const Content content = content_of(folder.path().string());
  CHECK(content.at("alpha").size() == 9);
  CHECK(content.at("alpha").at("k07") == std::string(2 * 4096 + 100, 'v'));
  CHECK(content.at("beta").empty());
  CHECK(content.at("").at("plain") == "x");
}

TEST_CASE("meta pages and table records that lie are found under their names",
          "[verify][crafted]") {
  check_all(crafted_metas(), 4096);
  check_all(crafted_metas(), 1024);
}

TEST_CASE("pages that lie are found under their names", "[verify][crafted]") {
  check_all(crafted_pages(), 4096);
  check_all(crafted_pages(), 1024);
}

TEST_CASE("free lists that lie are found under their names", "[verify][crafted]") {
  check_all(crafted_free_lists(), 4096);
  check_all(crafted_free_lists(), 1024);
}

TEST_CASE("every kind of finding has a crafted file", "[verify][crafted]") {
  std::set<std::string> covered{"read_error"};  // Needs a broken disk.
  for (const auto* all : {&crafted_metas(), &crafted_pages(), &crafted_free_lists()}) {
    for (const Crafted& crafted : *all) covered.insert(std::string(to_string(crafted.kind)));
  }
  std::set<std::string> kinds;
  for (std::size_t i = 0; i < kFindingKinds; ++i) {
    kinds.insert(std::string(to_string(static_cast<FindingKind>(i))));
  }
  CHECK(kinds.size() == kFindingKinds);
  CHECK(covered == kinds);
}

TEST_CASE("the names of the findings do not change", "[verify][crafted]") {
  CHECK(to_string(FindingKind::file_length) == "file_length");
  CHECK(to_string(FindingKind::meta_sequence) == "meta_sequence");
  CHECK(to_string(FindingKind::table_record) == "table_record");
  CHECK(to_string(FindingKind::page_range) == "page_range");
  CHECK(to_string(FindingKind::page_depth) == "page_depth");
  CHECK(to_string(FindingKind::unsupported) == "unsupported");
  CHECK(to_string(FindingKind::overflow_run) == "overflow_run");
  CHECK(to_string(FindingKind::free_record) == "free_record");
  CHECK(to_string(FindingKind::page_lost) == "page_lost");
  CHECK(to_string(static_cast<FindingKind>(kFindingKinds)) == "unknown");
  CHECK(to_string(Finding{FindingKind::page_reused, 7, "runs", "it was reached before"}) ==
        "page_reused: page 7 of runs: it was reached before");
}

TEST_CASE("an older meta page that a failed commit half wrote is no finding", "[verify][crafted]") {
  FileMaker file = sample_file();
  MadeTable next = sample_main();
  next.root = 500;
  next.depth = 3;
  file.poke(file.at(0, kMetaMain), next);
  CHECK(kinds_of(report_on(file.bytes())).empty());
}

TEST_CASE("pages behind the end of the file are no finding while they are free",
          "[verify][crafted]") {
  FileMaker file = sample_file();
  file.leaf(kFreeLeaf, {{raw(5), free_pages({9, 8})}, {raw(7), free_pages({15, 14, 10, 7})}});
  file.metas(sample_free(), sample_main(), 15, 7);
  CHECK(kinds_of(report_on(file.bytes())).empty());
  file.metas(sample_free(), sample_main(), 16, 7);
  CHECK(kinds_of(report_on(file.bytes())) == std::set<std::string>{"file_length"});
}

TEST_CASE("a value that fills its run to the last byte is no finding", "[verify][crafted]") {
  FileMaker file = sample_file();
  file.poke(file.node_at(kAlphaHigh, 2), std::uint32_t{3 * 4096 - 16});
  CHECK(kinds_of(report_on(file.bytes())).empty());
}

TEST_CASE("a node of half a page is no finding", "[verify][crafted]") {
  FileMaker file = sample_file();
  const std::string value((4096 - 16) / 2 - 2 - 8 - 3, 'v');
  file.leaf(kAlphaLow, {{"k01", value}, {"k02", ""}, {"k03", ""}, {"k04", ""}});
  CHECK(kinds_of(report_on(file.bytes())).empty());
}
