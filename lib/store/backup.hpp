// SPDX-License-Identifier: Apache-2.0
//
// Backup and restore of whole stores.
#pragma once

#include <string>

#include "lmdb/env.hpp"
#include "store/stored_runs.hpp"

#include "milepost/backup.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// Copies the store as it is published into a new folder.
[[nodiscard]] Result<BackupReport> copy_store(lmdb::Env& env, const std::string& to,
                                              const BackupOptions& options);

/// See restore_backup.
[[nodiscard]] Result<RestoreReport> restore_store(const std::string& backup,
                                                  const std::string& directory,
                                                  const RestoreOptions& options);

}  // namespace milepost::store
