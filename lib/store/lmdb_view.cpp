// SPDX-License-Identifier: Apache-2.0
//
// Each question under the view's own lock, against its transaction.
#include "store/lmdb_view.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "lmdb/fork_guard.hpp"
#include "store/counter_rows.hpp"
#include "store/refusals.hpp"
#include "store/upkeep_reader.hpp"

namespace milepost::store {

void ViewRegistry::end_expired() noexcept {
  const auto now = now_();
  const std::lock_guard lock(mutex_);
  end_those_past(now);
}

void ViewRegistry::end_those_past(Clock::time_point now) noexcept {
  for (LmdbView* view : views_) {
    const std::unique_lock idle(view->mutex_, std::try_to_lock);
    if (!idle.owns_lock() || now < view->until_) continue;
    if (view->state_ == LmdbView::State::alive) view->end(LmdbView::State::expired);
  }
}

void ViewRegistry::end_all() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (LmdbView* view : views_) {
    const std::lock_guard idle(view->mutex_);
    if (view->state_ == LmdbView::State::alive) view->end(LmdbView::State::closed);
  }
}

std::size_t ViewRegistry::held() const {
  const std::lock_guard lock(mutex_);
  return count_held();
}

std::size_t ViewRegistry::count_held() const {
  return static_cast<std::size_t>(
      std::count_if(views_.begin(), views_.end(), [](const LmdbView* view) {
        if (!view->handed_out_) return false;
        // Nothing here may wait for a call under way; such a view is alive.
        const std::unique_lock idle(view->mutex_, std::try_to_lock);
        return !idle.owns_lock() || view->state_ == LmdbView::State::alive;
      }));
}

ViewRegistry::Clock::duration ViewRegistry::oldest_age() const {
  const auto now = now_();
  Clock::duration oldest{};
  const std::lock_guard lock(mutex_);
  for (const LmdbView* view : views_) {
    if (!view->handed_out_) continue;
    const std::lock_guard own(view->mutex_);
    if (view->state_ == LmdbView::State::alive && now < view->until_) {
      oldest = std::max(oldest, now - (view->until_ - age_max_));
    }
  }
  return oldest;
}

Result<std::unique_ptr<View>> LmdbView::open(lmdb::Env& env, const StoredRuns& stored,
                                             const TableHandles& tables,
                                             std::shared_ptr<ViewRegistry> registry,
                                             Deadline deadline) {
  auto txn = env.begin_read(deadline);
  if (!txn) return txn.error();
  auto sequence = stored.applied_sequence(*txn);
  if (!sequence) return sequence.error();
  std::unique_ptr<LmdbView> view(
      new LmdbView(std::move(*txn), *sequence, stored, tables, std::move(registry)));
  ViewRegistry& views = *view->registry_;
  const auto now = views.now_();
  const std::lock_guard lock(views.mutex_);
  if (views.closed_) return closed_error();
  // In a process that only reads nobody else ends what a host forgot.
  views.end_those_past(now);
  views.views_.insert(view.get());
  return std::unique_ptr<View>(std::move(view));
}

LmdbView::LmdbView(lmdb::ReadTxn txn, std::uint64_t sequence, const StoredRuns& stored,
                   const TableHandles& tables, std::shared_ptr<ViewRegistry> registry)
    : stored_(stored),
      tables_(tables),
      sequence_(sequence),
      registry_(std::move(registry)),
      fork_generation_(lmdb::fork_generation()),
      txn_(std::move(txn)) {}

LmdbView::~LmdbView() {
  // In a forked child another thread of the parent may have held the lock for ever.
  if (lmdb::fork_generation() != fork_generation_) return;
  const std::lock_guard lock(registry_->mutex_);
  registry_->views_.erase(this);
}

