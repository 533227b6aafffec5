// SPDX-License-Identifier: Apache-2.0
//
// LMDB's locks are what makes it safe to share a file; one that is not shared goes without.
#include "lmdb/private_file.hpp"

#include <lmdb.h>

#include "lmdb/errors.hpp"

namespace milepost::lmdb {

Result<std::vector<std::byte>> read_private_file(const std::string& file, std::string_view table,
                                                 std::string_view key) {
  const std::string name(table);
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi handle = 0;
  MDB_val wanted{key.size(), const_cast<char*>(key.data())};
  MDB_val found{};
  int rc = mdb_env_create(&env);
  if (rc == 0) rc = mdb_env_set_maxdbs(env, 1);
  if (rc == 0) rc = mdb_env_open(env, file.c_str(), MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR, 0600);
  if (rc == 0) rc = mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn);
  if (rc == 0) rc = mdb_dbi_open(txn, name.c_str(), 0, &handle);
  if (rc == 0) rc = mdb_get(txn, handle, &wanted, &found);
  Result<std::vector<std::byte>> value = std::vector<std::byte>();
  if (rc == 0) {
    const auto* bytes = static_cast<const std::byte*>(found.mv_data);
    value->assign(bytes, bytes + found.mv_size);
  } else if (rc != MDB_NOTFOUND) {
    value = from_lmdb(rc, Phase::open, file);
  }
  if (txn != nullptr) mdb_txn_abort(txn);
  if (env != nullptr) mdb_env_close(env);
  return value;
}

}  // namespace milepost::lmdb
