// SPDX-License-Identifier: Apache-2.0
//
// Reading: taking and renewing a slot's transaction, and lookups. The way through begin_read,
// find and end that every status read takes makes no system call and allocates nothing.
#include <algorithm>
#include <lmdb.h>
#include <utility>

#include "lmdb/descent.hpp"
#include "lmdb/env.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/fork_guard.hpp"
#include "lmdb/raw.hpp"
#include "lmdb/txn.hpp"

namespace milepost::lmdb {
namespace {

constexpr int kRefreshTriesMax = 100;

Error ended() {
  return make_error(Errc::internal, std::string(), "the transaction is over",
                    "Use a transaction only until it ends. Please report this.");
}

}  // namespace

int Env::warm(ReadSlot& slot) noexcept {
  if (slot.txn != nullptr) return mdb_txn_renew(slot.txn);
  const int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &slot.txn);
  if (rc != 0) {
    slot.txn = nullptr;
    return rc;
  }
  slot.warm.store(true, std::memory_order_relaxed);
  return 0;
}

Result<ReadTxn> Env::begin_read(std::optional<Deadline> deadline) {
  if (generation_ != fork_generation()) [[unlikely]] {
    return forked_error(folder_.path());
  }
  ReadSlot* const slot = pool_.try_take();
  int rc = 0;
  if (slot != nullptr) [[likely]] {
    rc = warm(*slot);
    if (rc == 0) [[likely]] {
      return ReadTxn(this, slot, generation_);
    }
  }
  return begin_read_slow(slot, rc, deadline);
}

Result<ReadTxn> Env::begin_read_slow(ReadSlot* slot, int rc, std::optional<Deadline> deadline) {
  const Deadline until = deadline_or_default(deadline);
  bool reaped = false;
  for (int tries = 0; tries < kRefreshTriesMax; ++tries) {
    const std::uint64_t epoch = map_epoch_.load();
    if (slot == nullptr) {
      if (auto error = refusal()) return *std::move(error);
      slot = pool_.take_until(until);
      if (slot == nullptr) {
        if (auto error = refusal()) return *std::move(error);
        return make_error(Errc::busy, folder_.path(),
                          "no read transaction was free in time: all " +
                              std::to_string(pool_.size()) + " are in use or the map is growing",
                          "Let fewer threads read at once, or give the call more time.");
      }
      rc = warm(*slot);
    }
    if (rc == 0) return ReadTxn(this, slot, generation_);
    pool_.give_back(*slot);
    slot = nullptr;
    if (rc == MDB_MAP_RESIZED) {
      if (auto error = refresh_map(epoch, until)) return *std::move(error);
    } else if (rc == MDB_READERS_FULL && !reaped) {
      reaped = true;
      if (auto freed = reap_stale_readers(); !freed) return freed.error();
      slot = pool_.try_take_warm();  // A slot that already owns an entry in lock.mdb will do.
      if (slot != nullptr) rc = warm(*slot);
    } else {
      return from_lmdb(rc, Phase::begin_read, folder_.path());
    }
  }
  return make_error(Errc::busy, folder_.path(), "another process keeps growing the store",
                    "Repeat the call.");
}

/// Where the table's record lies in the main tree.
std::optional<Bytes> Env::table_record(MDB_txn* txn, const Table& table) const noexcept {
  const std::string_view name = table.index < options_.tables.size()
                                    ? std::string_view(options_.tables[table.index])
                                    : kMetaTable;
  MDB_val key = to_val(as_bytes(name));
  MDB_val record{};
  if (mdb_get(txn, main_dbi_, &key, &record) != 0) return std::nullopt;
  return to_bytes(record);
}

bool Env::really_absent(MDB_txn* txn, const Table& table) const noexcept {
  // LMDB 0.9.24 answers "not found" for a lost table, too: see whether the table itself is there.
  return table_record(txn, table).has_value();
}

