// SPDX-License-Identifier: Apache-2.0
//
// Journal: an append-only log of groups of effects in preallocated, recycled segments, so that a
// durable step costs one fdatasync of blocks that already exist. It knows bytes and sequences, not
// what an effect means. Files are described in segment.hpp, groups in group.hpp.
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
#include <string_view>

#include "journal/group.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost::journal {

inline constexpr std::uint64_t kSegmentsMin = 4;    ///< `bytes_max` holds at least so many.
inline constexpr std::uint64_t kSegmentsMax = 256;  ///< Never more, whatever `bytes_max`: each one
                                                    ///< is an open file.

struct JournalOptions {
  std::string directory;                    ///< The journal's own folder; made (0700) if absent.
  Uuid store_id{};                          ///< A segment of another store is `other_store`.
  std::uint64_t segment_bytes = 64u << 20;  ///< A multiple of 4096.
  std::uint64_t bytes_max = 1ull << 30;     ///< All segments together.
  std::function<void(LogLevel, std::string_view)> log{};
};

/// What replay found.
struct ReplayReport {
  std::uint64_t last_sequence = 0;  ///< Of the last whole group, or `after` if that is larger.
  std::uint64_t groups = 0;         ///< Whole groups, those at or below `after` included.
  std::uint64_t effects = 0;        ///< Effects handed to the visitor.
  std::uint64_t bytes = 0;          ///< Bytes of journal read.
  std::uint64_t bytes_cut = 0;      ///< Bytes past the cut that are recognisably of groups.
};

/// Receives each effect with a sequence > `after`, in order. An error stops the replay. May be
/// empty: then effects are only counted.
using ReplayVisitor = std::function<Result<void>(std::uint64_t sequence, EffectBytes effect)>;

/// Who replays.
enum class ReplayRole : std::uint8_t {
  /// The one process that may write. Nothing changes meanwhile, so a gap between `after` and the
  /// journal's first effect is damage.
  writer,
  /// Anybody else. The writer may release and recycle what `after` still asks for: then the answer
  /// is `busy`, and the caller reads the applied sequence anew and tries again.
  reader,
};

/// Reads the segments of a folder without changing anything. Needs no Journal object, so that a
/// read-only process can say how far behind it is. A missing folder is an empty journal.
///
/// `corrupt` for damage (subject: the file; the message names the offset), `version` and
/// `other_store` for segments that are not ours, `busy` if segments were recycled or removed
/// meanwhile. Whatever the visitor got before an error was verified and is without gaps.
/// Beside a live writer it yields some prefix of what was appended when it ended.
[[nodiscard]] Result<ReplayReport> replay(const std::string& directory, const Uuid& store_id,
                                          std::uint64_t after, const ReplayVisitor& visit,
                                          ReplayRole role = ReplayRole::writer);

/// Thread rules are given per method: "leader" methods are called by one thread at a time (the
/// group's leader), "any" methods are thread-safe.
class Journal {
 public:
  /// Readies the folder for writing after `last_sequence`, which the caller has replayed and
  /// committed elsewhere together with everything before it: all old segments become recyclable,
  /// and a first segment of a higher generation, created if need be, is made current.
  /// `invalid_argument` for sizes outside their limits, `version` and `other_store` for segments
  /// that are not ours, `disk_full` if there is no room for the first one.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(JournalOptions options,
                                                             std::uint64_t epoch,
                                                             std::uint64_t last_sequence);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Leader. Writes one group of effects (not yet synced) with sequences next_sequence()...; yields
  /// the last one. The group never spans segments; switches to the next segment when it does not
  /// fit. `disk_full` or `busy` (bytes_max reached; wait for recycle) before a byte is written;
  /// `invalid_argument` if there is no effect or the group cannot fit any segment;
  /// `outcome_unknown` when a write failed, after which the journal is poisoned.
  /// The last segment under bytes_max is a reserve: only `use_reserve` appends (those that free
  /// space) may take it and, until a segment is released, write to it. It exists before the last
  /// but one is taken, so a full disk does not take it away.
  [[nodiscard]] Result<std::uint64_t> append(std::span<const EffectBytes> effects,
                                             bool use_reserve = false);

  /// Any. Makes everything appended so far durable; yields the last durable sequence. A failure
  /// poisons: `outcome_unknown`, and later calls are `needs_reopen`. So does a segment that lost
  /// its name meanwhile: what is in it would be gone with its last descriptor.
  [[nodiscard]] Result<std::uint64_t> sync();

  /// Any. `needs_reopen` if the journal's folder was renamed, deleted or replaced.
  [[nodiscard]] Result<void> check_folder() const;

  /// Any. The sequence the next effect gets.
  [[nodiscard]] std::uint64_t next_sequence() const noexcept;
  /// Any. The last sequence known to be synced.
  [[nodiscard]] std::uint64_t synced_sequence() const noexcept;
  /// Any. Bytes appended that are not yet synced.
  [[nodiscard]] std::uint64_t unsynced_bytes() const noexcept;
  /// Any. True after a failed write or sync.
  [[nodiscard]] bool poisoned() const noexcept;
  /// Any. Bytes of all segments, and of those that hold groups not yet released.
  [[nodiscard]] std::uint64_t bytes_total() const noexcept;
  [[nodiscard]] std::uint64_t bytes_live() const noexcept;
  /// Any. Rises with each switch to another segment: then prepare_ahead() has something to do.
  [[nodiscard]] std::uint64_t segments_begun() const noexcept;
  /// Any. The largest payload (sum of effect sizes and 8 bytes for each) one append takes.
  [[nodiscard]] std::uint64_t group_bytes_max() const noexcept;

  /// Any. Everything up to `applied_sequence` is durably committed elsewhere: segments wholly at or
  /// below it may be recycled. Never takes in what is not synced.
  void release(std::uint64_t applied_sequence) noexcept;

  /// Any, one thread (the housekeeper). Creates or readies the next segment ahead of need, so that
  /// a leader never waits for zero-filling. Returns whether there was anything to do; call it until
  /// there is not. `disk_full` or `io` if it could not; the journal stays usable.
  [[nodiscard]] Result<bool> prepare_ahead();

  /// Alone: no other call runs or follows (they are `closed`). Leaves an empty journal, which opens
  /// at once. `invalid_argument` unless everything was released. Keeps two segments.
  [[nodiscard]] Result<void> close_empty();

 private:
  class Impl;
  explicit Journal(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace milepost::journal
