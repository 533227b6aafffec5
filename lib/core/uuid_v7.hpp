// SPDX-License-Identifier: Apache-2.0
//
// Fresh run ids: UUIDv7 (RFC 9562), strictly increasing within the process, across threads and
// generators, also when the clock stands still or steps back.
#pragma once

#include <functional>

#include "milepost/run.hpp"

namespace milepost::core {

/// The next id for a clock reading and 74 random bits, given the last id handed out (nil at first).
/// Pure. Strictly greater than `last`; its timestamp is the larger of `now` and `last`'s.
[[nodiscard]] Uuid next_uuid_v7(const Uuid& last, Instant now, std::uint64_t random_hi,
                                std::uint64_t random_lo) noexcept;

/// A fresh id, greater than every other one this process made. Thread-safe.
[[nodiscard]] Uuid fresh_run_id(Instant now);

/// `count` fresh ids, increasing, handed to `use` in order under one lock. Thread-safe.
void fresh_run_ids(Instant now, std::size_t count, const std::function<void(const Uuid&)>& use);

}  // namespace milepost::core
