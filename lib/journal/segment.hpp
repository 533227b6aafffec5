// SPDX-License-Identifier: Apache-2.0
//
// One segment file: its header, its name, how it is made.
//
// Segments have fixed names, `<slot as 8 hex digits>.seg`, that mean nothing; the header says what
// a segment is. So recycling one is a single overwrite of its header and one sync of blocks that
// exist: no rename, hence no directory entry that a power cut could take back, and at any moment
// the file is either what it was (all of it applied elsewhere) or an empty segment of the next
// generation. What the header says is in its first 512 bytes, one sector, and is checksummed.
//
// A new segment is written as `<slot>.tmp`: zeros (not a hole, not unwritten extents) behind a
// blank header, synced; then it gets its name and the directory is synced. Only then may it be
// used. A leftover `.tmp` is never read and is replaced.
//
// Generations: each use of a segment has the next number, one after the other without gaps. The
// first of a session (from open to the next open) is the session's floor; every header of the
// session names it, with the sequence before the session's first effect. Everything below the
// highest floor is dead, whatever it holds: its owner committed all of it before the floor was
// made. Within a session the segments recycled are always the oldest, so those alive are
// consecutive.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/file.hpp"

#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost::journal {

inline constexpr std::size_t kSegmentHeaderBytes = 4096;
inline constexpr std::uint32_t kJournalFormatVersion = 1;
inline constexpr std::uint32_t kSlotsMax = 1u << 16;  ///< Slots of our own making are far below.

enum class SegmentKind : std::uint32_t {
  blank = 0,   ///< New; holds nothing and has generation 0.
  live = 1,    ///< May hold groups of its generation.
  closed = 2,  ///< The mark of a clean close: the whole journal holds nothing.
};

struct SegmentHeader {
  SegmentKind kind = SegmentKind::blank;
  Uuid store_id{};
  std::uint64_t epoch = 0;
  std::uint64_t generation = 0;
  std::uint64_t floor_generation = 0;  ///< The session's first generation.
  std::uint64_t base_sequence = 0;     ///< The last sequence before the session.
  std::uint64_t segment_bytes = 0;
  std::uint64_t checksum = 0;  ///< Filled in by encode and decode; starts the session's chain.

  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

using SegmentHeaderBytes = std::array<std::byte, kSegmentHeaderBytes>;

/// Also fills in header.checksum.
void encode_segment_header(SegmentHeader& header, SegmentHeaderBytes& out) noexcept;

/// Nothing for bytes that are no header or a damaged one. `version` if a sound header is of another
/// format, `other_store` if it is another store's; `subject` is the file's path for the message.
[[nodiscard]] Result<std::optional<SegmentHeader>> decode_segment_header(
    std::span<const std::byte> bytes, const Uuid& store_id, const std::string& subject);

/// Reads and decodes; a file shorter than a header has none.
[[nodiscard]] Result<std::optional<SegmentHeader>> read_segment_header(const Fd& fd,
                                                                       const Uuid& store_id,
                                                                       const std::string& subject);

/// `corrupt` for a file that never was a segment, or is cut within its header: a segment gets its
/// name only once its first header is synced, and every later header begins with the same bytes.
[[nodiscard]] Result<void> check_is_segment(const Fd& fd, const std::string& subject);

[[nodiscard]] std::string segment_name(std::uint32_t slot);
[[nodiscard]] std::optional<std::uint32_t> parse_segment_name(std::string_view name) noexcept;

/// The slots whose names the directory holds, in rising order. Other files are not looked at.
[[nodiscard]] Result<std::vector<std::uint32_t>> list_slots(const Directory& directory);

/// Removes what segments under way left behind when their maker died.
[[nodiscard]] Result<void> remove_unfinished(const Directory& directory);

/// Makes a blank segment of `segment_bytes` and everything about it durable. A failure leaves no
/// file behind; `disk_full` if there is no room.
[[nodiscard]] Result<Fd> create_segment(const Directory& directory, std::uint32_t slot,
                                        const Uuid& store_id, std::uint64_t segment_bytes);

/// Overwrites and syncs a segment's header. Fills in header.checksum.
[[nodiscard]] Result<void> write_segment_header(const Fd& fd, SegmentHeader& header,
                                                const std::string& subject);

/// False if the segment's name is gone or names another file; true where that cannot be told.
[[nodiscard]] bool names_inode(const Directory& directory, std::uint32_t slot,
                               std::uint64_t inode) noexcept;

/// Removes a segment's name; the directory still has to be synced.
[[nodiscard]] Result<void> remove_segment(const Directory& directory, std::uint32_t slot);

[[nodiscard]] Result<void> sync_directory(const Directory& directory);

}  // namespace milepost::journal
