// SPDX-License-Identifier: Apache-2.0
//
// Verify, backup, restore and repair on real folders. Damage is done with plain LMDB or with plain
// writes; every kind must be found by its name, and nothing may end the process.
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <lmdb.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

#include "milepost/milepost.hpp"

namespace milepost {
namespace {

namespace fs = std::filesystem;
using test::id;
using test::ok;

OpenOptions small(const std::string& directory) {
  OpenOptions options{.directory = directory};
  options.map_size_start = 4u << 20;
  options.journal_segment_bytes = 1u << 20;
  options.journal_bytes_max = 16u << 20;
  return options;
}

/// Runs in every status, keys, organizations, an adoption, a removal.
void fill(Tracker& tracker) {
  for (std::uint64_t i = 0; i < 300; ++i) {
    CreateCommand create = test::request(id(i), i % 7 == 0 ? id(1, 0xaa) : Uuid{});
    const std::string key = "key " + std::to_string(i);
    create.idempotency_key = key;
    tracker.create(create).value().require_applied();
    const Uuid organization = create.organization_id;
    const StartOptions start{.owner = "ann", .organization_id = organization};
    const FinishOptions finish{.organization_id = organization};
    if (i % 3 != 0) tracker.start(id(i), start).value().require_applied();
    if (i % 5 == 1 && i % 3 != 0) tracker.complete(id(i), finish).value().require_applied();
    if (i % 5 == 2) tracker.fail(id(i), "mailbox full", finish).value().require_applied();
    if (i % 5 == 3) tracker.exit(id(i), finish).value().require_applied();
  }
  tracker.adopt(id(4), {.owner = "bob"}).value().require_applied();
  const auto purged =
      tracker.purge({.completed_before = test::at("9999-01-01T00:00:00Z"), .limit = 5});
  REQUIRE(purged.value().removed == 5);
}

std::set<std::string> kinds_of(const std::vector<Finding>& findings) {
  std::set<std::string> kinds;
  for (const Finding& finding : findings) {
    kinds.insert(finding.kind);
    UNSCOPED_INFO(finding.kind << " in " << finding.where << ": " << finding.text);
  }
  return kinds;
}

/// A closed store with runs in it.
class ClosedStore {
 public:
  ClosedStore() {
    Tracker tracker = Tracker::open(small(path())).value();
    fill(tracker);
    REQUIRE(ok(tracker.close()));
  }
  [[nodiscard]] std::string path() const { return folder_ / "store"; }
  [[nodiscard]] std::string file() const { return path() + "/data.mdb"; }
  [[nodiscard]] std::string beside(const char* name) const { return folder_ / name; }

  /// Lets plain LMDB change a table.
  void change(const char* table, const std::function<void(MDB_txn*, MDB_dbi)>& how) const {
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    MDB_dbi dbi = 0;
    REQUIRE(mdb_env_create(&env) == 0);
    REQUIRE(mdb_env_set_maxdbs(env, 32) == 0);
    REQUIRE(mdb_env_set_mapsize(env, 64u << 20) == 0);
    REQUIRE(mdb_env_open(env, path().c_str(), 0, 0600) == 0);
    REQUIRE(mdb_txn_begin(env, nullptr, 0, &txn) == 0);
    REQUIRE(mdb_dbi_open(txn, table, 0, &dbi) == 0);
    how(txn, dbi);
    REQUIRE(mdb_txn_commit(txn) == 0);
    mdb_env_close(env);
  }
  /// The n-th row of a table.
  static std::pair<std::string, std::string> row(MDB_txn* txn, MDB_dbi dbi, int n) {
    MDB_cursor* cursor = nullptr;
    MDB_val key{};
    MDB_val value{};
    REQUIRE(mdb_cursor_open(txn, dbi, &cursor) == 0);
    for (int i = 0; i <= n; ++i) REQUIRE(mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0);
    std::pair<std::string, std::string> copy{
        std::string(static_cast<const char*>(key.mv_data), key.mv_size),
        std::string(static_cast<const char*>(value.mv_data), value.mv_size)};
    mdb_cursor_close(cursor);
    return copy;
  }
  static void put(MDB_txn* txn, MDB_dbi dbi, std::string key, std::string value) {
    MDB_val raw_key{key.size(), key.data()};
    MDB_val raw_value{value.size(), value.data()};
    REQUIRE(mdb_put(txn, dbi, &raw_key, &raw_value, 0) == 0);
  }
  static void erase(MDB_txn* txn, MDB_dbi dbi, std::string key) {
    MDB_val raw_key{key.size(), key.data()};
    REQUIRE(mdb_del(txn, dbi, &raw_key, nullptr) == 0);
  }

