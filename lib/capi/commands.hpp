// SPDX-License-Identifier: Apache-2.0
//
// milepost_command and milepost_step_options as commands of the C++ API. Which members a kind has a
// meaning for is one table; a member that is set without one is refused, because it means that
// somebody expects of the call what it does not do.
#pragma once

#include <cstdint>

#include "capi/input.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {

/// Members that not every kind of command has; bits of a set.
inline constexpr std::uint32_t kOptionalRunId = 1u << 0;
inline constexpr std::uint32_t kSubject = 1u << 1;  ///< journey_id and profile_id
inline constexpr std::uint32_t kTriggeredAt = 1u << 2;
inline constexpr std::uint32_t kOptionalTriggeredAt = 1u << 3;
inline constexpr std::uint32_t kImported = 1u << 4;  ///< status, started_at, completed_at
inline constexpr std::uint32_t kOwner = 1u << 5;
inline constexpr std::uint32_t kToken = 1u << 6;
inline constexpr std::uint32_t kLease = 1u << 7;
inline constexpr std::uint32_t kKey = 1u << 8;
inline constexpr std::uint32_t kError = 1u << 9;
inline constexpr std::uint32_t kOnlyIfExpired = 1u << 10;

inline constexpr std::uint32_t kCreateMembers =
    kOptionalRunId | kSubject | kOptionalTriggeredAt | kKey;
inline constexpr std::uint32_t kStartMembers = kOwner | kLease;
inline constexpr std::uint32_t kFinishMembers = kOwner | kToken;
inline constexpr std::uint32_t kFailMembers = kOwner | kToken | kError | kOnlyIfExpired;
inline constexpr std::uint32_t kAdoptMembers = kOwner | kToken | kLease | kOnlyIfExpired;
inline constexpr std::uint32_t kHeartbeatMembers = kOwner | kToken | kLease;
inline constexpr std::uint32_t kImportMembers = kSubject | kTriggeredAt | kImported | kError;

/// One command of a batch, or of create. Its texts are the caller's.
[[nodiscard]] Command to_command(Input& in, const milepost_command& from);

/// What is left of step options once they are read.
struct StepOptions {
  std::string_view owner{};
  std::optional<std::uint64_t> fencing_token{};
  std::optional<Lease> lease{};
  Uuid organization_id{};
  bool only_if_expired = false;
  std::optional<Deadline> deadline{};
};

/// `members`: what the verb takes.
[[nodiscard]] StepOptions to_step_options(Input& in, const milepost_step_options* from,
                                          std::uint32_t members);

[[nodiscard]] inline milepost_command command_defaults() noexcept { return {}; }
[[nodiscard]] milepost_step_options step_defaults() noexcept;

}  // namespace milepost::capi
