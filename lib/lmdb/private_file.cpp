// SPDX-License-Identifier: Apache-2.0
//
// LMDB's locks are what makes it safe to share a file; one that is not shared goes without.
#include "lmdb/private_file.hpp"

#include <lmdb.h>
#include <sys/stat.h>

#include "lmdb/errors.hpp"
#include "lmdb/open_failed.hpp"

namespace milepost::lmdb {
namespace {

/// Ends what was begun, whatever is thrown meanwhile.
struct Opened {
  Opened() = default;
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {
    if (txn != nullptr) mdb_txn_abort(txn);
    if (env != nullptr) mdb_env_close(env);
  }
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
};

std::uint64_t size_of(const std::string& file) noexcept {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

}  // namespace

Result<std::vector<std::byte>> read_private_file(const std::string& file, std::string_view table,
                                                 std::string_view key) {
  const std::string name(table);
  Opened opened;
  MDB_dbi handle = 0;
  MDB_val wanted{key.size(), const_cast<char*>(key.data())};
  MDB_val found{};
  int rc = mdb_env_create(&opened.env);
  if (rc == 0) rc = mdb_env_set_maxdbs(opened.env, 1);
  if (rc == 0) {
    rc = mdb_env_open(opened.env, file.c_str(), MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR, 0600);
  }
  if (rc == 0) rc = mdb_txn_begin(opened.env, nullptr, MDB_RDONLY, &opened.txn);
  if (rc == 0) rc = mdb_dbi_open(opened.txn, name.c_str(), 0, &handle);
  if (rc == 0) rc = mdb_get(opened.txn, handle, &wanted, &found);
  if (rc == MDB_NOTFOUND) return std::vector<std::byte>();
  if (rc != 0) return open_failed(rc, size_of(file), file);
  const auto* bytes = static_cast<const std::byte*>(found.mv_data);
  return std::vector<std::byte>(bytes, bytes + found.mv_size);
}

}  // namespace milepost::lmdb
