// SPDX-License-Identifier: Apache-2.0
//
// backup, restore, verify, repair: the store as a whole.
#include "commands.hpp"
#include "json_line.hpp"
#include "progress.hpp"
#include "table.hpp"
#include "text.hpp"

#include "milepost/backup.hpp"
#include "milepost/verify.hpp"

namespace cli {
namespace {

struct FolderOptions {
  std::string folder;
  bool flag = false;
};

std::string findings_json(const std::vector<milepost::Finding>& findings) {
  std::string text = "[";
  for (const milepost::Finding& finding : findings) {
    if (text.size() > 1) text += ',';
    text += JsonLine()
                .text("kind", finding.kind)
                .text("where", finding.where)
                .text("text", finding.text)
                .done();
  }
  return text + "]";
}

void print_findings(Session& session, const std::vector<milepost::Finding>& findings,
                    std::uint64_t count) {
  if (findings.empty()) return;
  Table table({{"FINDING"}, {"WHERE"}, {"WHAT"}});
  for (const milepost::Finding& finding : findings)
    table.add({{finding.kind, Style::red}, {finding.where}, {finding.text}});
  table.print(session.out);
  if (count > findings.size())
    session.out.line("and " + grouped(count - findings.size()) + " more");
}

/// An error of long work: Ctrl-C is none.
int ended(Session& session, const milepost::Error& error) {
  if (session.stop.asked()) {
    session.remark("stopped; nothing was left behind");
    return session.stop.exit_code();
  }
  return session.complain(error);
}

int backup(Session& session, const FolderOptions& options) {
  auto tracker = session.open_to_read();
  if (!tracker) return session.complain(tracker.error());
  Progress progress(session.err, session.stop, "copying");
  const auto done = tracker->backup(options.folder,
                                    {.compact = options.flag, .progress = [&](std::uint64_t bytes) {
                                       return progress(byte_text(bytes));
                                     }});
  progress.clear();
  if (!done) return ended(session, done.error());
  session.out.line(
      session.json
          ? JsonLine().number("bytes", done->bytes).number("sequence", done->sequence).done()
          : "copied " + byte_text(done->bytes) + ", up to sequence " +
                std::to_string(done->sequence));
  return kDone;
}

int restore(Session& session, const FolderOptions& options) {
  Progress progress(session.err, session.stop, "restoring");
  const auto done = milepost::restore_backup(
      options.folder, session.store,
      {.replace = options.flag,
       .progress = [&](std::uint64_t bytes) { return progress(byte_text(bytes)); }});
  progress.clear();
  if (!done) return ended(session, done.error());
  if (session.json) {
    session.out.line(JsonLine()
                         .number("bytes", done->bytes)
                         .number("runs", done->runs)
                         .number("sequence", done->sequence)
                         .text("storeId", milepost::to_string(done->store_id))
                         .done());
  } else {
    session.out.line("restored " + grouped(done->runs) + " runs, " + byte_text(done->bytes) +
                     ", up to sequence " + std::to_string(done->sequence));
    if (options.flag)
      session.out.line("what was there, if anything, is " + for_terminal(session.store) +
                       ".replaced");
  }
  return kDone;
}

/// Of a store that nobody writes to, all of it; beside a writer, what it has published.
milepost::Result<milepost::VerifyReport> verified(Session& session,
                                                  const milepost::VerifyOptions& options) {
  auto report = milepost::verify_directory(session.store, options);
  if (report || report.error().code != milepost::Errc::locked) return report;
  const auto tracker = session.open_to_read();
  if (!tracker) return tracker.error();
  return tracker->verify(options);
}

int verify(Session& session, const FolderOptions& options) {
  Progress progress(session.err, session.stop, "verifying");
  milepost::VerifyOptions how;
  if (options.folder == "records") how.level = milepost::VerifyLevel::records;
  how.progress = [&](std::uint64_t rows) { return progress(grouped(rows) + " rows"); };
  const auto report = verified(session, how);
  progress.clear();
  if (!report) return ended(session, report.error());
  if (session.json) {
    session.out.line(JsonLine()
                         .boolean("sound", report->sound())
                         .number("runs", report->runs)
                         .number("rows", report->rows)
                         .number("changes", report->changes)
                         .number("pages", report->pages)
                         .number("journaled", report->journaled)
                         .number("sequence", report->sequence)
                         .number("findingsCount", report->findings_count)
                         .raw("findings", findings_json(report->findings))
                         .done());
  } else {
    print_findings(session, report->findings, report->findings_count);
    session.out.line(session.out.styled(report->sound() ? Style::green : Style::red,
                                        report->sound() ? "sound" : "damaged") +
                     ": " + grouped(report->runs) + " runs, " + grouped(report->rows) + " rows, " +
                     grouped(report->changes) + " changes, " + grouped(report->pages) + " pages, " +
                     grouped(report->journaled) + " effects in the journal only");
    if (!report->sound())
      session.out.line("'milepost repair --store DIR TO' saves what is whole into a new store");
  }
  return report->sound() ? kDone : kDamaged;
}

int repair(Session& session, const FolderOptions& options) {
  Progress progress(session.err, session.stop, "repairing");
  const auto done = milepost::repair_directory(
      session.store, options.folder,
      {.progress = [&](std::uint64_t rows) { return progress(grouped(rows) + " rows"); }});
  progress.clear();
  if (!done) return ended(session, done.error());
  if (session.json) {
    session.out.line(JsonLine()
                         .number("runs", done->runs)
                         .number("lost", done->lost)
                         .number("changes", done->changes)
                         .number("journaled", done->journaled)
                         .number("findingsCount", done->findings_count)
                         .raw("findings", findings_json(done->findings))
                         .done());
  } else {
    print_findings(session, done->findings, done->findings_count);
    session.out.line("saved " + grouped(done->runs) + " runs and " + grouped(done->changes) +
                     " changes to " + for_terminal(options.folder) + "; " + grouped(done->lost) +
                     " records were lost");
  }
  return done->lost == 0 ? kDone : kDamaged;
}

}  // namespace

void add_store_commands(Commands& commands) {
  const auto backup_options = std::make_shared<FolderOptions>();
  CLI::App* app =
      commands.add("backup", "Copies what is published into a new folder, while a host may write",
                   "  milepost backup --store runs /backups/runs-monday --compact",
                   [backup_options](Session& session) { return backup(session, *backup_options); });
  app->add_option("TO", backup_options->folder, "The new folder")->required()->type_name("DIR");
  app->add_flag("--compact", backup_options->flag,
                "Leave free pages out: smaller, and without what was removed");

  const auto restore_options = std::make_shared<FolderOptions>();
  app = commands.add(
      "restore", "Makes the store from a backup, which is verified first",
      "  milepost restore --store runs /backups/runs-monday\n"
      "  milepost restore --store runs /backups/runs-monday --replace",
      [restore_options](Session& session) { return restore(session, *restore_options); });
  app->add_option("FROM", restore_options->folder, "The backup")->required()->type_name("DIR");
  app->add_flag("--replace", restore_options->flag,
                "Take the place of a store that is there; that one becomes DIR.replaced");

  const auto verify_options = std::make_shared<FolderOptions>();
  verify_options->folder = "pages";
  app =
      commands.add("verify",
                   "Checks every page and record. Exit 5 if something is wrong. Beside a host that "
                   "writes: what it has published",
                   "  milepost verify --store runs && echo sound",
                   [verify_options](Session& session) { return verify(session, *verify_options); });
  app->add_option("--level", verify_options->folder,
                  "records, or pages and records (default: pages)")
      ->check(CLI::IsMember({"records", "pages"}).description(""))
      ->type_name("LEVEL");

  const auto repair_options = std::make_shared<FolderOptions>();
  app =
      commands.add("repair",
                   "Saves every whole run of a damaged store into a new one; the old one is only "
                   "read. Exit 5 if records were lost",
                   "  milepost repair --store runs runs-repaired",
                   [repair_options](Session& session) { return repair(session, *repair_options); });
  app->add_option("TO", repair_options->folder, "The new folder")->required()->type_name("DIR");
}

}  // namespace cli
