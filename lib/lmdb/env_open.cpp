// SPDX-License-Identifier: Apache-2.0
//
// Opening, step by step and in this order: the folder, its file system, the registry, the writer's
// lock, the file itself by plain reads, and only then LMDB. A failed step undoes the earlier ones.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <lmdb.h>
#include <memory>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "lmdb/descriptor.hpp"
#include "lmdb/env.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/file_check.hpp"
#include "lmdb/fork_guard.hpp"
#include "lmdb/identity.hpp"
#include "lmdb/lock_file.hpp"
#include "lmdb/open_failed.hpp"
#include "lmdb/size_signal.hpp"

namespace milepost::lmdb {
namespace {

constexpr int kOpenTriesMax = 5;
constexpr std::chrono::milliseconds kOpenBackoff{2};

Error bad_option(std::string subject, std::string message, std::string advice) {
  return make_error(Errc::invalid_argument, std::move(subject), std::move(message),
                    std::move(advice));
}

std::optional<Error> bad_tables(const EnvOptions& options) {
  const auto& tables = options.tables;
  if (tables.size() > kTablesMax) {
    return bad_option("tables", std::to_string(tables.size()) + " tables are too many",
                      "Name at most " + std::to_string(kTablesMax) + ".");
  }
  for (auto it = tables.begin(); it != tables.end(); ++it) {
    const bool twice = std::find(tables.begin(), it, *it) != it;
    if (it->empty() || it->size() > kTableNameSizeMax || it->find('\0') != std::string::npos ||
        *it == kMetaTable || twice) {
      return bad_option(*it, "a table's name is empty, too long, reserved or given twice",
                        "Give each table its own name of 1 to " +
                            std::to_string(kTableNameSizeMax) + " bytes, not \"meta\".");
    }
  }
  return std::nullopt;
}

std::optional<Error> bad_options(const EnvOptions& options) {
  const std::uint64_t start = options.map_size_start;
  const std::uint64_t most = options.map_size_max;
  if (start < kMapSizeMin || start > most || most > kMapSizeLimit) {
    return bad_option(
        "map_size_start " + std::to_string(start) + ", map_size_max " + std::to_string(most),
        "the map sizes make no sense",
        "Keep " + std::to_string(kMapSizeMin) + " <= map_size_start <= map_size_max" +
            " <= " + std::to_string(kMapSizeLimit) + ".");
  }
  if (options.readers_max < kReadersMin || options.readers_max > kReadersMax) {
    return bad_option(
        "readers_max " + std::to_string(options.readers_max),
        "the number of readers is out of bounds",
        "Choose " + std::to_string(kReadersMin) + " to " + std::to_string(kReadersMax) + ".");
  }
  if (options.read_slots < 1 || options.read_slots > kReadSlotsMax) {
    return bad_option("read_slots " + std::to_string(options.read_slots),
                      "the number of read transactions is out of bounds",
                      "Choose 1 to " + std::to_string(kReadSlotsMax) + ".");
  }
  return bad_tables(options);
}

// LMDB calls this before it ends the process; it is the last chance to say why.
void on_assert(MDB_env* raw, const char* text) {
  if (const auto* const env = static_cast<const Env*>(mdb_env_get_userctx(raw))) {
    EnvOpener::report_assert(*env, text);
  }
}

std::uint64_t memory_bytes() noexcept {
  struct sysinfo info {};
  return ::sysinfo(&info) == 0 ? static_cast<std::uint64_t>(info.totalram) * info.mem_unit : 0;
}

// Numbers that a close in another process at the same moment can cause.
bool is_open_race(int rc) {
  return rc == EINVAL || rc == ENOENT || rc == EAGAIN || rc == EBUSY || rc == MDB_INVALID;
}

std::uint64_t round_up(std::uint64_t size, std::uint64_t unit) {
  return (size + unit - 1) / unit * unit;
}

}  // namespace

Error open_failed(int rc, std::uint64_t map_size, const std::string& path) {
  if (rc == ENOMEM && address_space_for(map_size)) return from_errno(rc, path, "open the store");
  return from_lmdb(rc, Phase::open, path);
}

void EnvOpener::report_assert(const Env& env, const char* text) noexcept {
  try {
    env.log(LogLevel::error, "LMDB found the store in " + env.folder_.path() +
                                 " damaged and ends this process: " + text +
                                 ". Keep a copy of the folder, verify it, restore a backup.");
  } catch (...) {
  }
}

Result<std::unique_ptr<Env>> Env::open(EnvOptions options) {
  if (!install_fork_handlers()) {
    return make_error(Errc::out_of_memory, options.directory, "could not watch for fork",
                      "Free memory.");
  }
  if (auto error = bad_options(options)) return *std::move(error);
  std::unique_ptr<Env> env(new Env(std::move(options)));
  const SizeSignalHeld held;
  EnvOpener opener(*env);
  if (auto opened = opener.run(); !opened) return opened.error();
  return env;
}

Result<void> EnvOpener::run() {
  if (auto step = enter_folder(); !step) return step;
  if (auto step = find_data(); !step) return step;
  if (auto step = check_file(); !step) return step;
  if (auto step = open_lmdb(); !step) return step;
  if (auto step = check_handle(); !step) return step;
  if (auto step = settle_last_commit(); !step) return step;
  return open_tables();
}

/// A writer that died between its commit's last write and the note in lock.mdb leaves a commit that
/// readers do not see, while other processes keep lock.mdb alive. LMDB mends the note when a writer
/// takes the dead one's mutex over, and not before: so that is done before anything is read.
Result<void> EnvOpener::settle_last_commit() {
  if (env_.options_.read_only) return {};
  MDB_txn* txn = nullptr;
  int rc = mdb_txn_begin(env_.env_, nullptr, 0, &txn);
  // Another process may have left a file that is larger than the map by now.
  if (rc == MDB_MAP_RESIZED) {
    rc = mdb_env_set_mapsize(env_.env_, 0);
    if (rc == 0) rc = mdb_txn_begin(env_.env_, nullptr, 0, &txn);
  }
  if (rc != 0) return from_lmdb(rc, Phase::begin_write, env_.folder_.path());
  mdb_txn_abort(txn);
  return {};
}

Result<void> EnvOpener::enter_folder() {
  const EnvOptions& options = env_.options_;
  const bool create = options.create && !options.read_only;
  auto folder = Folder::open(options.directory, create);
  if (!folder) return folder.error();
  env_.folder_ = *std::move(folder);
  if (auto fits = check_filesystem(env_.folder_, options.allow_unsupported_filesystem,
                                   options.filesystem_type);
      !fits) {
    return fits;
  }
  auto data = env_.folder_.look_at(kDataFile);
  if (!data) return data.error();
  auto claim = Claim::take(env_.folder_.path(), env_.folder_.id(),
                           *data ? std::optional<FileId>((*data)->id) : std::nullopt);
  if (!claim) return claim.error();
  env_.claim_ = *std::move(claim);
  if (options.read_only) return {};
  auto lock = WriterLock::acquire(env_.folder_.fd(), env_.folder_.path());
  if (!lock) {
    // Its owner may be another copy of this library, in this very process.
    if (lock.error().code == Errc::locked && *data) {
      if (auto alone = check_other_copies((*data)->id); !alone) return alone;
    }
    return lock.error();
  }
  env_.writer_lock_ = *std::move(lock);
  if (const std::size_t removed = env_.folder_.remove_leftovers(); removed > 0) {
    env_.log(LogLevel::info, "removed " + std::to_string(removed) +
                                 " leftovers of an unfinished creation in " + env_.folder_.path());
  }
  return {};
}

Result<void> EnvOpener::find_data() {
  const std::string& path = env_.folder_.path();
  // Again, now that no other writer can make it.
  auto data = env_.folder_.look_at(kDataFile);
  if (!data) return data.error();
  if (!*data) {
    if (env_.options_.read_only || !env_.options_.create) {
      return make_error(Errc::not_found, path, "the folder holds no store",
                        "Check the path, or open it for writing with create set.");
    }
    if (auto made = create_store(); !made) return made;
    data = env_.folder_.look_at(kDataFile);
    if (!data) return data.error();
    if (!*data) return from_errno(ENOENT, path, "find the store just made");
    env_.created_ = true;
  }
  env_.data_id_ = (*data)->id;
  if (auto added = env_.claim_.add_data(path, env_.data_id_); !added) return added;
  if ((*data)->names > 1) {
    return make_error(Errc::permission, env_.folder_.path_of(kDataFile),
                      "the file has " + std::to_string((*data)->names) + " names (hard links)",
                      "Remove the others: locks are kept beside each name, so two processes could "
                      "write at once.");
  }
  return check_other_copies(env_.data_id_);
}

Result<void> EnvOpener::check_other_copies(FileId data) const {
  auto lock = env_.folder_.look_at(kLockFile);
  if (!lock) return lock.error();
  if (inherited_open(data)) return {};  // A parent's map, still in this process's memory.
  for (const auto& [id, name] :
       {std::pair(std::optional(data), kDataFile),
        std::pair(*lock ? std::optional((*lock)->id) : std::nullopt, kLockFile)}) {
    if (!id) continue;
    auto mapped = mapped_in_process(*id, env_.folder_.path_of(name));
    if (!mapped) return mapped.error();
    if (*mapped) {
      return already_open_error(env_.folder_.path(), " through another copy or handle of LMDB");
    }
  }
  return {};
}

Result<void> EnvOpener::check_file() {
  const std::string path = env_.folder_.path_of(kDataFile);
  const bool writes = !env_.options_.read_only;
  Descriptor data(::openat(env_.folder_.fd(), kDataFile.data(),
                           (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (data.get() < 0) return from_errno(errno, path, "open the data file");
  auto report = check_data_file(data.get(), path);
  Result<void> extended;
  if (report && writes && report->file_size < report->needed_size &&
      ::ftruncate(data.get(), static_cast<off_t>(report->needed_size)) != 0) {
    extended = from_errno(errno, path, "extend the data file");
  }
  data.close();
  if (!report) return report.error();
  if (!extended) return extended;
  file_size_ = std::max(report->file_size, writes ? report->needed_size : 0);
  map_size_ = report->map_size;
  env_.page_size_ = report->page_size;
  return {};
}

int EnvOpener::prepare(MDB_env** raw, std::uint64_t map_size) const {
  int rc = mdb_env_create(raw);
  if (rc != 0) return rc;
  rc = mdb_env_set_mapsize(*raw, static_cast<std::size_t>(map_size));
  if (rc == 0) rc = mdb_env_set_maxreaders(*raw, env_.options_.readers_max);
  if (rc == 0) {
    rc = mdb_env_set_maxdbs(*raw, static_cast<unsigned int>(env_.options_.tables.size() + 1));
  }
  if (rc == 0) rc = mdb_env_set_userctx(*raw, &env_);
  // Fails only in a library built without assertions, which needs no hook.
  if (rc == 0) static_cast<void>(mdb_env_set_assert(*raw, on_assert));
  return rc;
}

Result<void> EnvOpener::open_lmdb() {
  const EnvOptions& options = env_.options_;
  const std::uint64_t start = std::min(options.map_size_start, env_.map_cap(false));
  const std::uint64_t size = round_up(std::max({start, map_size_, file_size_}), native_page_size());
  if (!address_space_for(size)) {
    return make_error(
        Errc::out_of_address_space, env_.folder_.path(),
        "a map of " + std::to_string(size) + " bytes does not fit the process's address space",
        "Raise RLIMIT_AS (ulimit -v) or lower map_size_start.");
  }
  const std::string lock = env_.folder_.path_of(kLockFile);
  if (auto reserved = reserve_lock_file(lock, options.readers_max); !reserved) return reserved;
  unsigned int flags = MDB_NOTLS;
  if (options.read_only) flags |= MDB_RDONLY;
  env_.read_ahead_ = !wants_no_read_ahead(file_size_, memory_bytes());
  if (!env_.read_ahead_) flags |= MDB_NORDAHEAD;
  auto backoff = kOpenBackoff;
  int rc = 0;
  for (int tries = 0; tries < kOpenTriesMax; ++tries, backoff *= 4) {
    if (tries > 0) std::this_thread::sleep_for(backoff);
    MDB_env* raw = nullptr;
    rc = prepare(&raw, size);
    if (rc == 0) rc = mdb_env_open(raw, env_.folder_.path().c_str(), flags, 0600);
    if (rc == 0) {
      const std::lock_guard names(env_.names_mutex_);
      env_.env_ = raw;
      return {};
    }
    if (raw != nullptr) mdb_env_close(raw);
    if (!is_open_race(rc)) break;
  }
  return open_failed(rc, size, env_.folder_.path());
}

Result<void> EnvOpener::check_handle() {
  MDB_env* const raw = env_.env_;
  const std::string& path = env_.folder_.path();
  std::unique_lock names(env_.names_mutex_);
  mdb_env_get_fd(raw, &env_.data_fd_);
  // LMDB leaves this one open to programs that the host starts.
  if (::fcntl(env_.data_fd_, F_SETFD, FD_CLOEXEC) != 0) {
    return from_errno(errno, path, "set close-on-exec");
  }
  struct stat info {};
  if (::fstat(env_.data_fd_, &info) != 0) return from_errno(errno, path, "look at the data file");
  auto lock = env_.folder_.look_at(kLockFile);
  if (!lock) return lock.error();
  if (FileId{info.st_dev, info.st_ino} != env_.data_id_ || !*lock) {
    return make_error(Errc::busy, path, "the store's files were replaced while it was opened",
                      "Find out who replaces them, then try again.");
  }
  env_.lock_id_ = (*lock)->id;
  names.unlock();
  env_.data_size_seen_.store(static_cast<std::uint64_t>(info.st_size));
  if (mdb_env_get_maxkeysize(raw) < static_cast<int>(kKeySizeMax)) {
    return make_error(
        Errc::version, path,
        "this LMDB takes keys of only " + std::to_string(mdb_env_get_maxkeysize(raw)) + " bytes",
        "Use an LMDB built with the usual key size of 511.");
  }
  MDB_envinfo map{};
  mdb_env_info(raw, &map);
  env_.map_size_.store(map.me_mapsize);
  if (auto reaped = env_.reap_stale_readers(); !reaped) return reaped.error();
  return {};
}

Result<void> EnvOpener::open_tables() {
  const std::string& path = env_.folder_.path();
  MDB_txn* txn = nullptr;
  int rc = mdb_txn_begin(env_.env_, nullptr, MDB_RDONLY, &txn);
  if (rc != 0) return from_lmdb(rc, Phase::begin_read, path);
  std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> owned(txn, &mdb_txn_abort);
  if (auto loaded = load_identity(txn); !loaded) return loaded;
  if (auto loaded = load_tables(txn); !loaded) return loaded;
  // A commit, so that the handles last beyond this transaction.
  rc = mdb_txn_commit(owned.release());
  if (rc != 0) return from_lmdb(rc, Phase::read, path);
  return {};
}

Result<void> EnvOpener::load_identity(MDB_txn* txn) {
  const std::string path = env_.folder_.path_of(kDataFile);
  const auto foreign = [&](const char* message) {
    return make_error(Errc::not_a_database, path, message,
                      "It is another program's LMDB file; check the path.");
  };
  int rc = mdb_dbi_open(txn, nullptr, 0, &env_.main_dbi_);
  unsigned int meta = 0;
  if (rc == 0) rc = mdb_dbi_open(txn, kMetaTable.data(), 0, &meta);
  if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE) return foreign("it has no table \"meta\"");
  if (rc != 0) return from_lmdb(rc, Phase::read, path);
  MDB_val key{kIdentityKey.size(), const_cast<char*>(kIdentityKey.data())};
  MDB_val value{};
  rc = mdb_get(txn, meta, &key, &value);
  if (rc == MDB_NOTFOUND) return foreign("it has no identity record");
  if (rc != 0) return from_lmdb(rc, Phase::read, path);
  auto identity =
      decode_identity(Bytes(static_cast<const std::byte*>(value.mv_data), value.mv_size),
                      env_.options_.identity, path);
  if (!identity) return identity.error();
  env_.identity_ = *identity;
  return {};
}

Result<void> EnvOpener::load_tables(MDB_txn* txn) {
  const std::string path = env_.folder_.path_of(kDataFile);
  const auto count = static_cast<std::uint32_t>(env_.options_.tables.size());
  for (std::uint32_t i = 0; i <= count; ++i) {
    Table table{0, i};
    const std::string name = env_.name_of(table);
    unsigned int flags = 0;
    int rc = mdb_dbi_open(txn, name.c_str(), 0, &table.dbi);
    if (rc == 0) rc = mdb_dbi_flags(txn, table.dbi, &flags);
    if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE || (rc == 0 && flags != 0)) {
      return make_error(Errc::corrupt, path,
                        "table \"" + name + "\" is missing or not of the kind it was made",
                        "Keep a copy of the file, then restore a backup.", rc);
    }
    if (rc != 0) return from_lmdb(rc, Phase::read, path);
    env_.tables_.push_back(table);
  }
  return {};
}

}  // namespace milepost::lmdb
