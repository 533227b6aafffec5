// SPDX-License-Identifier: Apache-2.0
//
// Closing and opening LMDB's handle inside an Env, for an environment that LMDB has given up: after
// a failed write of a meta page every call on the old handle fails, while the file is whole. The
// folder, the registry's claim and the writer's lock are kept throughout, so nobody slips in.
#include <lmdb.h>
#include <new>
#include <utility>

#include "lmdb/env.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/fork_guard.hpp"
#include "lmdb/identity.hpp"
#include "lmdb/size_signal.hpp"
#include "lmdb/writer_taken.hpp"

namespace milepost::lmdb {

Result<void> Env::reopen(std::optional<Deadline> deadline) {
  if (generation_ != fork_generation()) return forked_error(folder_.path());
  const Deadline until = deadline_or_default(deadline);
  if (auto error = take_writer(until)) return *std::move(error);
  const WriterTaken taken(*this);
  return reopen_taken(until);
}

// The caller holds the writer's place.
Result<void> Env::reopen_taken(Deadline until) {
  if (closed_.load()) {
    return make_error(Errc::closed, folder_.path(), "the store was closed", "Open it again.");
  }
  // A dead environment's gate is shut already, with every slot taken.
  if (!dead_.load() && !pool_.close_gate(until)) {
    return make_error(Errc::busy, folder_.path(),
                      std::to_string(pool_.in_use()) + " read transactions are still alive",
                      "End snapshots, then repeat the call.");
  }
  if (is_healthy()) {  // somebody else was quicker
    pool_.open_gate();
    return {};
  }
  for (std::uint32_t i = 0; i < pool_.size(); ++i) {
    ReadSlot& slot = pool_.slot(i);
    slot.warm.store(false, std::memory_order_relaxed);
    if (slot.txn != nullptr) mdb_txn_abort(std::exchange(slot.txn, nullptr));
  }
  {
    const std::lock_guard names(names_mutex_);
    data_fd_ = -1;
    if (env_ != nullptr) mdb_env_close(std::exchange(env_, nullptr));
  }
  const SizeSignalHeld held;
  std::vector<Table> tables_before = std::exchange(tables_, {});
  // What opening itself begins must not be refused; nobody else can begin anything meanwhile.
  dead_.store(false);
  auto opened = open_again();
  const bool same = tables_ == tables_before;
  if (opened && same) {
    sync_failed_.store(false);
    map_epoch_.fetch_add(1);
    pool_.open_gate();
    log(LogLevel::warning, "LMDB was reopened in " + folder_.path());
    return {};
  }
  // Nothing can be read until a later try succeeds.
  tables_ = std::move(tables_before);
  dead_.store(true);
  pool_.shut();
  if (!opened) return opened;
  return make_error(Errc::internal, folder_.path(), "LMDB numbers its tables in another order",
                    "Please report this.");
}

// Whatever is thrown on the way, the gate must not stay closed for who waits at it.
Result<void> Env::open_again() {
  try {
    return EnvOpener(*this).run_again();
  } catch (const std::bad_alloc&) {
    return Error{.code = Errc::out_of_memory, .retry_safe = true};
  }
}

// With every slot held: whether the handle is there and still works.
bool Env::is_healthy() noexcept {
  if (env_ == nullptr || dead_.load() || sync_failed_.load()) return false;
  MDB_txn* txn = nullptr;
  ReadSlot& slot = pool_.slot(0);
  if (slot.txn != nullptr) {
    const int rc = mdb_txn_renew(slot.txn);
    if (rc == 0) mdb_txn_reset(slot.txn);
    return rc == 0 || rc == MDB_MAP_RESIZED;
  }
  const int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (rc == 0) mdb_txn_abort(txn);
  return rc == 0 || rc == MDB_MAP_RESIZED;
}

Result<void> EnvOpener::run_again() {
  if (auto step = check_file(); !step) return step;
  if (auto step = open_lmdb(); !step) return step;
  if (auto step = check_handle(); !step) return step;
  return open_tables();
}

}  // namespace milepost::lmdb
