// SPDX-License-Identifier: Apache-2.0
//
// The inside of a Snapshot: a view and whose it is.
#pragma once

#include <memory>
#include <utility>

#include "store/view.hpp"

#include "milepost/snapshot.hpp"

namespace milepost {

class Snapshot::Impl {
 public:
  Impl(std::unique_ptr<store::View> view, const Uuid& store_id)
      : view_(std::move(view)), store_id_(store_id) {}
  [[nodiscard]] const store::View& view() const noexcept { return *view_; }
  [[nodiscard]] const Uuid& store_id() const noexcept { return store_id_; }

 private:
  std::unique_ptr<store::View> view_;
  Uuid store_id_;
};

}  // namespace milepost
