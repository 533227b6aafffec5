// SPDX-License-Identifier: Apache-2.0
//
// An environment's end, its housekeeping and its reports. Opening, reading, writing and growing
// live in env_open.cpp, env_read.cpp, env_write.cpp and env_map.cpp.
#include "lmdb/env.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <lmdb.h>
#include <new>
#include <sys/stat.h>
#include <utility>

#include "lmdb/errors.hpp"
#include "lmdb/fork_guard.hpp"

namespace milepost::lmdb {
namespace {

struct ReaderList {
  std::uint32_t used = 0;
  std::int64_t oldest_pid = 0;
  std::uint64_t oldest_txn = std::numeric_limits<std::uint64_t>::max();
};

// One row of mdb_reader_list: "pid thread txn", or "-" for a slot that reads nothing now.
int reader_row(const char* text, void* context) {
  auto& list = *static_cast<ReaderList*>(context);
  int pid = 0;
  char txn[32] = {};
  if (std::sscanf(text, "%d %*x %31s", &pid, txn) != 2 || pid == 0) return 0;
  ++list.used;
  unsigned long long id = 0;
  if (std::sscanf(txn, "%llu", &id) == 1 && id < list.oldest_txn) {
    list.oldest_txn = id;
    list.oldest_pid = pid;
  }
  return 0;
}

}  // namespace

Env::Env(EnvOptions options)
    : options_(std::move(options)), generation_(fork_generation()), pool_(options_.read_slots) {}

Env::~Env() {
  if (env_ == nullptr) return;
  std::string why;
  try {
    const auto closed = close();
    if (closed) return;
    why = closed.error().message;
  } catch (const std::bad_alloc&) {  // While it worded why it cannot.
  }
  // The handle stays, and with it everything that keeps others out of the store.
  claim_.leak();
  static_cast<void>(new (std::nothrow) WriterLock(std::move(writer_lock_)));
  if (generation_ != fork_generation()) return;
  try {
    log(LogLevel::error, "LMDB's handle stays open: " + why);
  } catch (const std::bad_alloc&) {
  }
}

Result<void> Env::close(std::optional<Deadline> deadline) {
  if (generation_ != fork_generation()) return forked_error(folder_.path());
  if (env_ == nullptr) return {};
  const Deadline until = deadline_or_default(deadline);
  if (auto error = take_writer(until)) return *std::move(error);
  // A dead environment's gate is shut already, with every slot taken.
  if (!dead_.load() && !pool_.close_gate(until)) {
    release_writer();
    return make_error(Errc::busy, folder_.path(),
                      std::to_string(pool_.in_use()) + " read transactions are still alive",
                      "End them, then close again.");
  }
  closed_.store(true);
  pool_.shut();
  for (std::uint32_t i = 0; i < pool_.size(); ++i) {
    ReadSlot& slot = pool_.slot(i);
    if (slot.txn != nullptr) mdb_txn_abort(std::exchange(slot.txn, nullptr));
  }
  const std::lock_guard names(names_mutex_);
  data_fd_ = -1;
  mdb_env_close(std::exchange(env_, nullptr));
  // Only now may another open begin: the claim goes last but for the lock that other processes see.
  writer_lock_.release();
  claim_.release();
  release_writer();
  return {};
}

void Env::log(LogLevel level, std::string_view text) const noexcept {
  if (!options_.log) return;
  try {
    options_.log(level, text);
  } catch (...) {  // A host's hook must not take the store down.
  }
}

std::optional<Error> Env::refusal() const {
  if (generation_ != fork_generation()) return forked_error(folder_.path());
  if (closed_.load()) {
    return make_error(Errc::closed, folder_.path(), "the store was closed", "Open it again.");
  }
  if (dead_.load()) {
    return make_error(Errc::needs_reopen, folder_.path(), "the map was lost when it was resized",
                      "Close the store and open it again.");
  }
  return std::nullopt;
}

Deadline Env::deadline_or_default(std::optional<Deadline> deadline) const {
  return deadline ? *deadline : std::chrono::steady_clock::now() + options_.wait_max;
}

Result<void> Env::check_names() const {
  const std::lock_guard names(names_mutex_);
  if (closed_.load()) return {};
  const auto moved = [&](std::string_view name) {
    return make_error(Errc::needs_reopen, folder_.path_of(name),
                      "the file was deleted or replaced while the store is open",
                      "Put it back or restore a backup, then close the store and open it again.");
  };
  if (folder_.identity_of(kDataFile) != data_id_) return moved(kDataFile);
  if (folder_.identity_of(kLockFile) != lock_id_) return moved(kLockFile);
  if (writer_lock_.held() && folder_.identity_of(kWriterLockFile) != writer_lock_.file()) {
    return moved(kWriterLockFile);
  }
  return {};
}

Result<void> Env::check_files() {
  if (auto error = refusal()) return *std::move(error);
  if (auto named = check_names(); !named) return named;
  const std::lock_guard names(names_mutex_);
  if (data_fd_ < 0) return {};  // Closed meanwhile.
  struct stat info {};
  if (::fstat(data_fd_, &info) != 0) {
    return from_errno(errno, folder_.path_of(kDataFile), "look at the data file");
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  std::uint64_t seen = data_size_seen_.load();
  if (size < seen) {
    return make_error(Errc::corrupt, folder_.path_of(kDataFile),
                      "the file was cut from " + std::to_string(seen) + " to " +
                          std::to_string(size) + " bytes while the store is open",
                      "Stop the process before it reads what is missing, and restore a backup.");
  }
  while (seen < size && !data_size_seen_.compare_exchange_weak(seen, size)) {
  }
  return {};
}

Result<std::uint32_t> Env::reap_stale_readers() {
  if (auto error = refusal()) return *std::move(error);
  const std::lock_guard names(names_mutex_);
  if (env_ == nullptr) return std::uint32_t{0};  // Closed or being reopened meanwhile.
  int dead = 0;
  const int rc = mdb_reader_check(env_, &dead);
  if (rc != 0) return from_lmdb(rc, Phase::read, folder_.path());
  if (dead > 0) {
    log(LogLevel::info,
        "freed " + std::to_string(dead) + " reader slots of dead processes in " + folder_.path());
  }
  return static_cast<std::uint32_t>(dead);
}

/// LMDB keeps its free pages in a table of its own: each row a count and as many page numbers.
Result<std::uint64_t> Env::count_free_pages(MDB_txn* txn) const {
  constexpr MDB_dbi kFreePages = 0;
  MDB_cursor* cursor = nullptr;
  if (const int rc = mdb_cursor_open(txn, kFreePages, &cursor); rc != 0) {
    return from_lmdb(rc, Phase::read, folder_.path());
  }
  std::uint64_t pages = 0;
  MDB_val key{};
  MDB_val value{};
  int rc = 0;
  while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    std::size_t count = 0;
    if (value.mv_size >= sizeof count) std::memcpy(&count, value.mv_data, sizeof count);
    pages += count;
  }
  mdb_cursor_close(cursor);
  if (rc != MDB_NOTFOUND) return from_lmdb(rc, Phase::read, folder_.path());
  return pages;
}

Result<EnvStats> Env::stats() {
  if (auto error = refusal()) return *std::move(error);
  // Before our own read begins, so that it is not in the list.
  ReaderList readers;
  if (mdb_reader_list(env_, reader_row, &readers) < 0) {
    return from_lmdb(EINVAL, Phase::read, folder_.path());
  }
  EnvStats stats;
  stats.reads_active = pool_.in_use();
  // The read transaction keeps the map where it is while LMDB looks into it.
  auto txn = begin_read();
  if (!txn) return txn.error();
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  stats.map_size = info.me_mapsize;
  stats.map_size_max = options_.map_size_max;
  stats.page_size = page_size_;
  stats.used_bytes = (static_cast<std::uint64_t>(info.me_last_pgno) + 1) * page_size_;
  stats.last_txn = info.me_last_txnid;
  stats.readers_used = readers.used;
  stats.readers_max = info.me_maxreaders;
  if (readers.oldest_pid != 0) {
    stats.oldest_reader_pid = readers.oldest_pid;
    stats.oldest_reader_txn = readers.oldest_txn;
    stats.oldest_reader_lag =
        stats.last_txn > readers.oldest_txn ? stats.last_txn - readers.oldest_txn : 0;
  }
  stats.read_ahead = read_ahead_;
  auto free_pages = count_free_pages(txn->slot_->txn);
  if (!free_pages) return free_pages.error();
  stats.free_pages = *free_pages;
  for (const Table& table : tables_) {
    MDB_stat raw{};
    const int rc = mdb_stat(txn->slot_->txn, table.dbi, &raw);
    if (rc != 0) return from_lmdb(rc, Phase::read, folder_.path());
    stats.tables.push_back({name_of(table), raw.ms_entries, raw.ms_depth,
                            static_cast<std::uint64_t>(raw.ms_branch_pages) + raw.ms_leaf_pages +
                                raw.ms_overflow_pages});
  }
  return stats;
}

std::string Env::name_of(const Table& table) const {
  return table.index < options_.tables.size() ? options_.tables[table.index]
                                              : std::string(kMetaTable);
}

Result<Table> Env::table(std::string_view name) const {
  for (const Table& table : tables_) {
    if (name_of(table) == name) return table;
  }
  return make_error(Errc::invalid_argument, std::string(name), "the store has no such table",
                    "Name it in EnvOptions::tables.");
}

}  // namespace milepost::lmdb
