// SPDX-License-Identifier: Apache-2.0
//
// The tables behind errors.hpp. Every number LMDB 0.9 can return has its row; one it does not know
// is treated as an I/O error with the system's own text, never dropped.
#include "lmdb/errors.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <lmdb.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <utility>

#include "lmdb/types.hpp"

namespace milepost::lmdb {
namespace {

// Below this much room a failed write is taken for a full disk: LMDB writes runs of pages, so the
// last write may fail while a little is still free.
constexpr std::uint64_t kSpaceNearZero = 256u << 10;

struct Row {
  Errc code;
  const char* message;
  const char* advice;
};

constexpr const char* kReopen = "Close the store and open it again.";
constexpr const char* kReport = "Please report this with the message.";
constexpr const char* kRestore =
    "Stop using the store, keep a copy of its folder, and restore a backup or verify the copy.";

const char* doing_of(Phase phase) {
  switch (phase) {
    case Phase::open:
      return "open the store";
    case Phase::begin_read:
      return "begin a read transaction";
    case Phase::begin_write:
      return "begin a write transaction";
    case Phase::read:
      return "read";
    case Phase::write:
      return "write";
    case Phase::commit:
      return "commit";
  }
  return "work";
}

Row system_row(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return {Errc::disk_full, "no space is left on the device or in the quota",
              "Free some space; the store goes on by itself afterwards."};
    case EFBIG:
      return {Errc::disk_full, "the file would pass the file-size limit of this process",
              "Raise RLIMIT_FSIZE (ulimit -f) or purge old runs."};
    case EIO:
      return {Errc::io, "the operating system reported an I/O error",
              "Check the disk and the system log, then close the store and open it again."};
    case EACCES:
    case EPERM:
    case EROFS:
      return {
          Errc::permission, "the operating system refused access",
          "Run as the owner of the store's folder; readers too must be able to write lock.mdb."};
    case ENOMEM:
      return {Errc::out_of_memory, "memory ran out", "Free memory or lower the limits in use."};
    case ENOENT:
    case ENOTDIR:
      return {Errc::not_found, "there is no such file or folder", "Check the path."};
    case EMFILE:
    case ENFILE:
      return {Errc::io, "no file descriptor is left", "Raise the limit (ulimit -n)."};
    default:
      return {Errc::io, nullptr, "Check the system log, then close the store and open it again."};
  }
}

Row lmdb_row(int rc) {
  switch (rc) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
      return {Errc::corrupt, "the store's pages are damaged", kRestore};
    case MDB_BAD_TXN:
      return {Errc::corrupt, "an earlier failure ended the transaction",
              "Abort it and run the whole group again."};
    case MDB_CURSOR_FULL:
      return {Errc::corrupt, "a tree is deeper than any sound tree can be", kRestore};
    case MDB_PANIC:
      return {Errc::needs_reopen, "an earlier write of the meta page failed", kReopen};
    case MDB_VERSION_MISMATCH:
      return {Errc::version, "the files were written by an incompatible version of LMDB",
              "Use the same LMDB version (0.9) in every process that opens the store."};
    case MDB_INVALID:
      return {Errc::not_a_database, "the file is not an LMDB file", "Check the path."};
    case MDB_MAP_FULL:
      return {Errc::map_full, "the map is full",
              "Grow the map, purge old runs, or open with a larger map_size_max."};
    case MDB_READERS_FULL:
      return {Errc::readers_full, "every reader slot of the store is taken",
              "Close snapshots or processes that read, or raise readers_max (all processes must "
              "close the store for that)."};
    case MDB_TXN_FULL:
      return {Errc::invalid_argument, "one transaction touches too many pages",
              "Split the batch into smaller ones."};
    case MDB_MAP_RESIZED:
      return {Errc::busy, "another process grew the store",
              "Finish the reads of this process that are under way, then repeat the call."};
    case MDB_BAD_RSLOT:
      return {Errc::needs_reopen, "somebody else changed this process's entry in lock.mdb",
              "Close the store and open it again; never delete or replace lock.mdb while in use."};
    case MDB_INCOMPATIBLE:
      return {Errc::corrupt, "a table is not of the kind it was made", kRestore};
    case MDB_NOTFOUND:
    case MDB_BAD_DBI:
      return {Errc::corrupt, "a table of the store is missing", kRestore};
    case MDB_BAD_VALSIZE:
      return {Errc::invalid_argument, "a key or value has a size LMDB does not take", kReport};
    case MDB_KEYEXIST:
    case MDB_DBS_FULL:
    case MDB_TLS_FULL:
    case MDB_PAGE_FULL:
      return {Errc::internal, "LMDB gave an answer that cannot happen here", kReport};
    default:
      return system_row(rc);
  }
}

