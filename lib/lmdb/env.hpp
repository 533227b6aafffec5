// SPDX-License-Identifier: Apache-2.0
//
// One store's LMDB environment, opened so that LMDB's traps are out of reach: once per process, in
// its default synced mode with MDB_NOTLS, by one writing process at a time, after a look at the
// file, with all tables opened at once, with a map that grows behind a gate.
//
// Files in the folder: data.mdb and lock.mdb are LMDB's, writer.lock is ours. A new store is made
// under a temporary name and renamed when its first commit is on the disk. Read-ahead is switched
// off (MDB_NORDAHEAD) for files larger than half the machine's memory: there a random lookup would
// drag in pages nobody asked for, while a smaller file gains from being warmed.
//
// What no code here can prevent: other code of the process that opens and closes lock.mdb drops
// LMDB's locks, and a process stopped while it holds LMDB's reader-table lock stops new readers.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "lmdb/folder.hpp"
#include "lmdb/read_pool.hpp"
#include "lmdb/registry.hpp"
#include "lmdb/txn.hpp"
#include "lmdb/types.hpp"
#include "lmdb/writer_lock.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::lmdb {

/// Written under `identity` in table `meta` by the first commit of a store.
struct Identity {
  std::array<char, 8> magic{};
  std::uint32_t format_version = 0;
  std::array<std::byte, 16> uuid{};  ///< The store's id; chosen by whoever creates it.
  friend bool operator==(const Identity&, const Identity&) = default;
};

struct EnvOptions {
  std::string directory{};
  bool create = true;
  bool read_only = false;
  std::uint64_t map_size_start = 1ull << 30;
  std::uint64_t map_size_max = 256ull << 30;
  std::uint32_t readers_max = 1024;            ///< Over all processes; the first opener decides.
  std::uint32_t read_slots = 256;              ///< Read transactions of this process at once.
  std::chrono::milliseconds wait_max{30'000};  ///< For calls that name no deadline.
  Identity identity{};                         ///< `uuid` counts only when the store is made.
  std::vector<std::string> tables{};           ///< Besides `meta`, which every store has.
  bool allow_unsupported_filesystem = false;
  std::function<void(LogLevel, std::string_view)> log{};
  std::function<std::int64_t(int)> filesystem_type{};  ///< For tests: replaces statfs.
};

struct TableStats {
  std::string name;
  std::uint64_t entries = 0;
  std::uint32_t depth = 0;
  std::uint64_t pages = 0;
};

struct EnvStats {
  std::uint64_t map_size = 0;
  std::uint64_t map_size_max = 0;
  std::uint64_t used_bytes = 0;  ///< Up to the last page ever used, free ones among them.
  std::uint64_t free_pages = 0;  ///< Of those, the ones that may be used again.
  std::uint64_t page_size = 0;
  std::uint64_t last_txn = 0;
  std::uint32_t readers_used = 0;  ///< Slots taken in lock.mdb, over all processes.
  std::uint32_t readers_max = 0;
  std::uint32_t reads_active = 0;       ///< Read transactions of this process now.
  std::int64_t oldest_reader_pid = 0;   ///< 0 if nobody reads.
  std::uint64_t oldest_reader_txn = 0;  ///< The commit it sees.
  std::uint64_t oldest_reader_lag = 0;  ///< How many commits ago that was.
  bool read_ahead = true;
  std::vector<TableStats> tables;
};

/// Thread-safe, except that close() and the destructor must not race with other calls.
class Env {
 public:
  /// `already_open`, `locked`, `not_found`, `not_a_database`, `version`, `corrupt`, `permission`,
  /// `unsupported_filesystem`, `out_of_address_space`, `invalid_argument`, `disk_full`, `io`.
  [[nodiscard]] static Result<std::unique_ptr<Env>> open(EnvOptions options);
  /// Closes. If transactions are alive even after the wait, LMDB's handle is left open for the
  /// rest of the process, which is harmless; freeing it under them is not.
  ~Env();
  Env(const Env&) = delete;
  Env& operator=(const Env&) = delete;

  /// Waits for the transactions under way, then closes. `busy`: some are still alive and nothing
  /// was closed. `forked`: nothing was done.
  [[nodiscard]] Result<void> close(std::optional<Deadline> deadline = std::nullopt);

