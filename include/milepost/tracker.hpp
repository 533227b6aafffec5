// SPDX-License-Identifier: Apache-2.0
//
// Tracker: the engine, opened on one directory.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "milepost/backup.hpp"
#include "milepost/changes.hpp"
#include "milepost/command.hpp"
#include "milepost/export.hpp"
#include "milepost/list.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"
#include "milepost/snapshot.hpp"
#include "milepost/stats.hpp"
#include "milepost/transfer.hpp"
#include "milepost/upkeep.hpp"
#include "milepost/verify.hpp"

namespace milepost {

/// Tracks runs in one directory. Move-only handle.
///
/// Every command is durable when its call returns (`Durability::durable`), gets an Outcome of its
/// own, and is seen by every later read in this process. Errors common to all calls: `closed`,
/// `forked`, and for commands `read_only`, `invalid_argument`, `busy`, `outcome_unknown`,
/// `disk_full`, `map_full`, `io`, `needs_reopen`. Nothing but `Result::value()` throws, except
/// std::bad_alloc.
///
/// Thread-safe, except that moving from, and destroying, need all calls to have returned.
class MILEPOST_EXPORT Tracker {
 public:
  /// The inside. Named here for the library's own tests; hosts cannot define it.
  class Impl;

  /// Opens the store, making it if need be, and recovers what a crash left behind. One writing
  /// process at a time: `locked` names the other, `already_open` says it is this one.
  [[nodiscard]] static Result<Tracker> open(const OpenOptions& options);

  Tracker(Tracker&&) noexcept;
  Tracker& operator=(Tracker&&) noexcept;
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;
  /// Closes. An error goes to the log hook; call close() to see it.
  ~Tracker();

  /// Makes a run. A repeat with the same run_id or idempotency key and request is `unchanged`.
  [[nodiscard]] Result<Outcome> create(const CreateCommand& command,
                                       const CallOptions& options = {});
  /// queued -> running. Of two callers racing exactly one is told `applied`.
  [[nodiscard]] Result<Outcome> start(const Uuid& run_id, const StartOptions& options = {});
  /// running -> completed.
  [[nodiscard]] Result<Outcome> complete(const Uuid& run_id, const FinishOptions& options = {});
  /// queued or running -> failed, with a text for people.
  [[nodiscard]] Result<Outcome> fail(const Uuid& run_id, std::string_view error,
                                     const FinishOptions& options = {});
  /// queued or running -> exited.
  [[nodiscard]] Result<Outcome> exit(const Uuid& run_id, const FinishOptions& options = {});

  /// running -> running, for another owner. See AdoptCommand.
  [[nodiscard]] Result<Outcome> adopt(const Uuid& run_id, const AdoptOptions& options = {});
  /// Renews the run's lease: it runs out `lease` from now. See HeartbeatCommand.
  [[nodiscard]] Result<Outcome> heartbeat(const Uuid& run_id, std::chrono::milliseconds lease,
                                          const HeartbeatOptions& options = {});

  /// Applies up to kBatchCommandsMax commands in order, as one durable commit, all or none on a
  /// crash. One outcome each; a refused command changes nothing and spoils nothing.
  [[nodiscard]] Result<std::vector<Outcome>> apply(std::span<const Command> commands,
                                                   const CallOptions& options = {});

  /// The run, or nothing if the organization has no such run.
  [[nodiscard]] Result<std::optional<Run>> get(const Uuid& run_id,
                                               const GetOptions& options = {}) const;
  /// The exact public response. One allocation. `not_found` if there is no such run.
  [[nodiscard]] Result<std::string> get_json(const Uuid& run_id,
                                             const GetOptions& options = {}) const;
  /// The same into the caller's buffer (kRunJsonSizeMax always suffices); yields the size.
  /// Allocates nothing on success.
  [[nodiscard]] Result<std::size_t> get_json(const Uuid& run_id, std::span<char> out,
                                             const GetOptions& options = {}) const;
  /// Up to kGetManyMax runs as they were at one moment, in the order asked for.
  [[nodiscard]] Result<std::vector<std::optional<Run>>> get_many(
      std::span<const Uuid> run_ids, const GetOptions& options = {}) const;