 private:
  test::TempDirectory folder_;
};

std::uint64_t live_runs(const std::string& directory) {
  Tracker tracker = Tracker::open(small(directory)).value();
  return tracker.counts().value().total();
}

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
  fs::copy(folder / "store", folder / "killed", fs::copy_options::recursive);
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

TEST_CASE("a backup holds everything acknowledged before it and nothing is left of a failed one",
          "[api][backup]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(small(folder / "store")).value();
  fill(tracker);
  for (const bool compact : {false, true}) {
    const std::string to = folder / (compact ? "compact" : "plain");
    std::uint64_t told = 0;
    const auto backup =
        tracker.backup(to, {.compact = compact, .progress = [&](std::uint64_t bytes) {
                              told = bytes;
                              return true;
                            }});
    REQUIRE(ok(backup));
    CHECK(backup->bytes == fs::file_size(to + "/data.mdb"));
    CHECK(told == backup->bytes);
    CHECK(backup->sequence == tracker.stats().value().sequence);
    struct stat info {};
    REQUIRE(::stat((to + "/data.mdb").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    REQUIRE(::stat(to.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    const auto report = verify_directory(to);
    REQUIRE(ok(report));
    CHECK(kinds_of(report->findings).empty());
    CHECK(report->runs == 295);
    CHECK(report->journaled == 0);
    CHECK_FALSE(fs::exists(to + "/lock.mdb"));
    CHECK_FALSE(fs::exists(to + "/writer.lock"));
    CHECK(test::code_of(tracker.backup(to)) == Errc::invalid_argument);
  }
  CHECK(fs::file_size(folder / "compact/data.mdb") < fs::file_size(folder / "plain/data.mdb"));

  const auto cancelled =
      tracker.backup(folder / "third", {.progress = [](std::uint64_t) { return false; }});
  CHECK(test::code_of(cancelled) == Errc::cancelled);
  CHECK(test::code_of(tracker.backup(folder / "no/such/place")) == Errc::not_found);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / ""))
    names.insert(entry.path().filename());
  CHECK(names == std::set<std::string>{"store", "plain", "compact"});
  tracker.create(test::request(id(9'002))).value().require_applied();
}

TEST_CASE("a restored backup is another store with the same runs", "[api][backup]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(small(folder / "store")).value();
  fill(tracker);
  REQUIRE(ok(tracker.backup(folder / "backup")));
  const Uuid old_id = tracker.store_id().value();
  const std::string json = tracker.get_json(id(4)).value();
  CHECK(test::code_of(restore_backup(folder / "backup", folder / "store")) ==
        Errc::invalid_argument);
  CHECK(test::code_of(restore_backup(folder / "backup", folder / "store", {.replace = true})) ==
        Errc::already_open);

  const auto restored = restore_backup(folder / "backup", folder / "restored");
  REQUIRE(ok(restored));
  CHECK(restored->runs == 295);
  CHECK(restored->store_id != old_id);
  Tracker other = Tracker::open(small(folder / "restored")).value();
  CHECK(other.store_id().value() == restored->store_id);
  CHECK(other.get_json(id(4)).value() == json);
  // A position of the store the backup was taken from is refused, and so is its journal.
  CHECK(test::code_of(other.changes({.store_id = old_id})) == Errc::other_store);
  REQUIRE(ok(other.close()));
  REQUIRE(ok(tracker.close()));
  fs::remove_all(folder / "restored/journal");
  fs::copy(folder / "store/journal", folder / "restored/journal", fs::copy_options::recursive);
  CHECK(test::code_of(Tracker::open(small(folder / "restored"))) == Errc::other_store);

  REQUIRE(ok(restore_backup(folder / "backup", folder / "store", {.replace = true})));
  CHECK(fs::exists(folder / "store.replaced/data.mdb"));
  CHECK(live_runs(folder / "store") == 295);
  CHECK(test::code_of(restore_backup(folder / "backup", folder / "store", {.replace = true})) ==
        Errc::invalid_argument);
}

TEST_CASE("a damaged backup, or a store that was not closed, is not restored", "[api][backup]") {
  const ClosedStore store;
  store.change(damages()[4].table, damages()[4].how);
  const auto damaged = restore_backup(store.path(), store.beside("restored"));
  CHECK(test::code_of(damaged) == Errc::corrupt);
  CHECK_FALSE(fs::exists(store.beside("restored")));

  const ClosedStore flipped;
  {
    // One bit in the middle of the file, whatever it is: at least a checksum must see it, or it
    // lies in a free page.
    std::fstream file(flipped.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(flipped.file()) - 4'096 + 17));
    file.put('\x5a');
  }
  const auto report = verify_directory(flipped.path());
  REQUIRE(ok(report));

  const test::TempDirectory folder;
  OpenOptions options = small(folder / "store");
  options.publish_interval = std::chrono::hours(1);
  Tracker tracker = Tracker::open(options).value();
  tracker.create(test::request(id(1))).value().require_applied();
  fs::copy(folder / "store", folder / "killed", fs::copy_options::recursive);
  fs::permissions(folder / "killed", fs::perms::owner_all);
  CHECK(test::code_of(restore_backup(folder / "killed", folder / "restored")) ==
        Errc::invalid_argument);
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
