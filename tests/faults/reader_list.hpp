// SPDX-License-Identifier: Apache-2.0
//
// Who reads a store, as plain LMDB tells from lock.mdb. Not for a process that has it open.
#pragma once

#include <cstdio>
#include <lmdb.h>
#include <string>
#include <sys/types.h>
#include <vector>

namespace milepost::faults {

/// A taken reader slot.
struct Reader {
  pid_t pid = 0;
  bool active = false;  ///< A read transaction is open: the pages it sees are kept.
};

[[nodiscard]] inline std::vector<Reader> list_readers(const std::string& directory) {
  std::vector<Reader> readers;
  MDB_env* env = nullptr;
  if (mdb_env_create(&env) != 0) return readers;
  if (mdb_env_open(env, directory.c_str(), MDB_RDONLY, 0600) == 0) {
    mdb_reader_list(
        env,
        [](const char* text, void* found) {
          // "pid thread txn"; the heading does not begin with a number, an idle slot has no txn.
          int pid = 0;
          char txn[32] = {};
          if (std::sscanf(text, "%d %*x %31s", &pid, txn) != 2) return 0;
          static_cast<std::vector<Reader>*>(found)->push_back({pid, txn[0] != '-'});
          return 0;
        },
        &readers);
  }
  mdb_env_close(env);
  return readers;
}

}  // namespace milepost::faults
