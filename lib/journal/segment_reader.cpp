// SPDX-License-Identifier: Apache-2.0
//
// Reading groups through one window; see segment_reader.hpp.
#include "journal/segment_reader.hpp"

#include <algorithm>
#include <fcntl.h>

#include "journal/bytes.hpp"

namespace milepost::journal {
namespace {

constexpr std::size_t kWindowBytes = 1u << 20;

}  // namespace

Result<std::vector<SegmentFile>> list_segments(const Directory& directory, const Uuid& store_id) {
  const auto slots = list_slots(directory);
  if (!slots) return slots.error();
  std::vector<SegmentFile> files;
  for (const std::uint32_t slot : *slots) {
    const std::string name = segment_name(slot);
    const auto fd = open_file(directory, name, O_RDONLY);
    if (!fd && fd.error().code == Errc::not_found) continue;
    if (!fd) return fd.error();
    const std::string path = directory.path_of(name);
    const auto size = size_of_file(*fd, path);
    if (!size) return size.error();
    auto header = read_segment_header(*fd, store_id, path);
    if (!header) return header.error();
    if (!*header) {
      if (auto ours = check_is_segment(*fd, path); !ours) return ours.error();
    }
    files.push_back({.slot = slot, .size = *size, .header = *header});
  }
  return files;
}

Result<void> SegmentReader::select(const SegmentFile& file) {
  if (fd_ && file_.slot == file.slot) return {};
  const std::string name = segment_name(file.slot);
  path_ = directory_.path_of(name);
  Error changed = make_error(Errc::busy, path_, "The journal changed while it was being read.",
                             "Read the store's applied sequence again, then repeat.");
  changed.retry_safe = true;
  window_size_ = 0;
  fd_.reset();
  auto fd = open_file(directory_, name, O_RDONLY);
  if (!fd && fd.error().code == Errc::not_found) return changed;
  if (!fd) return fd.error();
  const auto header = read_segment_header(*fd, store_id_, path_);
  if (!header) return header.error();
  if (*header != file.header) return changed;
  fd_ = std::move(*fd);
  file_ = file;
  end_ = file.header ? std::min(file.size, file.header->segment_bytes) : file.size;
  end_ -= end_ % kGroupAlignment;
  return {};
}

Result<std::span<const std::byte>> SegmentReader::view(std::uint64_t offset, std::size_t size) {
  if (offset >= end_) return std::span<const std::byte>{};
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, end_ - offset));
  const bool inside = offset >= window_offset_ && offset + size <= window_offset_ + window_size_;
  if (!inside) {
    const auto wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(std::max(size, kWindowBytes), end_ - offset));
    if (window_.size() < wanted) window_.resize(wanted);
    window_size_ = 0;
    const auto count = read_at(fd_.get(), std::span(window_).first(wanted), offset, path_);
    if (!count) return count.error();
    window_offset_ = offset;
    window_size_ = *count;
    bytes_read_ += *count;
  }
  const auto skip = static_cast<std::size_t>(offset - window_offset_);
  const std::size_t there = window_size_ > skip ? window_size_ - skip : 0;
  return std::span<const std::byte>(window_).subspan(skip, std::min(size, there));
}

Result<std::span<const std::byte>> SegmentReader::view_some(std::uint64_t offset) {
  const std::uint64_t window_end = window_offset_ + window_size_;
  if (offset >= window_offset_ && offset + kGroupHeaderBytes <= window_end) {
    return view(offset, static_cast<std::size_t>(window_end - offset));
  }
  return view(offset, kWindowBytes);
}

std::uint64_t SegmentReader::generation_at(std::span<const std::byte> bytes) const noexcept {
  if (file_.header) return file_.header->generation;
  return take<std::uint64_t>(bytes.data() + kGroupGenerationOffset);
}

std::uint64_t SegmentReader::seed_of(std::uint64_t generation) noexcept {
  if (seed_generation_ != generation) {
    seed_ = group_seed(store_id_, generation);
    seed_generation_ = generation;
  }
  return seed_;
}

Result<std::optional<GroupView>> SegmentReader::group_at(std::uint64_t offset) {
  const std::optional<GroupView> none;
  const auto head = view(offset, kGroupHeaderBytes);
  if (!head) return head.error();
  if (head->size() < kGroupHeaderBytes) return none;
  const std::uint64_t generation = generation_at(*head);
  if (generation == 0) return none;
  const std::uint64_t seed = seed_of(generation);
  const auto header = decode_group_header(*head, generation, seed);
  if (!header) return none;
  const auto whole = view(offset, header->total_bytes());
  if (!whole) return whole.error();
  if (!verify_group(*header, *whole, seed)) return none;
  return std::optional(GroupView{*header, *whole});
}

Result<std::uint64_t> SegmentReader::find_magic(std::uint64_t offset) {
  while (offset + kGroupHeaderBytes <= end_) {
    const auto bytes = view_some(offset);
    if (!bytes) return bytes.error();
    if (bytes->size() < kGroupHeaderBytes) break;
    const std::size_t last = bytes->size() - kGroupHeaderBytes;
    const std::byte* from = bytes->data() + kGroupMagicOffset;
    std::size_t at = 0;
    while (at <= last && take<std::uint64_t>(from + at) != kGroupMagic) at += kGroupAlignment;
    if (at <= last) return offset + at;
    offset += at;
  }
  return end_;
}

Result<std::uint64_t> SegmentReader::torn_bytes_at(std::uint64_t offset) {
  const auto head = view(offset, kGroupHeaderBytes);
  if (!head) return head.error();
  if (head->size() < kGroupHeaderBytes) return std::uint64_t{0};
  if (take<std::uint64_t>(head->data() + kGroupMagicOffset) != kGroupMagic) return std::uint64_t{0};
  const auto stored = take<std::uint64_t>(head->data() + kGroupGenerationOffset);
  const std::uint64_t generation = generation_at(*head);
  if (generation == 0 || stored != generation) return std::uint64_t{0};
  const auto header = decode_group_header(*head, generation, seed_of(generation));
  const std::uint64_t size = header ? header->total_bytes() : kGroupHeaderBytes;
  return std::min(size, end_ - offset);
}

}  // namespace milepost::journal
