// SPDX-License-Identifier: Apache-2.0
//
// What a forked child of a read-only process is told.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/temp_directory.hpp"

#include "milepost/milepost.hpp"

namespace milepost {
namespace {

TEST_CASE("a fork's write on its parent's read-only tracker says read_only, not forked",
          "[regress]") {
  const test::TempDirectory folder;
  OpenOptions options;
  options.directory = folder / "store";
  REQUIRE(Tracker::open(options).has_value());
  CHECK(test::ChildProcess({MILEPOST_REGRESS_FORK_CHILD, options.directory}).wait() == 0);
}

}  // namespace
}  // namespace milepost