bool repeatable(Errc code) {
  switch (code) {
    case Errc::busy:
    case Errc::disk_full:
    case Errc::map_full:
    case Errc::readers_full:
    case Errc::out_of_memory:
      return true;
    default:
      return false;
  }
}

std::string describe(const Row& row, std::string_view doing, int number) {
  std::string text = "could not ";
  text += doing;
  text += ": ";
  text +=
      row.message != nullptr ? std::string(row.message) : std::generic_category().message(number);
  return text;
}

}  // namespace

Error make_error(Errc code, std::string subject, std::string message, std::string advice,
                 int system) {
  Error error;
  error.code = code;
  error.system = system;
  error.retry_safe = repeatable(code);
  error.subject = std::move(subject);
  error.message = std::move(message);
  // A sentence, for the advice follows it on the same line.
  if (!error.message.empty() && error.message.back() != '.') error.message += '.';
  error.advice = std::move(advice);
  return error;
}

Error from_errno(int number, std::string subject, std::string_view doing) {
  const Row row = system_row(number);
  return make_error(row.code, std::move(subject), describe(row, doing, number), row.advice, number);
}

bool out_of_space(const std::string& directory) noexcept {
  struct statvfs space {};
  if (::statvfs(directory.c_str(), &space) == 0 && space.f_blocks != 0 &&
      static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize < kSpaceNearZero) {
    return true;
  }
  rlimit limit{};
  struct stat file {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  char path[4096];
  if (directory.size() + kDataFile.size() + 2 > sizeof path) return false;
  std::memcpy(path, directory.data(), directory.size());
  path[directory.size()] = '/';
  std::memcpy(path + directory.size() + 1, kDataFile.data(), kDataFile.size() + 1);
  return ::stat(path, &file) == 0 &&
         static_cast<std::uint64_t>(file.st_size) + kSpaceNearZero > limit.rlim_cur;
}

Error from_lmdb(int rc, Phase phase, const std::string& directory) {
  Row row = lmdb_row(rc);
  const bool begins = phase == Phase::begin_read || phase == Phase::begin_write;
  if (begins && (rc == EAGAIN || rc == EACCES)) {
    // The only file lock taken here is the byte numbered with our process id.
    row = {Errc::pid_clash, "another process that has the store open has the same process id",
           "Let the containers share one pid namespace, or open the store from one of them only."};
  } else if (rc == EIO && phase != Phase::read && out_of_space(directory)) {
    row = system_row(ENOSPC);
  } else if (rc == EINTR) {
    row = {Errc::io, "a signal interrupted the sync", "Repeat the call."};
  } else if (rc == ENOMEM && phase == Phase::open) {
    row = {Errc::out_of_address_space, "the map does not fit the process's address space",
           "Raise RLIMIT_AS (ulimit -v) or open with a smaller map_size_start."};
  }
  Error error = make_error(row.code, directory, describe(row, doing_of(phase), rc), row.advice, rc);
  if (rc == EINTR) error.retry_safe = true;
  return error;
}

Error forked_error(const std::string& directory) {
  return make_error(Errc::forked, directory,
                    "the store was opened by a parent of this process, before fork",
                    "Open the store in the child itself, and only after the fork.");
}

}  // namespace milepost::lmdb
