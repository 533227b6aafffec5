// SPDX-License-Identifier: Apache-2.0
//
// Every shape a healthy file can have, as far as one test can think of it, and random work.
#include <filesystem>
#include <random>
#include <utility>

#include "raw_store.hpp"

namespace milepost::verify::test {
namespace {

namespace fs = std::filesystem;

void rows(RawStore& store, const std::string& table, unsigned count, std::size_t value_size) {
  store.begin();
  const MDB_dbi dbi = store.table(table);
  for (unsigned i = 0; i < count; ++i) {
    store.put(dbi, numbered(i * 7919 % 1'000'003), std::string(value_size, 'v'));
  }
  store.commit();
}

void many_tables(const std::string& folder) {
  RawStore store(folder);
  for (unsigned i = 0; i < 60; ++i) rows(store, "table " + std::to_string(i), i * 5, 20);
  store.begin();
  store.put(store.table(""), "a plain record", "between the tables");
  store.drop(store.table("table 30"), true);
  store.drop(store.table("table 31"), false);
  store.commit();
}

void deep(const std::string& folder) {
  RawStore store(folder);
  store.begin();
  const MDB_dbi dbi = store.table("deep");
  for (unsigned i = 0; i < 4'000; ++i) {
    std::string key = numbered(i * 7919 % 1'000'003);
    key.resize(511, 'k');
    store.put(dbi, key, "v");
  }
  store.commit();
}

void large_values(const std::string& folder) {
  RawStore store(folder);
  store.begin();
  const MDB_dbi dbi = store.table("large");
  unsigned i = 0;
  for (const std::size_t size : {0u, 1u, 2'019u, 2'020u, 2'021u, 2'022u, 4'079u, 4'080u, 4'081u,
                                 8'176u, 8'177u, 100'000u, 1u << 20}) {
    store.put(dbi, numbered(i++), std::string(size, 'v'));
  }
  store.commit();
  store.begin();
  store.put(dbi, numbered(5), std::string(50'000, 'w'));
  store.put(dbi, numbered(5), std::string(3'000, 'x'));  // Keeps the longer run.
  store.put(dbi, numbered(6), std::string(50'000, 'w'));
  store.put(dbi, numbered(6), "small");
  store.erase(dbi, numbered(7));
  store.commit();
}

void much_freed(const std::string& folder) {
  RawStore store(folder);
  rows(store, "kept", 1'000, 50);
  for (int round = 0; round < 3; ++round) {
    rows(store, "dropped", 20'000, 300);
    store.begin();
    store.drop(store.table("dropped"), true);
    store.commit();
  }
}

void many_commits(const std::string& folder) {
  RawStore store(folder);
  for (unsigned i = 0; i < 400; ++i) {
    store.begin();
    const MDB_dbi dbi = store.table("rows");
    for (unsigned k = 0; k < 8; ++k) store.put(dbi, numbered((i * 8 + k) * 7919 % 4001), "value");
    if (i % 3 == 0) {
      for (unsigned k = 0; k < 400; ++k) store.erase(dbi, numbered(i * 31 % 4001 + k));
    }
    if (i % 5 == 4) {
      store.abort();
    } else {
      store.commit();
    }
  }
}

void all_deleted(const std::string& folder) {
  RawStore store(folder);
  rows(store, "rows", 5'000, 40);
  store.begin();
  const MDB_dbi dbi = store.table("rows");
  for (unsigned i = 0; i < 5'000; ++i) store.erase(dbi, numbered(i * 7919 % 1'000'003));
  store.commit();
}

void pinned(const std::string& folder) {
  RawStore store(folder);
  rows(store, "rows", 2'000, 100);
  MDB_txn* reader = nullptr;
  must(mdb_txn_begin(store.env(), nullptr, MDB_RDONLY, &reader));
  for (unsigned i = 0; i < 100; ++i) rows(store, "rows", 50, 60 + i);
  mdb_txn_abort(reader);
  for (unsigned i = 0; i < 20; ++i) rows(store, "rows", 30, 200);
}

void in_order(const std::string& folder) {
  RawStore store(folder);
  store.begin();
  const MDB_dbi dbi = store.table("rows");
  for (unsigned i = 0; i < 30'000; ++i) store.put(dbi, numbered(i), numbered(i), MDB_APPEND);
  store.commit();
}

void copied(const std::string& folder, unsigned flags) {
  const std::string origin = folder + "/origin";
  fs::create_directory(origin);
  {
    many_commits(origin);
    RawStore store(origin);
    must(mdb_env_copy2(store.env(), folder.c_str(), flags));
  }
  fs::remove_all(origin);
}

void mapped_writable(const std::string& folder) {
  RawStore store(folder, MDB_WRITEMAP);
  must(mdb_env_set_mapsize(store.env(), 32u << 20));
  rows(store, "rows", 5'000, 100);
  for (unsigned i = 0; i < 30; ++i) rows(store, "rows", 100, 100 + i);
}

void by_file_name(const std::string& folder) {
  RawStore store(folder + "/data.mdb", MDB_NOSUBDIR);
  rows(store, "rows", 500, 100);
}

class RandomWork {
 public:
  RandomWork(const std::string& folder, std::uint64_t seed) : random_(seed), store_(folder) {}
  ~RandomWork() { mdb_txn_abort(reader_); }
  RandomWork(const RandomWork&) = delete;
  RandomWork& operator=(const RandomWork&) = delete;

  void transaction() {
    hold_or_release();
    store_.begin();
    const bool nested = below(8) == 0;
    if (nested) {
      touch(below(20));
      store_.begin_nested();
    }
    touch(1 + below(below(4) == 0 ? 300 : 20));
    if (nested) {
      store_.end_nested(below(2) == 0);
      touch(below(20));
    }
    if (below(10) == 0) {
      store_.abort();
    } else {
      store_.commit();
    }
  }

 private:
  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : random_() % end; }

  void hold_or_release() {
    if (below(12) != 0) return;
    mdb_txn_abort(std::exchange(reader_, nullptr));
    if (below(2) == 0) must(mdb_txn_begin(store_.env(), nullptr, MDB_RDONLY, &reader_));
  }

  std::string key() {
    std::string text = numbered(below(3'000));
    if (below(3) == 0) text.resize(11 + below(500), static_cast<char>('a' + below(3)));
    return text;
  }

  std::string value() {
    const std::uint64_t kind = below(100);
    const std::size_t size = kind < 70 ? below(120) : kind < 95 ? below(2'500) : below(60'000);
    return std::string(size, static_cast<char>('a' + below(26)));
  }

  void touch(std::uint64_t count) {
    const MDB_dbi dbi = store_.table("table " + std::to_string(below(4)));
    const std::uint64_t mood = below(100);
    if (mood == 0) store_.drop(dbi, false);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (below(100) < (mood < 45 ? 80 : 20)) {
        erase_run(dbi);
      } else {
        const std::string k = key();
        store_.put(dbi, k, value());
        if (below(20) == 0) store_.put(dbi, k, value());
      }
    }
  }

  // Through a cursor: several neighbours, so that pages run empty and are merged.
  void erase_run(MDB_dbi dbi) {
    MDB_cursor* cursor = nullptr;
    must(mdb_cursor_open(store_.txn(), dbi, &cursor));
    const std::string from = key();
    MDB_val k{from.size(), const_cast<char*>(from.data())};
    MDB_val v;
    int rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    for (std::uint64_t left = 1 + below(6); rc == 0 && left > 0; --left) {
      must(mdb_cursor_del(cursor, 0));
      rc = mdb_cursor_get(cursor, &k, &v, MDB_GET_CURRENT);
    }
    mdb_cursor_close(cursor);
  }

  std::mt19937_64 random_;
  RawStore store_;
  MDB_txn* reader_ = nullptr;
};

}  // namespace

void random_work(const std::string& folder, std::uint64_t seed, unsigned commits,
                 const std::function<void()>& after_commit) {
  RandomWork work(folder, seed);
  for (unsigned i = 1; i <= commits; ++i) {
    work.transaction();
    if (i % 16 == 0 || i == commits) after_commit();
  }
}

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {
      {"never written to", [](const std::string& folder) { RawStore store(folder); }},
      {"one row",
       [](const std::string& folder) {
         RawStore store(folder);
         rows(store, "", 1, 1);
       }},
      {"an empty table",
       [](const std::string& folder) {
         RawStore store(folder);
         rows(store, "rows", 0, 0);
       }},
      {"thousands of rows",
       [](const std::string& folder) {
         RawStore store(folder);
         rows(store, "", 5'000, 30);
         rows(store, "more", 5'000, 30);
       }},
      {"many tables", many_tables},
      {"a deep tree", deep},
      {"large values", large_values},
      {"much freed", much_freed},
      {"many commits", many_commits},
      {"everything deleted", all_deleted},
      {"pages pinned by a reader", pinned},
      {"filled in order", in_order},
      {"a copy", [](const std::string& folder) { copied(folder, 0); }},
      {"a compacted copy", [](const std::string& folder) { copied(folder, MDB_CP_COMPACT); }},
      {"written through the map", mapped_writable},
      {"opened by file name", by_file_name},
  };
  return all;
}

}  // namespace milepost::verify::test
