// SPDX-License-Identifier: Apache-2.0
//
// Healthy files give no finding, and the visitor sees what LMDB sees.
#include <filesystem>
#include <iostream>

#include "raw_store.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"
#include "verify/page_reader.hpp"

#include "milepost/milepost.hpp"

using namespace milepost;
using namespace milepost::verify;
using namespace milepost::verify::test;
using milepost::test::ok;
using milepost::test::TempDirectory;
namespace fs = std::filesystem;

namespace {

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The visitor's view of a file; fails the test if keys of a table are out of order.
struct Seen {
  Content content;
  std::string last_key;
  PageVisitor visitor{[this](const TableView& table) {
                        content[std::string(table.name)];
                        last_key.clear();
                        return true;
                      },
                      [this](const RecordView& record) {
                        const std::string key = text(record.key);
                        auto& table = content[std::string(record.table)];
                        if (!record.table.empty()) {
                          CHECK(last_key < key);
                          last_key = key;
                        }
                        CHECK(table.emplace(key, text(record.value)).second);
                        return true;
                      }};
};

bool healthy(const PageReport& report) {
  for (const verify::Finding& finding : report.findings) UNSCOPED_INFO(to_string(finding));
  return report.sound() && report.findings.empty();
}

}  // namespace

TEST_CASE("healthy files of every shape have no findings", "[verify][healthy]") {
  for (const Shape& shape : shapes()) {
    INFO(shape.name);
    const TempDirectory folder;
    shape.make(folder.path().string());
    Seen seen;
    const auto report = check_pages(folder / "data.mdb", {}, seen.visitor);
    REQUIRE(ok(report));
    CHECK(healthy(*report));
    CHECK(report->page_size != 0);
    CHECK(report->pages_used + report->pages_free + 1 == report->last_page);
    CHECK(report->bytes_read <= report->file_size);
    if (std::string_view(shape.name) != "opened by file name") {
      const Content expected = content_of(folder.path().string());
      CHECK(seen.content == expected);
    }
  }
}

TEST_CASE("files stay healthy through random work", "[verify][healthy]") {
  const std::uint64_t seed = milepost::test::test_seed("random work");
  const std::size_t rounds = milepost::test::test_count("MILEPOST_VERIFY_ROUNDS", 6);
  std::uint64_t checks = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    const TempDirectory folder;
    INFO("round " << round);
    random_work(folder.path().string(), seed + round, 800, [&] {
      const auto report = check_pages(folder / "data.mdb");
      REQUIRE(ok(report));
      REQUIRE(healthy(*report));
      ++checks;
    });
    Seen seen;
    REQUIRE(ok(check_pages(folder / "data.mdb", {}, seen.visitor)));
    CHECK(seen.content == content_of(folder.path().string()));
  }
  std::cout << "random work: " << checks << " files checked" << std::endl;
}
