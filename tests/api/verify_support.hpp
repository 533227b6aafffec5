// SPDX-License-Identifier: Apache-2.0
//
// A store with runs of all kinds, and plain LMDB to damage it with.
#pragma once

#include <functional>
#include <lmdb.h>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

#include "milepost/milepost.hpp"

namespace milepost::test {

inline OpenOptions small(const std::string& directory) {
  OpenOptions options{.directory = directory};
  options.map_size_start = 4u << 20;
  options.journal_segment_bytes = 1u << 20;
  options.journal_bytes_max = 16u << 20;
  return options;
}

/// Runs in every status, keys, organizations, an adoption, a removal.
inline void fill(Tracker& tracker) {
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

inline std::set<std::string> kinds_of(const std::vector<Finding>& findings) {
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

inline std::uint64_t live_runs(const std::string& directory) {
  Tracker tracker = Tracker::open(small(directory)).value();
  return tracker.counts().value().total();
}

}  // namespace milepost::test
