// SPDX-License-Identifier: Apache-2.0
//
// Looks at a closed store with plain LMDB, as a stranger to the library: every index a bijection
// with the runs, every counter equal to a recount.
#pragma once

#include <string>

namespace milepost::crash {

/// What is wrong; empty if nothing. The store must not be open in this process.
std::string check_tables(const std::string& directory);

}  // namespace milepost::crash