Result<void> LmdbView::hand_out() {
  const auto now = registry_->now_();
  const std::lock_guard lock(registry_->mutex_);
  if (registry_->count_held() >= kSnapshotsMax) {
    return Error{.code = Errc::readers_full,
                 .retry_safe = true,
                 .subject = std::to_string(kSnapshotsMax) + " snapshots",
                 .message = "As many snapshots of the tracker are alive as there may be.",
                 .advice = "End those that are no longer needed."};
  }
  handed_out_ = true;
  const std::lock_guard own(mutex_);
  until_ = now + registry_->age_max_;
  return {};
}

/// Under mutex_.
void LmdbView::end(State why) const noexcept {
  txn_.end();
  state_ = why;
}

/// Under mutex_: why the view cannot answer.
Result<void> LmdbView::refusal() const {
  if (state_ == State::alive && registry_->now_() >= until_) end(State::expired);
  switch (state_) {
    case State::alive:
      return {};
    case State::closed:
      return closed_error();
    case State::expired:
      break;
  }
  return Error{.code = Errc::snapshot_expired,
               .subject = std::to_string(registry_->age_max_.count()) + " ms",
               .message = "The snapshot is older than snapshot_age_max.",
               .advice = "Take a new one and go on from it, or open with a larger limit."};
}

template <typename Answer>
auto LmdbView::ask(Answer&& answer) const -> decltype(answer()) {
  if (lmdb::fork_generation() != fork_generation_) return forked_error();
  const std::lock_guard lock(mutex_);
  if (auto refused = refusal(); !refused) return refused.error();
  return answer();
}

Result<bool> LmdbView::find(const Uuid& run_id, RecordVisitor visit) const {
  return ask([&] { return stored_.visit(txn_, run_id, visit); });
}

Result<void> LmdbView::find_many(std::span<const Uuid> run_ids, IndexedRecordVisitor visit) const {
  std::vector<std::size_t> indexes(run_ids.size());
  std::iota(indexes.begin(), indexes.end(), std::size_t{0});
  return ask([&] { return visit_in_order(stored_, txn_, run_ids, indexes, visit); });
}

Result<ListEnd> LmdbView::list(const ListQuery& query, RecordVisitor visit) const {
  return ask([&] { return Lister(txn_, stored_, tables_).list(query, visit); });
}

Result<ListEnd> LmdbView::completed(const CompletedQuery& query, RecordVisitor visit) const {
  return ask(
      [&] { return read_completed(txn_, stored_, table(Table::by_completed), query, visit); });
}

Result<bool> LmdbView::orphans(std::uint64_t epoch, const std::optional<OrphanPlace>& after,
                               std::size_t limit, RecordVisitor visit) const {
  return ask([&] {
    return read_orphans(txn_, stored_, table(Table::running), epoch, after, limit, visit);
  });
}

Result<bool> LmdbView::scan(const std::optional<Uuid>& after, std::size_t limit,
                            RecordVisitor visit) const {
  return ask([&] { return read_runs(txn_, table(Table::runs), after, limit, visit); });
}

Result<Counts> LmdbView::counts(const std::optional<Uuid>& organization_id,
                                const std::optional<Uuid>& journey_id) const {
  const CounterScope scope = journey_id        ? CounterScope::journey
                             : organization_id ? CounterScope::organization
                                               : CounterScope::everything;
  return ask([&] {
    return read_counts(txn_, table(Table::counters), scope, organization_id.value_or(Uuid{}),
                       journey_id.value_or(Uuid{}));
  });
}

Result<void> LmdbView::changes(std::uint64_t after, std::size_t limit, ChangeVisitor visit) const {
  return ask([&]() -> Result<void> {
    auto feed = this->feed();
    return feed ? read_changes(*feed, after, limit, visit) : feed.error();
  });
}

Result<std::uint64_t> LmdbView::feed_first() const {
  return ask([&]() -> Result<std::uint64_t> {
    auto feed = this->feed();
    return feed ? read_feed_first(*feed) : feed.error();
  });
}

Result<FeedMoment> LmdbView::feed() const {
  auto floor = stored_.feed_floor(txn_);
  if (!floor) return floor.error();
  return FeedMoment{
      .txn = txn_, .changes = table(Table::changes), .floor = *floor, .newest = sequence_};
}

}  // namespace milepost::store
