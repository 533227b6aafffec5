// SPDX-License-Identifier: Apache-2.0
//
// orphans, purge, erase: looking after what hosts left behind. What removes asks first.
#include <chrono>

#include "commands.hpp"
#include "json_line.hpp"
#include "progress.hpp"
#include "table.hpp"

namespace cli {
namespace {

struct OrphansOptions {
  std::optional<std::string> fail;
};

struct PurgeOptions {
  std::optional<milepost::Instant> before;
  std::optional<std::chrono::milliseconds> older_than;
  std::optional<milepost::Uuid> organization;
  bool dry_run = false;
  bool yes = false;
};

struct EraseOptions {
  milepost::Uuid profile{};
  milepost::Uuid organization{};
  bool yes = false;
};

int list_orphans(Session& session, const milepost::Tracker& tracker) {
  std::string cursor;
  Table table({{"RUN"}, {"TRIGGERED"}, {"TOKEN", Align::right}, {"ORGANIZATION"}, {"OWNER"}});
  do {
    const auto page = tracker.orphans({.limit = milepost::kListLimitMax, .cursor = cursor});
    if (!page) return session.complain(page.error());
    for (const milepost::Run& run : page->runs) {
      if (session.json) {
        session.out.line(JsonLine()
                             .raw("run", public_json(run))
                             .text("organizationId", milepost::to_string(run.organization_id))
                             .text_or_null("owner", run.owner)
                             .number("fencingToken", run.fencing_token)
                             .done());
      } else {
        table.add({{milepost::to_string(run.run_id)},
                   {instant_text(run.triggered_at)},
                   {std::to_string(run.fencing_token)},
                   {run.organization_id.is_nil() ? "-" : milepost::to_string(run.organization_id)},
                   {run.owner}});
      }
    }
    cursor = page->next;
  } while (!cursor.empty() && session.out.open());
  if (session.json) return kDone;
  if (table.empty()) {
    session.out.line("There are no orphans.");
  } else {
    table.print(session.out);
  }
  return kDone;
}

int fail_orphans(Session& session, milepost::Tracker& tracker, const std::string& reason) {
  Progress progress(session.err, session.stop, "failing orphans");
  std::uint64_t failed = 0;
  bool more = true;
  while (more) {
    const auto step = tracker.fail_orphans({.error = reason});
    if (!step) return session.complain(step.error());
    failed += step->failed;
    more = step->more;
    if (!progress(grouped(failed))) break;
  }
  progress.clear();
  session.out.line(session.json ? JsonLine().number("failed", failed).done()
                                : "failed " + grouped(failed) + " orphans");
  return session.stop.asked() ? session.stop.exit_code() : kDone;
}

int orphans(Session& session, const OrphansOptions& options) {
  auto tracker = session.open_to_write();
  if (!tracker) return session.complain(tracker.error());
  const int code = options.fail ? fail_orphans(session, *tracker, *options.fail)
                                : list_orphans(session, *tracker);
  return session.close(*tracker, code);
}

/// All steps of a purge, or of its rehearsal.
milepost::Result<std::uint64_t> purge_all(Session& session, milepost::Tracker& tracker,
                                          milepost::Instant before, const PurgeOptions& options,
                                          bool dry_run) {
  Progress progress(session.err, session.stop, dry_run ? "counting" : "purging");
  std::uint64_t removed = 0;
  std::string cursor;
  do {
    const auto step = tracker.purge({.completed_before = before,
                                     .organization_id = options.organization,
                                     .cursor = cursor,
                                     .dry_run = dry_run});
    if (!step) return step.error();
    removed += step->removed;
    cursor = step->next;
    if (!progress(grouped(removed) + " runs")) break;
  } while (!cursor.empty());
  return removed;
}

int purge_open(Session& session, milepost::Tracker& tracker, const PurgeOptions& options) {
  milepost::Instant before;
  if (options.before) {
    before = *options.before;
  } else {
    before = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) -
             *options.older_than;
  }
  if (!options.dry_run && !options.yes) {
    const auto count = purge_all(session, tracker, before, options, true);
    if (!count) return session.complain(count.error());
    if (session.stop.asked()) return session.stop.exit_code();
    const auto agreed =
        session.confirm(false, "Remove " + grouped(*count) + " runs that finished before " +
                                   instant_text(before) + " for ever?");
    if (!agreed) return session.complain(agreed.error());
    if (!*agreed) {
      session.remark("nothing was removed");
      return kRefused;
    }
  }
  const auto removed = purge_all(session, tracker, before, options, options.dry_run);
  if (!removed) return session.complain(removed.error());
  if (session.json) {
    session.out.line(JsonLine()
                         .number("removed", *removed)
                         .boolean("dryRun", options.dry_run)
                         .text("completedBefore", instant_text(before))
                         .done());
  } else {
    session.out.line((options.dry_run ? "would remove " : "removed ") + grouped(*removed) +
                     " runs that finished before " + instant_text(before));
  }
  return session.stop.asked() ? session.stop.exit_code() : kDone;
}

int purge(Session& session, const PurgeOptions& options) {
  if (options.before.has_value() == options.older_than.has_value()) {
    return session.complain(milepost::Errc::invalid_argument, "What shall be removed is not said.",
                            {}, "Give --before INSTANT or --older-than DURATION.");
  }
  auto tracker = session.open_to_write();
  if (!tracker) return session.complain(tracker.error());
  return session.close(*tracker, purge_open(session, *tracker, options));
}

int erase_open(Session& session, milepost::Tracker& tracker, const EraseOptions& options) {
  const auto receipt = tracker.erase_profile(
      {.profile_id = options.profile, .organization_id = options.organization});
  if (!receipt) return session.complain(receipt.error());
  if (session.json) {
    session.out.line(JsonLine()
                         .number("runs", receipt->runs)
                         .number("changesBlanked", receipt->changes_blanked)
                         .number("sequence", receipt->sequence)
                         .number("through", receipt->through)
                         .number("journalBytes", receipt->journal_bytes)
                         .number("freeBytes", receipt->free_bytes)
                         .done());
    return kDone;
  }
  session.out.line("erased " + grouped(receipt->runs) + " runs of the profile, blanked " +
                   grouped(receipt->changes_blanked) + " changes of the feed, by sequence " +
                   std::to_string(receipt->sequence));
  session.out.line("bytes of them may remain in " + byte_text(receipt->journal_bytes) +
                   " of journal and " + byte_text(receipt->free_bytes) +
                   " of free pages until those are used again; older backups hold what they held");
  return kDone;
}

int erase(Session& session, const EraseOptions& options) {
  const auto agreed =
      session.confirm(options.yes, "Erase every run of profile " +
                                       milepost::to_string(options.profile) + " for ever?");
  if (!agreed) return session.complain(agreed.error());
  if (!*agreed) {
    session.remark("nothing was removed");
    return kRefused;
  }
  auto tracker = session.open_to_write();
  if (!tracker) return session.complain(tracker.error());
  return session.close(*tracker, erase_open(session, *tracker, options));
}

}  // namespace

