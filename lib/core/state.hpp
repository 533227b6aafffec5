// SPDX-License-Identifier: Apache-2.0
//
// The state machine as a table that compiles or does not. Numbers equal those on disk.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "milepost/run.hpp"

namespace milepost::core {

enum class StepKind : std::uint8_t { start = 0, complete = 1, fail = 2, exit = 3 };

inline constexpr std::array kAllStatuses{RunStatus::queued, RunStatus::running,
                                         RunStatus::completed, RunStatus::failed,
                                         RunStatus::exited};
inline constexpr std::array kAllSteps{StepKind::start, StepKind::complete, StepKind::fail,
                                      StepKind::exit};

struct Transition {
  RunStatus from;
  StepKind step;
  RunStatus to;
};

/// Every legal step. What is not here is refused.
inline constexpr std::array<Transition, 6> kTransitions{{
    {RunStatus::queued, StepKind::start, RunStatus::running},
    {RunStatus::queued, StepKind::fail, RunStatus::failed},
    {RunStatus::queued, StepKind::exit, RunStatus::exited},
    {RunStatus::running, StepKind::complete, RunStatus::completed},
    {RunStatus::running, StepKind::fail, RunStatus::failed},
    {RunStatus::running, StepKind::exit, RunStatus::exited},
}};

/// The status a step enters, from wherever it is legal.
[[nodiscard]] constexpr RunStatus target(StepKind step) noexcept {
  switch (step) {
    case StepKind::start:
      return RunStatus::running;
    case StepKind::complete:
      return RunStatus::completed;
    case StepKind::fail:
      return RunStatus::failed;
    case StepKind::exit:
      break;
  }
  return RunStatus::exited;
}

[[nodiscard]] constexpr bool is_final(RunStatus status) noexcept {
  return status == RunStatus::completed || status == RunStatus::failed ||
         status == RunStatus::exited;
}

/// The status of this number, or nothing.
[[nodiscard]] constexpr std::optional<RunStatus> status_from_number(std::uint8_t number) noexcept {
  if (number >= kAllStatuses.size()) return std::nullopt;
  return kAllStatuses[number];
}

/// Where the step leads, or nothing where it is not legal.
[[nodiscard]] constexpr std::optional<RunStatus> next(RunStatus from, StepKind step) noexcept {
  for (const Transition& edge : kTransitions) {
    if (edge.from == from && edge.step == step) return edge.to;
  }
  return std::nullopt;
}

namespace detail {

constexpr bool table_has_no_pair_twice() {
  for (std::size_t i = 0; i < kTransitions.size(); ++i) {
    for (std::size_t j = i + 1; j < kTransitions.size(); ++j) {
      if (kTransitions[i].from == kTransitions[j].from &&
          kTransitions[i].step == kTransitions[j].step) {
        return false;
      }
    }
  }
  return true;
}

constexpr bool table_leaves_no_final_state() {
  for (const Transition& edge : kTransitions) {
    if (is_final(edge.from)) return false;
  }
  return true;
}

constexpr bool table_enters_what_the_step_says() {
  for (const Transition& edge : kTransitions) {
    if (edge.to != target(edge.step)) return false;
  }
  return true;
}

constexpr bool table_reaches_every_status() {
  for (const RunStatus status : kAllStatuses) {
    bool reached = status == RunStatus::queued;
    for (const Transition& edge : kTransitions) reached = reached || edge.to == status;
    if (!reached) return false;
  }
  return true;
}

constexpr bool statuses_are_numbered_by_position() {
  for (std::size_t i = 0; i < kAllStatuses.size(); ++i) {
    if (static_cast<std::size_t>(kAllStatuses[i]) != i) return false;
  }
  return true;
}

static_assert(table_has_no_pair_twice());
static_assert(table_leaves_no_final_state());
static_assert(table_enters_what_the_step_says());
static_assert(table_reaches_every_status());
static_assert(statuses_are_numbered_by_position());

}  // namespace detail
}  // namespace milepost::core
