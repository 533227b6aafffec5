// SPDX-License-Identifier: Apache-2.0
//
// Writing: one transaction at a time, on the thread that began it. LMDB would deadlock on a second
// begin, and would keep its writer mutex for ever after a commit from another thread; both are
// refused here before LMDB is reached.
#include <lmdb.h>
#include <sys/stat.h>
#include <utility>

#include "lmdb/env.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/fork_guard.hpp"
#include "lmdb/raw.hpp"
#include "lmdb/size_signal.hpp"
#include "lmdb/txn.hpp"
#include "lmdb/writer_taken.hpp"

namespace milepost::lmdb {
namespace {

Error misuse(const std::string& directory, std::string message) {
  return make_error(Errc::internal, directory, std::move(message),
                    "A write transaction lives on one thread, one at a time. Please report this.");
}

}  // namespace

std::optional<Error> Env::take_writer(Deadline deadline) {
  std::unique_lock lock(writer_mutex_);
  if (writer_taken_ && writer_thread_.load() == std::this_thread::get_id()) {
    if (!orphaned_.exchange(false)) {
      return misuse(folder_.path(), "this thread already has a write transaction open");
    }
    // A transaction of this thread was dropped on another one; here is where it may be ended.
    write_serial_.fetch_add(1);
    mdb_txn_abort(std::exchange(write_txn_, nullptr));
    return std::nullopt;
  }
  if (!writer_free_.wait_until(lock, deadline, [&] { return !writer_taken_; })) {
    return make_error(Errc::busy, folder_.path(),
                      "another thread's write transaction or a growth did not end in time",
                      "Repeat the call, or allow more time.");
  }
  writer_taken_ = true;
  writer_thread_.store(std::this_thread::get_id());
  return std::nullopt;
}

void Env::release_writer() noexcept {
  const std::lock_guard lock(writer_mutex_);
  writer_taken_ = false;
  writer_thread_.store(std::thread::id());
  writer_free_.notify_one();
}

Result<WriteTxn> Env::begin_write(std::optional<Deadline> deadline) {
  if (auto error = refusal()) return *std::move(error);
  if (options_.read_only) {
    return make_error(Errc::read_only, folder_.path(), "the store was opened read-only",
                      "Open it for writing.");
  }
  // What dead readers saw must not be kept for them: the file would grow with every commit. Costs
  // a system call for each process that reads; that it fails is no reason not to write.
  static_cast<void>(reap_stale_readers());
  const Deadline until = deadline_or_default(deadline);
  if (auto error = take_writer(until)) return *std::move(error);
  WriterTaken taken(*this);
  auto begun = begin_taken(until);
  if (begun) taken.keep();
  return begun;
}

Result<WriteTxn> Env::begin_taken(Deadline until) {
  // Again, now that nobody else can change the answer.
  if (auto error = refusal()) return *std::move(error);
  if (sync_failed_.load()) {
    return make_error(Errc::needs_reopen, folder_.path(),
                      "an earlier commit could not be brought to the disk",
                      "Check the disk, then close the store and open it again.");
  }
  MDB_txn* txn = nullptr;
  int rc = mdb_txn_begin(env_, nullptr, 0, &txn);
  if (rc == MDB_MAP_RESIZED) {
    if (auto error = resize(0, until)) return *std::move(error);
    rc = mdb_txn_begin(env_, nullptr, 0, &txn);
  }
  if (rc != 0) return from_lmdb(rc, Phase::begin_write, folder_.path());
  for (const Table& table : tables_) {
    if (!really_absent(txn, table)) {
      mdb_txn_abort(txn);
      return from_lmdb(MDB_NOTFOUND, Phase::begin_write, folder_.path_of(name_of(table)));
    }
  }
  write_txn_ = txn;
  write_error_.reset();
  return WriteTxn(this, write_serial_.fetch_add(1) + 1, generation_);
}

std::optional<Error> Env::write_refusal(std::uint64_t serial, std::uint32_t generation) const {
  if (generation != fork_generation()) return forked_error(folder_.path());
  if (write_serial_.load(std::memory_order_relaxed) != serial) {
    return misuse(folder_.path(), "the write transaction is over");
  }
  if (writer_thread_.load(std::memory_order_relaxed) != std::this_thread::get_id()) {
    return misuse(folder_.path(), "the write transaction was begun on another thread");
  }
  return std::nullopt;
}

Error Env::write_failed(int rc) {
  Error error = from_lmdb(rc, Phase::write, folder_.path());
  if (!write_error_) write_error_ = error;
  return error;
}

Result<void> Env::commit_write() {
  // Whatever happens, the handle is gone and the cursors are dead before LMDB frees them.
  const WriterTaken taken(*this);
  MDB_txn* const txn = std::exchange(write_txn_, nullptr);
  write_serial_.fetch_add(1);
  if (write_error_) {
    mdb_txn_abort(txn);
    return *std::exchange(write_error_, std::nullopt);
  }
  int rc = 0;
  {
    const SizeSignalHeld held;
    rc = mdb_txn_commit(txn);
  }
  if (rc != 0) return commit_failed(rc);
  // For other processes that watch the file. LMDB's own writes come a moment before readers see
  // the commit; who could not be told sees it with the next one.
  static_cast<void>(::futimens(data_fd_, nullptr));
  return {};
}

Error Env::commit_failed(int rc) {
  // LMDB marks the environment when the write of the meta page failed, and only then: whether a
  // read can begin tells the two kinds of failure apart.
  int probe = rc;
  if (ReadSlot* const slot = pool_.try_take()) {
    probe = warm(*slot);
    if (probe == 0) mdb_txn_reset(slot->txn);
    pool_.give_back(*slot);
  }
  const bool meta_untouched = probe == 0 || probe == MDB_MAP_RESIZED;
  const bool surely_before_meta = rc != EIO && rc != MDB_PANIC && probe != MDB_PANIC;
  if (meta_untouched || surely_before_meta) {
    // Pages may be marked clean that never reached the disk. Noted before there are words for it,
    // for which memory may run out; a disk that is full is none of this.
    if (rc == EIO) sync_failed_.store(true);
    Error error = from_lmdb(rc, Phase::commit, folder_.path());
    if (rc == EIO && error.code != Errc::io) sync_failed_.store(false);
    return error;
  }
  sync_failed_.store(true);
  Error error = make_error(
      Errc::needs_reopen, folder_.path(),
      "the commit's last write failed, so it may or may not have happened",
      "Close the store, open it again, and look there whether the effect is present.", rc);
  error.applied = Applied::unknown;
  return error;
}

void Env::abort_write(std::uint64_t serial, std::uint32_t generation) noexcept {
  if (generation != fork_generation() || write_serial_.load() != serial) return;
  if (writer_thread_.load() != std::this_thread::get_id()) {
    orphaned_.store(true);
    log(LogLevel::error, "a write transaction was dropped on a thread that did not begin it");
    return;
  }
  write_serial_.fetch_add(1);
  write_error_.reset();
  mdb_txn_abort(std::exchange(write_txn_, nullptr));
  release_writer();
}

WriteTxn& WriteTxn::operator=(WriteTxn&& other) noexcept {
  if (this != &other) {
    abort();
    env_ = std::exchange(other.env_, nullptr);
    serial_ = other.serial_;
    generation_ = other.generation_;
  }
  return *this;
}

std::optional<Error> WriteTxn::refusal() const {
  if (env_ == nullptr) return misuse(std::string(), "the write transaction is over");
  return env_->write_refusal(serial_, generation_);
}

std::uint64_t WriteTxn::id() const noexcept {
  return env_ == nullptr || env_->write_serial_.load() != serial_ ? 0
                                                                  : mdb_txn_id(env_->write_txn_);
}

Result<std::optional<Bytes>> WriteTxn::get(const Table& table, Bytes key) const {
  if (auto error = refusal()) return *std::move(error);
  return env_->get(env_->write_txn_, table, key);
}

Result<std::uint64_t> WriteTxn::count(const Table& table) const {
  if (auto error = refusal()) return *std::move(error);
  return env_->count(env_->write_txn_, table);
}

Result<std::optional<Bytes>> WriteTxn::store(const Table& table, Bytes key, Bytes value,
                                             unsigned int flags) {
  if (auto error = refusal()) return *std::move(error);
  if (auto error = size_refusal(key, value)) return *std::move(error);
  MDB_val raw_key = to_val(key);
  MDB_val raw_value = to_val(value);
  ++env_->write_versions_[table.index];
  const int rc = mdb_put(env_->write_txn_, table.dbi, &raw_key, &raw_value, flags);
  if (rc == 0) return std::optional<Bytes>{};
  if (rc == MDB_KEYEXIST && flags == MDB_NOOVERWRITE) {
    return std::optional<Bytes>(
        Bytes(static_cast<const std::byte*>(raw_value.mv_data), raw_value.mv_size));
  }
  if (rc == MDB_KEYEXIST && flags == MDB_APPEND) {
    return make_error(Errc::invalid_argument, std::string(),
                      "the appended key is not behind all others", "Use put instead.", rc);
  }
  return env_->write_failed(rc);
}

Result<void> WriteTxn::put(const Table& table, Bytes key, Bytes value) {
  if (auto stored = store(table, key, value, 0); !stored) return stored.error();
  return {};
}

Result<std::optional<Bytes>> WriteTxn::put_if_absent(const Table& table, Bytes key, Bytes value) {
  return store(table, key, value, MDB_NOOVERWRITE);
}

Result<void> WriteTxn::append(const Table& table, Bytes key, Bytes value) {
  if (auto stored = store(table, key, value, MDB_APPEND); !stored) return stored.error();
  return {};
}

Result<bool> WriteTxn::erase(const Table& table, Bytes key) {
  if (auto error = refusal()) return *std::move(error);
  if (auto error = size_refusal(key, {})) return *std::move(error);
  MDB_val raw_key = to_val(key);
  ++env_->write_versions_[table.index];
  const int rc = mdb_del(env_->write_txn_, table.dbi, &raw_key, nullptr);
  if (rc == 0) return true;
  if (rc == MDB_NOTFOUND) return false;
  return env_->write_failed(rc);
}

Result<void> WriteTxn::check_reserve() const {
  if (auto error = refusal()) return *std::move(error);
  return env_->check_reserve();
}

Result<void> WriteTxn::commit() {
  if (auto error = refusal()) return *std::move(error);
  return std::exchange(env_, nullptr)->commit_write();
}

void WriteTxn::abort() noexcept {
  if (Env* const env = std::exchange(env_, nullptr)) env->abort_write(serial_, generation_);
}

}  // namespace milepost::lmdb
