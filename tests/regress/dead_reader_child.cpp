// SPDX-License-Identifier: Apache-2.0
//
// `regress_dead_reader_child FOLDER`: dies, as by a signal, in the middle of a read.
#include <lmdb.h>
#include <unistd.h>

int main(int count, char** words) {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  const bool reads = count > 1 && mdb_env_create(&env) == 0 &&
                     mdb_env_open(env, words[1], MDB_RDONLY, 0600) == 0 &&
                     mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) == 0;
  ::_exit(reads ? 0 : 1);
}
