// SPDX-License-Identifier: Apache-2.0
//
// What a reader that died leaves behind.
#include <filesystem>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost {
namespace {

TEST_CASE("the data file grows with every commit behind a killed reader", "[regress]") {
  const test::TempDirectory folder;
  OpenOptions options;
  options.directory = folder / "store";
  options.publish_interval = std::chrono::hours(1);
  Tracker tracker = Tracker::open(options).value();
  const auto write = [&](std::uint64_t first) {
    for (std::uint64_t run = first; run < first + 150; ++run) {
      tracker.create(test::request(test::id(run))).value().require_applied();
      REQUIRE(test::ok(tracker.flush()));
    }
    return std::filesystem::file_size(folder / "store/data.mdb");
  };
  const auto before = write(0);
  REQUIRE(test::ChildProcess({MILEPOST_REGRESS_DEAD_READER, options.directory}).wait() == 0);
  CHECK(write(1'000) < 4 * before);
}

}  // namespace
}  // namespace milepost
