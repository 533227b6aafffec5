// SPDX-License-Identifier: Apache-2.0
//
// Waiting on a 32-bit word with a deadline, and waking all or one of those who wait: what
// std::atomic::wait offers, plus the deadline it lacks.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "milepost/options.hpp"

namespace milepost::store {

/// Sleeps while `word` is `expected`; returns on a wake, a change, a signal, or at the deadline.
/// Callers check their condition again.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::optional<Deadline> deadline) noexcept;

void futex_wake_one(const std::atomic<std::uint32_t>& word) noexcept;
void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept;

}  // namespace milepost::store
