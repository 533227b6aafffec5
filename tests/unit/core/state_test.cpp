// SPDX-License-Identifier: Apache-2.0
//
// The transition table against one written out by hand; sets of statuses.
#include "core/state.hpp"

#include "support/catch.hpp"

#include "milepost/list.hpp"

namespace milepost::core {
namespace {

struct Row {
  RunStatus from;
  std::optional<RunStatus> start;
  std::optional<RunStatus> complete;
  std::optional<RunStatus> fail;
  std::optional<RunStatus> exit;
};

constexpr std::nullopt_t kRefused = std::nullopt;

const Row kRows[] = {
    {RunStatus::queued, RunStatus::running, kRefused, RunStatus::failed, RunStatus::exited},
    {RunStatus::running, kRefused, RunStatus::completed, RunStatus::failed, RunStatus::exited},
    {RunStatus::completed, kRefused, kRefused, kRefused, kRefused},
    {RunStatus::failed, kRefused, kRefused, kRefused, kRefused},
    {RunStatus::exited, kRefused, kRefused, kRefused, kRefused},
};

}  // namespace

TEST_CASE("the transition table is the one of the contract", "[core][state]") {
  static_assert(std::size(kRows) == kAllStatuses.size());
  for (const Row& row : kRows) {
    CAPTURE(static_cast<int>(row.from));
    CHECK(next(row.from, StepKind::start) == row.start);
    CHECK(next(row.from, StepKind::complete) == row.complete);
    CHECK(next(row.from, StepKind::fail) == row.fail);
    CHECK(next(row.from, StepKind::exit) == row.exit);
  }
}

TEST_CASE("three statuses are final", "[core][state]") {
  CHECK_FALSE(is_final(RunStatus::queued));
  CHECK_FALSE(is_final(RunStatus::running));
  CHECK(is_final(RunStatus::completed));
  CHECK(is_final(RunStatus::failed));
  CHECK(is_final(RunStatus::exited));
}

TEST_CASE("status numbers on disk are 0 to 4 and no others", "[core][state]") {
  CHECK(status_from_number(0) == RunStatus::queued);
  CHECK(status_from_number(1) == RunStatus::running);
  CHECK(status_from_number(2) == RunStatus::completed);
  CHECK(status_from_number(3) == RunStatus::failed);
  CHECK(status_from_number(4) == RunStatus::exited);
  for (unsigned number = 5; number < 256; ++number) {
    CHECK_FALSE(status_from_number(static_cast<std::uint8_t>(number)).has_value());
  }
}

TEST_CASE("a set of statuses holds what it was given and no number that is none", "[core][state]") {
  CHECK(StatusSet().is_all());
  CHECK(StatusSet().bits() == 0b11111);
  const StatusSet two{RunStatus::failed, RunStatus::queued};
  CHECK(two.contains(RunStatus::failed));
  CHECK(two.contains(RunStatus::queued));
  CHECK_FALSE(two.contains(RunStatus::running));
  CHECK_FALSE(two.is_all());
  CHECK(two == StatusSet{RunStatus::queued, RunStatus::failed});
  CHECK(StatusSet(std::initializer_list<RunStatus>{}).is_empty());
  for (unsigned number = 5; number < 256; ++number) {
    const auto none = static_cast<RunStatus>(number);
    CHECK(StatusSet(none).is_empty());
    CHECK_FALSE(StatusSet().contains(none));
    CHECK(StatusSet{RunStatus::exited, none} == StatusSet(RunStatus::exited));
  }
}

}  // namespace milepost::core
