// SPDX-License-Identifier: Apache-2.0
//
// The four steps as values, for tests that walk tables of them, and runs brought to any status.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "support/runs.hpp"

#include "milepost/milepost.hpp"

namespace milepost::test {

enum class Step : std::uint8_t { start, complete, fail, exit };

inline constexpr std::array kSteps{Step::start, Step::complete, Step::fail, Step::exit};
inline constexpr std::array kStatuses{RunStatus::queued, RunStatus::running, RunStatus::completed,
                                      RunStatus::failed, RunStatus::exited};

inline const Uuid kJourney = parse_uuid("3c90c3cc-0d44-4b50-8888-8dd25736052a").value();
inline const Uuid kProfile = parse_uuid("11111111-2222-4333-8444-555555555555").value();

[[nodiscard]] inline const char* name_of(Step step) {
  constexpr std::array kNames{"start", "complete", "fail", "exit"};
  return kNames[static_cast<std::size_t>(step)];
}

/// What goes with a step.
struct With {
  std::string_view owner{};
  std::optional<std::uint64_t> token{};
  Uuid organization{};
  std::string_view error = "mailbox full";
  std::optional<Deadline> deadline{};
};

inline Result<Outcome> take(Tracker& tracker, Step step, const Uuid& run, const With& with = {}) {
  const FinishOptions finish{with.owner, with.token, with.organization, with.deadline};
  switch (step) {
    case Step::start:
      return tracker.start(run, {with.owner, with.organization, with.deadline});
    case Step::complete:
      return tracker.complete(run, finish);
    case Step::fail:
      return tracker.fail(run, with.error, finish);
    case Step::exit:
      break;
  }
  return tracker.exit(run, finish);
}

[[nodiscard]] inline CreateCommand request(const Uuid& run, const Uuid& organization = {}) {
  CreateCommand command;
  command.journey_id = kJourney;
  command.profile_id = kProfile;
  command.run_id = run;
  command.organization_id = organization;
  return command;
}

/// Creates the run and takes it to the status. Running and completed runs are `owner`'s.
inline void bring(Tracker& tracker, const Uuid& run, RunStatus status, const With& with = {}) {
  With finish = with;
  finish.owner = {};
  tracker.create(request(run, with.organization)).value().require_applied();
  if (status == RunStatus::running || status == RunStatus::completed) {
    take(tracker, Step::start, run, with).value().require_applied();
  }
  if (status == RunStatus::completed) {
    take(tracker, Step::complete, run, finish).value().require_applied();
  }
  if (status == RunStatus::failed) take(tracker, Step::fail, run, finish).value().require_applied();
  if (status == RunStatus::exited) take(tracker, Step::exit, run, finish).value().require_applied();
}

/// The public response, put together by hand. `error` is the JSON of that member.
[[nodiscard]] inline std::string expected_json(const Run& run, std::string_view error) {
  const auto instant = [](const std::optional<Instant>& value) {
    return value ? "\"" + to_string(*value).value() + "\"" : std::string("null");
  };
  return "{\"runId\":\"" + to_string(run.run_id) + "\",\"journeyId\":\"" +
         to_string(run.journey_id) + "\",\"profileId\":\"" + to_string(run.profile_id) +
         "\",\"status\":\"" + std::string(to_string(run.status)) +
         "\",\"triggeredAt\":" + instant(run.triggered_at) +
         ",\"completedAt\":" + instant(run.completed_at) + ",\"error\":" + std::string(error) + "}";
}

}  // namespace milepost::test