void add_upkeep_commands(Commands& commands) {
  const auto orphans_options = std::make_shared<OrphansOptions>();
  CLI::App* app = commands.add(
      "orphans",
      "Lists runs that are running under a process that is gone. Opens the store for writing: only "
      "its one writer knows",
      "  milepost orphans --store runs\n"
      "  milepost orphans --store runs --fail 'the host crashed'",
      [orphans_options](Session& session) { return orphans(session, *orphans_options); });
  app->add_option("--fail", orphans_options->fail, "Fail all of them, with this error")
      ->type_name("TEXT");

  const auto purge_options = std::make_shared<PurgeOptions>();
  app = commands.add("purge", "Removes finished runs by the time they finished; asks first",
                     "  milepost purge --store runs --older-than 90d --dry-run\n"
                     "  milepost purge --store runs --before 2026-01-01T00:00Z --yes",
                     [purge_options](Session& session) { return purge(session, *purge_options); });
  auto* before =
      add_instant(app, "--before", purge_options->before, "Finished before this instant");
  add_duration(app, "--older-than", purge_options->older_than, "Finished longer ago than this")
      ->excludes(before);
  add_id(app, "--organization", purge_options->organization, "Only this organization's");
  app->add_flag("--dry-run", purge_options->dry_run, "Only count them");
  app->add_flag("-y,--yes", purge_options->yes, "Do not ask");

  const auto erase_options = std::make_shared<EraseOptions>();
  app = commands.add("erase", "Erases every run of a profile, finished or not; asks first",
                     "  milepost erase --store runs --profile $ID --yes --json",
                     [erase_options](Session& session) { return erase(session, *erase_options); });
  add_id(app, "--profile", erase_options->profile, "Whose runs")->required();
  add_id(app, "--organization", erase_options->organization,
         "The profile's organization (default: the nil one)");
  app->add_flag("-y,--yes", erase_options->yes, "Do not ask");
}

}  // namespace cli
