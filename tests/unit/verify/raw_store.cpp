// SPDX-License-Identifier: Apache-2.0
//
// LMDB without any of our rules. No syncs: these files only ever live in memory.
#include "raw_store.hpp"

#include <stdexcept>
#include <utility>

namespace milepost::verify::test {
namespace {

MDB_val val(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }

std::string text(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

}  // namespace

void must(int rc) {
  if (rc != 0) throw std::runtime_error(std::string("LMDB: ") + mdb_strerror(rc));
}

RawStore::RawStore(const std::string& folder, unsigned flags) {
  must(mdb_env_create(&env_));
  must(mdb_env_set_maxdbs(env_, 200));
  must(mdb_env_set_mapsize(env_, 1u << 30));
  must(mdb_env_open(env_, folder.c_str(), flags | MDB_NOSYNC | MDB_NOTLS, 0600));
}

RawStore::~RawStore() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
  mdb_env_close(env_);
}

void RawStore::begin() { must(mdb_txn_begin(env_, nullptr, 0, &txn_)); }

void RawStore::commit() { must(mdb_txn_commit(std::exchange(txn_, nullptr))); }

void RawStore::abort() { mdb_txn_abort(std::exchange(txn_, nullptr)); }

void RawStore::begin_nested() { must(mdb_txn_begin(env_, txn_, 0, &nested_)); }

void RawStore::end_nested(bool keep) {
  MDB_txn* const nested = std::exchange(nested_, nullptr);
  if (keep) {
    must(mdb_txn_commit(nested));
  } else {
    mdb_txn_abort(nested);
  }
}

MDB_dbi RawStore::table(const std::string& name, unsigned flags) {
  MDB_dbi dbi = 0;
  must(mdb_dbi_open(txn(), name.empty() ? nullptr : name.c_str(), flags, &dbi));
  return dbi;
}

void RawStore::put(MDB_dbi table, std::string_view key, std::string_view value, unsigned flags) {
  MDB_val k = val(key);
  MDB_val v = val(value);
  must(mdb_put(txn(), table, &k, &v, flags));
}

bool RawStore::erase(MDB_dbi table, std::string_view key) {
  MDB_val k = val(key);
  const int rc = mdb_del(txn(), table, &k, nullptr);
  if (rc != MDB_NOTFOUND) must(rc);
  return rc == 0;
}

void RawStore::drop(MDB_dbi table, bool remove) { must(mdb_drop(txn(), table, remove ? 1 : 0)); }

std::string numbered(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(10 - digits.size(), '0') + digits;
}

Content content_of(const std::string& folder) {
  RawStore store(folder, MDB_RDONLY);
  MDB_txn* txn = nullptr;
  must(mdb_txn_begin(store.env(), nullptr, MDB_RDONLY, &txn));
  Content all;
  const auto scan = [&](MDB_dbi dbi, auto&& each) {
    MDB_cursor* cursor = nullptr;
    must(mdb_cursor_open(txn, dbi, &cursor));
    MDB_val key;
    MDB_val value;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) each(text(key), text(value));
    mdb_cursor_close(cursor);
  };
  MDB_dbi main = 0;
  must(mdb_dbi_open(txn, nullptr, 0, &main));
  std::map<std::string, std::string> entries;
  scan(main, [&](std::string key, std::string value) { entries.emplace(key, value); });
  for (const auto& [name, value] : entries) {
    MDB_dbi dbi = 0;
    const int rc = mdb_dbi_open(txn, name.c_str(), 0, &dbi);
    if (rc == MDB_INCOMPATIBLE) {
      all[""].emplace(name, value);
      continue;
    }
    must(rc);
    auto& table = all[name];
    scan(dbi, [&](std::string key, std::string content) { table.emplace(key, content); });
  }
  mdb_txn_abort(txn);
  return all;
}

}  // namespace milepost::verify::test
