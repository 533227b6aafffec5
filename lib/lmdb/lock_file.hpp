// SPDX-License-Identifier: Apache-2.0
//
// Room for lock.mdb. LMDB makes it a sparse file and writes to it through a map: on a full disk
// that is no error but a SIGBUS, which ends the host. So its blocks are had before LMDB opens it.
#pragma once

#include <cstdint>
#include <string>

#include "milepost/result.hpp"

namespace milepost::lmdb {

/// Makes the file if it is absent and gives blocks to a table of so many readers; its size stays
/// LMDB's affair. `disk_full` if there is no room. Only for a process that has the file open
/// nowhere: closing it here drops the process's locks on it. File systems that cannot reserve
/// blocks are left as they are.
[[nodiscard]] Result<void> reserve_lock_file(const std::string& path, std::uint32_t readers);

}  // namespace milepost::lmdb
