// SPDX-License-Identifier: Apache-2.0
//
// Fresh run ids: UUIDv7 (RFC 9562), strictly increasing within the process, across threads and
// generators, also when the clock stands still or steps back.
#pragma once

#include <span>

#include "milepost/run.hpp"

namespace milepost::core {

/// The next id for a clock reading and 74 random bits, given the last id handed out (nil at first).
/// Pure. Strictly greater than `last`, which is nil or was made here. Its timestamp is the larger
/// of `now` and `last`'s, or one millisecond more where `last` was the greatest of its millisecond.
[[nodiscard]] Uuid next_uuid_v7(const Uuid& last, Instant now, std::uint64_t random_hi,
                                std::uint64_t random_lo) noexcept;

/// A fresh id, greater than every other one this process made. Thread-safe.
[[nodiscard]] Uuid fresh_run_id(Instant now);

/// Fills `out` with fresh ids, increasing, under one lock: hand in a few hundred at a time.
/// Thread-safe.
void fresh_run_ids(Instant now, std::span<Uuid> out);

}  // namespace milepost::core