/// Looked up once for each commit that the slot sees, and again where the map has moved.
const TreePlace& Env::tree_of(ReadSlot& slot, const Table& table) const noexcept {
  const std::uint64_t commit = mdb_txn_id(slot.txn);
  const std::uint64_t epoch = map_epoch_.load(std::memory_order_acquire);
  if (slot.tree_commit == commit && slot.tree_epoch == epoch && slot.tree_table == table.dbi) {
    return slot.tree;
  }
  slot.tree = {};
  slot.tree_commit = commit;
  slot.tree_epoch = epoch;
  slot.tree_table = table.dbi;
  MDB_stat stat{};
  MDB_envinfo info{};
  const auto record = table_record(slot.txn, table);
  if (record && mdb_stat(slot.txn, table.dbi, &stat) == 0 && mdb_env_info(env_, &info) == 0) {
    const std::uint64_t pages =
        std::min<std::uint64_t>(info.me_last_pgno + 1, info.me_mapsize / stat.ms_psize);
    slot.tree = place_of_tree(*record, stat.ms_psize, pages);
  }
  return slot.tree;
}

Result<std::optional<Bytes>> Env::get(MDB_txn* txn, const Table& table, Bytes key) const {
  if (!key_fits(key)) return key_refusal(key);
  MDB_val wanted = to_val(key);
  MDB_val found{};
  const int rc = mdb_get(txn, table.dbi, &wanted, &found);
  if (rc == 0) {
    return std::optional<Bytes>(Bytes(static_cast<const std::byte*>(found.mv_data), found.mv_size));
  }
  if (rc == MDB_NOTFOUND && really_absent(txn, table)) return std::optional<Bytes>{};
  return from_lmdb(rc, Phase::read, folder_.path());
}

Result<std::uint64_t> Env::count(MDB_txn* txn, const Table& table) const {
  if (!really_absent(txn, table)) return from_lmdb(MDB_NOTFOUND, Phase::read, folder_.path());
  MDB_stat info{};
  const int rc = mdb_stat(txn, table.dbi, &info);
  if (rc != 0) return from_lmdb(rc, Phase::read, folder_.path());
  return static_cast<std::uint64_t>(info.ms_entries);
}

ReadTxn& ReadTxn::operator=(ReadTxn&& other) noexcept {
  if (this != &other) {
    end();
    env_ = std::exchange(other.env_, nullptr);
    slot_ = other.slot_;
    generation_ = other.generation_;
  }
  return *this;
}

void ReadTxn::end() noexcept {
  Env* const env = std::exchange(env_, nullptr);
  // In a child the slot in lock.mdb is the parent's: it must not be touched.
  if (env == nullptr || generation_ != fork_generation()) return;
  slot_->serial.store(slot_->serial.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  mdb_txn_reset(slot_->txn);
  env->pool_.give_back(*slot_);
}

std::uint64_t ReadTxn::id() const noexcept {
  return env_ == nullptr || generation_ != fork_generation() ? 0 : mdb_txn_id(slot_->txn);
}

Lookup ReadTxn::find(const Table& table, Bytes key, Bytes& value) const noexcept {
  if (env_ == nullptr || generation_ != fork_generation() || !key_fits(key)) return Lookup::failed;
  MDB_val wanted = to_val(key);
  MDB_val found{};
  const int rc = mdb_get(slot_->txn, table.dbi, &wanted, &found);
  if (rc == 0) [[likely]] {
    value = Bytes(static_cast<const std::byte*>(found.mv_data), found.mv_size);
    return Lookup::found;
  }
  const bool absent = rc == MDB_NOTFOUND && env_->really_absent(slot_->txn, table);
  return absent ? Lookup::absent : Lookup::failed;
}

Bytes ReadTxn::find_quickly(const Table& table, Bytes key) const noexcept {
  if (env_ == nullptr || generation_ != fork_generation()) return {};
  return find_in_tree(env_->tree_of(*slot_, table), key);
}

void ReadTxn::find_quickly(const Table& table, std::span<const Bytes> keys,
                           std::span<Bytes> values) const noexcept {
  std::fill(values.begin(), values.end(), Bytes());
  if (env_ == nullptr || generation_ != fork_generation()) return;
  find_in_tree(env_->tree_of(*slot_, table), keys, values);
}

Result<std::optional<Bytes>> ReadTxn::get(const Table& table, Bytes key) const {
  if (env_ == nullptr) return ended();
  if (generation_ != fork_generation()) return forked_error(std::string());
  return env_->get(slot_->txn, table, key);
}

Result<std::uint64_t> ReadTxn::count(const Table& table) const {
  if (env_ == nullptr) return ended();
  if (generation_ != fork_generation()) return forked_error(std::string());
  return env_->count(slot_->txn, table);
}

}  // namespace milepost::lmdb
