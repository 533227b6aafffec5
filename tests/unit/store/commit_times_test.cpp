// SPDX-License-Identifier: Apache-2.0
//
// From a lag in commits to an age.
#include "store/commit_times.hpp"

#include "support/catch.hpp"

namespace milepost::store {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a reader is as old as the first commit it does not see", "[store][stats]") {
  CommitTimes times;
  const CommitTimes::Clock::time_point start{std::chrono::hours(1)};
  CHECK(times.age(0, start) == milliseconds(0));
  CHECK(times.age(5, start) == milliseconds(0));  // before the first commit of this process
  for (int i = 0; i < 10; ++i) times.note(start + milliseconds(10 * i));
  const auto now = start + milliseconds(100);
  CHECK(times.age(0, now) == milliseconds(0));
  CHECK(times.age(1, now) == milliseconds(10));
  CHECK(times.age(2, now) == milliseconds(20));
  CHECK(times.age(10, now) == milliseconds(100));
  // Older than what is known of: at least that.
  CHECK(times.age(11, now) == milliseconds(100));
}

TEST_CASE("only so many commits are kept", "[store][stats]") {
  CommitTimes times;
  const CommitTimes::Clock::time_point start{std::chrono::hours(1)};
  const auto count = static_cast<int>(CommitTimes::kKept) + 100;
  for (int i = 0; i < count; ++i) times.note(start + milliseconds(i));
  const auto now = start + milliseconds(count);
  CHECK(times.age(1, now) == milliseconds(1));
  CHECK(times.age(CommitTimes::kKept, now) == milliseconds(CommitTimes::kKept));
  CHECK(times.age(CommitTimes::kKept + 1, now) == milliseconds(CommitTimes::kKept));
  CHECK(times.age(1'000'000, now) == milliseconds(CommitTimes::kKept));
}

}  // namespace
}  // namespace milepost::store
