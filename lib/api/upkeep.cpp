// SPDX-License-Identifier: Apache-2.0
//
// The calls of Tracker that look after many runs. Each takes a view, picks runs from it, and sends
// one command or removal for each: what a run is by then is decided anew, so nothing is lost to
// whoever came in between.
#include <algorithm>
#include <limits>
#include <utility>

#include "api/reads.hpp"
#include "api/tracker_impl.hpp"
#include "core/cursor_text.hpp"

namespace milepost {
namespace {

constexpr std::uint64_t kAnySequence = std::numeric_limits<std::uint64_t>::max();

Result<std::uint64_t> check_purge(const PurgeOptions& options) {
  if (auto ok = api::check_limit(options.limit, kRemoveLimitMax); !ok) return ok.error();
  const Uuid organization = options.organization_id.value_or(Uuid{});
  const auto micros = options.completed_before.time_since_epoch().count();
  const std::string_view id(reinterpret_cast<const char*>(organization.data), 16);
  return core::digest_of(
      id, static_cast<std::uint64_t>(micros) * 2 + (options.organization_id ? 1 : 0));
}

/// The error of a call that had done something before it failed.
Error partly(Error error, std::uint64_t done) {
  if (done > 0 && error.applied == Applied::no) error.applied = Applied::yes;
  return error;
}

}  // namespace

Result<Page> Tracker::Impl::orphans(const OrphansOptions& options) const {
  if (auto ok = api::check_limit(options.limit, kListLimitMax); !ok) return ok.error();
  if (store_->epoch() == 0) return read_only_error();
  const core::CursorScope scope{core::CursorKind::orphans, store_->id(), 0};
  std::optional<store::OrphanPlace> after;
  if (!options.cursor.empty()) {
    auto place = core::read_cursor(scope, options.cursor);
    if (!place) return place.error();
    after = {place->number, place->run_id};
  }
  auto view = store_->view(Freshness::latest, deadline_or_default(options.deadline));
  if (!view) return view.error();
  Page page;
  core::CursorPlace last;
  auto more =
      (*view)->orphans(store_->epoch(), after, options.limit, [&](const core::RecordView& record) {
        page.runs.push_back(core::to_run(record));
        last = {.run_id = record.run_id, .number = record.epoch};
      });
  if (!more) return more.error();
  if (*more) page.next = core::write_cursor(scope, last);
  return page;
}

Result<std::vector<Run>> Tracker::Impl::expired(const ExpiredOptions& options) const {
  if (auto ok = api::check_limit(options.limit, kListLimitMax); !ok) return ok.error();
  auto run_ids = store_->expired_leases(options.limit);
  if (!run_ids) return run_ids.error();
  std::vector<Run> runs;
  for (const Uuid& run_id : *run_ids) {
    auto found = store_->find(run_id, [&](const core::RecordView& record) {
      if (record.status == RunStatus::running) runs.push_back(core::to_run(record));
    });
    if (!found) return found.error();
  }
  return runs;
}

/// Applies what may be more than one batch takes; yields how many were applied.
Result<std::uint64_t> Tracker::Impl::apply_all(std::span<const store::ResolvedCommand> commands,
                                               Deadline deadline) {
  std::uint64_t applied = 0;
  std::vector<Outcome> outcomes;
  while (!commands.empty()) {
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (; count < std::min(commands.size(), kBatchCommandsMax); ++count) {
      bytes += store::effect_bytes_max(commands[count]);
      if (count > 0 && bytes > store_->batch_bytes_max()) break;
    }
    outcomes.assign(count, Outcome{});
    auto done = store_->apply(commands.first(count), deadline, outcomes);
    if (!done) return partly(done.error(), applied);
    for (const Outcome& outcome : outcomes) applied += outcome.applied() ? 1 : 0;
    commands = commands.subspan(count);
  }
  return applied;
}

Result<std::uint64_t> Tracker::Impl::remove_all(std::span<const core::Removal> removals,
                                                Deadline deadline) {
  std::vector<store::ResolvedCommand> commands;
  commands.reserve(removals.size());
  for (const core::Removal& removal : removals) {
    commands.push_back({.run_id = removal.run_id, .removal = &removal});
  }
  return apply_all(commands, deadline);
}

Result<PurgeReport> Tracker::Impl::purge(const PurgeOptions& options) {
  auto question = check_purge(options);
  if (!question) return question.error();
  if (store_->epoch() == 0) return read_only_error();
  const core::CursorScope scope{core::CursorKind::purge, store_->id(), *question};
  store::CompletedQuery query{.before = options.completed_before,
                              .organization_id = options.organization_id,
                              .limit = options.limit};
  if (!options.cursor.empty()) {
    auto place = core::read_cursor(scope, options.cursor);
    if (!place) return place.error();
    query.after = {place->instant, place->run_id};
    query.after_organization_id = place->organization_id;
  }
  const Deadline deadline = deadline_or_default(options.deadline);
  std::vector<core::Removal> removals;
  PurgeReport report;
  {
    auto view = view_to_remove(deadline);
    if (!view) return view.error();
    auto end = (*view)->completed(query, [&](const core::RecordView& record) {
      removals.push_back({.kind = core::EffectKind::purge,
                          .run_id = record.run_id,
                          .organization_id = record.organization_id,
                          .completed_before = options.completed_before});
    });
    if (!end) return end.error();
    if (end->more && end->last) {
      report.next = core::write_cursor(scope, {.organization_id = end->last_organization_id,
                                               .instant = end->last->instant,
                                               .run_id = end->last->run_id});
    }
  }
  report.removed = removals.size();
  if (options.dry_run) return report;
  auto removed = remove_all(removals, deadline);
  if (!removed) return removed.error();
  report.removed = *removed;
  return report;
}

/// The newest moment there is; in a store too full to take in what is pending, what is published:
/// upkeep is what helps then.
Result<std::unique_ptr<store::View>> Tracker::Impl::view_to_remove(Deadline deadline) const {
  auto view = store_->view(Freshness::latest, deadline);
  const bool full =
      !view && (view.error().code == Errc::map_full || view.error().code == Errc::disk_full);
  return full ? store_->view(Freshness::published, deadline) : std::move(view);
}

/// Removes those of the profile's runs that were made before the sequence; yields how many.
Result<std::uint64_t> Tracker::Impl::erase_runs_of(const EraseProfileOptions& options,
                                                   std::uint64_t made_before, Deadline deadline) {
  std::uint64_t erased = 0;
  const bool first = made_before == kAnySequence;
  store::ListQuery query{
      .filter = {.organization_id = options.organization_id, .profile_id = options.profile_id},
      .order = Order::oldest_first,
      .limit = kListLimitMax};
  for (bool more = true; more;) {
    std::vector<core::Removal> removals;
    // Only the first look may be at less than everything: a second one follows the forget.
    auto view = first ? view_to_remove(deadline) : store_->view(Freshness::latest, deadline);
    if (!view) return partly(view.error(), erased);
    auto end = (*view)->list(query, [&](const core::RecordView& record) {
      if (record.created_sequence >= made_before) return;
      removals.push_back({.kind = core::EffectKind::erase,
                          .run_id = record.run_id,
                          .organization_id = options.organization_id,
                          .profile_id = options.profile_id});
    });
    if (!end) return partly(end.error(), erased);
    view->reset();
    auto removed = remove_all(removals, deadline);
    if (!removed) return partly(removed.error(), erased);
    erased += *removed;
    more = end->more;
    query.after = end->last;
  }
  return erased;
}

/// How many entries of the feed tell something of the profile.
Result<std::uint64_t> Tracker::Impl::count_changes_of(const EraseProfileOptions& options,
                                                      Deadline deadline) const {
  auto view = store_->view(Freshness::latest, deadline);
  if (!view) return view.error();
  auto first = (*view)->feed_first();
  if (!first) return first.error();
  std::uint64_t count = 0;
  if (*first == 0) return count;
  const core::ForgetView whom{options.profile_id, options.organization_id};
  auto counted = (*view)->changes(*first - 1, (*view)->sequence(),
                                  [&](std::uint64_t, std::span<const std::byte> effect) {
                                    if (core::tells_of(effect, whom)) ++count;
                                  });
  if (!counted) return counted.error();
  return count;
}

/// Erases, then has the feed forget; again if a run was made in between: its beginning is blanked,
/// so it goes, too. When this is done no run is left that is older than the last forget.
Result<void> Tracker::Impl::erase_and_forget(const EraseProfileOptions& options, Deadline deadline,
                                             ErasureReceipt& receipt) {
  const core::Removal forget{.kind = core::EffectKind::forget,
                             .organization_id = options.organization_id,
                             .profile_id = options.profile_id};
  const store::ResolvedCommand command{.removal = &forget};
  for (;;) {
    const bool first = receipt.sequence == 0;
    auto erased = erase_runs_of(options, first ? kAnySequence : receipt.sequence, deadline);
    if (!erased) return erased.error();
    if (!first && *erased == 0) return {};
    receipt.runs += *erased;
    auto counted = count_changes_of(options, deadline);
    if (!counted) return counted.error();
    receipt.changes_blanked += *counted;
    Outcome outcome;
    auto forgotten = store_->apply({&command, 1}, deadline, {&outcome, 1});
    if (!forgotten) return forgotten.error();
    receipt.sequence = outcome.run.sequence;
  }
}

Result<ErasureReceipt> Tracker::Impl::erase_profile(const EraseProfileOptions& options) {
  if (store_->epoch() == 0) return read_only_error();
  ErasureReceipt receipt;
  auto erased = erase_and_forget(options, deadline_or_default(options.deadline), receipt);
  if (!erased) return partly(erased.error(), receipt.runs + receipt.sequence);
  auto stats = store_->stats();
  if (!stats) return partly(stats.error(), receipt.sequence);
  receipt.journal_bytes = stats->journal_bytes;
  receipt.free_bytes = stats->free_bytes;
  return receipt;
}

}  // namespace milepost
