// SPDX-License-Identifier: Apache-2.0
//
// Where lines come from: a file, stdin, or (sample_triggers.hpp) the built-in sample.
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "milepost/result.hpp"

namespace sample {

/// A longer line is no trigger; its text is dropped instead of being held in memory.
inline constexpr std::size_t kLineSizeMax = 64u << 10;

/// One line without its end. Valid until the next call.
struct Line {
  std::uint64_t number = 0;  ///< From 1.
  std::string_view text{};
  bool too_long = false;
};

class LineSource {
 public:
  virtual ~LineSource() = default;
  /// The next line, or nothing at the end or once a stop was requested.
  [[nodiscard]] virtual milepost::Result<std::optional<Line>> next() = 0;
  /// How much has been read, 0 to 1; negative when that cannot be known.
  [[nodiscard]] virtual double fraction() const = 0;
};

/// A file, or stdin for "-". Waiting for stdin ends when a stop is requested.
[[nodiscard]] milepost::Result<std::unique_ptr<LineSource>> open_lines(const std::string& path);

}  // namespace sample
