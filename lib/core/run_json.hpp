// SPDX-License-Identifier: Apache-2.0
//
// The public response of one run: seven members, in order, no spaces.
#pragma once

#include <cstddef>
#include <span>

#include "core/record.hpp"

namespace milepost::core {

/// The exact size `render_run_json` needs for this record.
[[nodiscard]] std::size_t run_json_size(const RecordView& record) noexcept;

/// Writes the response; returns its size, or 0 if `out` is too small (then nothing is promised of
/// its contents). Allocates nothing. Fast path: no size pass when `out` has kRunJsonSizeMax bytes
/// or enough for the worst case of this record.
[[nodiscard]] std::size_t render_run_json(const RecordView& record, std::span<char> out) noexcept;

}  // namespace milepost::core