  /// One moment of the store, from which get, list, counts and changes agree.
  [[nodiscard]] Result<Snapshot> snapshot(const SnapshotOptions& options = {}) const;
  /// One page of the runs that a filter matches.
  [[nodiscard]] Result<Page> list(const ListOptions& options = {}) const;
  [[nodiscard]] Result<JsonPage> list_json(const ListOptions& options = {}) const;
  /// Runs per status, of everybody, an organization or a journey. Looked up, never counted.
  [[nodiscard]] Result<Counts> counts(const CountOptions& options = {}) const;
  /// One page of the change feed.
  [[nodiscard]] Result<ChangesPage> changes(const ChangesOptions& options = {}) const;
  /// The feed as it is published, for a thread of the host's.
  [[nodiscard]] Result<Subscription> subscribe(const SubscribeOptions& options = {}) const;
  /// Waits until the run is final and yields it; woken by the commit, in relaxed mode by its sync.
  /// `not_found` if the organization has no such run, also when it is removed meanwhile; `busy` at
  /// the deadline. In a read-only tracker the run must be published.
  [[nodiscard]] Result<Run> wait(const Uuid& run_id, const WaitOptions& options = {}) const;

  /// Runs that are running under a process that is gone: adopt or fail them. Opening says how many
  /// there are to the log hook. `read_only`.
  [[nodiscard]] Result<Page> orphans(const OrphansOptions& options = {}) const;
  /// One step of failing all orphans with one reason; repeat while it says that there are more.
  [[nodiscard]] Result<FailOrphansReport> fail_orphans(const FailOrphansOptions& options);
  /// Running runs whose lease has run out: adopt or fail them with `only_if_expired`. Leases are
  /// this process's; after a restart such runs are orphans. `read_only`.
  [[nodiscard]] Result<std::vector<Run>> expired(const ExpiredOptions& options = {}) const;
  /// One step of retention. A purge is never done unasked.
  [[nodiscard]] Result<PurgeReport> purge(const PurgeOptions& options);
  /// Erases every run of a profile that was made before the call. After an error part of it may be
  /// done (`Error::applied`); the same call again does the rest.
  [[nodiscard]] Result<ErasureReceipt> erase_profile(const EraseProfileOptions& options);
  /// One step of failing or exiting all runs that a filter matches.
  [[nodiscard]] Result<BulkReport> bulk(const BulkOptions& options);

  /// Writes every run as a line of JSON, in order of run ids, from one snapshot after the other:
  /// each run is as it was at some moment of the export. Runs made meanwhile are left out.
  [[nodiscard]] Result<TransferProgress> export_runs(const ExportSink& sink,
                                                     const ExportOptions& options = {}) const;
  /// Imports lines such as export_runs writes, in batches: each is one durable commit. Importing a
  /// line again changes nothing, so an import that was cut off is simply repeated. `read_only`.
  [[nodiscard]] Result<ImportReport> import_runs(const ImportSource& source,
                                                 const ImportOptions& options = {});

  /// Verifies the store as it is at one moment, with everything acknowledged before the call,
  /// while others go on. Findings are in the report; an error only says that it was not made.
  [[nodiscard]] Result<VerifyReport> verify(const VerifyOptions& options = {}) const;
  /// Copies the store into a new folder, from one moment that holds everything acknowledged before
  /// the call; the copy's journal is empty. Written under a temporary name, synced, then renamed;
  /// 0700 and 0600. `invalid_argument` if `to` exists.
  [[nodiscard]] Result<BackupReport> backup(const std::string& to,
                                            const BackupOptions& options = {}) const;

  /// What an operator wants to know. Costs a few system calls.
  [[nodiscard]] Result<Stats> stats() const;
  /// The id of the store; a restored backup has another.
  [[nodiscard]] Result<Uuid> store_id() const;

  /// Makes everything acknowledged so far visible to other processes.
  [[nodiscard]] Result<void> flush(const CallOptions& options = {});

  /// Effects that were journaled and are not published yet. On a read-only tracker: how far what
  /// it sees is behind the writer, or behind what a writer that died has acknowledged.
  [[nodiscard]] Result<std::uint64_t> unpublished() const;

  /// Publishes, releases every resource and the writer's lock. Calls made later are `closed`.
  /// `needs_reopen` if a file of the store was renamed, deleted or replaced meanwhile; all is
  /// released whatever it says.
  [[nodiscard]] Result<void> close();

 private:
  explicit Tracker(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace milepost
