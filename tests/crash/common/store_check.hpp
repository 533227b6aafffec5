// SPDX-License-Identifier: Apache-2.0
//
// Looks at a closed store with plain LMDB, as a stranger to the library: every index and the keys
// are bijections with the runs, every counter equals a recount, the change feed has no gap and its
// replay yields the runs. And asks the library itself.
#pragma once

#include <string>

#include "milepost/milepost.hpp"

namespace milepost::crash {

/// What is wrong; empty if nothing. The store must not be open in this process.
std::string check_tables(const std::string& directory);

/// The same by the library's own verification, page by page and record by record.
std::string verify_closed(const std::string& directory);

}  // namespace milepost::crash
