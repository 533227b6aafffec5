// SPDX-License-Identifier: Apache-2.0
//
// Verify and repair on real folders: every kind of damage must be found by its name, nothing may
// end the process, and repair may lose only what is damaged.
#include <filesystem>
#include <fstream>

#include "verify_support.hpp"

namespace milepost {
namespace {

namespace fs = std::filesystem;
using test::ClosedStore;
using test::fill;
using test::id;
using test::kinds_of;
using test::live_runs;
using test::ok;
using test::small;

TEST_CASE("a sound store has no findings, closed, open, or read beside its writer",
          "[api][verify]") {
  const ClosedStore store;
  const auto closed = verify_directory(store.path());
  REQUIRE(ok(closed));
  CHECK(kinds_of(closed->findings).empty());
  CHECK(closed->sound());
  CHECK(closed->runs == 295);
  CHECK(closed->changes > 500);
  CHECK(closed->pages > 10);
  CHECK(closed->journaled == 0);

  Tracker tracker = Tracker::open(small(store.path())).value();
  CHECK(test::code_of(verify_directory(store.path())) == Errc::locked);
  tracker.create(test::request(id(9'000))).value().require_applied();
  for (const VerifyLevel level : {VerifyLevel::records, VerifyLevel::pages}) {
    const auto open = tracker.verify({.level = level});
    REQUIRE(ok(open));
    CHECK(kinds_of(open->findings).empty());
    CHECK(open->runs == 296);
    CHECK((open->pages > 0) == (level == VerifyLevel::pages));
  }
}

struct Damage {
  const char* name;
  const char* table;
  std::function<void(MDB_txn*, MDB_dbi)> how;
  std::set<std::string> kinds;  ///< Each must be found.
};

std::vector<Damage> damages_of_runs() {
  return {{"a record's byte",
           "runs",
           [](MDB_txn* txn, MDB_dbi dbi) {
             auto [key, value] = ClosedStore::row(txn, dbi, 10);
             value[20] = static_cast<char>(value[20] ^ 1);
             ClosedStore::put(txn, dbi, key, value);
           },
           {"record_damaged", "counter_wrong", "index_differs", "index_row_extra"}},
          {"a record under another id",
           "runs",
           [](MDB_txn* txn, MDB_dbi dbi) {
             auto [key, value] = ClosedStore::row(txn, dbi, 10);
             key[3] = '\x77';
             ClosedStore::put(txn, dbi, key, value);
           },
           {"record_damaged"}},
          {"a run without its rows",
           "runs",
           [](MDB_txn* txn, MDB_dbi dbi) {
             ClosedStore::erase(txn, dbi, ClosedStore::row(txn, dbi, 11).first);
           },
           {"index_row_extra", "counter_wrong", "feed_run_missing", "key_without_run"}},
          {"a key that is no run id",
           "runs",
           [](MDB_txn* txn, MDB_dbi dbi) { ClosedStore::put(txn, dbi, "short", "x"); },
           {"run_key"}},
          {"a row of by_status is gone",
           "by_status",
           [](MDB_txn* txn, MDB_dbi dbi) {
             ClosedStore::erase(txn, dbi, ClosedStore::row(txn, dbi, 3).first);
           },
           {"index_differs", "index_row_missing"}},
          {"a row of by_journey too many",
           "by_journey",
           [](MDB_txn* txn, MDB_dbi dbi) {
             std::string key = ClosedStore::row(txn, dbi, 3).first;
             key.back() = static_cast<char>(key.back() ^ 0x40);
             ClosedStore::put(txn, dbi, key, "");
           },
           {"index_differs", "index_row_extra"}},
          {"a row of by_profile with a value",
           "by_profile",
           [](MDB_txn* txn, MDB_dbi dbi) {
             ClosedStore::put(txn, dbi, ClosedStore::row(txn, dbi, 3).first, "value");
           },
           {"index_value"}},
          {"a row of by_completed is gone",
           "by_completed",
           [](MDB_txn* txn, MDB_dbi dbi) {
             ClosedStore::erase(txn, dbi, ClosedStore::row(txn, dbi, 0).first);
           },
           {"index_row_missing"}},
          {"a row of running is gone",
           "running",
           [](MDB_txn* txn, MDB_dbi dbi) {
             ClosedStore::erase(txn, dbi, ClosedStore::row(txn, dbi, 0).first);
           },
           {"index_row_missing"}}};
}

std::vector<Damage> damages_of_counters() {
  return {
      {"a counter off by one",
       "counters",
       [](MDB_txn* txn, MDB_dbi dbi) {
         auto [key, value] = ClosedStore::row(txn, dbi, 2);
         value[0] = static_cast<char>(value[0] + 1);
         ClosedStore::put(txn, dbi, key, value);
       },
       {"counter_wrong"}},
      {"a counter is gone",
       "counters",
       [](MDB_txn* txn, MDB_dbi dbi) {
         ClosedStore::erase(txn, dbi, ClosedStore::row(txn, dbi, 0).first);
       },
       {"counter_wrong"}},
      {"a counter of another size",
       "counters",
       [](MDB_txn* txn, MDB_dbi dbi) {
         ClosedStore::put(txn, dbi, ClosedStore::row(txn, dbi, 0).first, "abc");
       },
       {"counter_size"}},
      {"a negative counter",
       "counters",
       [](MDB_txn* txn, MDB_dbi dbi) {
         ClosedStore::put(txn, dbi, ClosedStore::row(txn, dbi, 0).first, std::string(8, '\xff'));
       },
       {"counter_value"}},
      {"a key for nobody",
       "keys",
       [](MDB_txn* txn, MDB_dbi dbi) {
         ClosedStore::put(txn, dbi, std::string("\0nobody", 7), std::string(16, 'x'));
       },
       {"key_without_run"}},
      {"a key for no id",
       "keys",
       [](MDB_txn* txn, MDB_dbi dbi) { ClosedStore::put(txn, dbi, std::string("\0z", 2), "x"); },
       {"key_value"}}};
}

std::vector<Damage> damages_of_the_feed() {
  return {
      {"a block of the feed is gone",
       "changes",
       [](MDB_txn* txn, MDB_dbi dbi) {
         ClosedStore::erase(txn, dbi, ClosedStore::row(txn, dbi, 2).first);
       },
       {"feed_gap"}},
      {"a block of the feed is damaged",
       "changes",
       [](MDB_txn* txn, MDB_dbi dbi) {
         auto [key, value] = ClosedStore::row(txn, dbi, 2);
         value[50] = static_cast<char>(value[50] ^ 1);
         ClosedStore::put(txn, dbi, key, value);
       },
       {"feed_block"}},
      {"a key of the feed",
       "changes",
       [](MDB_txn* txn, MDB_dbi dbi) { ClosedStore::put(txn, dbi, "abc", "x"); },
       {"feed_key"}},
      {"what the store says it holds",
       "meta",
       [](MDB_txn* txn, MDB_dbi dbi) {
         ClosedStore::put(txn, dbi, "applied", std::string(8, '\1'));
       },
       {"feed_end"}},
      {"the store's epoch",
       "meta",
       [](MDB_txn* txn, MDB_dbi dbi) { ClosedStore::put(txn, dbi, "epoch", std::string(8, '\0')); },
       {"run_epoch"}},
      {"a number that is none",
       "meta",
       [](MDB_txn* txn, MDB_dbi dbi) { ClosedStore::put(txn, dbi, "applied", "abc"); },
       {"meta_value"}},
      {"no identity",
       "meta",
       [](MDB_txn* txn, MDB_dbi dbi) { ClosedStore::erase(txn, dbi, "identity"); },
       {"identity_missing"}}};
}

const std::vector<Damage>& damages() {
  static const std::vector<Damage> all = [] {
    std::vector<Damage> joined = damages_of_runs();
    for (const auto& more : {damages_of_counters(), damages_of_the_feed()}) {
      joined.insert(joined.end(), more.begin(), more.end());
    }
    return joined;
  }();
  return all;
}

TEST_CASE("every kind of damage among the rows is found by name", "[api][verify]") {
  for (const Damage& damage : damages()) {
    INFO(damage.name);
    const ClosedStore store;
    store.change(damage.table, damage.how);
    const auto report = verify_directory(store.path());
    REQUIRE(ok(report));
    const auto kinds = kinds_of(report->findings);
    for (const std::string& kind : damage.kinds) {
      INFO("expected " << kind);
      CHECK(kinds.contains(kind));
    }
  }
}

TEST_CASE("repair makes a sound store of a damaged one and loses only what is damaged",
          "[api][verify][repair]") {
  for (const Damage& damage : damages()) {
    INFO(damage.name);
    const ClosedStore store;
    store.change(damage.table, damage.how);
    const std::string to = store.beside("repaired");
    const auto repaired = repair_directory(store.path(), to);
    REQUIRE(ok(repaired));
    CHECK(repaired->findings_count > 0);
    // The feed brings back what the table lost.
    CHECK(repaired->runs == 295);
    const auto report = verify_directory(to);
    REQUIRE(ok(report));
    CHECK(kinds_of(report->findings).empty());
    CHECK(live_runs(to) == 295);
  }
}

TEST_CASE("a repaired store goes on: sequences, keys and the feed continue",
          "[api][verify][repair]") {
  const ClosedStore store;
  const std::string to = store.beside("repaired");
  const std::uint64_t before = verify_directory(store.path()).value().sequence;
  const auto repaired = repair_directory(store.path(), to);
  REQUIRE(ok(repaired));
  CHECK(repaired->lost == 0);
  Tracker tracker = Tracker::open(small(to)).value();
  CHECK(tracker.stats().value().sequence == before);
  CreateCommand create = test::request(id(4));
  create.idempotency_key = "key 4";
  CHECK(tracker.create(create).value().kind == OutcomeKind::unchanged);
  tracker.create(test::request(id(9'001))).value().require_applied();
  const auto page = tracker.changes({.limit = kChangesLimitMax}).value();
  CHECK(page.changes.size() == before + 1);
  CHECK(page.newest == before + 1);
  CHECK(tracker.verify().value().sound());
}

TEST_CASE("repair takes what only the journal holds", "[api][verify][repair]") {
  const test::TempDirectory folder;
  OpenOptions options = small(folder / "store");
  options.publish_interval = std::chrono::hours(1);
  Tracker tracker = Tracker::open(options).value();
  tracker.create(test::request(id(1))).value().require_applied();
  REQUIRE(ok(tracker.flush()));
  tracker.create(test::request(id(2))).value().require_applied();
  // What a killed process leaves: the files as they are now.
  test::copy_open_store(folder / "store", folder / "killed");
  fs::permissions(folder / "killed", fs::perms::owner_all);
  REQUIRE(ok(tracker.close()));
  const auto report = verify_directory(folder / "killed");
  REQUIRE(ok(report));
  CHECK(report->sound());
  CHECK(report->runs == 1);
  CHECK(report->journaled == 1);
  const auto repaired = repair_directory(folder / "killed", folder / "repaired");
  REQUIRE(ok(repaired));
  CHECK(repaired->runs == 2);
  CHECK(repaired->journaled == 1);
  CHECK(live_runs(folder / "repaired") == 2);
}

TEST_CASE("files that are no store are told apart from damaged ones", "[api][verify]") {
  const test::TempDirectory folder;
  CHECK(test::code_of(verify_directory(folder / "nowhere")) == Errc::not_found);
  fs::create_directory(folder / "empty");
  fs::permissions(folder / "empty", fs::perms::owner_all);
  CHECK(test::code_of(verify_directory(folder / "empty")) == Errc::not_found);
  std::ofstream(folder / "empty/data.mdb") << "";
  fs::permissions(folder / "empty/data.mdb", fs::perms::owner_read | fs::perms::owner_write);
  const auto zero = verify_directory(folder / "empty");
  CHECK((zero ? zero->findings_count > 0 : zero.error().code == Errc::not_a_database));
  std::ofstream(folder / "empty/data.mdb") << std::string(20'000, 'x');
  const auto noise = verify_directory(folder / "empty");
  CHECK((noise ? noise->findings_count > 0 : noise.error().code == Errc::not_a_database));
}

}  // namespace
}  // namespace milepost
