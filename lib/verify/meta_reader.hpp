// SPDX-License-Identifier: Apache-2.0
//
// Reads the two meta pages and picks the one LMDB would use. LMDB refuses a file when either is
// damaged; here the other one is used all the same, so that the report is about the whole file.
#pragma once

#include <optional>

#include "verify/findings.hpp"
#include "verify/format.hpp"
#include "verify/page_file.hpp"

namespace milepost::verify {

/// The meta page to go by, or nothing if neither will do. Its page size is sound and its last page
/// is at least 1; its trees are not looked at.
[[nodiscard]] std::optional<Meta> read_metas(PageFile& file, FindingLog& log);

}  // namespace milepost::verify
