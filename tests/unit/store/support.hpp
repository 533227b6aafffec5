// SPDX-License-Identifier: Apache-2.0
//
// Effects for tests of the store's parts.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "store/effect_block.hpp"
#include "support/runs.hpp"

namespace milepost::test {

/// An effect on run `number` with this sequence; `error` makes it larger.
[[nodiscard]] inline store::EffectPtr effect(std::uint64_t number, std::uint64_t sequence,
                                             std::string_view error = {}) {
  core::RecordView record;
  record.run_id = id(number);
  record.journey_id = id(1, 1);
  record.profile_id = id(2, 2);
  record.triggered_at = at("2023-11-07T05:31:56Z");
  record.created_sequence = 1;
  record.sequence = sequence;
  if (!error.empty()) {
    record.status = RunStatus::failed;
    record.completed_at = record.triggered_at;
    record.error = error;
  }
  return store::EffectPtr::make(record);
}

/// Effects on the runs first..first+count-1 with the sequences of the same numbers.
[[nodiscard]] inline std::vector<store::EffectPtr> effects(std::uint64_t first,
                                                           std::uint64_t count) {
  std::vector<store::EffectPtr> made;
  for (std::uint64_t i = first; i < first + count; ++i) made.push_back(effect(i, i));
  return made;
}

}  // namespace milepost::test
