// SPDX-License-Identifier: Apache-2.0
//
// The built-in sample: triggers made from a seed, the same ones on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "line_source.hpp"

namespace sample {

/// `count` triggers as lines. The same seed gives the same lines.
[[nodiscard]] std::unique_ptr<LineSource> sample_lines(std::uint64_t seed, std::uint64_t count);

/// The same lines written to a file; "-" is stdout. Replaces what the file held.
[[nodiscard]] milepost::Result<void> write_sample(const std::string& path, std::uint64_t seed,
                                                  std::uint64_t count);

}  // namespace sample
