// SPDX-License-Identifier: Apache-2.0
//
// Store: the seam between the tracker and whatever keeps its runs. The tracker knows nothing of
// LMDB or journals; a store knows nothing of how hosts phrase their calls. Commands arrive checked
// and cleaned (core/decide.hpp).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/decide.hpp"
#include "core/function_ref.hpp"
#include "core/record.hpp"
#include "store/view.hpp"

#include "milepost/backup.hpp"
#include "milepost/command.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/stats.hpp"
#include "milepost/verify.hpp"

namespace milepost::store {

/// One thing to do: a host's command with the run id it is about (its own, or a fresh one for a
/// create that names none), or a removal that upkeep asks for.
struct ResolvedCommand {
  const Command* command = nullptr;
  Uuid run_id{};
  const core::Removal* removal = nullptr;  ///< Then `command` is null.
};

/// How many journal bytes the command's effect takes at most, whatever is decided.
[[nodiscard]] std::size_t effect_bytes_max(const Command& command) noexcept;
[[nodiscard]] std::size_t effect_bytes_max(const ResolvedCommand& command) noexcept;

/// Thread-safe.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  /// Applies the commands in order as one commit and fills in one outcome each; of a removal that
  /// was applied it has the sequence and no run. At most
  /// kBatchCommandsMax commands and batch_bytes_max() bytes by effect_bytes_max.
  [[nodiscard]] virtual Result<void> apply(std::span<const ResolvedCommand> commands,
                                           Deadline deadline, std::span<Outcome> outcomes) = 0;

  /// The largest batch, by effect_bytes_max.
  [[nodiscard]] virtual std::size_t batch_bytes_max() const noexcept = 0;

  /// Visits the run, whatever its organization; yields whether there is one.
  [[nodiscard]] virtual Result<bool> find(const Uuid& run_id, RecordVisitor visit) const = 0;

  /// Visits each run that exists, with its index in `run_ids`, all as they were at one moment; in
  /// any order.
  [[nodiscard]] virtual Result<void> find_many(std::span<const Uuid> run_ids,
                                               IndexedRecordVisitor visit) const = 0;

  /// One moment of the store, `latest` or as published.
  [[nodiscard]] virtual Result<std::unique_ptr<View>> view(Freshness freshness,
                                                           Deadline deadline) const = 0;

  /// Waits until the run is final and its last effect durable, and visits it; yields false where
  /// the organization has no such run, also when it is removed meanwhile. `busy` at the deadline.
  [[nodiscard]] virtual Result<bool> wait_final(const Uuid& run_id, const Uuid& organization_id,
                                                Deadline deadline, RecordVisitor visit) const = 0;

  /// Waits until something behind `sequence` is published, or `cancelled` is set and
  /// wake_waiters() called. Yields the last published sequence. `busy` at the deadline.
  [[nodiscard]] virtual Result<std::uint64_t> wait_published(
      std::uint64_t sequence, Deadline deadline, const std::atomic<bool>& cancelled) const = 0;
  virtual void wake_waiters() const noexcept = 0;

  /// Runs whose lease has run out, longest overdue first.
  [[nodiscard]] virtual Result<std::vector<Uuid>> expired_leases(std::size_t limit) const = 0;

  /// Makes everything acknowledged so far visible to other processes.
  [[nodiscard]] virtual Result<void> publish(Deadline deadline) = 0;

  /// Effects in the journal that are not published yet: what a reader in another process cannot
  /// see, or, read-only, what a writer that died left behind.
  [[nodiscard]] virtual Result<std::uint64_t> unpublished() const = 0;

  [[nodiscard]] virtual Result<Stats> stats() const = 0;

  /// Verifies what is published.
  [[nodiscard]] virtual Result<VerifyReport> verify(const VerifyOptions& options) const = 0;
  /// Copies what is published to a new folder.
  [[nodiscard]] virtual Result<BackupReport> backup(const std::string& to,
                                                    const BackupOptions& options) const = 0;

  /// The store's id.
  [[nodiscard]] virtual Uuid id() const noexcept = 0;
  /// This opening's number; 0 in a read-only store.
  [[nodiscard]] virtual std::uint64_t epoch() const noexcept = 0;

  /// Whether this process is a fork of the one that opened the store. Then nothing may be touched,
  /// not even to free it.
  [[nodiscard]] virtual bool forked() const noexcept = 0;

  /// Publishes and releases everything; later calls are `closed`.
  [[nodiscard]] virtual Result<void> close() = 0;
};

}  // namespace milepost::store
