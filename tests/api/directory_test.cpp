// SPDX-License-Identifier: Apache-2.0
//
// What a store is on the disk and to its host's hooks: LMDB tables anybody can read, a map that
// grows by itself, a log that is written to.
#include <filesystem>
#include <lmdb.h>
#include <map>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost {
namespace {

namespace fs = std::filesystem;
using test::id;
using test::ok;

/// Table `runs` as LMDB's own library reads it.
std::map<std::string, std::string> read_table_with_plain_lmdb(const std::string& directory) {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi table = 0;
  MDB_cursor* cursor = nullptr;
  REQUIRE(mdb_env_create(&env) == 0);
  REQUIRE(mdb_env_set_maxdbs(env, 32) == 0);
  REQUIRE(mdb_env_set_mapsize(env, 1u << 30) == 0);
  REQUIRE(mdb_env_open(env, directory.c_str(), MDB_RDONLY, 0600) == 0);
  REQUIRE(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) == 0);
  REQUIRE(mdb_dbi_open(txn, "runs", 0, &table) == 0);
  REQUIRE(mdb_cursor_open(txn, table, &cursor) == 0);
  std::map<std::string, std::string> rows;
  MDB_val key{};
  MDB_val value{};
  const auto text = [](const MDB_val& bytes) {
    return std::string(static_cast<const char*>(bytes.mv_data), bytes.mv_size);
  };
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) rows[text(key)] = text(value);
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
  mdb_env_close(env);
  return rows;
}

TEST_CASE("plain LMDB finds a run in table runs under its 16-byte key", "[api][directory]") {
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  const Uuid run = test::kJourney;
  {
    OpenOptions options;
    options.directory = directory;
    options.map_size_start = 1u << 20;
    Tracker tracker = Tracker::open(options).value();
    tracker.create(test::request(run)).value().require_applied();
    tracker.create(test::request(id(5))).value().require_applied();
    tracker.start(run, {.owner = "a readable owner"}).value().require_applied();
    REQUIRE(ok(tracker.close()));
  }
  const auto rows = read_table_with_plain_lmdb(directory);
  CHECK(rows.size() == 2);
  const std::string key(reinterpret_cast<const char*>(run.data), 16);
  REQUIRE(rows.count(key) == 1);
  CHECK(rows.at(key).find("a readable owner") != std::string::npos);
}

/// Creates runs in batches, reads every one back, and returns the data file's size.
std::uint64_t create_and_read_back(const std::string& directory, std::size_t count) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = kMapSizeMin;
  constexpr std::size_t kBatch = 1'000;
  std::vector<Uuid> runs;
  {
    Tracker tracker = Tracker::open(options).value();
    std::vector<Command> commands;
    for (std::size_t first = 0; first < count; first += kBatch) {
      commands.clear();
      for (std::size_t i = 0; i < kBatch; ++i) {
        CreateCommand create;
        create.journey_id = id((first + i) % 7, 1);
        create.profile_id = id(first + i, 2);
        commands.emplace_back(create);
      }
      for (const Outcome& outcome : tracker.apply(commands).value()) {
        if (outcome.kind != OutcomeKind::created) FAIL("a run is not created");
        runs.push_back(outcome.run.run_id);
      }
    }
    REQUIRE(ok(tracker.close()));
  }
  options.map_size_start = kMapSizeMin;
  Tracker tracker = Tracker::open(options).value();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto run = tracker.get(runs[i]).value();
    if (!run || run->profile_id != id(i, 2) || run->journey_id != id(i % 7, 1)) ++wrong;
  }
  CHECK(wrong == 0);
  REQUIRE(ok(tracker.close()));
  return fs::file_size(directory + "/data.mdb");
}

