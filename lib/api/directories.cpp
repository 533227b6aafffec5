// SPDX-License-Identifier: Apache-2.0
//
// The calls that take a store's folder and no tracker.
#include "store/backup.hpp"
#include "store/repair.hpp"
#include "store/verify_store.hpp"

#include "milepost/backup.hpp"
#include "milepost/verify.hpp"

namespace milepost {

Result<VerifyReport> verify_directory(const std::string& directory, const VerifyOptions& options) {
  return store::verify_closed_store(directory, options);
}

Result<RepairReport> repair_directory(const std::string& from, const std::string& to,
                                      const RepairOptions& options) {
  return store::repair_store(from, to, options);
}

Result<RestoreReport> restore_backup(const std::string& backup, const std::string& directory,
                                     const RestoreOptions& options) {
  return store::restore_store(backup, directory, options);
}

}  // namespace milepost
