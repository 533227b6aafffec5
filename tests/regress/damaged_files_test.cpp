// SPDX-License-Identifier: Apache-2.0
//
// Stores that opened without their last steps because a file was damaged or gone.
#include <filesystem>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost {
namespace {

namespace fs = std::filesystem;
using test::code_of;
using test::id;

OpenOptions small(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = kMapSizeMin;
  options.journal_segment_bytes = kJournalSegmentBytesMin;
  options.journal_bytes_max = kJournalSegmentsMin * kJournalSegmentBytesMin;
  options.publish_interval = std::chrono::hours(1);
  return options;
}

/// The files of a store whose writer died with run 1 in the journal only.
void leave_killed_store(const test::TempDirectory& folder) {
  Tracker tracker = Tracker::open(small(folder / "live")).value();
  tracker.create(test::request(id(1))).value().require_applied();
  test::copy_open_store(folder / "live", folder / "killed");
}

TEST_CASE("a store opens without its last steps when their segment was cut within its header",
          "[regress]") {
  const test::TempDirectory folder;
  leave_killed_store(folder);
  for (const auto& segment : fs::directory_iterator(folder / "killed/journal")) {
    fs::resize_file(segment.path(), 100);
  }
  CHECK(code_of(Tracker::open(small(folder / "killed"))) == Errc::corrupt);
}

TEST_CASE("a store opens as a new one beside the journal of the one whose data file is gone",
          "[regress]") {
  const test::TempDirectory folder;
  leave_killed_store(folder);
  fs::rename(folder / "killed/data.mdb", folder / "aside");
  CHECK(code_of(Tracker::open(small(folder / "killed"))) == Errc::corrupt);
  CHECK_FALSE(fs::exists(folder / "killed/data.mdb"));
  fs::rename(folder / "aside", folder / "killed/data.mdb");
  Tracker tracker = Tracker::open(small(folder / "killed")).value();
  CHECK(tracker.get(id(1)).value().has_value());
}

}  // namespace
}  // namespace milepost