  /// After `needs_reopen`: closes LMDB's handle and opens it anew, unless it works already. Waits
  /// for the transactions under way (`busy`). The caller then reads what was committed last. An
  /// error leaves a store that answers `needs_reopen` until a later call succeeds.
  [[nodiscard]] Result<void> reopen(std::optional<Deadline> deadline = std::nullopt);

  /// A read transaction of the newest commit. No system call and no allocation once the thread's
  /// slot is warm. Waits only while the map is being grown or all read_slots are taken (`busy`
  /// then). `readers_full`, `pid_clash`, `closed`, `forked`, `needs_reopen`.
  [[nodiscard]] Result<ReadTxn> begin_read(std::optional<Deadline> deadline = std::nullopt);

  /// The write transaction. Another thread's open one is waited for (`busy`); one already open on
  /// this thread is `internal`. `read_only`, `closed`, `forked`, `needs_reopen`.
  [[nodiscard]] Result<WriteTxn> begin_write(std::optional<Deadline> deadline = std::nullopt);

  /// Doubles the map, up to map_size_max, once no transaction of this process is alive. `busy`: a
  /// reader stayed until the deadline, nothing changed. `map_full`: at the cap; a sixteenth of the
  /// cap is kept back for callers that free space and say so. `out_of_address_space`: nothing
  /// changed.
  [[nodiscard]] Result<void> grow(std::optional<Deadline> deadline = std::nullopt,
                                  bool use_reserve = false);

  /// Makes room in the map ahead of a long read, which the map cannot grow under: doubles it once
  /// it is half full, if it may. Waits for other reads a moment at most; failing is no error.
  void make_headroom(std::optional<Deadline> deadline = std::nullopt);

  /// Writes a copy of the store, as it is at one moment, to a new file (0600), and syncs it; yields
  /// its size. `compact` leaves free pages out. `go_on` is told how many bytes were written; when
  /// it says false the copy is `cancelled`. After any error the file is gone.
  [[nodiscard]] Result<std::uint64_t> copy_to(const std::string& file, bool compact,
                                              const std::function<bool(std::uint64_t)>& go_on);

  /// Gives the store another id, durably. One writing process, nobody else may have it open.
  [[nodiscard]] Result<void> set_uuid(const std::array<std::byte, 16>& uuid);

  /// `needs_reopen` if the paths no longer name the files that are open. A handful of stat calls,
  /// beside any other call.
  [[nodiscard]] Result<void> check_names() const;
  /// The same, and `corrupt` if the data file became shorter.
  [[nodiscard]] Result<void> check_files();
  /// Frees the reader slots of dead processes; yields how many.
  [[nodiscard]] Result<std::uint32_t> reap_stale_readers();
  [[nodiscard]] Result<EnvStats> stats();

  /// A table by its name in EnvOptions::tables, or `meta`.
  [[nodiscard]] Result<Table> table(std::string_view name) const;
  [[nodiscard]] const Identity& identity() const noexcept { return identity_; }
  [[nodiscard]] bool created() const noexcept { return created_; }
  [[nodiscard]] bool read_only() const noexcept { return options_.read_only; }
  [[nodiscard]] const std::string& directory() const noexcept { return folder_.path(); }
  [[nodiscard]] std::uint64_t map_size() const noexcept {
    return map_size_.load(std::memory_order_relaxed);
  }

 private:
  friend class ReadTxn;
  friend class WriteTxn;
  friend class Cursor;
  friend class EnvOpener;

  explicit Env(EnvOptions options);

  [[nodiscard]] Result<std::uint64_t> count_free_pages(MDB_txn* txn) const;

  // env_read.cpp
  [[nodiscard]] Result<ReadTxn> begin_read_slow(ReadSlot* slot, int rc,
                                                std::optional<Deadline> deadline);
  [[nodiscard]] int warm(ReadSlot& slot) noexcept;
  [[nodiscard]] std::optional<Error> refusal() const;
  [[nodiscard]] std::optional<Bytes> table_record(MDB_txn* txn, const Table& table) const noexcept;
  [[nodiscard]] bool really_absent(MDB_txn* txn, const Table& table) const noexcept;
  [[nodiscard]] const TreePlace& tree_of(ReadSlot& slot, const Table& table) const noexcept;
  [[nodiscard]] Result<std::optional<Bytes>> get(MDB_txn* txn, const Table& table, Bytes key) const;
  [[nodiscard]] Result<std::uint64_t> count(MDB_txn* txn, const Table& table) const;

