// SPDX-License-Identifier: Apache-2.0
//
// Why LMDB could not be opened. Its one number for "no memory" means the map as well as the heap.
#pragma once

#include <cstdint>
#include <string>

#include "milepost/result.hpp"

namespace milepost::lmdb {

/// `out_of_memory` where the map would fit, so that the heap it was; else as from_lmdb.
[[nodiscard]] Error open_failed(int rc, std::uint64_t map_size, const std::string& path);

}  // namespace milepost::lmdb
