// SPDX-License-Identifier: Apache-2.0
//
// The inside of a Tracker: a store and what the calls need beside it. Tests make one over a store
// of their own.
#pragma once

#include <atomic>
#include <memory>

#include "store/store.hpp"

#include "milepost/tracker.hpp"

namespace milepost {

class Tracker::Impl {
 public:
  Impl(std::unique_ptr<store::Store> store, const OpenOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] static Tracker make(std::unique_ptr<store::Store> store,
                                    const OpenOptions& options) {
    return Tracker(std::make_unique<Impl>(std::move(store), options));
  }

  [[nodiscard]] Result<Outcome> apply_one(const Command& command,
                                          const std::optional<Deadline>& deadline);
  [[nodiscard]] Result<std::vector<Outcome>> apply(std::span<const Command> commands,
                                                   const std::optional<Deadline>& deadline);

  [[nodiscard]] store::Store& store() noexcept { return *store_; }
  [[nodiscard]] Deadline deadline_or_default(const std::optional<Deadline>& deadline) const;

 private:
  std::unique_ptr<store::Store> store_;
  std::chrono::milliseconds wait_max_;
  std::function<Instant()> clock_;
};

}  // namespace milepost
