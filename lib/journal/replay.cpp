// SPDX-License-Identifier: Apache-2.0
//
// Replay: verifies the journal's groups in order and hands out their effects. Where the chain stops
// it decides between the three things this can mean: the end, a torn tail (nothing known to be
// synced is missing: cut), or damage (a later group proves that what is missing was synced).
//
// The live segments are those from the highest header's floor on; what is below was committed
// elsewhere before the floor was made, and is not even read. If the floor itself has been recycled,
// its successors still follow one another, and the first one's predecessor is taken on trust: it
// was released, so it ended at or below `after`, and that is checked.
#include <algorithm>
#include <string>

#include "journal/journal.hpp"
#include "journal/segment_reader.hpp"

namespace milepost::journal {
namespace {

class Replay {
 public:
  Replay(const Directory& directory, const Uuid& store_id, std::uint64_t after,
         const ReplayVisitor& visit, ReplayRole role)
      : directory_(directory),
        store_id_(store_id),
        after_(after),
        visit_(visit),
        role_(role),
        reader_(directory, store_id) {}

  [[nodiscard]] Result<ReplayReport> run();

 private:
  enum class Tail { cut, resume };

  [[nodiscard]] const SegmentFile* find_newest();
  [[nodiscard]] Result<void> check_headerless();
  [[nodiscard]] Result<void> find_live();
  [[nodiscard]] Result<void> walk();
  [[nodiscard]] Result<bool> follow(std::size_t index, std::uint64_t offset);
  [[nodiscard]] Result<void> deliver(const GroupView& group);
  [[nodiscard]] Result<Tail> judge_tail();
  [[nodiscard]] Result<bool> later_group_proves_damage();
  [[nodiscard]] bool chains(const GroupHeader& header) const noexcept;
  [[nodiscard]] Error damage(std::uint32_t slot, std::string message);
  [[nodiscard]] Error gap(std::uint32_t slot, std::uint64_t base);

  const Directory& directory_;
  Uuid store_id_;
  std::uint64_t after_;
  const ReplayVisitor& visit_;
  ReplayRole role_;
  SegmentReader reader_;
  ReplayReport report_{};

  std::vector<SegmentFile> files_{};
  std::vector<SegmentFile> live_{};
  std::uint64_t floor_ = 0;

  // Where the next group is looked for, and what it must continue. Until the chain's start is known
  // expected_ is 0.
  std::size_t index_ = 0;
  std::uint64_t offset_ = kSegmentHeaderBytes;
  std::uint64_t expected_ = 0;
  std::uint64_t previous_checksum_ = 0;

