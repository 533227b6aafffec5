// SPDX-License-Identifier: Apache-2.0
//
// Repair: a new store from what is whole in an old one.
#pragma once

#include <string>

#include "milepost/result.hpp"
#include "milepost/verify.hpp"

namespace milepost::store {

/// See repair_directory.
[[nodiscard]] Result<RepairReport> repair_store(const std::string& from, const std::string& to,
                                                const RepairOptions& options);

}  // namespace milepost::store
