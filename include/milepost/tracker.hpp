// SPDX-License-Identifier: Apache-2.0
//
// Tracker: the engine, opened on one directory.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "milepost/command.hpp"
#include "milepost/export.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

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

  /// Makes a run. A repeat with the same run_id and request is `unchanged`.
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

  /// Makes everything acknowledged so far visible to other processes.
  [[nodiscard]] Result<void> flush(const CallOptions& options = {});

  /// Effects that were journaled and are not published yet. On a read-only tracker: how far what
  /// it sees is behind the writer, or behind what a writer that died has acknowledged.
  [[nodiscard]] Result<std::uint64_t> unpublished() const;

  /// Publishes, releases every resource and the writer's lock. Calls made later are `closed`.
  [[nodiscard]] Result<void> close();

 private:
  explicit Tracker(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace milepost