  // Where the first whole group past a break stands.
  std::size_t next_whole_index_ = 0;
  std::uint64_t next_whole_offset_ = 0;
};

/// Damage that another look does not confirm was a writer at work.
Error Replay::damage(std::uint32_t slot, std::string message) {
  const std::string path = directory_.path_of(segment_name(slot));
  const auto now = list_segments(directory_, store_id_);
  if (!now) return now.error();
  if (*now != files_) {
    Error error = make_error(Errc::busy, path, "The journal changed while it was being read.",
                             "Read the store's applied sequence again, then repeat.");
    error.retry_safe = true;
    return error;
  }
  return make_error(Errc::corrupt, path, std::move(message),
                    "Keep a copy of the folder; then restore a backup or repair the store, which "
                    "gives up what follows the damage.");
}

Error Replay::gap(std::uint32_t slot, std::uint64_t base) {
  std::string message = "The journal begins after sequence " + std::to_string(base) +
                        " but the store's data ends at " + std::to_string(after_) + ".";
  if (role_ == ReplayRole::writer) return damage(slot, std::move(message));
  Error error = make_error(Errc::busy, directory_.path_of(segment_name(slot)), std::move(message),
                           "Read the store's applied sequence again, then repeat.");
  error.retry_safe = true;
  return error;
}

Result<ReplayReport> Replay::run() {
  report_.last_sequence = after_;
  auto files = list_segments(directory_, store_id_);
  if (!files) return files.error();
  files_ = std::move(*files);
  const SegmentFile* newest = find_newest();
  if (newest != nullptr) floor_ = newest->header->floor_generation;
  if (auto checked = check_headerless(); !checked) return checked.error();
  if (newest != nullptr && newest->header->kind == SegmentKind::live) {
    if (auto found = find_live(); !found) return found.error();
  } else if (newest != nullptr && newest->header->base_sequence > after_) {
    return gap(newest->slot, newest->header->base_sequence);
  }
  if (!live_.empty()) {
    if (auto walked = walk(); !walked) return walked.error();
  }
  report_.bytes = reader_.bytes_read();
  return report_;
}

const SegmentFile* Replay::find_newest() {
  const SegmentFile* newest = nullptr;
  for (const SegmentFile& file : files_) {
    if (!file.header || file.header->kind == SegmentKind::blank) continue;
    if (!newest || file.header->generation > newest->header->generation) newest = &file;
  }
  return newest;
}

/// Fills live_, in order of generation, and sets where the chain starts.
Result<void> Replay::find_live() {
  for (const SegmentFile& file : files_) {
    if (file.header && file.header->kind == SegmentKind::live &&
        file.header->generation >= floor_) {
      live_.push_back(file);
    }
  }
  std::sort(live_.begin(), live_.end(), [](const SegmentFile& a, const SegmentFile& b) {
    return a.header->generation < b.header->generation;
  });
  for (std::size_t i = 0; i < live_.size(); ++i) {
    const SegmentHeader& header = *live_[i].header;
    const std::uint64_t generation = live_.front().header->generation + i;
    if (header.generation != generation) {
      return damage(live_[i].slot, "The segment of generation " + std::to_string(generation) +
                                       ", which this one follows, is missing.");
    }
    if (live_[i].size < header.segment_bytes) {
      return damage(live_[i].slot, "The segment has " + std::to_string(live_[i].size) + " of its " +
                                       std::to_string(header.segment_bytes) + " bytes.");
    }
  }
  const SegmentHeader& first = *live_.front().header;
  if (first.generation != floor_) return {};
  if (first.base_sequence > after_) return gap(live_.front().slot, first.base_sequence);
  expected_ = first.base_sequence + 1;
  previous_checksum_ = first.checksum;
  return {};
}

/// A file without a sound header is what a power cut may leave of one being readied, which holds
/// only released groups. With a live group past `after` in it, it is damage.
Result<void> Replay::check_headerless() {
  for (const SegmentFile& file : files_) {
    if (file.header) continue;
    if (auto selected = reader_.select(file); !selected) return selected;
    std::uint64_t at = 0;
    for (;;) {
      const auto found = reader_.find_magic(at);
      if (!found) return found.error();
      if (*found >= reader_.end()) break;
      const auto group = reader_.group_at(*found);
      if (!group) return group.error();
      at = *found + (*group ? (*group)->header.total_bytes() : kGroupAlignment);
      if (!*group || (*group)->header.generation < floor_) continue;
      if ((*group)->header.last_sequence() <= after_) continue;
      return damage(file.slot, "The segment's header (offset 0) is damaged, and sequence " +
                                   std::to_string((*group)->header.last_sequence()) +
                                   " at offset " + std::to_string(*found) + " depends on it.");
    }
  }
  return {};
}

bool Replay::chains(const GroupHeader& header) const noexcept {
  if (expected_ == 0) return header.first_sequence <= after_ + 1;
  return header.first_sequence == expected_ && header.previous_checksum == previous_checksum_;
}

/// Takes the group at a place if it is the next one.
Result<bool> Replay::follow(std::size_t index, std::uint64_t offset) {
  if (auto selected = reader_.select(live_[index]); !selected) return selected.error();
  const auto group = reader_.group_at(offset);
  if (!group) return group.error();
  if (!*group) return false;
  const GroupHeader& header = (*group)->header;
  if (!chains(header)) {
    if (expected_ == 0) return gap(live_[index].slot, header.first_sequence - 1);
    return false;
  }
  if (auto delivered = deliver(**group); !delivered) return delivered.error();
  expected_ = header.last_sequence() + 1;
  previous_checksum_ = header.checksum;
  index_ = index;
  offset_ = offset + header.total_bytes();
  return true;
}

Result<void> Replay::deliver(const GroupView& group) {
  ++report_.groups;
  report_.last_sequence = std::max(report_.last_sequence, group.header.last_sequence());
  EffectCursor effects(group.header, group.bytes);
  std::uint64_t sequence = group.header.first_sequence;
  while (const auto effect = effects.next()) {
    if (sequence > after_) {
      ++report_.effects;
      if (visit_) {
        if (auto visited = visit_(sequence, *effect); !visited) return visited;
      }
    }
    ++sequence;
  }
  return {};
}

Result<void> Replay::walk() {
  for (;;) {
    auto followed = follow(index_, offset_);
    if (!followed) return followed.error();
    if (*followed) continue;
    // The writer goes to the next segment when a group does not fit; the chain proves that it did.
    if (index_ + 1 < live_.size() && expected_ != 0) {
      followed = follow(index_ + 1, kSegmentHeaderBytes);
      if (!followed) return followed.error();
      if (*followed) continue;
    }
    const auto tail = judge_tail();
    if (!tail) return tail.error();
    if (*tail == Tail::cut) return {};
  }
}

Result<Replay::Tail> Replay::judge_tail() {
  const auto proven = later_group_proves_damage();
  if (!proven) return proven.error();
  if (!*proven) return Tail::cut;
  // Beside a live writer the first look may have come too early; by now that group is whole.
  reader_.refresh();
  auto followed = follow(index_, offset_);
  if (!followed) return followed.error();
  if (*followed) return Tail::resume;
  if (index_ + 1 < live_.size() && expected_ != 0) {
    followed = follow(index_ + 1, kSegmentHeaderBytes);
    if (!followed) return followed.error();
    if (*followed) return Tail::resume;
  }
  // What is missing stood here, or else at the start of the next segment: not if a whole one does.
  if (next_whole_index_ == index_ + 1 && next_whole_offset_ > kSegmentHeaderBytes) {
    index_ = next_whole_index_;
    offset_ = kSegmentHeaderBytes;
  }
  const std::string missing =
      expected_ == 0 ? "The group" : "The group of sequence " + std::to_string(expected_);
  return damage(live_[index_].slot, missing + " at offset " + std::to_string(offset_) +
                                        " fails its checks, and a later group shows that it was "
                                        "synced.");
}

/// Searches everything past the break. A group proves damage if it was written when what is missing
/// was already known to be synced.
Result<bool> Replay::later_group_proves_damage() {
  if (auto selected = reader_.select(live_[index_]); !selected) return selected.error();
  const auto torn = reader_.torn_bytes_at(offset_);
  if (!torn) return torn.error();
  std::uint64_t bytes_cut = *torn;
  bool first = true;
  std::uint64_t at = offset_;
  for (std::size_t index = index_; index < live_.size(); ++index, at = kSegmentHeaderBytes) {
    if (auto selected = reader_.select(live_[index]); !selected) return selected.error();
    for (;;) {
      const auto found = reader_.find_magic(at);
      if (!found) return found.error();
      if (*found >= reader_.end()) break;
      const auto group = reader_.group_at(*found);
      if (!group) return group.error();
      if (!*group) {
        at = *found + kGroupAlignment;
        continue;
      }
      const GroupHeader& header = (*group)->header;
      if (first) {
        next_whole_index_ = index;
        next_whole_offset_ = *found;
      }
      // With the chain's start unknown, what is missing ends right before the first group found
      // and, as everything applied was synced, begins at or below `after` + 1.
      const std::uint64_t missing = expected_ != 0 ? expected_ : after_ + 1;
      if (header.synced_sequence >= missing) return true;
      if (expected_ == 0 && first && header.synced_sequence + 1 == header.first_sequence) {
        return true;
      }
      first = false;
      at = *found + header.total_bytes();
      if (index != index_ || *found != offset_) bytes_cut += header.total_bytes();
    }
  }
  report_.bytes_cut = bytes_cut;
  return false;
}

}  // namespace

Result<ReplayReport> replay(const std::string& directory, const Uuid& store_id, std::uint64_t after,
                            const ReplayVisitor& visit, ReplayRole role) {
  const auto folder = open_directory(directory);
  if (!folder) {
    if (folder.error().code != Errc::not_found) return folder.error();
    ReplayReport report;
    report.last_sequence = after;
    return report;
  }
  return Replay(*folder, store_id, after, visit, role).run();
}

}  // namespace milepost::journal
