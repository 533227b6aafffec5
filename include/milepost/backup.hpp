// SPDX-License-Identifier: Apache-2.0
//
// Copies of a store that is in use, and the way back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>

#include "milepost/export.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost {

/// Told now and then how many bytes were copied; false cancels: the call is `cancelled` and leaves
/// nothing behind.
using CopyProgressHook = std::function<bool(std::uint64_t bytes)>;

struct BackupOptions {
  /// Leave free pages out: smaller, slower, and nothing of what was removed stays in the copy.
  bool compact = false;
  CopyProgressHook progress{};
  std::optional<Deadline> deadline{};  ///< Of the waiting, not of the copying.
};

struct BackupReport {
  std::uint64_t bytes = 0;     ///< Of the copy.
  std::uint64_t sequence = 0;  ///< The last effect it holds.
};

struct RestoreOptions {
  /// Put the restored store in the place of one that is there; that one is moved to
  /// `<directory>.replaced`, which must not exist. Without this an existing directory is refused.
  bool replace = false;
  CopyProgressHook progress{};
};

struct RestoreReport {
  std::uint64_t bytes = 0;
  std::uint64_t runs = 0;
  std::uint64_t sequence = 0;
  /// The restored store's id: a new one, so that positions and journal segments of the store the
  /// backup was taken from are refused.
  Uuid store_id{};
};

/// Makes a store at `directory` from a backup. The backup is verified first, page by page and
/// record by record; a damaged one is `corrupt` and nothing is touched. The store appears at its
/// place all at once. `invalid_argument` if the directory exists (unless `replace`), `locked` or
/// `already_open` if a store to be replaced is open.
[[nodiscard]] MILEPOST_EXPORT Result<RestoreReport> restore_backup(
    const std::string& backup, const std::string& directory, const RestoreOptions& options = {});

static_assert(std::is_aggregate_v<BackupOptions> && std::is_aggregate_v<RestoreOptions>);

}  // namespace milepost
