// SPDX-License-Identifier: Apache-2.0
//
// Files made by hand to be wrong in one way each. They serve the tests and begin the fuzzer's
// corpus. No test framework here.
#pragma once

#include <functional>
#include <vector>

#include "file_maker.hpp"
#include "verify/findings.hpp"

namespace milepost::verify::test {

struct Crafted {
  const char* name;
  FindingKind kind;                      ///< The first finding that must be made.
  std::function<void(FileMaker&)> edit;  ///< Of the sample file.
};

/// Wrong meta pages and table records.
[[nodiscard]] const std::vector<Crafted>& crafted_metas();
/// Wrong branch, leaf and overflow pages.
[[nodiscard]] const std::vector<Crafted>& crafted_pages();
/// Wrong free lists.
[[nodiscard]] const std::vector<Crafted>& crafted_free_lists();

}  // namespace milepost::verify::test
