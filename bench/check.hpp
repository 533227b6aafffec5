// SPDX-License-Identifier: Apache-2.0
//
// Before anything is timed: every engine plays the same script under the same clock, and each of
// its answers must equal, to the byte, what the reference model says.
#pragma once

#include <cstdint>
#include <string>

#include "bench/engine.hpp"

namespace bench {

/// Plays the script in an empty directory, reopening it half way. Throws at the first answer that
/// differs. Yields a hash of all answers, the same for every engine that passes.
[[nodiscard]] std::uint64_t check_engine(Engine& engine, const std::string& directory);

}  // namespace bench
