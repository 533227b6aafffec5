// SPDX-License-Identifier: Apache-2.0
//
// The segment files of one session; see pool.hpp, and segment.hpp for the rules of generations.
#include "journal/pool.hpp"

#include <algorithm>
#include <fcntl.h>
#include <new>

#include "journal/group.hpp"

namespace milepost::journal {

Result<SegmentPool> SegmentPool::open(PoolOptions options, std::uint64_t epoch,
                                      std::uint64_t last_sequence, SegmentList& current,
                                      SegmentList& free) {
  auto directory = make_directory(options.directory);
  if (!directory) return directory.error();
  SegmentPool pool(std::move(options), std::move(*directory), epoch, last_sequence);
  // Nothing is touched before every segment is known to be ours and of our format.
  auto files = list_segments(pool.directory_, pool.options_.store_id);
  if (!files) return files.error();
  for (const SegmentFile& file : *files) {
    if (!file.header) continue;
    pool.next_generation_ = std::max(pool.next_generation_, file.header->generation + 1);
  }
  if (auto removed = remove_unfinished(pool.directory_); !removed) return removed.error();
  auto adopted = pool.adopt(std::move(*files));
  if (!adopted) return adopted.error();
  // A predecessor may have been killed between giving a segment its name and syncing it.
  if (auto synced = sync_directory(pool.directory_); !synced) return synced.error();
  free = std::move(*adopted);
  if (free.empty()) {
    auto created = pool.create();
    if (!created) return created.error();
    free = std::move(*created);
  }
  pool.floor_generation_ = pool.next_generation_;
  if (auto readied = pool.ready(free.front()); !readied) return readied.error();
  current.splice(current.end(), free, free.begin());
  if (free.size() < pool.options_.segments_max) return pool;
  SegmentList surplus;
  const auto kept = static_cast<std::ptrdiff_t>(pool.options_.segments_max - 1);
  surplus.splice(surplus.end(), free, std::next(free.begin(), kept), free.end());
  if (surplus.empty()) return pool;
  if (auto removed = pool.remove(std::move(surplus)); !removed) return removed.error();
  return pool;
}

Result<SegmentList> SegmentPool::adopt(std::vector<SegmentFile> files) {
  std::stable_sort(files.begin(), files.end(), [](const SegmentFile& a, const SegmentFile& b) {
    return (a.header ? a.header->generation : 0) < (b.header ? b.header->generation : 0);
  });
  SegmentList segments;
  for (const SegmentFile& file : files) {
    const bool usable = file.header && file.size == options_.segment_bytes &&
                        file.header->segment_bytes == options_.segment_bytes &&
                        file.slot < kSlotsMax;
    if (!usable) {
      // One without a sound header may hold old groups of a generation yet to come: never reused.
      log(LogLevel::info, "journal: removing a segment that is damaged or of another size: " +
                              directory_.path_of(segment_name(file.slot)));
      if (auto removed = remove_segment(directory_, file.slot); !removed) return removed.error();
      continue;
    }
    auto fd = open_file(directory_, segment_name(file.slot), O_RDWR);
    if (!fd) return fd.error();
    Segment& segment = segments.emplace_back();
    segment.fd = std::move(*fd);
    segment.slot = file.slot;
    segment.generation = file.header->generation;
    if (slots_taken_.size() <= file.slot) slots_taken_.resize(file.slot + 1);
    slots_taken_[file.slot] = true;
  }
  return segments;
}

std::uint32_t SegmentPool::take_slot() {
  const auto found = std::find(slots_taken_.begin(), slots_taken_.end(), false);
  const auto slot = static_cast<std::uint32_t>(found - slots_taken_.begin());
  if (found == slots_taken_.end()) slots_taken_.push_back(false);
  slots_taken_[slot] = true;
  return slot;
}

Result<SegmentList> SegmentPool::create() {
  SegmentList created(1);
  Segment& segment = created.front();
  segment.slot = take_slot();
  try {
    auto fd = create_segment(directory_, segment.slot, options_.store_id, options_.segment_bytes);
    if (!fd) {
      slots_taken_[segment.slot] = false;
      return fd.error();
    }
    segment.fd = std::move(*fd);
    log(LogLevel::debug, "journal: created a segment: " + path_of(segment));
  } catch (const std::bad_alloc&) {
    slots_taken_[segment.slot] = false;  // Whatever stands there is replaced by the next one.
    throw;
  }
  return created;
}

Result<void> SegmentPool::write_header(Segment& segment, SegmentKind kind, std::uint64_t floor,
                                       std::uint64_t base_sequence) {
  SegmentHeader header{.kind = kind,
                       .store_id = options_.store_id,
                       .epoch = epoch_,
                       .generation = next_generation_,
                       .floor_generation = floor,
                       .base_sequence = base_sequence,
                       .segment_bytes = options_.segment_bytes};
  if (auto written = write_segment_header(segment.fd, header, path_of(segment)); !written) {
    return written;
  }
  segment.generation = next_generation_++;
  segment.seed = group_seed(options_.store_id, segment.generation);
  segment.header_checksum = header.checksum;
  segment.last_sequence = 0;
  segment.dirty = false;
  return {};
}

Result<void> SegmentPool::ready(Segment& segment) {
  const auto inode = inode_of_file(segment.fd, path_of(segment));
  if (!inode) return inode.error();
  segment.inode = *inode;
  return write_header(segment, SegmentKind::live, floor_generation_, base_sequence_);
}

Result<void> SegmentPool::close(Segment& segment, std::uint64_t last_sequence) {
  return write_header(segment, SegmentKind::closed, next_generation_, last_sequence);
}

Result<void> SegmentPool::remove(SegmentList&& segments) {
  for (const Segment& segment : segments) {
    if (auto removed = remove_segment(directory_, segment.slot); !removed) return removed;
    slots_taken_[segment.slot] = false;
    log(LogLevel::debug, "journal: removed a segment: " + path_of(segment));
  }
  return sync_directory(directory_);
}

std::string SegmentPool::path_of(const Segment& segment) const {
  return directory_.path_of(segment_name(segment.slot));
}

bool SegmentPool::is_in_place(const Segment& segment) const noexcept {
  return names_inode(directory_, segment.slot, segment.inode);
}

bool SegmentPool::folder_is_in_place() const noexcept { return still_names(directory_); }

void SegmentPool::log(LogLevel level, std::string_view text) const {
  if (options_.log) options_.log(level, text);
}

}  // namespace milepost::journal
