// SPDX-License-Identifier: Apache-2.0
//
// Making a store: under a temporary name, with identity record and all tables in the first commit,
// synced, then renamed. Whatever moment a crash chooses, the folder holds either no store or a
// whole one, and the next writer removes what is left over.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

#include "lmdb/env.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/identity.hpp"
#include "lmdb/lock_file.hpp"
#include "lmdb/open_failed.hpp"

namespace milepost::lmdb {
namespace {

Result<void> sync_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return from_errno(errno, path, "open the new store");
  const int result = ::fsync(fd);
  const int number = errno;
  ::close(fd);
  if (result != 0) return from_errno(number, path, "sync the new store");
  return {};
}

// Never over a file that somebody else put there meanwhile, where the file system can tell.
int rename_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

int put_first(MDB_txn* txn, const EnvOptions& options) {
  unsigned int dbi = 0;
  for (const std::string& name : options.tables) {
    if (const int rc = mdb_dbi_open(txn, name.c_str(), MDB_CREATE, &dbi); rc != 0) return rc;
  }
  if (const int rc = mdb_dbi_open(txn, kMetaTable.data(), MDB_CREATE, &dbi); rc != 0) return rc;
  auto record = encode_identity(options.identity);
  MDB_val key{kIdentityKey.size(), const_cast<char*>(kIdentityKey.data())};
  MDB_val value{record.size(), record.data()};
  return mdb_put(txn, dbi, &key, &value, 0);
}

}  // namespace

Result<void> EnvOpener::create_store() {
  auto temporary = env_.folder_.make_temporary();
  if (!temporary) return temporary.error();
  auto made = fill_and_rename(*temporary);
  static_cast<void>(env_.folder_.remove_leftovers());
  if (!made) return made;
  return env_.folder_.sync();
}

Result<void> EnvOpener::fill_and_rename(const std::string& temporary) {
  const EnvOptions& options = env_.options_;
  // Nobody reads here: the first page of reader slots will do.
  auto reserved = reserve_lock_file(temporary + "/" + std::string(kLockFile), kReadersMin);
  if (!reserved) return reserved;
  MDB_env* raw = nullptr;
  MDB_txn* txn = nullptr;
  Phase phase = Phase::open;
  const std::uint64_t size = std::min(options.map_size_start, env_.map_cap(false));
  int rc = prepare(&raw, size);
  if (rc == 0) rc = mdb_env_open(raw, temporary.c_str(), MDB_NOTLS, 0600);
  if (rc == 0) {
    int fd = -1;
    mdb_env_get_fd(raw, &fd);
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) rc = errno;
  }
  if (rc == 0) {
    phase = Phase::write;
    rc = mdb_txn_begin(raw, nullptr, 0, &txn);
  }
  if (rc == 0) {
    rc = put_first(txn, options);
    if (rc == 0) {
      phase = Phase::commit;
      rc = mdb_txn_commit(txn);
    } else {
      mdb_txn_abort(txn);
    }
  }
  if (raw != nullptr) mdb_env_close(raw);
  if (rc != 0 && phase == Phase::open) return open_failed(rc, size, env_.folder_.path());
  if (rc != 0) return from_lmdb(rc, phase, env_.folder_.path());
  const std::string from = temporary + "/" + std::string(kDataFile);
  const std::string to = env_.folder_.path_of(kDataFile);
  if (auto synced = sync_file(from); !synced) return synced;
  if (const int number = rename_new(from, to); number != 0) {
    return from_errno(number, to, "move the new store into place");
  }
  return {};
}

}  // namespace milepost::lmdb
