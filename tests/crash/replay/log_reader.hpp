// SPDX-License-Identifier: Apache-2.0
//
// A recorded log in memory, entry by entry.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io_log.hpp"

namespace milepost::crash {

struct LogEntry {
  LogHeader header;
  std::string_view path;
  std::string_view second_path;
  std::span<const std::byte> data;
};

class LogReader {
 public:
  /// Reads the file; a last entry cut short by a kill is left out. Throws std::runtime_error.
  explicit LogReader(const std::string& path);
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  [[nodiscard]] const std::vector<LogEntry>& entries() const noexcept { return entries_; }

 private:
  std::vector<std::byte> bytes_;
  std::vector<LogEntry> entries_;
};

}  // namespace milepost::crash