TEST_CASE("100,000 runs are created and read back while the map grows from 1 MiB by itself",
          "[api][directory]") {
  const test::TempDirectory folder;
  CHECK(create_and_read_back(folder / "store", 100'000) > 16 * kMapSizeMin);
}

TEST_CASE("1,000,000 runs are created and read back while the map grows by itself",
          "[.][slow][api][directory]") {
  const test::TempDirectory folder(4ull << 30);
  CHECK(create_and_read_back(folder / "store", 1'000'000) > 128 * kMapSizeMin);
}

TEST_CASE("the map never grows past its largest size, and says so", "[api][directory][limits]") {
  const test::TempDirectory folder;
  OpenOptions options;
  options.directory = folder / "store";
  options.map_size_start = kMapSizeMin;
  options.map_size_max = 2 * kMapSizeMin;
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 1u << 20;
  options.publish_interval = std::chrono::milliseconds(1);
  Tracker tracker = Tracker::open(options).value();
  Errc code{};
  std::uint64_t made = 0;
  while (code == Errc{} && made < 200'000) {
    std::vector<Command> commands;
    for (std::uint64_t i = 0; i < 100; ++i) commands.emplace_back(test::request(id(made + i)));
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
    const auto applied = tracker.apply(commands, {deadline});
    code = test::code_of(applied);
    if (applied) made += 100;
  }
  CHECK(code == Errc::map_full);
  // What was acknowledged is there, in LMDB or not.
  for (std::uint64_t i = 0; i < made; i += 37) {
    REQUIRE(tracker.get(id(i)).value().has_value());
  }
  (void)tracker.close();
  // With a larger cap everything goes on.
  options.map_size_max = 64 * kMapSizeMin;
  Tracker again = Tracker::open(options).value();
  for (std::uint64_t i = 0; i < made; i += 37) REQUIRE(again.get(id(i)).value().has_value());
  CHECK(again.start(id(0)).value().applied());
}

TEST_CASE("a cleanly closed store opens without anything to recover", "[api][directory][log]") {
  const test::TempDirectory folder;
  OpenOptions options;
  options.directory = folder / "store";
  std::vector<std::string> logged;
  options.log = [&](LogLevel, std::string_view text) { logged.emplace_back(text); };
  for (int round = 0; round < 3; ++round) {
    Tracker tracker = Tracker::open(options).value();
    tracker.create(test::request(id(static_cast<std::uint64_t>(round)))).value().require_applied();
    REQUIRE(ok(tracker.close()));
  }
  for (const std::string& line : logged) {
    CHECK(line.find("Recovered") == std::string::npos);
  }
}

TEST_CASE("options that make no sense are refused before anything is made",
          "[api][directory][limits]") {
  const test::TempDirectory folder;
  OpenOptions fine;
  fine.directory = folder / "store";
  const auto refused = [&](auto change) {
    OpenOptions options = fine;
    change(options);
    const auto opened = Tracker::open(options);
    return test::code_of(opened) == Errc::invalid_argument && !opened.error().subject.empty() &&
           !fs::exists(fine.directory);
  };
  CHECK(refused([](OpenOptions& o) { o.directory = ""; }));
  CHECK(refused([](OpenOptions& o) { o.map_size_start = kMapSizeMin - 1; }));
  CHECK(refused([](OpenOptions& o) { o.map_size_max = o.map_size_start - 1; }));
  CHECK(refused([](OpenOptions& o) { o.readers_max = kReadersMin - 1; }));
  CHECK(refused([](OpenOptions& o) { o.readers_max = kReadersMax + 1; }));
  CHECK(refused([](OpenOptions& o) { o.journal_segment_bytes = kJournalSegmentBytesMin - 1; }));
  CHECK(refused([](OpenOptions& o) { o.journal_segment_bytes = kJournalSegmentBytesMin + 1; }));
  CHECK(refused([](OpenOptions& o) { o.journal_segment_bytes = kJournalSegmentBytesMax + 4096; }));
  CHECK(refused([](OpenOptions& o) { o.journal_bytes_max = o.journal_segment_bytes; }));
  CHECK(refused([](OpenOptions& o) { o.publish_interval = std::chrono::milliseconds(0); }));
  CHECK(refused([](OpenOptions& o) { o.wait_max = std::chrono::milliseconds(-1); }));
  CHECK(refused([](OpenOptions& o) {
    o.durability = Durability::relaxed;
    o.relaxed_delay_max = std::chrono::milliseconds(0);
  }));
  // And the edges are taken.
  fine.map_size_start = kMapSizeMin;
  fine.map_size_max = kMapSizeMin;
  fine.readers_max = kReadersMin;
  fine.journal_segment_bytes = kJournalSegmentBytesMin;
  fine.journal_bytes_max = 4 * kJournalSegmentBytesMin;
  fine.publish_interval = std::chrono::milliseconds(1);
  CHECK(ok(Tracker::open(fine)));
}

TEST_CASE("a store that must exist and does not is not_found", "[api][directory]") {
  const test::TempDirectory folder;
  OpenOptions options;
  options.directory = folder / "store";
  options.create = false;
  CHECK(test::code_of(Tracker::open(options)) == Errc::not_found);
  options.create = true;
  options.read_only = true;
  CHECK(test::code_of(Tracker::open(options)) == Errc::not_found);
  CHECK_FALSE(fs::exists(options.directory));
}

}  // namespace
}  // namespace milepost
