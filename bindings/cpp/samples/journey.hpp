// SPDX-License-Identifier: Apache-2.0
//
// The little journeys this host executes: what would be mail servers and segment queries is
// arithmetic here, so that the same recipient always ends the same way. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "milepost/run.hpp"

namespace sample {

enum class StepKind : std::uint8_t {
  check_consent,
  check_segment,
  check_goal,
  render_template,
  send_mail,
  send_push,
  send_sms,
  call_webhook,
};

struct Journey {
  std::string_view name{};
  std::span<const StepKind> steps{};
};

/// What a journey's id stands for. Ids this host has never seen get one of its journeys too.
[[nodiscard]] const Journey& journey_of(const milepost::Uuid& journey_id) noexcept;

/// How a step ended for one recipient.
struct StepResult {
  enum class Kind : std::uint8_t { go_on, exit, fail };
  Kind kind = Kind::go_on;
  std::string_view error{};  ///< For fail. Lives for ever.
};

/// Does the step at `index` for the recipient. Always the same for the same arguments.
[[nodiscard]] StepResult perform(StepKind step, std::size_t index, const milepost::Uuid& journey_id,
                                 const milepost::Uuid& profile_id) noexcept;

}  // namespace sample
