// SPDX-License-Identifier: Apache-2.0
//
// The calls of Tracker that look after many runs. Each takes a view, picks runs from it, and sends
// one command or removal for each: what a run is by then is decided anew, so nothing is lost to
// whoever came in between.
#include <algorithm>
#include <array>
#include <utility>

#include "api/reads.hpp"
#include "api/tracker_impl.hpp"
#include "core/cursor_text.hpp"
#include "core/errors.hpp"
#include "core/text.hpp"

namespace milepost {
namespace {

constexpr std::size_t kBulkSample = 10;

Result<std::uint64_t> check_purge(const PurgeOptions& options) {
  if (auto ok = api::check_limit(options.limit, kRemoveLimitMax); !ok) return ok.error();
  const Uuid organization = options.organization_id.value_or(Uuid{});
  const auto micros = options.completed_before.time_since_epoch().count();
  const std::string_view id(reinterpret_cast<const char*>(organization.data), 16);
  return core::digest_of(
      id, static_cast<std::uint64_t>(micros) * 2 + (options.organization_id ? 1 : 0));
}

/// Of a filter, what a bulk step may touch.
RunFilter open_runs_of(const RunFilter& filter) {
  RunFilter open = filter;
  const bool queued = filter.statuses.contains(RunStatus::queued);
  const bool running = filter.statuses.contains(RunStatus::running);
  if (queued && running) {
    open.statuses = {RunStatus::queued, RunStatus::running};
  } else if (queued || running) {
    open.statuses = queued ? RunStatus::queued : RunStatus::running;
  } else {
    open.statuses = {};
  }
  return open;
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
    if (!done) return done.error();
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
    auto view = store_->view(Freshness::latest, deadline);
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

/// Removes the profile's runs that exist now; yields how many.
Result<std::uint64_t> Tracker::Impl::erase_runs_of(const EraseProfileOptions& options,
                                                   Deadline deadline) {
  std::uint64_t erased = 0;
  for (;;) {
    std::vector<core::Removal> removals;
    auto view = store_->view(Freshness::latest, deadline);
    if (!view) return view.error();
    const store::ListQuery query{
        .filter = {.organization_id = options.organization_id, .profile_id = options.profile_id},
        .order = Order::oldest_first,
        .limit = kListLimitMax};
    auto end = (*view)->list(query, [&](const core::RecordView& record) {
      removals.push_back({.kind = core::EffectKind::erase,
                          .run_id = record.run_id,
                          .organization_id = options.organization_id,
                          .profile_id = options.profile_id});
    });
    if (!end) return end.error();
    view->reset();
    if (removals.empty()) return erased;
    auto removed = remove_all(removals, deadline);
    if (!removed) return removed.error();
    erased += *removed;
  }
}

Result<ErasureReceipt> Tracker::Impl::erase_profile(const EraseProfileOptions& options) {
  if (store_->epoch() == 0) return read_only_error();
  const Deadline deadline = deadline_or_default(options.deadline);
  ErasureReceipt receipt;
  auto erased = erase_runs_of(options, deadline);
  if (!erased) return erased.error();
  receipt.runs = *erased;
  {
    auto view = store_->view(Freshness::latest, deadline);
    if (!view) return view.error();
    auto first = (*view)->feed_first();
    if (!first) return first.error();
    const core::ForgetView whom{options.profile_id, options.organization_id};
    const auto count = [&](std::uint64_t, std::span<const std::byte> effect) {
      if (core::tells_of(effect, whom)) ++receipt.changes_blanked;
    };
    const std::uint64_t newest = (*view)->sequence();
    if (*first != 0) {
      auto counted = (*view)->changes(*first - 1, newest, count);
      if (!counted) return counted.error();
    }
  }
  const core::Removal forget{.kind = core::EffectKind::forget,
                             .organization_id = options.organization_id,
                             .profile_id = options.profile_id};
  if (auto forgotten = remove_all({&forget, 1}, deadline); !forgotten) return forgotten.error();
  auto after = store_->view(Freshness::latest, deadline);
  if (!after) return after.error();
  receipt.sequence = (*after)->sequence();
  after->reset();
  auto stats = store_->stats();
  if (!stats) return stats.error();
  receipt.journal_bytes = stats->journal_bytes;
  receipt.free_bytes = stats->free_bytes;
  return receipt;
}

Result<BulkReport> Tracker::Impl::bulk(const BulkOptions& options) {
  if (auto ok = api::check_limit(options.limit, kRemoveLimitMax); !ok) return ok.error();
  if (store_->epoch() == 0) return read_only_error();
  std::string storage;
  const std::string_view error = core::clean_error_text(options.error, storage);
  const RunFilter filter = open_runs_of(options.filter);
  const core::CursorScope scope{
      core::CursorKind::bulk, store_->id(),
      core::digest_of(error,
                      core::digest_of(options.filter, static_cast<std::uint64_t>(options.action)))};
  std::optional<core::CursorPlace> place;
  if (!options.cursor.empty()) {
    auto read = core::read_cursor(scope, options.cursor);
    if (!read) return read.error();
    place = *read;
  }
  BulkReport report;
  if (filter.statuses.is_empty()) return report;
  const Deadline deadline = deadline_or_default(options.deadline);
  std::vector<Command> commands;
  auto next = pick_for_bulk(options, filter, error, place, deadline, commands, report);
  if (!next) return next.error();
  if (*next) report.next = core::write_cursor(scope, **next);
  if (options.dry_run) return report;
  std::vector<store::ResolvedCommand> resolved;
  resolved.reserve(commands.size());
  for (const Command& command : commands) {
    resolved.push_back({.command = &command, .run_id = *core::command_run_id(command)});
  }
  auto applied = apply_all(resolved, deadline);
  if (!applied) return applied.error();
  report.applied = *applied;
  return report;
}

/// The commands of one bulk step, and where the next one begins; nothing if this is the last.
Result<std::optional<core::CursorPlace>> Tracker::Impl::pick_for_bulk(
    const BulkOptions& options, const RunFilter& filter, std::string_view error,
    const std::optional<core::CursorPlace>& place, Deadline deadline,
    std::vector<Command>& commands, BulkReport& report) const {
  auto view = store_->view(Freshness::latest, deadline);
  if (!view) return view.error();
  store::ListQuery query{.filter = filter, .order = Order::oldest_first};
  if (place) query.after = {place->instant, place->run_id};
  const std::uint64_t newest = place ? place->number : (*view)->sequence();
  bool more = true;
  while (more && report.matched < options.limit) {
    query.limit = std::min<std::size_t>(options.limit - report.matched, kListLimitMax);
    auto end = (*view)->list(query, [&](const core::RecordView& record) {
      // Runs made after the first step are not meant.
      if (record.created_sequence > newest) return;
      ++report.matched;
      if (options.dry_run) {
        if (report.sample.size() < kBulkSample) report.sample.push_back(core::to_run(record));
      } else if (options.action == BulkAction::fail) {
        commands.emplace_back(FailCommand{
            .run_id = record.run_id, .error = error, .organization_id = record.organization_id});
      } else {
        commands.emplace_back(
            ExitCommand{.run_id = record.run_id, .organization_id = record.organization_id});
      }
    });
    if (!end) return end.error();
    more = end->more;
    query.after = end->last;
  }
  if (!more || !query.after) return std::optional<core::CursorPlace>();
  return std::optional(core::CursorPlace{
      .instant = query.after->instant, .run_id = query.after->run_id, .number = newest});
}

}  // namespace milepost
