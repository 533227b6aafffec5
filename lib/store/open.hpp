// SPDX-License-Identifier: Apache-2.0
//
// The one door to a store: checks the options, opens, recovers.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "lmdb/env.hpp"
#include "store/store.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// An id for a new store: a random UUID.
[[nodiscard]] std::array<std::byte, 16> random_store_id();

/// What LMDB is opened with.
[[nodiscard]] lmdb::EnvOptions env_options(const OpenOptions& options);

/// Opens the store the options name. Errors: see Tracker::open.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store(const OpenOptions& options);

}  // namespace milepost::store
