// SPDX-License-Identifier: Apache-2.0
//
// Two readings at the most: one that sums, and where sums differ one that names.
#include "store/verify_store.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "core/effect.hpp"
#include "journal/journal.hpp"
#include "lmdb/cursor.hpp"
#include "lmdb/folder.hpp"
#include "lmdb/identity.hpp"
#include "lmdb/writer_lock.hpp"
#include "store/audit.hpp"
#include "store/directories.hpp"
#include "store/stored_runs.hpp"
#include "verify/page_reader.hpp"

namespace milepost::store {
namespace {

Error cancelled_error() {
  return Error{.code = Errc::cancelled,
               .message = "The verification was cancelled.",
               .advice = "Nothing was changed; begin again when it suits."};
}

/// Counts rows and asks now and then whether to go on.
class Progress {
 public:
  explicit Progress(const VerifyProgressHook& hook) : hook_(hook) {}
  [[nodiscard]] bool row() { return ++rows_ % kRowsPerProgress != 0 || !hook_ || hook_(rows_); }

 private:
  const VerifyProgressHook& hook_;
  std::uint64_t rows_ = 0;
};

void add_page_findings(const verify::PageReport& pages, AuditFindings& findings) {
  for (const verify::Finding& found : pages.findings) {
    std::string where = "page " + std::to_string(found.page);
    if (!found.table.empty()) where += " of table " + found.table;
    findings.add(to_string(found.kind), std::move(where), found.text + ".");
  }
  for (std::uint64_t i = pages.findings.size(); i < pages.findings_count; ++i) {
    findings.add("more_pages", "the data file", "Not all damaged pages are named.");
  }
}

/// Ends an audit that was shown all rows. Where rows must be named, they are shown once more.
Result<VerifyReport> conclude(Audit& audit, AuditFindings& findings,
                              core::FunctionRef<Result<void>()> show_again) {
  VerifyReport report;
  report.runs = audit.runs();
  report.rows = audit.rows();
  report.changes = audit.changes();
  report.sequence = audit.sequence();
  if (audit.finish()) {
    if (auto shown = show_again(); !shown) return shown.error();
    static_cast<void>(audit.finish());
  }
  report.findings_count = findings.count();
  report.findings = findings.take();
  return report;
}

/// Shows an audit every row of one moment.
Result<void> show_rows(lmdb::Env& env, const lmdb::ReadTxn& txn, Audit& audit, Progress& progress) {
  std::vector<std::string_view> names(kTableNames.begin(), kTableNames.end());
  names.push_back(lmdb::kMetaTable);
  std::sort(names.begin(), names.end());
  for (const std::string_view name : names) {
    auto table = env.table(name);
    if (!table) return table.error();
    auto cursor = lmdb::Cursor::open(txn, *table);
    if (!cursor) return cursor.error();
    audit.table(name);
    auto on_row = cursor->first();
    for (; on_row && *on_row; on_row = cursor->next()) {
      if (!progress.row()) return cancelled_error();
      audit.row(name, cursor->key(), cursor->value());
    }
    if (!on_row) return on_row.error();
  }
  return {};
}

Result<std::uint64_t> check_pages_of(const std::string& file, AuditFindings& findings,
                                     Progress& progress) {
  verify::PageLimits limits;
  limits.cancelled = [&progress] { return !progress.row(); };
  auto pages = verify::check_pages(file, limits);
  if (!pages) return pages.error();
  if (pages->stopped == verify::StopReason::cancelled) return cancelled_error();
  add_page_findings(*pages, findings);
  return pages->last_page + 1;
}

/// What the plain reading of a data file tells beside findings.
struct FileFacts {
  std::uint64_t pages = 0;
  std::optional<lmdb::Identity> identity;
};

/// Reads the file once; its rows go to the audit, page findings to `findings` if it is not null.
Result<FileFacts> read_file(const std::string& file, Audit& audit, AuditFindings* findings,
                            Progress& progress) {
  FileFacts facts;
  const lmdb::Identity expected{.magic = kStoreMagic, .format_version = kFormatVersion};
  verify::PageVisitor visitor;
  visitor.table = [&](const verify::TableView& table) {
    if (!table.name.empty()) audit.table(table.name);
    return true;
  };
  std::optional<Error> foreign;
  visitor.record = [&](const verify::RecordView& record) {
    if (record.table == lmdb::kMetaTable && lmdb::as_text(record.key) == lmdb::kIdentityKey) {
      auto identity = lmdb::decode_identity(record.value, expected, file);
      if (identity) {
        facts.identity = *identity;
      } else {
        foreign = identity.error();
      }
    }
    if (!record.table.empty()) audit.row(record.table, record.key, record.value);
    return progress.row();
  };
  auto pages = verify::check_pages(file, {}, visitor);
  if (!pages) return pages.error();
  if (pages->stopped == verify::StopReason::cancelled) return cancelled_error();
  if (findings == nullptr) return facts;
  add_page_findings(*pages, *findings);
  facts.pages = pages->page_size == 0 ? 0 : pages->last_page + 1;
  if (foreign) {
    findings->add(to_string(foreign->code), "table meta", foreign->message + ".");
  } else if (!facts.identity && pages->page_size != 0) {
    findings->add("identity_missing", "table meta", "There is no identity record.");
  }
  return facts;
}

/// Reads a data file as often as it takes.
Result<VerifyReport> audit_file(const std::string& file, const VerifyOptions& options,
                                FileFacts& facts) {
  AuditFindings findings;
  Audit audit(findings);
  Progress progress(options.progress);
  auto read = read_file(file, audit, &findings, progress);
  if (!read) return read.error();
  facts = *read;
  VerifyReport report;
  if (facts.pages == 0) {
    // Where no page could be read there is nothing to compare.
    report.findings_count = findings.count();
    report.findings = findings.take();
    return report;
  }
  auto concluded = conclude(audit, findings, [&]() -> Result<void> {
    auto again = read_file(file, audit, nullptr, progress);
    return again ? Result<void>{} : again.error();
  });
  if (concluded) concluded->pages = facts.pages;
  return concluded;
}

/// Adds what the journal holds beyond the data file, and what is wrong with it.
void check_journal(const std::string& directory, const FileFacts& facts, VerifyReport& report) {
  if (!facts.identity) return;
  Uuid id{};
  std::copy_n(reinterpret_cast<const std::uint8_t*>(facts.identity->uuid.data()), 16, id.begin());
  const auto add = [&report](const Error& error) {
    ++report.findings_count;
    if (report.findings.size() >= kFindingsMax) return;
    report.findings.push_back({"journal_" + std::string(to_string(error.code)),
                               error.subject.empty() ? "the journal" : error.subject,
                               error.message});
  };
  const auto visit = [&](std::uint64_t, journal::EffectBytes bytes) -> Result<void> {
    ++report.journaled;
    if (auto effect = core::read_effect(bytes); !effect) add(effect.error());
    return {};
  };
  auto replayed = journal::replay(directory + "/journal", id, report.sequence, visit);
  if (!replayed) add(replayed.error());
}

}  // namespace

Result<VerifyReport> verify_open_store(lmdb::Env& env, const VerifyOptions& options) {
  env.make_headroom(options.deadline);
  auto txn = env.begin_read(options.deadline);
  if (!txn) return txn.error();
  AuditFindings findings;
  Audit audit(findings);
  Progress progress(options.progress);
  VerifyReport report;
  if (options.level == VerifyLevel::pages) {
    auto pages = check_pages_of(data_file_in(env.directory()), findings, progress);
    if (!pages) return pages.error();
    report.pages = *pages;
    // LMDB is not sent over damaged pages: it may end the process.
    if (findings.count() > 0) {
      report.findings_count = findings.count();
      report.findings = findings.take();
      return report;
    }
  }
  const auto show = [&] { return show_rows(env, *txn, audit, progress); };
  if (auto shown = show(); !shown) return shown.error();
  auto concluded = conclude(audit, findings, show);
  if (concluded) concluded->pages = report.pages;
  return concluded;
}

Result<VerifyReport> verify_data_file(const std::string& file, const VerifyOptions& options) {
  FileFacts facts;
  return audit_file(file, options, facts);
}

Result<ClosedStore> hold_closed_store(const std::string& directory) {
  ClosedStore closed;
  auto folder = lmdb::Folder::open(directory, false);
  if (!folder) return folder.error();
  closed.folder = std::move(*folder);
  auto writer = closed.folder.look_at(lmdb::kWriterLockFile);
  if (!writer) return writer.error();
  // Where there is no such file there has never been a writer, and none is made.
  if (!*writer) return closed;
  auto lock = lmdb::WriterLock::acquire(closed.folder.fd(), closed.folder.path());
  if (!lock) return lock.error();
  closed.lock = std::move(*lock);
  return closed;
}

Result<VerifyReport> verify_held_store(const std::string& directory, const VerifyOptions& options) {
  FileFacts facts;
  auto report = audit_file(data_file_in(directory), options, facts);
  if (report) check_journal(directory, facts, *report);
  return report;
}

Result<VerifyReport> verify_closed_store(const std::string& directory,
                                         const VerifyOptions& options) {
  auto held = hold_closed_store(directory);
  if (!held) return held.error();
  return verify_held_store(directory, options);
}

}  // namespace milepost::store
