// SPDX-License-Identifier: Apache-2.0
//
// SegmentPool: finds, makes, readies and removes the segment files of one session, and gives out
// generations and slots. It holds no lists; the journal decides which segment is what.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/file.hpp"
#include "journal/segment.hpp"
#include "journal/segment_reader.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost::journal {

/// A segment in use. Lives in a std::list, so that moving it between lists neither allocates nor
/// changes its address.
struct Segment {
  Fd fd;
  std::uint32_t slot = 0;
  std::uint64_t inode = 0;  ///< What its name must go on naming.
  std::uint64_t generation = 0;
  std::uint64_t seed = 0;             ///< Of the groups of this generation.
  std::uint64_t header_checksum = 0;  ///< Starts the chain in the session's first segment.
  std::uint64_t last_sequence = 0;    ///< Of the last group in it, 0 while there is none.
  bool dirty = false;                 ///< Has bytes that no sync has taken on yet.
};

using SegmentList = std::list<Segment>;

struct PoolOptions {
  std::string directory;
  Uuid store_id{};
  std::uint64_t segment_bytes = 0;
  std::uint64_t segments_max = 0;
  std::function<void(LogLevel, std::string_view)> log{};
};

/// One thread at a time.
class SegmentPool {
 public:
  /// Opens the folder and begins a session after `last_sequence`. `current` gets the session's
  /// first segment and `free` all others, which hold nothing that is needed.
  [[nodiscard]] static Result<SegmentPool> open(PoolOptions options, std::uint64_t epoch,
                                                std::uint64_t last_sequence, SegmentList& current,
                                                SegmentList& free);

  /// A list of one new, blank segment.
  [[nodiscard]] Result<SegmentList> create();

  /// Makes the segment an empty one of the next generation.
  [[nodiscard]] Result<void> ready(Segment& segment);

  /// Marks the whole journal as empty, in this segment's header.
  [[nodiscard]] Result<void> close(Segment& segment, std::uint64_t last_sequence);

  /// Removes the files, durably.
  [[nodiscard]] Result<void> remove(SegmentList&& segments);

  [[nodiscard]] std::string path_of(const Segment& segment) const;
  /// Whether the segment's name still names it. One system call; beside any other call.
  [[nodiscard]] bool is_in_place(const Segment& segment) const noexcept;
  /// Whether the folder's path still names the folder. Beside any other call.
  [[nodiscard]] bool folder_is_in_place() const noexcept;
  [[nodiscard]] const std::string& folder_path() const noexcept { return directory_.path; }
  void log(LogLevel level, std::string_view text) const;

 private:
  SegmentPool(PoolOptions options, Directory directory, std::uint64_t epoch,
              std::uint64_t last_sequence)
      : options_(std::move(options)),
        directory_(std::move(directory)),
        epoch_(epoch),
        base_sequence_(last_sequence) {}

  /// Opens the usable ones of `files`, in order of generation, and removes the others.
  [[nodiscard]] Result<SegmentList> adopt(std::vector<SegmentFile> files);
  [[nodiscard]] Result<void> write_header(Segment& segment, SegmentKind kind, std::uint64_t floor,
                                          std::uint64_t base_sequence);
  [[nodiscard]] std::uint32_t take_slot();

  PoolOptions options_;
  Directory directory_;
  std::uint64_t epoch_;
  std::uint64_t base_sequence_;
  std::uint64_t next_generation_ = 1;
  std::uint64_t floor_generation_ = 0;
  std::vector<bool> slots_taken_{};
};

}  // namespace milepost::journal
