// SPDX-License-Identifier: Apache-2.0
//
// Showing a store's rows to an audit: through LMDB where the file is trusted, by plain reads where
// it is not.
#pragma once

#include <string>

#include "lmdb/env.hpp"
#include "store/lister.hpp"

#include "milepost/result.hpp"
#include "milepost/verify.hpp"

namespace milepost::store {

/// The store as its newest commit has it. At level `pages` the file is read beside LMDB, which
/// reuses no page of that commit meanwhile.
[[nodiscard]] Result<VerifyReport> verify_open_store(lmdb::Env& env, const TableHandles& tables,
                                                     const VerifyOptions& options);

/// A data file that nobody writes to, by plain reads only.
[[nodiscard]] Result<VerifyReport> verify_data_file(const std::string& file,
                                                    const VerifyOptions& options);

/// A folder that no process has open for writing: data file and journal.
[[nodiscard]] Result<VerifyReport> verify_closed_store(const std::string& directory,
                                                       const VerifyOptions& options);

}  // namespace milepost::store
