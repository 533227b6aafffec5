// SPDX-License-Identifier: Apache-2.0
//
// Switches of the probe's faults: an errno to fail with, or 0.
#pragma once

#include <atomic>

namespace milepost::lmdb::test {

extern std::atomic<int> g_meta_write_error;  ///< Writes into the two meta pages.
extern std::atomic<int> g_data_write_error;  ///< Writes elsewhere.
extern std::atomic<int> g_sync_error;        ///< fdatasync.
extern std::atomic<int> g_fsync_to_fail;     ///< Which fsync from now on fails with EIO; 0: none.

}  // namespace milepost::lmdb::test
