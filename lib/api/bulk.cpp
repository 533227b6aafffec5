// SPDX-License-Identifier: Apache-2.0
//
// The calls of Tracker that end many runs: all that a filter matches, or all orphans. A view says
// which; each run then gets a command of its own and is decided anew.
#include <algorithm>
#include <chrono>
#include <utility>

#include "api/reads.hpp"
#include "api/tracker_impl.hpp"
#include "core/cursor_text.hpp"
#include "core/errors.hpp"
#include "core/text.hpp"

namespace milepost {
namespace {

constexpr std::size_t kBulkSample = 10;

/// Of a filter, what a bulk step may touch; nothing if it names final statuses only.
std::optional<RunFilter> open_runs_of(const RunFilter& filter) {
  RunFilter open = filter;
  const bool queued = filter.statuses.contains(RunStatus::queued);
  const bool running = filter.statuses.contains(RunStatus::running);
  if (!queued && !running) return std::nullopt;
  open.statuses = StatusSet{RunStatus::queued, RunStatus::running};
  if (!queued) open.statuses = RunStatus::running;
  if (!running) open.statuses = RunStatus::queued;
  return open;
}

std::vector<store::ResolvedCommand> resolved(std::span<const Command> commands) {
  std::vector<store::ResolvedCommand> all;
  all.reserve(commands.size());
  for (const Command& command : commands) {
    all.push_back({.command = &command, .run_id = *core::command_run_id(command)});
  }
  return all;
}

}  // namespace

Result<BulkReport> Tracker::Impl::bulk(const BulkOptions& options) {
  if (auto ok = api::check_limit(options.limit, kRemoveLimitMax); !ok) return ok.error();
  if (options.filter.statuses.is_empty()) {
    return core::invalid_argument("statuses {}", "The filter names no status, so nothing matches.",
                                  "Name one or more, or leave the member alone for all.");
  }
  if (store_->epoch() == 0) return read_only_error();
  std::string storage;
  const std::string_view error = core::clean_error_text(options.error, storage);
  const std::optional<RunFilter> filter = open_runs_of(options.filter);
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
  if (!filter) return report;
  const Deadline deadline = deadline_or_default(options.deadline);
  std::vector<Command> commands;
  auto next = pick_for_bulk(options, *filter, error, place, deadline, commands, report);
  if (!next) return next.error();
  if (*next) report.next = core::write_cursor(scope, **next);
  if (options.dry_run) return report;
  auto applied = apply_all(resolved(commands), deadline);
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
    // What matches may be far apart: the next step goes on from here.
    if (std::chrono::steady_clock::now() >= deadline) break;
  }
  if (!more || !query.after) return std::optional<core::CursorPlace>();
  return std::optional(core::CursorPlace{
      .instant = query.after->instant, .run_id = query.after->run_id, .number = newest});
}

/// A run that somebody adopts meanwhile has another token then and is left alone.
Result<FailOrphansReport> Tracker::Impl::fail_orphans(const FailOrphansOptions& options) {
  if (auto ok = api::check_limit(options.limit, kRemoveLimitMax); !ok) return ok.error();
  if (store_->epoch() == 0) return read_only_error();
  std::string storage;
  const std::string_view error = core::clean_error_text(options.error, storage);
  const Deadline deadline = deadline_or_default(options.deadline);
  std::vector<Command> commands;
  FailOrphansReport report;
  {
    auto view = store_->view(Freshness::latest, deadline);
    if (!view) return view.error();
    auto more = (*view)->orphans(
        store_->epoch(), std::nullopt, options.limit, [&](const core::RecordView& record) {
          commands.emplace_back(FailCommand{.run_id = record.run_id,
                                            .error = error,
                                            .fencing_token = record.fencing_token,
                                            .organization_id = record.organization_id});
        });
    if (!more) return more.error();
    report.more = *more;
  }
  auto failed = apply_all(resolved(commands), deadline);
  if (!failed) return failed.error();
  report.failed = *failed;
  return report;
}

}  // namespace milepost
