// SPDX-License-Identifier: Apache-2.0
//
// Showing a store's rows to an audit: through LMDB where the file is trusted, by plain reads where
// it is not.
#pragma once

#include <cstdint>
#include <string>

#include "lmdb/env.hpp"
#include "lmdb/folder.hpp"
#include "lmdb/writer_lock.hpp"

#include "milepost/result.hpp"
#include "milepost/verify.hpp"

namespace milepost::store {

/// After so many rows a progress hook is called.
inline constexpr std::uint64_t kRowsPerProgress = 10'000;

/// The store as its newest commit has it. At level `pages` the file is read beside LMDB, which
/// reuses no page of that commit meanwhile.
[[nodiscard]] Result<VerifyReport> verify_open_store(lmdb::Env& env, const VerifyOptions& options);

/// A data file that nobody writes to, by plain reads only.
[[nodiscard]] Result<VerifyReport> verify_data_file(const std::string& file,
                                                    const VerifyOptions& options);

/// A store's folder that no process writes to while this lives.
struct ClosedStore {
  lmdb::Folder folder;
  lmdb::WriterLock lock;
};

/// `locked` if a process has the store open for writing. Makes no file.
[[nodiscard]] Result<ClosedStore> hold_closed_store(const std::string& directory);

/// The folder of a store that is held: data file and journal.
[[nodiscard]] Result<VerifyReport> verify_held_store(const std::string& directory,
                                                     const VerifyOptions& options);

/// The same for one that is not held yet.
[[nodiscard]] Result<VerifyReport> verify_closed_store(const std::string& directory,
                                                       const VerifyOptions& options);

}  // namespace milepost::store
