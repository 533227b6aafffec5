// SPDX-License-Identifier: Apache-2.0
//
// MemoryView: a copy of the model's state; every question is answered by looking at all of it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "support/memory_store.hpp"

namespace milepost::test {

class MemoryView final : public store::View {
 public:
  MemoryView(MemoryState state, const OpenOptions& options,
             std::shared_ptr<const std::atomic<bool>> closed);

  std::uint64_t sequence() const noexcept override { return state_.last_sequence; }
  Result<void> hand_out() override;
  Result<bool> find(const Uuid& run_id, store::RecordVisitor visit) const override;
  Result<void> find_many(std::span<const Uuid> run_ids,
                         store::IndexedRecordVisitor visit) const override;
  Result<store::ListEnd> list(const store::ListQuery& query,
                              store::RecordVisitor visit) const override;
  Result<store::ListEnd> completed(const store::CompletedQuery& query,
                                   store::RecordVisitor visit) const override;
  Result<bool> orphans(std::uint64_t epoch, const std::optional<store::OrphanPlace>& after,
                       std::size_t limit, store::RecordVisitor visit) const override;
  Result<bool> scan(const std::optional<Uuid>& after, std::size_t limit,
                    store::RecordVisitor visit) const override;
  Result<Counts> counts(const std::optional<Uuid>& organization_id,
                        const std::optional<Uuid>& journey_id) const override;
  Result<void> changes(std::uint64_t after, std::size_t limit,
                       store::ChangeVisitor visit) const override;
  Result<std::uint64_t> feed_first() const override;

 private:
  using SteadyClock = std::chrono::steady_clock;
  [[nodiscard]] Result<void> refusal() const;

  MemoryState state_;
  std::uint64_t retention_;
  std::chrono::milliseconds age_max_;
  std::function<SteadyClock::time_point()> now_;
  SteadyClock::time_point until_ = SteadyClock::time_point::max();
  std::shared_ptr<const std::atomic<bool>> closed_;  ///< The store's.
};

}  // namespace milepost::test
