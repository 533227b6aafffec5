// SPDX-License-Identifier: Apache-2.0
//
// LmdbView: a View over one LMDB read transaction. A transaction that lives too long keeps the file
// growing and the map from moving, so a view that a host holds has a largest age; past it whoever
// needs the room ends it, from whatever thread (ViewRegistry).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "lmdb/env.hpp"
#include "store/feed_reader.hpp"
#include "store/lister.hpp"
#include "store/stored_runs.hpp"
#include "store/view.hpp"

namespace milepost::store {

class LmdbView;

/// The live views of one store. Outlives the store in the views that are left. Thread-safe.
class ViewRegistry {
 public:
  using Clock = std::chrono::steady_clock;
  ViewRegistry(std::chrono::milliseconds age_max, std::function<Clock::time_point()> now)
      : age_max_(age_max), now_(std::move(now)) {}

  /// Ends the views that are past their age, except one in the middle of a call.
  void end_expired() noexcept;
  /// The store closes: ends all, waiting for calls under way, and lets no new one begin.
  void end_all() noexcept;
  /// How many views hosts hold that can still answer.
  [[nodiscard]] std::size_t held() const;
  /// Of the oldest of those; zero if there is none.
  [[nodiscard]] Clock::duration oldest_age() const;

 private:
  friend class LmdbView;
  // Under mutex_.
  void end_those_past(Clock::time_point now) noexcept;
  [[nodiscard]] std::size_t count_held() const;

  const std::chrono::milliseconds age_max_;
  const std::function<Clock::time_point()> now_;
  mutable std::mutex mutex_;  ///< Taken before a view's own.
  std::unordered_set<LmdbView*> views_;
  bool closed_ = false;
};

class LmdbView final : public View {
 public:
  [[nodiscard]] static Result<std::unique_ptr<View>> open(lmdb::Env& env, const StoredRuns& stored,
                                                          const TableHandles& tables,
                                                          std::shared_ptr<ViewRegistry> registry,
                                                          Deadline deadline);
  ~LmdbView() override;

  std::uint64_t sequence() const noexcept override { return sequence_; }
  Result<void> hand_out() override;
  Result<bool> find(const Uuid& run_id, RecordVisitor visit) const override;
  Result<void> find_many(std::span<const Uuid> run_ids, IndexedRecordVisitor visit) const override;
  Result<ListEnd> list(const ListQuery& query, RecordVisitor visit) const override;
  Result<ListEnd> completed(const CompletedQuery& query, RecordVisitor visit) const override;
  Result<bool> orphans(std::uint64_t epoch, const std::optional<OrphanPlace>& after,
                       std::size_t limit, RecordVisitor visit) const override;
  Result<bool> scan(const std::optional<Uuid>& after, std::size_t limit,
                    RecordVisitor visit) const override;
  Result<Counts> counts(const std::optional<Uuid>& organization_id,
                        const std::optional<Uuid>& journey_id) const override;
  Result<void> changes(std::uint64_t after, std::size_t limit, ChangeVisitor visit) const override;
  Result<std::uint64_t> feed_first() const override;

 private:
  friend class ViewRegistry;
  enum class State : std::uint8_t { alive, expired, closed };

  LmdbView(lmdb::ReadTxn txn, std::uint64_t sequence, const StoredRuns& stored,
           const TableHandles& tables, std::shared_ptr<ViewRegistry> registry);
  /// What `answer` yields, under the view's lock, unless the view ended.
  template <typename Answer>
  [[nodiscard]] auto ask(Answer&& answer) const -> decltype(answer());
  [[nodiscard]] Result<void> refusal() const;
  [[nodiscard]] Result<FeedMoment> feed() const;
  void end(State why) const noexcept;
  [[nodiscard]] const lmdb::Table& table(Table which) const noexcept {
    return tables_[static_cast<std::size_t>(which)];
  }

  const StoredRuns stored_;
  const TableHandles tables_;
  const std::uint64_t sequence_;
  const std::shared_ptr<ViewRegistry> registry_;
  const std::uint32_t fork_generation_;
  bool handed_out_ = false;   ///< The registry's mutex guards it.
  mutable std::mutex mutex_;  ///< Guards what follows.
  ViewRegistry::Clock::time_point until_ = ViewRegistry::Clock::time_point::max();
  mutable lmdb::ReadTxn txn_;
  mutable State state_ = State::alive;
};

}  // namespace milepost::store
