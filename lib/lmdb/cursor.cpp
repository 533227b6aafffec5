// SPDX-License-Identifier: Apache-2.0
//
// See cursor.hpp. LMDB's handle is used only while the transaction it was opened in is the one
// that is open now; a commit frees the handles of its own cursors, so a dead one is just forgotten.
#include "lmdb/cursor.hpp"

#include <algorithm>
#include <lmdb.h>
#include <utility>

#include "lmdb/env.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/fork_guard.hpp"
#include "lmdb/raw.hpp"

namespace milepost::lmdb {
namespace {

Error misuse(std::string message) {
  return make_error(Errc::internal, std::string(), std::move(message),
                    "Please report this with the message.");
}

}  // namespace

Result<Cursor> Cursor::open(const ReadTxn& txn, const Table& table) {
  if (!txn) return misuse("the transaction is over");
  if (txn.generation_ != fork_generation()) return forked_error(std::string());
  Cursor cursor;
  const int rc = mdb_cursor_open(txn.slot_->txn, table.dbi, &cursor.cursor_);
  if (rc != 0) return from_lmdb(rc, Phase::read, txn.env_->directory());
  cursor.env_ = txn.env_;
  cursor.slot_ = txn.slot_;
  cursor.table_ = table;
  cursor.serial_ = txn.slot_->serial.load(std::memory_order_relaxed);
  cursor.generation_ = txn.generation_;
  return cursor;
}

Result<Cursor> Cursor::open(WriteTxn& txn, const Table& table) {
  if (auto error = txn.refusal()) return *std::move(error);
  Cursor cursor;
  const int rc = mdb_cursor_open(txn.env_->write_txn_, table.dbi, &cursor.cursor_);
  if (rc != 0) return from_lmdb(rc, Phase::write, txn.env_->directory());
  cursor.env_ = txn.env_;
  cursor.table_ = table;
  cursor.serial_ = txn.serial_;
  cursor.generation_ = txn.generation_;
  return cursor;
}

Cursor::Cursor(Cursor&& other) noexcept
    : env_(std::exchange(other.env_, nullptr)),
      slot_(other.slot_),
      cursor_(std::exchange(other.cursor_, nullptr)),
      table_(other.table_),
      serial_(other.serial_),
      generation_(other.generation_),
      place_(other.place_),
      key_(other.key_),
      value_(other.value_),
      seen_version_(other.seen_version_),
      gap_size_(other.gap_size_) {
  std::copy_n(other.gap_.begin(), gap_size_, gap_.begin());
}

Cursor& Cursor::operator=(Cursor&& other) noexcept {
  if (this != &other) {
    close();
    env_ = std::exchange(other.env_, nullptr);
    slot_ = other.slot_;
    cursor_ = std::exchange(other.cursor_, nullptr);
    table_ = other.table_;
    serial_ = other.serial_;
    generation_ = other.generation_;
    place_ = other.place_;
    key_ = other.key_;
    value_ = other.value_;
    seen_version_ = other.seen_version_;
    gap_size_ = other.gap_size_;
    std::copy_n(other.gap_.begin(), gap_size_, gap_.begin());
  }
  return *this;
}

void Cursor::close() noexcept {
  MDB_cursor* const cursor = std::exchange(cursor_, nullptr);
  Env* const env = std::exchange(env_, nullptr);
  if (cursor == nullptr || generation_ != fork_generation()) return;
  // LMDB leaves a read transaction's cursors to us, and has freed those of an ended write
  // transaction. One dropped on a foreign thread goes with its transaction.
  if (slot_ != nullptr || !env->write_refusal(serial_, generation_)) mdb_cursor_close(cursor);
}

std::optional<Error> Cursor::refusal(bool writing) const {
  if (env_ == nullptr) return misuse("the cursor was moved from");
  if (slot_ == nullptr) return env_->write_refusal(serial_, generation_);
  if (generation_ != fork_generation()) return forked_error(env_->directory());
  if (slot_->serial.load(std::memory_order_relaxed) != serial_) {
    return misuse("the cursor's transaction is over");
  }
  if (writing) return misuse("a read transaction's cursor cannot write");
  return std::nullopt;
}

void Cursor::stand(Bytes key, Bytes value) noexcept {
  place_ = Place::on_pair;
  key_ = key;
  value_ = value;
  if (slot_ != nullptr) return;
  // Other writes to the table may move the page away under key_.
  seen_version_ = env_->write_versions_[table_.index];
  gap_size_ = static_cast<std::uint16_t>(std::min(key.size(), gap_.size()));
  std::copy_n(key.begin(), gap_size_, gap_.begin());
}

// After writes to the table that did not go through this cursor, finds its pair again by key.
Result<void> Cursor::settle() {
  if (slot_ != nullptr || place_ != Place::on_pair ||
      seen_version_ == env_->write_versions_[table_.index]) {
    return {};
  }
  const std::array<std::byte, kKeySizeMax> wanted = gap_;
  const std::uint16_t size = gap_size_;
  auto there = move(MDB_SET_KEY, Bytes(wanted.data(), size));
  if (!there) return there.error();
  if (!*there) place_ = Place::at_gap;
  return {};
}

void Cursor::stand_nowhere() noexcept {
  place_ = Place::nowhere;
  key_ = {};
  value_ = {};
}

Error Cursor::failed(int rc, bool writing) {
  stand_nowhere();
  return writing ? env_->write_failed(rc) : from_lmdb(rc, Phase::read, env_->directory());
}

// `key` is what positioning operations look for. False, and standing nowhere, if nothing is there.
Result<bool> Cursor::move(int operation, Bytes key) {
  MDB_val raw_key = to_val(key);
  MDB_val raw_value{};
  const int rc =
      mdb_cursor_get(cursor_, &raw_key, &raw_value, static_cast<MDB_cursor_op>(operation));
  if (rc == 0) {
    stand(to_bytes(raw_key), to_bytes(raw_value));
    return true;
  }
  if (rc == MDB_NOTFOUND && (slot_ == nullptr || env_->really_absent(slot_->txn, table_))) {
    stand_nowhere();
    return false;
  }
  return failed(rc, slot_ == nullptr);
}

Result<bool> Cursor::first() {
  if (auto error = refusal(false)) return *std::move(error);
  return move(MDB_FIRST, {});
}

Result<bool> Cursor::last() {
  if (auto error = refusal(false)) return *std::move(error);
  return move(MDB_LAST, {});
}

Result<bool> Cursor::seek(Bytes key) {
  if (auto error = refusal(false)) return *std::move(error);
  if (auto error = size_refusal(key, {})) return *std::move(error);
  return move(MDB_SET_RANGE, key);
}

Result<bool> Cursor::find(Bytes key) {
  if (auto error = refusal(false)) return *std::move(error);
  if (auto error = size_refusal(key, {})) return *std::move(error);
  return move(MDB_SET_KEY, key);
}

Result<bool> Cursor::step(int operation) {
  if (auto error = refusal(false)) return *std::move(error);
  if (auto settled = settle(); !settled) return settled.error();
  const bool forward = operation == MDB_NEXT;
  if (place_ == Place::on_pair) return move(operation, {});
  if (place_ == Place::nowhere) return move(forward ? MDB_FIRST : MDB_LAST, {});
  // The erased key is gone, so the first key from there on is the next one.
  auto behind = move(MDB_SET_RANGE, Bytes(gap_.data(), gap_size_));
  if (!behind || forward) return behind;
  return *behind ? move(MDB_PREV, {}) : move(MDB_LAST, {});
}

Result<bool> Cursor::next() { return step(MDB_NEXT); }
Result<bool> Cursor::prev() { return step(MDB_PREV); }

Result<std::optional<Bytes>> Cursor::store(Bytes key, Bytes value, unsigned int flags) {
  if (auto error = refusal(true)) return *std::move(error);
  if (auto error = size_refusal(key, value)) return *std::move(error);
  MDB_val raw_key = to_val(key);
  MDB_val raw_value = to_val(value);
  ++env_->write_versions_[table_.index];
  const int rc = mdb_cursor_put(cursor_, &raw_key, &raw_value, flags);
  if (rc == MDB_KEYEXIST && flags == MDB_APPEND) {
    stand_nowhere();
    return make_error(Errc::invalid_argument, std::string(),
                      "the appended key is not behind all others", "Use put instead.", rc);
  }
  const bool existed = rc == MDB_KEYEXIST && flags == MDB_NOOVERWRITE;
  if (rc != 0 && !existed) return failed(rc, true);
  // Where the pair now lies in the page.
  auto there = move(MDB_GET_CURRENT, {});
  if (!there) return there.error();
  if (!*there) return failed(MDB_CORRUPTED, true);
  return existed ? std::optional<Bytes>(value_) : std::nullopt;
}

Result<void> Cursor::put(Bytes key, Bytes value) {
  if (auto stored = store(key, value, 0); !stored) return stored.error();
  return {};
}

Result<std::optional<Bytes>> Cursor::put_if_absent(Bytes key, Bytes value) {
  return store(key, value, MDB_NOOVERWRITE);
}

Result<void> Cursor::append(Bytes key, Bytes value) {
  if (auto stored = store(key, value, MDB_APPEND); !stored) return stored.error();
  return {};
}

Result<void> Cursor::replace_current(Bytes value) {
  if (auto error = refusal(true)) return *std::move(error);
  if (auto settled = settle(); !settled) return settled.error();
  if (place_ != Place::on_pair) return misuse("the cursor stands on no pair");
  const std::array<std::byte, kKeySizeMax> key = gap_;
  if (auto stored = store(Bytes(key.data(), gap_size_), value, MDB_CURRENT); !stored) {
    return stored.error();
  }
  return {};
}

Result<void> Cursor::erase_current() {
  if (auto error = refusal(true)) return *std::move(error);
  if (auto settled = settle(); !settled) return settled.error();
  if (place_ != Place::on_pair) return misuse("the cursor stands on no pair");
  ++env_->write_versions_[table_.index];
  if (const int rc = mdb_cursor_del(cursor_, 0); rc != 0) return failed(rc, true);
  stand_nowhere();
  place_ = Place::at_gap;
  return {};
}

Result<bool> Cursor::erase(Bytes key) {
  if (auto error = refusal(true)) return *std::move(error);
  auto there = find(key);
  if (!there || !*there) return there;
  if (auto erased = erase_current(); !erased) return erased.error();
  return true;
}

}  // namespace milepost::lmdb
