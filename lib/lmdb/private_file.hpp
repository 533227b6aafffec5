// SPDX-License-Identifier: Apache-2.0
//
// Reading a data file that nobody else has or opens, such as a copy in the making.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "milepost/result.hpp"

namespace milepost::lmdb {

/// One value, read without locks; nothing is left beside the file. Empty if there is no such row.
[[nodiscard]] Result<std::vector<std::byte>> read_private_file(const std::string& file,
                                                               std::string_view table,
                                                               std::string_view key);

}  // namespace milepost::lmdb
