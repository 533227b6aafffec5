// SPDX-License-Identifier: Apache-2.0
//
// Steps that were acknowledged into files without a name, and went with them.
#include <filesystem>
#include <fstream>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost {
namespace {

namespace fs = std::filesystem;
using test::code_of;
using test::id;
using test::ok;

OpenOptions small(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = kMapSizeMin;
  options.journal_segment_bytes = kJournalSegmentBytesMin;
  options.journal_bytes_max = kJournalSegmentsMin * kJournalSegmentBytesMin;
  options.publish_interval = std::chrono::milliseconds(1);
  options.wait_max = std::chrono::seconds(5);
  return options;
}

TEST_CASE("steps acknowledged after data.mdb was replaced are published into the old file and lost",
          "[regress]") {
  const test::TempDirectory folder;
  const std::string data = folder / "store/data.mdb";
  std::uint64_t acknowledged = 0;
  {
    OpenOptions options = small(folder / "store");
    options.publish_interval = std::chrono::milliseconds(20);
    Tracker tracker = Tracker::open(options).value();
    tracker.create(test::request(id(acknowledged++))).value().require_applied();
    fs::rename(data, folder / "aside");
    fs::copy_file(folder / "aside", data);
    // Far more than the journal holds: none may leave it for the file that has no name any more.
    Errc code{};
    while (code == Errc{} && acknowledged < 20'000) {
      const auto created = tracker.create(test::request(id(acknowledged)));
      code = code_of(created);
      acknowledged += created.has_value() ? 1 : 0;
    }
    CHECK(code == Errc::needs_reopen);
    CHECK(code_of(tracker.flush()) == Errc::needs_reopen);
    CHECK_FALSE(ok(tracker.close()));
  }
  // What had been published before is in the file that was put aside.
  fs::rename(folder / "aside", data);
  Tracker tracker = Tracker::open(small(folder / "store")).value();
  std::uint64_t lost = 0;
  for (std::uint64_t run = 0; run < acknowledged; ++run) {
    lost += tracker.get(id(run)).value().has_value() ? 0 : 1;
  }
  CHECK(lost == 0);
}

TEST_CASE("a step is acknowledged into a deleted journal segment and lost", "[regress]") {
  const test::TempDirectory folder;
  OpenOptions options = small(folder / "store");
  options.publish_interval = std::chrono::hours(1);
  Tracker tracker = Tracker::open(options).value();
  tracker.create(test::request(id(1))).value().require_applied();
  for (const auto& segment : fs::directory_iterator(folder / "store/journal")) {
    fs::remove(segment.path());
  }
  const auto refused = tracker.create(test::request(id(2)));
  REQUIRE(code_of(refused) == Errc::outcome_unknown);
  CHECK(refused.error().applied == Applied::unknown);
  CHECK(code_of(tracker.create(test::request(id(3)))) == Errc::needs_reopen);
  CHECK(tracker.get(id(1)).value().has_value());
  CHECK_FALSE(tracker.get(id(2)).value().has_value());
}

}  // namespace
}  // namespace milepost
