// SPDX-License-Identifier: Apache-2.0
//
// AuditFindings: what an audit found. The first are kept, all are counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "milepost/verify.hpp"

namespace milepost::store {

/// One thread at a time.
class AuditFindings {
 public:
  void add(std::string_view kind, std::string where, std::string text) {
    ++count_;
    if (kept_.size() < kFindingsMax) {
      kept_.push_back({std::string(kind), std::move(where), std::move(text)});
    }
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::vector<Finding> take() noexcept { return std::move(kept_); }
  [[nodiscard]] const std::vector<Finding>& kept() const noexcept { return kept_; }

 private:
  std::uint64_t count_ = 0;
  std::vector<Finding> kept_;
};

}  // namespace milepost::store