  // env_write.cpp
  [[nodiscard]] std::optional<Error> take_writer(Deadline deadline);
  void release_writer() noexcept;
  class WriterTaken;
  [[nodiscard]] std::optional<Error> write_refusal(std::uint64_t serial,
                                                   std::uint32_t generation) const;
  [[nodiscard]] Result<WriteTxn> begin_taken(Deadline until);
  [[nodiscard]] Result<void> commit_write();
  [[nodiscard]] Error commit_failed(int rc);
  void abort_write(std::uint64_t serial, std::uint32_t generation) noexcept;
  Error write_failed(int rc);

  // env_reopen.cpp
  [[nodiscard]] Result<void> reopen_taken(Deadline until);
  [[nodiscard]] Result<void> open_again();
  [[nodiscard]] bool is_healthy() noexcept;

  // env_map.cpp
  [[nodiscard]] Deadline deadline_or_default(std::optional<Deadline> deadline) const;
  [[nodiscard]] std::optional<Error> resize(std::uint64_t size, Deadline deadline);
  [[nodiscard]] std::optional<Error> map_lost(std::uint64_t size, int rc, Deadline deadline);
  [[nodiscard]] std::optional<Error> refresh_map(std::uint64_t seen_epoch, Deadline deadline);
  [[nodiscard]] std::uint64_t map_cap(bool use_reserve) const noexcept;
  [[nodiscard]] Result<void> check_reserve();
  [[nodiscard]] Error map_full();
  [[nodiscard]] std::string name_of(const Table& table) const;
  void log(LogLevel level, std::string_view text) const noexcept;

  EnvOptions options_;
  Folder folder_;
  Claim claim_;
  WriterLock writer_lock_;
  MDB_env* env_ = nullptr;
  int data_fd_ = -1;  ///< LMDB's; not ours to close.
  FileId data_id_;
  FileId lock_id_;
  /// Guards those three, writer_lock_ and, against its closing, env_ for calls that hold neither a
  /// slot nor the writer's place.
  mutable std::mutex names_mutex_;
  std::atomic<std::uint64_t> data_size_seen_{0};
  std::uint32_t generation_ = 0;
  std::uint64_t page_size_ = 0;
  bool created_ = false;
  bool read_ahead_ = true;
  Identity identity_;
  unsigned int main_dbi_ = 1;
  std::vector<Table> tables_;

  ReadPool pool_;
  std::atomic<bool> closed_{false};
  std::atomic<bool> dead_{false};         ///< The old map is gone and no new one came.
  std::atomic<bool> sync_failed_{false};  ///< No writing before a reopen.
  std::atomic<std::uint64_t> map_size_{0};
  std::atomic<std::uint64_t> map_epoch_{0};

  std::mutex writer_mutex_;
  std::condition_variable writer_free_;
  bool writer_taken_ = false;  ///< By a write transaction or by whoever closes the gate.
  std::atomic<std::thread::id> writer_thread_{};
  std::atomic<std::uint64_t> write_serial_{1};  ///< Odd: none open. Changes at begin and end.
  std::atomic<bool> orphaned_{false};           ///< Dropped on a foreign thread.
  MDB_txn* write_txn_ = nullptr;
  std::array<std::uint64_t, kTablesMax + 1> write_versions_{};  ///< By table, for cursors.
  std::optional<Error> write_error_;  ///< The first failure of the open write transaction.
};

/// Whether LMDB's read-ahead should be off for a file of that size.
[[nodiscard]] constexpr bool wants_no_read_ahead(std::uint64_t file_bytes,
                                                 std::uint64_t memory_bytes) noexcept {
  return memory_bytes != 0 && file_bytes > memory_bytes / 2;
}

/// True if the process could map `size` more bytes: reserves them and lets them go.
[[nodiscard]] bool address_space_for(std::uint64_t size) noexcept;

}  // namespace milepost::lmdb
