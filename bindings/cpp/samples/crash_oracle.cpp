// SPDX-License-Identifier: Apache-2.0
//
// A map from run to what was said of it.
#include "crash_oracle.hpp"

#include <cstring>

namespace sample {

using milepost::RunStatus;

void CrashOracle::take(std::span<const std::uint8_t, kAcknowledgementSize> record) {
  milepost::Uuid run_id{};
  std::memcpy(run_id.data, record.data(), 16);
  Told& told = runs_[run_id];
  std::memcpy(told.organization_id.data, record.data() + 16, 16);
  const auto status = static_cast<RunStatus>(record.back());
  if (status == RunStatus::queued) {
    told.created = true;
    ++created_;
    return;
  }
  ++steps_;
  if (status == RunStatus::running) {
    told.started = true;
  } else {
    told.ended = status;
  }
}

void CrashOracle::judge(const milepost::Uuid& run_id, const Told& told,
                        const std::optional<milepost::Run>& run, Verdict& verdict) {
  const auto expect = [&](bool is_told, bool is_there) {
    if (is_told && is_there) ++verdict.there;
    if (is_told && !is_there && verdict.missing++ == 0) verdict.first_missing = run_id;
    // Of runs that an earlier process made we were told only a part.
    if (!is_told && is_there && told.created) ++verdict.untold;
  };
  expect(told.created, run.has_value());
  expect(told.started, run && run->started_at.has_value());
  expect(told.ended.has_value(),
         run && (told.ended ? run->status == *told.ended : run->completed_at.has_value()));
}

milepost::Result<CrashOracle::Verdict> CrashOracle::check(const milepost::Tracker& tracker) const {
  Verdict verdict;
  for (const auto& [run_id, told] : runs_) {
    const auto run = tracker.get(run_id, {.organization_id = told.organization_id});
    if (!run) return run.error();
    judge(run_id, told, *run, verdict);
  }
  return verdict;
}

}  // namespace sample
