// SPDX-License-Identifier: Apache-2.0
//
// Journal: an append-only log of groups of effects in preallocated, recycled segments, so that a
// durable step costs one fdatasync of blocks that already exist. It knows bytes and sequences, not
// what an effect means.
//
// Rules it keeps (each has a test):
//  - A group's checksummed header holds its segment's generation, its first sequence, its count,
//    the previous group's checksum, and the sequence known to be synced when it was written.
//  - A segment is zero-filled and synced, file and directory, before its first use; its synced
//    header holds format version, store id, epoch and generation.
//  - After every open, writing goes on in a segment of a higher generation.
//  - A bad group at or below the synced mark of any later valid group is damage; only past it is a
//    torn tail cut.
//  - After a failed write or sync nothing more is written: every append is `needs_reopen`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost::journal {

/// One effect inside a group: opaque bytes. Its sequence is the group's first + its index.
using EffectBytes = std::span<const std::byte>;

struct JournalOptions {
  std::string directory;  ///< The journal's own folder; made (0700) if absent.
  Uuid store_id{};        ///< A segment of another store is `other_store`.
  std::uint64_t segment_bytes = 64u << 20;
  std::uint64_t bytes_max = 1ull << 30;  ///< All segments together; at least 4 segments.
  std::function<void(LogLevel, std::string_view)> log{};
};

/// What replay found.
struct ReplayReport {
  std::uint64_t last_sequence = 0;  ///< Of the last whole group, or `after` if none.
  std::uint64_t groups = 0;
  std::uint64_t effects = 0;    ///< Effects handed to the visitor.
  std::uint64_t bytes = 0;      ///< Bytes of journal read.
  std::uint64_t bytes_cut = 0;  ///< Bytes of a torn tail that was cut.
};

/// Receives each effect with a sequence > `after`, in order. An error stops the replay.
using ReplayVisitor = std::function<Result<void>(std::uint64_t sequence, EffectBytes effect)>;

/// Reads the segments of a folder without changing anything. Needs no Journal object, so that a
/// read-only process can say how far behind it is. `corrupt` for damage, `version` and
/// `other_store` for segments that are not ours. A missing folder is an empty journal.
[[nodiscard]] Result<ReplayReport> replay(const std::string& directory, const Uuid& store_id,
                                          std::uint64_t after, const ReplayVisitor& visit);

/// Thread rules are given per method: "leader" methods are called by one thread at a time (the
/// group's leader), "any" methods are thread-safe.
class Journal {
 public:
  /// Readies the folder for writing after `last_sequence`, which the caller has replayed and
  /// committed elsewhere together with everything before it: all old segments become recyclable,
  /// and a first segment of a higher generation, created ahead if need be, is made current.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(JournalOptions options,
                                                             std::uint64_t epoch,
                                                             std::uint64_t last_sequence);
  virtual ~Journal() = default;

  /// Leader. Writes one group of effects (not yet synced) with sequences next_sequence()...; yields
  /// the last one. The group never spans segments; switches to the next segment when it does not
  /// fit. `disk_full` or `busy` (bytes_max reached; wait for recycle) before a byte is written;
  /// `invalid_argument` if the group cannot fit any segment; `outcome_unknown` when a write failed,
  /// after which the journal is poisoned.
  /// The last segment under bytes_max is a reserve: only `use_reserve` appends (those that free
  /// space) may take it.
  [[nodiscard]] virtual Result<std::uint64_t> append(std::span<const EffectBytes> effects,
                                                     bool use_reserve = false) = 0;

  /// Any, but one at a time. Makes everything appended so far durable; yields the last durable
  /// sequence. A failure poisons: `outcome_unknown`, and later calls are `needs_reopen`.
  [[nodiscard]] virtual Result<std::uint64_t> sync() = 0;

  /// Any. The sequence the next effect gets.
  [[nodiscard]] virtual std::uint64_t next_sequence() const noexcept = 0;
  /// Any. The last sequence known to be synced.
  [[nodiscard]] virtual std::uint64_t synced_sequence() const noexcept = 0;
  /// Any. Bytes appended that are not yet synced.
  [[nodiscard]] virtual std::uint64_t unsynced_bytes() const noexcept = 0;
  /// Any. True after a failed write or sync.
  [[nodiscard]] virtual bool poisoned() const noexcept = 0;
  /// Any. Bytes of all segments, and of those that hold groups not yet released.
  [[nodiscard]] virtual std::uint64_t bytes_total() const noexcept = 0;
  [[nodiscard]] virtual std::uint64_t bytes_live() const noexcept = 0;
  /// The largest payload (sum of effect sizes and 8 bytes for each) one append takes.
  [[nodiscard]] virtual std::uint64_t group_bytes_max() const noexcept = 0;

  /// Any. Everything up to `applied_sequence` is committed elsewhere: segments wholly below it may
  /// be recycled.
  virtual void release(std::uint64_t applied_sequence) noexcept = 0;

  /// Any, one thread (the housekeeper). Creates or readies the next segment ahead of need, so that
  /// a leader never waits for zero-filling. Returns whether there was anything to do.
  [[nodiscard]] virtual Result<bool> prepare_ahead() = 0;

  /// Leaves an empty journal: everything was released. Deletes what is beyond two segments and
  /// marks the rest as holding nothing.
  [[nodiscard]] virtual Result<void> close_empty() = 0;
};

}  // namespace milepost::journal
