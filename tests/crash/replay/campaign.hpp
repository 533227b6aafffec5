// SPDX-License-Identifier: Apache-2.0
//
// A campaign walks a recorded log, cuts the power at many entries, builds one permitted disk state
// for each cut and has it checked.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "replay/checker.hpp"
#include "replay/disk_model.hpp"

namespace milepost::crash {

struct Cut {
  std::size_t position = 0;  ///< After so many entries of the log.
  Choice choice = Choice::none;
  std::uint64_t seed = 0;
};

struct Campaign {
  std::string log_path;
  std::string state_folder;  ///< Where states are built; each replaces the one before.
  std::uint64_t states = 1000;
  std::uint64_t seed = 1;
  std::uint64_t failures_shown = 3;
  IgnoredSyncs ignored{};
  std::optional<Cut> only{};  ///< Just this one, and leave its folder as the opener left it.
  std::uint64_t repeat = 1;   ///< So many times.
  std::optional<std::chrono::steady_clock::time_point> until{};  ///< Go on cutting until then.
  std::function<void(const LogEntry&)> on_mark;                  ///< For each mark passed.
  std::function<void(const LogEntry&)> before_check;  ///< With the last entry before the cut.
};

struct CampaignReport {
  std::uint64_t states = 0;
  std::uint64_t failed = 0;
  std::array<std::uint64_t, kChoiceCount> by_choice{};
  std::array<std::uint64_t, kChoiceCount> failed_by_choice{};
  std::string first_failure;
  Cut first_failed_cut{};
};

/// `forget_marks` is called before each new walk through the log.
CampaignReport run_campaign(const Campaign& campaign, CheckerProcess& checker,
                            const std::function<void()>& forget_marks);

/// Writes the state below `folder`, which is emptied first.
void build_state(const DiskState& state, const std::string& folder);

}  // namespace milepost::crash
