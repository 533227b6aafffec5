// SPDX-License-Identifier: Apache-2.0
//
// What all parts of one check share: the file, its numbers, who claims which page, the findings,
// and whether to go on.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "verify/findings.hpp"
#include "verify/format.hpp"
#include "verify/page_file.hpp"
#include "verify/page_map.hpp"
#include "verify/page_reader.hpp"

namespace milepost::verify {

/// One thread at a time.
class Check {
 public:
  Check(PageFile& file, const PageLimits& limits, FindingLog& log, const Meta& meta, PageMap map)
      : file_(file), limits_(limits), log_(log), meta_(meta), map_(std::move(map)) {}

  [[nodiscard]] const Meta& meta() const noexcept { return meta_; }
  [[nodiscard]] std::uint64_t page_size() const noexcept { return meta_.page_size; }
  [[nodiscard]] std::uint64_t last_page() const noexcept { return meta_.last_page; }
  [[nodiscard]] const PageLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] PageMap& map() noexcept { return map_; }

  template <typename MakeText>
  void add(FindingKind kind, std::uint64_t page, std::string_view table, MakeText&& make_text) {
    log_.add(kind, page, table, std::forward<MakeText>(make_text));
  }

  /// Whether a tree may have this page: in range, not claimed before. Then it is claimed. A page
  /// that is listed as free too is a finding, but may be had.
  [[nodiscard]] bool claim(std::uint64_t page, std::string_view table);

  /// Reads the first bytes of a page, or of a run of them. False after a finding.
  [[nodiscard]] bool read_page(std::uint64_t page, std::span<std::byte> to, std::string_view table);
  /// Reads bytes of a run of pages.
  [[nodiscard]] bool read_run(std::uint64_t page, std::uint64_t offset, std::span<std::byte> to,
                              std::string_view table);

  /// Lets the kernel read pages ahead that will be claimed next: those of them that may be. Sorts
  /// the list.
  void prefetch(std::vector<std::uint64_t>& pages);

  /// False once the check is to end. Cheap: most calls look at a counter only.
  [[nodiscard]] bool go_on();
  void stop(StopReason reason) noexcept { stopped_ = reason; }
  [[nodiscard]] StopReason stopped() const noexcept { return stopped_; }

 private:
  PageFile& file_;
  const PageLimits& limits_;
  FindingLog& log_;
  const Meta& meta_;
  PageMap map_;
  StopReason stopped_ = StopReason::none;
  std::uint32_t calls_ = 0;
};

/// A large value's run of pages, as its first page describes it.
struct OverflowRun {
  std::uint64_t first = 0;
  std::uint64_t pages = 0;
};

/// Checks and claims the run that is to hold `value_size` bytes. False after a finding.
[[nodiscard]] bool claim_run(Check& check, std::uint64_t first, std::uint64_t value_size,
                             std::string_view table, OverflowRun& run);

}  // namespace milepost::verify
