// SPDX-License-Identifier: Apache-2.0
//
// Beds: a tracker to test, on a directory or on the model in memory, with a clock that stands
// still. A suite written for a bed runs on both (TEMPLATE_TEST_CASE over MemoryBed, DirectoryBed).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "api/tracker_impl.hpp"
#include "store/open.hpp"
#include "support/memory_store.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

#include "milepost/milepost.hpp"

namespace milepost::test {

/// Options for a small, quick store.
[[nodiscard]] inline OpenOptions small_options() {
  OpenOptions options;
  options.map_size_start = 1u << 20;
  options.recent_bytes_max = 256u << 10;
  options.publish_interval = std::chrono::milliseconds(20);
  options.journal_segment_bytes = 1u << 20;
  options.journal_bytes_max = 64u << 20;
  return options;
}

/// Changes what a bed opens with.
using Adjust = std::function<void(OpenOptions&)>;

class MemoryBed {
 public:
  explicit MemoryBed(const Adjust& adjust = {}) : options_(small_options()) {
    options_.clock = clock;
    if (adjust) adjust(options_);
    reopen();
  }

  [[nodiscard]] Tracker& tracker() { return *tracker_; }
  [[nodiscard]] Tracker open(const OpenOptions& options) {
    return Tracker::Impl::make(std::make_unique<MemoryStore>(disk_, options), options);
  }
  /// Closes, and opens again what is there.
  void reopen(bool read_only = false) {
    tracker_.reset();
    OpenOptions options = options_;
    options.read_only = read_only;
    tracker_.emplace(open(options));
  }

  ManualClock clock{at("2023-11-07T05:31:56Z")};

 private:
  OpenOptions options_;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::optional<Tracker> tracker_;
};

class DirectoryBed {
 public:
  explicit DirectoryBed(const Adjust& adjust = {}) : options_(small_options()) {
    options_.directory = folder_ / "store";
    options_.clock = clock;
    if (adjust) adjust(options_);
    reopen();
  }

  [[nodiscard]] Tracker& tracker() { return *tracker_; }
  void reopen(bool read_only = false) {
    if (tracker_) (void)tracker_->close();
    tracker_.reset();
    OpenOptions options = options_;
    options.read_only = read_only;
    tracker_.emplace(Tracker::open(options).value());
  }

  [[nodiscard]] OpenOptions& options() { return options_; }

  ManualClock clock{at("2023-11-07T05:31:56Z")};

 private:
  TempDirectory folder_;
  OpenOptions options_;
  std::optional<Tracker> tracker_;
};

}  // namespace milepost::test
