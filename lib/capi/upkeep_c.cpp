// SPDX-License-Identifier: Apache-2.0
//
// milepost_tracker: looking after a store. Orphans and expired leases, retention, erasure, bulk
// steps.
#include "capi/guard.hpp"
#include "capi/input.hpp"
#include "capi/objects.hpp"
#include "capi/reads.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

milepost_purge_options purge_defaults() noexcept {
  milepost_purge_options made{};
  made.completed_before = INT64_MIN;
  made.limit = PurgeOptions{}.limit;
  made.timeout_ms = MILEPOST_TIMEOUT_DEFAULT;
  return made;
}

milepost_bulk_options bulk_defaults() noexcept {
  milepost_bulk_options made{};
  made.action = MILEPOST_BULK_EXIT;
  made.limit = BulkOptions{}.limit;
  made.timeout_ms = MILEPOST_TIMEOUT_DEFAULT;
  return made;
}

Result<void> orphans(TrackerObject& object, const milepost_page_options* page, milepost_runs* out) {
  Input in;
  const ListOptions given = to_list_options(in, nullptr, page);
  if (!in.ok()) return in.problem();
  auto found = object.tracker.orphans(
      {.limit = given.limit, .cursor = given.cursor, .deadline = given.deadline});
  if (!found) return found.error();
  hand_out(out, make_runs(std::move(found->runs), std::move(found->next)));
  return {};
}

Result<void> fail_orphans(TrackerObject& object, const FailOrphansOptions& options, Input& in,
                          std::uint64_t* failed, std::uint8_t* more) {
  in.not_null(failed, "failed");
  in.not_null(more, "more");
  if (!in.ok()) return in.problem();
  const auto report = as_command([&] { return object.tracker.fail_orphans(options); });
  if (!report) return report.error();
  *failed = report->failed;
  *more = report->more ? 1 : 0;
  return {};
}

Result<void> purge(TrackerObject& object, const milepost_purge_options* options,
                   milepost_purge_report* out) {
  Input in;
  const milepost_purge_options given = in.sized(options, purge_defaults(), "options");
  PurgeOptions made{.completed_before = to_instant(given.completed_before),
                    .limit = static_cast<std::size_t>(given.limit),
                    .cursor = in.text(given.cursor, "cursor"),
                    .dry_run = in.flag(given.dry_run, "dry_run"),
                    .deadline = in.deadline(given.timeout_ms)};
  if (in.flag(given.has_organization_id, "has_organization_id")) {
    made.organization_id = to_uuid(given.organization_id);
  }
  in.reserved(given.reserved, "reserved");
  in.out(out, "report");
  if (!in.ok()) return in.problem();
  const auto report = as_command([&] { return object.tracker.purge(made); });
  if (!report) return report.error();
  milepost_purge_report filled{};
  filled.removed = report->removed;
  if (auto put = put_cursor(report->next, filled.next, filled.next_size); !put) return put;
  write_sized(out, filled);
  return {};
}

Result<void> erase_profile(TrackerObject& object, const EraseProfileOptions& options, Input& in,
                           milepost_erasure* out) {
  in.out(out, "erasure");
  if (!in.ok()) return in.problem();
  const auto receipt = as_command([&] { return object.tracker.erase_profile(options); });
  if (!receipt) return receipt.error();
  milepost_erasure filled{};
  filled.runs = receipt->runs;
  filled.changes_blanked = receipt->changes_blanked;
  filled.sequence = receipt->sequence;
  filled.through = receipt->through;
  filled.journal_bytes = receipt->journal_bytes;
  filled.free_bytes = receipt->free_bytes;
  write_sized(out, filled);
  return {};
}

Result<void> bulk(TrackerObject& object, const milepost_filter* filter,
                  const milepost_bulk_options* options, milepost_bulk_report* out,
                  milepost_runs* sample) {
  Input in;
  const milepost_bulk_options given = in.sized(options, bulk_defaults(), "options");
  const BulkOptions made{.filter = to_filter(in, filter),
                         .action = in.enumerator(given.action, BulkAction::exit, "action"),
                         .error = in.text(given.error, "error"),
                         .limit = static_cast<std::size_t>(given.limit),
                         .cursor = in.text(given.cursor, "cursor"),
                         .dry_run = in.flag(given.dry_run, "dry_run"),
                         .deadline = in.deadline(given.timeout_ms)};
  in.reserved(given.reserved, "reserved");
  in.out(out, "report");
  if (!in.ok()) return in.problem();
  return as_command([&]() -> Result<void> {
    auto report = object.tracker.bulk(made);
    if (!report) return report.error();
    milepost_bulk_report filled{};
    filled.matched = report->matched;
    filled.applied = report->applied;
    if (auto put = put_cursor(report->next, filled.next, filled.next_size); !put) return put;
    if (sample != nullptr) hand_out(sample, make_runs(std::move(report->sample), {}));
    write_sized(out, filled);
    return {};
  });
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls

milepost_status milepost_purge_options_init(milepost_purge_options* options, size_t size) noexcept {
  return init_sized(options, size, purge_defaults());
}

milepost_status milepost_bulk_options_init(milepost_bulk_options* options, size_t size) noexcept {
  return init_sized(options, size, bulk_defaults());
}

milepost_status milepost_tracker_orphans(milepost_tracker tracker,
                                         const milepost_page_options* page, milepost_runs* runs,
                                         milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, runs,
                       [&](TrackerObject& object) { return orphans(object, page, runs); });
  });
}

milepost_status milepost_tracker_fail_orphans(milepost_tracker tracker, const char* error,
                                              size_t error_size, uint64_t limit, int64_t timeout_ms,
                                              uint64_t* failed, uint8_t* more,
                                              milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) {
      Input in;
      const milepost::FailOrphansOptions options{.error = in.text({error, error_size}, "error"),
                                                 .limit = static_cast<size_t>(limit),
                                                 .deadline = in.deadline(timeout_ms)};
      return fail_orphans(object, options, in, failed, more);
    });
  });
}

milepost_status milepost_tracker_expired(milepost_tracker tracker, uint64_t limit,
                                         milepost_runs* runs, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, runs, [&](TrackerObject& object) -> milepost::Result<void> {
      auto found = object.tracker.expired({.limit = static_cast<size_t>(limit)});
      if (!found) return found.error();
      hand_out(runs, make_runs(std::move(*found), {}));
      return {};
    });
  });
}

milepost_status milepost_tracker_purge(milepost_tracker tracker,
                                       const milepost_purge_options* options,
                                       milepost_purge_report* report,
                                       milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) { return purge(object, options, report); });
  });
}

milepost_status milepost_tracker_erase_profile(milepost_tracker tracker,
                                               const milepost_id* profile_id,
                                               const milepost_id* organization_id,
                                               int64_t timeout_ms, milepost_erasure* erasure,
                                               milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(tracker, [&](TrackerObject& object) {
      Input in;
      const milepost::EraseProfileOptions options{
          .profile_id = in.id(profile_id, "profile_id"),
          .organization_id = Input::id_or_nil(organization_id),
          .deadline = in.deadline(timeout_ms)};
      return erase_profile(object, options, in, erasure);
    });
  });
}

milepost_status milepost_tracker_bulk(milepost_tracker tracker, const milepost_filter* filter,
                                      const milepost_bulk_options* options,
                                      milepost_bulk_report* report, milepost_runs* sample,
                                      milepost_error* err) noexcept {
  return guard(err, [&] {
    if (sample != nullptr) sample->value = 0;
    return use(tracker, [&](TrackerObject& object) {
      return bulk(object, filter, options, report, sample);
    });
  });
}
