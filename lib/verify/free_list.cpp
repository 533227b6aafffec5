// SPDX-License-Identifier: Apache-2.0
//
// A record may be longer than its count needs: LMDB reserves room before it knows how much it will
// fill. Records of a store that freed much are large; they are read in chunks.
#include "verify/free_list.hpp"

#include <algorithm>
#include <string>

namespace milepost::verify {
namespace {

constexpr std::string_view kName = "@free";
constexpr std::size_t kChunk = 64u << 10;
constexpr std::uint64_t kNumber = sizeof(std::uint64_t);

}  // namespace

bool FreeListReader::read(TreeWalk& walk) {
  const Meta& meta = check_.meta();
  const bool walked = walk.walk(meta.free_list, KeyOrder::numbers, kName, meta.txn_id % 2, *this);
  return walked && intact_;
}

bool FreeListReader::check_shape(const Entry& entry) {
  if ((entry.flags & kNodeTable) != 0) {
    check_.add(FindingKind::node_flags, entry.page, kName,
               [] { return std::string("a table inside the free list"); });
    return false;
  }
  const auto commit = load<std::uint64_t>(entry.key, 0);
  if (commit < 1 || commit > check_.meta().txn_id) {
    check_.add(FindingKind::free_record, entry.page, kName, [&] {
      return "a record of commit " + std::to_string(commit) + "; the last one was " +
             std::to_string(check_.meta().txn_id);
    });
  }
  if (entry.value_size < kNumber || entry.value_size % kNumber != 0) {
    check_.add(FindingKind::free_record, entry.page, kName, [&] {
      return "the record of commit " + std::to_string(commit) +
             " has bytes: " + std::to_string(entry.value_size);
    });
    return false;
  }
  return true;
}

void FreeListReader::entry(const Entry& entry) {
  if (!check_shape(entry)) {
    intact_ = false;
    return;
  }
  std::uint64_t count = 0;
  if (entry.big()) {
    buffer_.resize(kChunk);
    const std::span<std::byte> head = std::span(buffer_).first(kNumber);
    if (!check_.read_run(entry.run.first, kPageHeaderSize, head, kName)) {
      intact_ = false;
      return;
    }
    count = load<std::uint64_t>(head, 0);
  } else {
    count = load<std::uint64_t>(entry.value, 0);
  }
  if (count > entry.value_size / kNumber - 1) {
    check_.add(FindingKind::free_record, entry.page, kName, [&] {
      return "a record of " + std::to_string(entry.value_size) +
             " bytes says it holds numbers: " + std::to_string(count);
    });
    intact_ = false;
    return;
  }
  previous_ = 0;
  if (!entry.big()) {
    numbers(entry, entry.value.subspan(kNumber, count * kNumber));
    return;
  }
  for (std::uint64_t at = 0; at < count * kNumber && check_.go_on(); at += kChunk) {
    const std::size_t size = std::min<std::uint64_t>(kChunk, count * kNumber - at);
    const std::span<std::byte> chunk = std::span(buffer_).first(size);
    if (!check_.read_run(entry.run.first, kPageHeaderSize + kNumber + at, chunk, kName)) {
      intact_ = false;
      return;
    }
    numbers(entry, chunk);
  }
}

void FreeListReader::numbers(const Entry& entry, Bytes bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += kNumber) {
    number(entry, load<std::uint64_t>(bytes, at));
  }
}

void FreeListReader::number(const Entry& entry, std::uint64_t page) {
  const auto name = [page] { return "page " + std::to_string(page); };
  if (page < kFirstPage || page >= check_.map().pages()) {
    check_.add(FindingKind::free_range, entry.page, kName,
               [&] { return name() + " is listed as free; there is no such page"; });
    return;
  }
  if (previous_ != 0 && page >= previous_) {
    check_.add(FindingKind::free_order, entry.page, kName,
               [&] { return name() + " is listed behind page " + std::to_string(previous_); });
  }
  previous_ = page;
  if (check_.map().free(page)) {
    check_.add(FindingKind::free_twice, entry.page, kName,
               [&] { return name() + " is listed as free twice"; });
    return;
  }
  if (check_.map().used(page)) {
    check_.add(FindingKind::free_in_use, entry.page, kName,
               [&] { return name() + " is listed as free but in use"; });
  }
  check_.map().set_free(page);
}

}  // namespace milepost::verify
