// SPDX-License-Identifier: Apache-2.0
//
// Moving the map. LMDB unmaps the old map before it has the new one and asks nobody who reads
// through it; so every slot of the read pool and the writer's place are held meanwhile, and the
// address space is tried first.
#include <algorithm>
#include <lmdb.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <utility>

#include "lmdb/env.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/file_check.hpp"
#include "lmdb/writer_taken.hpp"

namespace milepost::lmdb {
namespace {

// Commits that a read may last without being worth a word.
constexpr std::uint64_t kReaderLagUsual = 2;

}  // namespace

bool address_space_for(std::uint64_t size) noexcept {
  void* const place = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return false;
  ::munmap(place, static_cast<std::size_t>(size));
  return true;
}

// The caller holds the writer's place. Size 0: what the file says.
std::optional<Error> Env::resize(std::uint64_t size, Deadline deadline) {
  if (!pool_.close_gate(deadline)) {
    return make_error(Errc::busy, folder_.path(),
                      "the map must be moved, but " + std::to_string(pool_.in_use()) +
                          " read transactions of this process did not end in time",
                      "End snapshots, then repeat the call.");
  }
  std::uint64_t wanted = size;
  if (struct stat info{}; size == 0 && ::fstat(data_fd_, &info) == 0) {
    wanted = std::max(stored_map_size(data_fd_), static_cast<std::uint64_t>(info.st_size));
  }
  if (wanted > kMapSizeLimit || !address_space_for(wanted)) {
    pool_.open_gate();
    return make_error(
        Errc::out_of_address_space, folder_.path(),
        "a map of " + std::to_string(wanted) + " bytes does not fit the process's address space",
        "Raise RLIMIT_AS (ulimit -v); the store goes on with its present map.");
  }
  const int rc = mdb_env_set_mapsize(env_, static_cast<std::size_t>(size));
  if (rc != 0) return map_lost(size, rc, deadline);
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  map_size_.store(info.me_mapsize);
  map_epoch_.fetch_add(1);
  pool_.open_gate();
  return std::nullopt;
}

// LMDB has let the old map go before it failed to get the new one: nobody may read until the file
// is opened anew, which is tried at once.
std::optional<Error> Env::map_lost(std::uint64_t size, int rc, Deadline deadline) {
  dead_.store(true);
  pool_.shut();
  if (!reopen_taken(deadline)) {
    return make_error(Errc::needs_reopen, folder_.path(), "the map was lost when it was resized",
                      "Close the store and open it again.", rc);
  }
  if (size == 0) return std::nullopt;  // What the file says is what was opened.
  return make_error(Errc::out_of_address_space, folder_.path(),
                    "no map of " + std::to_string(size) + " bytes could be had",
                    "Repeat the call; the store goes on with its present map.", rc);
}

std::optional<Error> Env::refresh_map(std::uint64_t seen_epoch, Deadline deadline) {
  if (auto error = take_writer(deadline)) return error;
  const WriterTaken taken(*this);
  std::optional<Error> error = refusal();
  // Somebody else may have done it while we waited.
  if (!error && map_epoch_.load() == seen_epoch) error = resize(0, deadline);
  return error;
}

std::uint64_t Env::map_cap(bool use_reserve) const noexcept {
  const std::uint64_t all = options_.map_size_max;
  const std::uint64_t cap = use_reserve ? all : all - all / kMapReserveShare;
  return cap - cap % native_page_size();
}

Error Env::map_full() {
  std::string message =
      "the store reached its largest size of " + std::to_string(options_.map_size_max) + " bytes";
  std::string advice = "Purge old runs, or open the store with a larger map_size_max.";
  const auto now = stats();
  if (now && now->oldest_reader_lag > kReaderLagUsual) {
    message += ", and process " + std::to_string(now->oldest_reader_pid) +
               " still reads the state of " + std::to_string(now->oldest_reader_lag) +
               " commits ago, so that nothing freed since can be used again";
    advice = "Let that process go on, or end it, before anything else is done about it.";
  }
  return make_error(Errc::map_full, folder_.path(), std::move(message), std::move(advice));
}

/// Once the map has grown into the reserve, its free pages are the reserve: what the open write
/// transaction would leave in use must not reach into it.
Result<void> Env::check_reserve() {
  const std::uint64_t cap = map_cap(false);
  if (map_size_.load() <= cap) return {};
  constexpr MDB_dbi kFreePages = 0;
  constexpr std::uint64_t kMetaPages = 2;
  std::uint64_t pages = kMetaPages;
  const auto add = [&](MDB_dbi dbi) {
    MDB_stat raw{};
    const int rc = mdb_stat(write_txn_, dbi, &raw);
    pages += raw.ms_branch_pages + raw.ms_leaf_pages + raw.ms_overflow_pages;
    return rc;
  };
  int rc = add(kFreePages);
  if (rc == 0) rc = add(main_dbi_);
  for (const Table& table : tables_) {
    if (rc == 0) rc = add(table.dbi);
  }
  if (rc != 0) return from_lmdb(rc, Phase::write, folder_.path());
  if (pages * page_size_ > cap) return map_full();
  return {};
}

Result<void> Env::grow(std::optional<Deadline> deadline, bool use_reserve) {
  if (auto error = refusal()) return *std::move(error);
  if (options_.read_only) {
    return make_error(Errc::read_only, folder_.path(), "the store was opened read-only",
                      "Only the writing process grows the map.");
  }
  const Deadline until = deadline_or_default(deadline);
  const std::uint64_t before = map_size_.load();
  if (before >= map_cap(use_reserve)) {
    // Room pinned by dead readers is room all the same.
    const auto freed = reap_stale_readers();
    if (!freed) return freed.error();
    if (*freed > 0) return {};
    return map_full();
  }
  if (auto error = take_writer(until)) return *std::move(error);
  const WriterTaken taken(*this);
  std::optional<Error> error = refusal();
  // A caller that waited for another's growth has what it wanted.
  if (!error && map_size_.load() == before) {
    error = resize(std::min(before * 2, map_cap(use_reserve)), until);
    if (!error) {
      log(LogLevel::info, "the map of " + folder_.path() + " grew to " +
                              std::to_string(map_size_.load()) + " bytes");
    }
  }
  if (error) return *std::move(error);
  return {};
}

}  // namespace milepost::lmdb
