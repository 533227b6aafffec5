// SPDX-License-Identifier: Apache-2.0
//
// Filter, sort, cut.
#include "support/memory_view.hpp"

#include <algorithm>
#include <tuple>

#include "store/clock.hpp"

namespace milepost::test {
namespace {

bool matches(const RunFilter& filter, const core::RecordView& run) {
  return run.organization_id == filter.organization_id &&
         (!filter.journey_id || run.journey_id == *filter.journey_id) &&
         (!filter.profile_id || run.profile_id == *filter.profile_id) &&
         filter.statuses.contains(run.status) &&
         (!filter.triggered_from || run.triggered_at >= *filter.triggered_from) &&
         (!filter.triggered_to || run.triggered_at < *filter.triggered_to);
}

store::Position place_of(const core::RecordView& run) { return {run.triggered_at, run.run_id}; }

}  // namespace

MemoryView::MemoryView(MemoryState state, const OpenOptions& options,
                       std::shared_ptr<const std::atomic<bool>> closed)
    : state_(std::move(state)),
      retention_(options.feed_retention),
      age_max_(options.snapshot_age_max),
      now_(store::steady_clock(options)),
      closed_(std::move(closed)) {}

Result<void> MemoryView::hand_out() {
  until_ = now_() + age_max_;
  return {};
}

Result<void> MemoryView::refusal() const {
  if (*closed_) return Error{.code = Errc::closed};
  if (now_() >= until_) return Error{.code = Errc::snapshot_expired};
  return {};
}

Result<bool> MemoryView::find(const Uuid& run_id, store::RecordVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused.error();
  const auto found = state_.runs.find(run_id);
  if (found == state_.runs.end()) return false;
  visit(found->second.view());
  return true;
}

Result<void> MemoryView::find_many(std::span<const Uuid> run_ids,
                                   store::IndexedRecordVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused;
  for (std::size_t i = 0; i < run_ids.size(); ++i) {
    const auto found = state_.runs.find(run_ids[i]);
    if (found != state_.runs.end()) visit(i, found->second.view());
  }
  return {};
}

Result<store::ListEnd> MemoryView::list(const store::ListQuery& query,
                                        store::RecordVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused.error();
  const bool rising = query.order == Order::oldest_first;
  std::vector<core::RecordView> fitting;
  for (const auto& [run_id, kept] : state_.runs) {
    const core::RecordView run = kept.view();
    const auto place = place_of(run);
    const bool behind = !query.after || (rising ? *query.after < place : place < *query.after);
    if (behind && matches(query.filter, run)) fitting.push_back(run);
  }
  std::sort(fitting.begin(), fitting.end(), [&](const auto& a, const auto& b) {
    return rising ? place_of(a) < place_of(b) : place_of(b) < place_of(a);
  });
  store::ListEnd end{.more = fitting.size() > query.limit, .last = query.after};
  if (end.more) fitting.resize(query.limit);
  for (const core::RecordView& run : fitting) {
    visit(run);
    end.last = place_of(run);
  }
  return end;
}

Result<store::ListEnd> MemoryView::completed(const store::CompletedQuery& query,
                                             store::RecordVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused.error();
  using Place = std::tuple<Uuid, Instant, Uuid>;
  const auto place = [](const core::RecordView& run) {
    return Place(run.organization_id, *run.completed_at, run.run_id);
  };
  std::vector<core::RecordView> fitting;
  for (const auto& [run_id, kept] : state_.runs) {
    const core::RecordView run = kept.view();
    if (!run.completed_at || *run.completed_at >= query.before) continue;
    if (query.organization_id && *query.organization_id != run.organization_id) continue;
    if (query.after && place(run) <= Place(query.after_organization_id, query.after->instant,
                                           query.after->run_id)) {
      continue;
    }
    fitting.push_back(run);
  }
  std::sort(fitting.begin(), fitting.end(),
            [&](const auto& a, const auto& b) { return place(a) < place(b); });
  store::ListEnd end{.more = fitting.size() > query.limit,
                     .last = query.after,
                     .last_organization_id = query.after_organization_id};
  if (end.more) fitting.resize(query.limit);
  for (const core::RecordView& run : fitting) {
    visit(run);
    end.last = {*run.completed_at, run.run_id};
    end.last_organization_id = run.organization_id;
  }
  return end;
}

Result<bool> MemoryView::orphans(std::uint64_t epoch,
                                 const std::optional<store::OrphanPlace>& after, std::size_t limit,
                                 store::RecordVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused.error();
  using Place = std::pair<std::uint64_t, Uuid>;
  std::vector<core::RecordView> fitting;
  for (const auto& [run_id, kept] : state_.runs) {
    const core::RecordView run = kept.view();
    if (run.status != RunStatus::running || run.epoch >= epoch) continue;
    if (after && Place(run.epoch, run_id) <= Place(after->epoch, after->run_id)) continue;
    fitting.push_back(run);
  }
  std::sort(fitting.begin(), fitting.end(), [](const auto& a, const auto& b) {
    return Place(a.epoch, a.run_id) < Place(b.epoch, b.run_id);
  });
  for (std::size_t i = 0; i < std::min(limit, fitting.size()); ++i) visit(fitting[i]);
  return fitting.size() > limit;
}

Result<bool> MemoryView::scan(const std::optional<Uuid>& after, std::size_t limit,
                              store::RecordVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused.error();
  auto run = after ? state_.runs.upper_bound(*after) : state_.runs.begin();
  for (; run != state_.runs.end() && limit > 0; ++run, --limit) visit(run->second.view());
  return run != state_.runs.end();
}

Result<Counts> MemoryView::counts(const std::optional<Uuid>& organization_id,
                                  const std::optional<Uuid>& journey_id) const {
  if (auto refused = refusal(); !refused) return refused.error();
  Counts counts;
  const Uuid journeys_of = organization_id.value_or(Uuid{});
  for (const auto& [run_id, kept] : state_.runs) {
    const core::RecordView run = kept.view();
    if (organization_id && run.organization_id != *organization_id) continue;
    if (journey_id && (run.journey_id != *journey_id || run.organization_id != journeys_of)) {
      continue;
    }
    switch (run.status) {
      case RunStatus::queued:
        ++counts.queued;
        break;
      case RunStatus::running:
        ++counts.running;
        break;
      case RunStatus::completed:
        ++counts.completed;
        break;
      case RunStatus::failed:
        ++counts.failed;
        break;
      case RunStatus::exited:
        ++counts.exited;
        break;
    }
  }
  return counts;
}

/// The real feed may keep more than its retention: it drops whole blocks. So may the model.
Result<void> MemoryView::changes(std::uint64_t after, std::size_t limit,
                                 store::ChangeVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused;
  if (retention_ == 0 && after < state_.last_sequence) return Error{.code = Errc::too_old};
  for (const KeptChange& change : state_.feed) {
    if (change.sequence <= after || limit == 0) continue;
    visit(change.sequence, change.effect);
    --limit;
  }
  return {};
}

Result<std::uint64_t> MemoryView::feed_first() const {
  if (auto refused = refusal(); !refused) return refused.error();
  return retention_ == 0 || state_.feed.empty() ? 0 : state_.feed.front().sequence;
}

}  // namespace milepost::test
