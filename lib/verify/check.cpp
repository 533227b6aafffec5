// SPDX-License-Identifier: Apache-2.0
//
// Claiming and reading pages. A claim is made before the page is read, so that no page is read
// twice however the file is knotted.
#include "verify/check.hpp"

#include <algorithm>
#include <array>

namespace milepost::verify {
namespace {

constexpr std::uint32_t kCallsBetweenLooks = 64;

}  // namespace

bool Check::claim(std::uint64_t page, std::string_view table) {
  if (page < kFirstPage || page > meta_.last_page) {
    add(FindingKind::page_range, page, table,
        [&] { return "no such page: they end with " + std::to_string(meta_.last_page); });
    return false;
  }
  // The map may end before the last page, but never before the file does.
  if (page >= map_.pages() || page >= file_.size() / meta_.page_size) {
    add(FindingKind::page_missing, page, table,
        [&] { return "the file ends before, at byte " + std::to_string(file_.size()); });
    return false;
  }
  if (map_.used(page)) {
    add(FindingKind::page_reused, page, table, [] { return std::string("it was reached before"); });
    return false;
  }
  if (map_.free(page)) {
    add(FindingKind::free_in_use, page, table,
        [] { return std::string("it is in use but listed as free"); });
  }
  map_.set_used(page);
  return true;
}

bool Check::read_run(std::uint64_t page, std::uint64_t offset, std::span<std::byte> to,
                     std::string_view table) {
  const Read result = file_.read(page * meta_.page_size + offset, to);
  if (result == Read::whole) return true;
  add(result == Read::failed ? FindingKind::read_error : FindingKind::page_missing, page, table,
      [&] {
        return result == Read::failed
                   ? "it cannot be read, errno " + std::to_string(file_.last_errno())
                   : std::string("the file was cut while it was read");
      });
  return false;
}

bool Check::read_page(std::uint64_t page, std::span<std::byte> to, std::string_view table) {
  return read_run(page, 0, to, table);
}

void Check::prefetch(std::vector<std::uint64_t>& pages) {
  std::sort(pages.begin(), pages.end());
  const auto wanted = [this](std::uint64_t page) {
    return page >= kFirstPage && page < map_.pages() && !map_.used(page);
  };
  for (std::size_t i = 0; i < pages.size();) {
    const std::uint64_t first = pages[i];
    if (!wanted(first)) {
      ++i;
      continue;
    }
    std::uint64_t end = first + 1;
    for (++i; i < pages.size() && pages[i] <= end && wanted(pages[i]); ++i) end = pages[i] + 1;
    file_.prefetch(first * meta_.page_size, (end - first) * meta_.page_size);
  }
}

bool Check::go_on() {
  if (stopped_ != StopReason::none) return false;
  if (limits_.bytes_max && file_.bytes_read() >= *limits_.bytes_max) {
    stopped_ = StopReason::bytes;
    return false;
  }
  if (calls_++ % kCallsBetweenLooks != 0) return true;
  if (limits_.cancelled && limits_.cancelled()) {
    stopped_ = StopReason::cancelled;
  } else if (limits_.deadline && std::chrono::steady_clock::now() >= *limits_.deadline) {
    stopped_ = StopReason::deadline;
  }
  return stopped_ == StopReason::none;
}

bool claim_run(Check& check, std::uint64_t first, std::uint64_t value_size, std::string_view table,
               OverflowRun& run) {
  std::array<std::byte, kPageHeaderSize> raw{};
  if (!check.claim(first, table) || !check.read_page(first, raw, table)) return false;
  const PageHeader header = load_page_header(raw);
  if (header.number != first) {
    check.add(FindingKind::page_number, first, table,
              [&] { return "the page says that it is page " + std::to_string(header.number); });
    return false;
  }
  if (header.flags != kPageOverflow) {
    check.add(FindingKind::page_flags, first, table, [&] {
      return "a large value should begin here, but the flags are " + std::to_string(header.flags);
    });
    return false;
  }
  const std::uint64_t needed = (kPageHeaderSize - 1 + value_size) / check.page_size() + 1;
  if (header.run_length < needed || header.run_length - 1 > check.last_page() - first) {
    check.add(FindingKind::overflow_run, first, table, [&] {
      return "a run of " + std::to_string(header.run_length) + " pages for a value of " +
             std::to_string(value_size) + " bytes";
    });
    return false;
  }
  run = {first, header.run_length};
  for (std::uint64_t page = first + 1; page < first + run.pages; ++page) {
    if (!check.go_on() || !check.claim(page, table)) return false;
  }
  return true;
}

}  // namespace milepost::verify
