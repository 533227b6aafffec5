// SPDX-License-Identifier: Apache-2.0
//
// What is no data file at all, and that a check ends where it was told to: bytes, time, memory,
// findings, values.
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>

#include "file_maker.hpp"
#include "raw_store.hpp"
#include "reader_support.hpp"
#include "support/temp_directory.hpp"
#include "verify/page_map.hpp"

using namespace milepost;
using namespace milepost::verify;
using namespace milepost::verify::test;
using milepost::test::code_of;
using milepost::test::TempDirectory;

namespace {

// A file with many pages: a table of 5,000 rows.
std::string many_pages() {
  const TempDirectory folder;
  {
    RawStore store(folder.path().string());
    store.begin();
    const MDB_dbi dbi = store.table("rows");
    for (unsigned i = 0; i < 5'000; ++i) store.put(dbi, numbered(i), std::string(100, 'v'));
    store.commit();
  }
  std::ifstream file(folder / "data.mdb", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A free list whose records list far too much.
FileMaker bad_free_list(std::size_t numbers) {
  FileMaker file = sample_file();
  file.leaf(kFreeLeaf, {{raw(5), free_pages(std::vector<std::uint64_t>(numbers, 1))}});
  return file;
}

// Counts what the visitor is given, and says no at the given record.
struct Counter {
  std::uint64_t records = 0;
  std::uint64_t last = ~0ull;
  PageVisitor visitor{{}, [this](const RecordView&) { return ++records < last; }};
};

}  // namespace

TEST_CASE("what is no regular file is refused, and never waited for", "[verify][limits]") {
  const TempDirectory folder;
  const std::string path = folder / "data.mdb";
  CHECK(code_of(check_pages("")) == Errc::invalid_argument);
  CHECK(code_of(check_pages(std::string("a\0b", 3))) == Errc::invalid_argument);
  CHECK(code_of(check_pages(path)) == Errc::not_found);
  CHECK(code_of(check_pages(path + "/below")) == Errc::not_found);
  CHECK(code_of(check_pages(folder.path().string())) == Errc::not_a_database);
  CHECK(code_of(check_pages("/dev/null")) == Errc::not_a_database);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(code_of(check_pages(path)) == Errc::not_a_database);
  const std::string link = folder / "link";
  REQUIRE(::symlink(path.c_str(), link.c_str()) == 0);
  CHECK(code_of(check_pages(link)) == Errc::permission);
  REQUIRE(::unlink(path.c_str()) == 0);
  std::ofstream(path, std::ios::binary) << sample_file().bytes();
  CHECK(code_of(check_pages(link)) == Errc::permission);
  CHECK(check_pages(path).value().sound());
  const auto missing = check_pages(folder / "none");
  CHECK(missing.error().system == ENOENT);
  CHECK(missing.error().subject == folder / "none");
  CHECK_FALSE(missing.error().message.empty());
  CHECK_FALSE(missing.error().advice.empty());
}

TEST_CASE("an open descriptor is closed, whatever comes of it", "[verify][limits]") {
  int pipe_ends[2];
  REQUIRE(::pipe2(pipe_ends, O_CLOEXEC) == 0);
  CHECK(code_of(PageFile::adopt(pipe_ends[0], "a pipe")) == Errc::not_a_database);
  CHECK(::fcntl(pipe_ends[0], F_GETFD) == -1);
  ::close(pipe_ends[1]);
  CHECK(code_of(PageFile::adopt(-1, "nothing")) == Errc::io);
}

TEST_CASE("pages that the system cannot read are findings", "[verify][limits]") {
  const TempDirectory folder;
  const std::string path = folder / "data.mdb";
  std::ofstream(path, std::ios::binary) << sample_file().bytes();
  // Readable by no one: each pread fails.
  PageFile file = PageFile::adopt(::open(path.c_str(), O_WRONLY | O_CLOEXEC), path).value();
  const PageReport report = check_pages(file).value();
  CHECK(kinds_of(report).count("read_error") == 1);
  CHECK(report.page_size == 0);
}

TEST_CASE("a file that shrinks while it is read is a finding, no signal", "[verify][limits]") {
  const TempDirectory folder;
  const std::string path = folder / "data.mdb";
  std::ofstream(path, std::ios::binary) << many_pages();
  std::uint64_t records = 0;
  const PageVisitor visitor{{}, [&](const RecordView&) {
                              if (++records == 100) REQUIRE(::truncate(path.c_str(), 9'000) == 0);
                              return true;
                            }};
  const PageReport report = check_pages(path, {}, visitor).value();
  CHECK(kinds_of(report) == std::set<std::string>{"page_missing"});
  CHECK(records < 5'000);
}

TEST_CASE("a check ends when its bytes are used up", "[verify][limits]") {
  const std::string bytes = many_pages();
  const std::uint64_t all = report_on(bytes).bytes_read;
  CHECK(all > 100 * 4096);
  PageLimits limits;
  for (const std::uint64_t bytes_max : {std::uint64_t{0}, std::uint64_t{10'000}, all / 2}) {
    limits.bytes_max = bytes_max;
    const PageReport report = report_on(bytes, limits);
    CHECK(report.stopped == StopReason::bytes);
    CHECK_FALSE(report.sound());
    CHECK(report.findings.empty());
    CHECK(report.bytes_read <= bytes_max + 3 * 4096);
  }
  limits.bytes_max = all + 1;
  CHECK(report_on(bytes, limits).sound());
}

TEST_CASE("a check ends at its deadline, when cancelled, and when the visitor says so",
          "[verify][limits]") {
  const std::string bytes = many_pages();
  PageLimits limits;
  limits.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  CHECK(report_on(bytes, limits).stopped == StopReason::deadline);
  limits.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
  CHECK(report_on(bytes, limits).sound());

  int asked = 0;
  limits.cancelled = [&] { return ++asked == 3; };
  const PageReport cancelled = report_on(bytes, limits);
  CHECK(cancelled.stopped == StopReason::cancelled);
  CHECK(asked == 3);
  CHECK_FALSE(cancelled.sound());

  Counter counter;
  counter.last = 70;
  CHECK(report_on(bytes, {}, counter.visitor).stopped == StopReason::cancelled);
  CHECK(counter.records == 70);
  const PageVisitor no_tables{[](const TableView&) { return false; }, counter.visitor.record};
  counter.records = 0;
  CHECK(report_on(bytes, {}, no_tables).stopped == StopReason::cancelled);
  CHECK(counter.records == 0);
}

TEST_CASE("a free list that never ends can be cancelled too", "[verify][limits]") {
  FileMaker file = sample_file();
  // 4 MiB of numbers in one record.
  const std::uint32_t pages = 1'025;
  file.overflow(kLast + 1, pages, raw(512u << 10));
  const auto size = static_cast<std::uint32_t>((512u << 10) * 8 + 8);
  file.leaf(kFreeLeaf, {{raw(5), raw(kLast + 1), 1, size}});
  file.metas(
      {.depth = 1, .leaf_pages = 1, .overflow_pages = pages, .entries = 1, .root = kFreeLeaf},
      sample_main(), kLast + pages, 7);
  PageLimits limits;
  int asked = 0;
  limits.cancelled = [&] { return ++asked == 2; };
  CHECK(report_on(file.bytes(), limits).stopped == StopReason::cancelled);
  limits.cancelled = {};
  const PageReport report = report_on(file.bytes(), limits);
  CHECK(report.findings_count == (512u << 10) + 1);  // Each number is 0; 7 to 10 are lost.
  CHECK(report.findings.size() == kFindingsKeptMax);
}

TEST_CASE("findings are counted beyond those that are kept", "[verify][limits]") {
  PageLimits limits;
  limits.findings_kept_max = 5;
  const PageReport report = report_on(bad_free_list(200).bytes(), limits);
  CHECK(report.findings.size() == 5);
  CHECK(report.findings_count >= 200);
  limits.findings_kept_max = 0;
  const PageReport none = report_on(bad_free_list(200).bytes(), limits);
  CHECK(none.findings.empty());
  CHECK(none.findings_count == report.findings_count);
  CHECK_FALSE(none.sound());
}

TEST_CASE("a vast sparse file costs neither memory nor time", "[verify][limits]") {
  const TempDirectory folder;
  const std::string path = folder / "data.mdb";
  FileMaker file = sample_file();
  const std::uint64_t size = 1ull << 42;
  file.metas(sample_free(), sample_main(), size / 4096 - 1, 7);
  file.poke(file.at(1, kMetaMapSize), size * 2);
  std::ofstream(path, std::ios::binary) << file.bytes();
  if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0) {
    WARN("not run: no sparse file of 4 TiB can be made here");
    return;
  }
  PageLimits limits;
  limits.map_bytes_max = PageMap::bytes_for(size / 4096) - 1;
  CHECK(check_pages(path, limits).value().stopped == StopReason::map_too_large);
  limits.map_bytes_max = PageMap::bytes_for(size / 4096);
  const PageReport report = check_pages(path, limits).value();
  CHECK(kinds_of(report) == std::set<std::string>{"page_lost"});
  CHECK(report.pages_lost == size / 4096 - kLast - 1);
  CHECK(report.bytes_read < 1u << 20);
}

TEST_CASE("the map of a file is within its default for 4 TiB less a few pages",
          "[verify][limits]") {
  CHECK(PageMap::bytes_for((1ull << 30) - 64) == kMapBytesMax);
  CHECK(PageMap::bytes_for(1ull << 30) > kMapBytesMax);
  CHECK(PageMap::bytes_for(0) == 16);
}

TEST_CASE("values are whole up to 1 MiB and a finding beyond", "[verify][limits]") {
  for (const std::uint32_t size : {1u << 20, (1u << 20) + 1}) {
    FileMaker file = sample_file();
    const std::uint32_t pages = (size + 15) / 4096 + 1;
    file.overflow(kRun, pages, std::string(size, 'x'));
    file.poke(file.node_at(kAlphaHigh, 2), size);
    MadeTable alpha = sample_alpha();
    alpha.overflow_pages = pages;
    file.poke(file.node_at(kMainLeaf, 0) + 8 + 5, alpha);
    file.metas(sample_free(), sample_main(), kRun + pages - 1, 7);
    bool seen = false;
    const PageVisitor visitor{{}, [&](const RecordView& record) {
                                if (text(record.key) != "k07") return true;
                                seen = true;
                                CHECK(text(record.value) == std::string(size, 'x'));
                                return true;
                              }};
    const bool fine = size <= kValueSizeMax;
    PageLimits limits;
    const PageReport report = report_on(file.bytes(), limits, visitor);
    CHECK(kinds_of(report) ==
          (fine ? std::set<std::string>{} : std::set<std::string>{"value_size"}));
    CHECK(seen == fine);
    limits.value_size_max = size;
    CHECK(report_on(file.bytes(), limits).sound());
    limits.value_size_max = size - 1;
    CHECK_FALSE(report_on(file.bytes(), limits).sound());
  }
}

TEST_CASE("keys are whole up to 511 bytes and a finding beyond", "[verify][limits]") {
  for (const std::size_t size : {511u, 512u}) {
    FileMaker file = sample_file();
    file.leaf(
        kAlphaLow,
        {{"k01", ""}, {std::string(size, 'a').replace(0, 3, "k02"), ""}, {"k03", ""}, {"k04", ""}});
    CHECK(kinds_of(report_on(file.bytes())) ==
          (size == 511 ? std::set<std::string>{} : std::set<std::string>{"key_size"}));
  }
}

TEST_CASE("texts show no raw bytes of the file", "[verify][limits]") {
  CHECK(shown("plain text") == "plain text");
  CHECK(shown(std::string("a\0\n\\\xff", 5)) == "a\\x00\\x0a\\x5c\\xff");
  CHECK(shown(std::string(65, 'a')) == std::string(64, 'a') + "...");
  FileMaker file = sample_file();
  MadeTable bad = sample_alpha();
  bad.depth = 99;
  file.leaf(kMainLeaf, {{"al\n\x1b[", raw(bad), 2}});
  const PageReport report = report_on(file.bytes());
  REQUIRE_FALSE(report.findings.empty());
  CHECK(report.findings.front().table == "al\\x0a\\x1b[");
}
