// SPDX-License-Identifier: Apache-2.0
//
// Lines between a cell's two ends, and the child's main loop.
#pragma once

#include <string>

#include "bench/cell.hpp"

namespace bench {

/// Reads one line; false at the end of the stream. `pending` keeps what came after it.
[[nodiscard]] bool read_line(int fd, std::string& pending, std::string& line);
void write_line(int fd, std::string line);

/// Serves requests until the stream ends. Returns the process's exit code.
[[nodiscard]] int serve_cell(int fd, const EngineInfo& info, const StoreSpec& store);

}  // namespace bench
