// SPDX-License-Identifier: Apache-2.0
//
// The one door to a store: checks the options, opens, recovers.
#pragma once

#include <memory>

#include "store/store.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// Opens the store the options name. Errors: see Tracker::open.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store(const OpenOptions& options);

}  // namespace milepost::store
