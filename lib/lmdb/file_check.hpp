// SPDX-License-Identifier: Apache-2.0
//
// Looks at data.mdb with plain reads before LMDB maps it: LMDB trusts what the meta pages say, and
// a short or foreign file would end the host by a signal. Only metas, roots and the file's length
// are looked at; what a whole tree holds is another check's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "milepost/result.hpp"

namespace milepost::lmdb {

/// What the newer meta page says.
struct FileReport {
  std::uint64_t page_size = 0;
  std::uint64_t map_size = 0;
  std::uint64_t last_page = 0;
  std::uint64_t txn_id = 0;
  std::uint64_t file_size = 0;
  /// The length the file needs so that every page is inside it. A sound file may be a few pages
  /// shorter, but only if the missing pages are all free (checked here).
  std::uint64_t needed_size = 0;
};

/// Checks the open file `fd`. `not_a_database`: not LMDB's at all, or empty. `version`: another
/// format or page size. `corrupt`: LMDB's, but the metas, the roots or the length make no sense.
[[nodiscard]] Result<FileReport> check_data_file(int fd, const std::string& path);

/// The map size in the newer meta page, without any other check; 0 if it cannot be read.
[[nodiscard]] std::uint64_t stored_map_size(int fd) noexcept;

/// The page size LMDB 0.9 uses for new files on this machine.
[[nodiscard]] std::uint64_t native_page_size() noexcept;

}  // namespace milepost::lmdb
