// SPDX-License-Identifier: Apache-2.0
//
// SegmentReader: reads groups out of segment files through one window, so that a replay's memory
// is bounded by one group. A file may be overwritten while it is read; what comes out of here has
// passed its checksums in memory of our own, so it was true at some moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/file.hpp"
#include "journal/group.hpp"
#include "journal/segment.hpp"

#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost::journal {

/// A segment file as a listing found it.
struct SegmentFile {
  std::uint32_t slot = 0;
  std::uint64_t size = 0;
  std::optional<SegmentHeader> header{};  ///< None: damaged or never written.

  friend bool operator==(const SegmentFile&, const SegmentFile&) = default;
};

/// Every segment file of the directory. Files that vanish meanwhile are left out.
[[nodiscard]] Result<std::vector<SegmentFile>> list_segments(const Directory& directory,
                                                             const Uuid& store_id);

/// A group that verifies by itself, valid until the reader's next call.
struct GroupView {
  GroupHeader header;
  std::span<const std::byte> bytes;
};

class SegmentReader {
 public:
  SegmentReader(const Directory& directory, const Uuid& store_id) noexcept
      : directory_(directory), store_id_(store_id) {}

  /// Turns to a file; does nothing if it is the one being read. `busy` if it is not what the
  /// listing found any more.
  [[nodiscard]] Result<void> select(const SegmentFile& file);

  /// The whole group at `offset`, if there is one of the file's generation; for a file without a
  /// sound header, of any generation.
  [[nodiscard]] Result<std::optional<GroupView>> group_at(std::uint64_t offset);

  /// The offset of the first place at or after `offset`, in steps of 8, where a group's magic
  /// stands; the file's end if there is none.
  [[nodiscard]] Result<std::uint64_t> find_magic(std::uint64_t offset);

  /// Bytes that a group at `offset` would have had, if at least its beginning can be told.
  [[nodiscard]] Result<std::uint64_t> torn_bytes_at(std::uint64_t offset);

  /// Where groups end.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }

  /// Forgets what was read, so that the next call reads the file as it is now.
  void refresh() noexcept { window_size_ = 0; }

 private:
  /// `size` bytes at `offset`, fewer at the file's end.
  [[nodiscard]] Result<std::span<const std::byte>> view(std::uint64_t offset, std::size_t size);
  /// What the window holds at `offset`, read anew if that is less than a group's header.
  [[nodiscard]] Result<std::span<const std::byte>> view_some(std::uint64_t offset);
  [[nodiscard]] std::uint64_t generation_at(std::span<const std::byte> bytes) const noexcept;
  [[nodiscard]] std::uint64_t seed_of(std::uint64_t generation) noexcept;

  const Directory& directory_;
  Uuid store_id_;
  SegmentFile file_{};
  Fd fd_{};
  std::string path_{};
  std::uint64_t end_ = 0;
  std::uint64_t seed_ = 0;
  std::uint64_t seed_generation_ = 0;
  std::vector<std::byte> window_{};
  std::uint64_t window_offset_ = 0;
  std::size_t window_size_ = 0;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace milepost::journal
