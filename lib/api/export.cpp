// SPDX-License-Identifier: Apache-2.0
//
// Export: page by page in the order of run ids, each page from a view of its own. The view is gone
// before the sink is called, so that a slow sink keeps no old pages alive; and only the first page
// waits for what is pending, since every later view holds at least as much.
#include <optional>
#include <string>

#include "api/tracker_impl.hpp"
#include "core/errors.hpp"
#include "core/run_line.hpp"

namespace milepost {
namespace {

/// Runs a page; bounds what is held in memory, for the longest lines to some 6 MiB.
constexpr std::size_t kExportPage = 256;

/// A view that ages before its first question is taken anew, this many times.
constexpr int kExportTries = 100;

class Exporter {
 public:
  Exporter(const store::Store& store, const ExportOptions& options)
      : store_(store), options_(options) {}

  /// Fills `lines` with the next page; yields whether there are more.
  [[nodiscard]] Result<bool> next_page(Deadline deadline, std::string& lines);
  [[nodiscard]] const TransferProgress& progress() const noexcept { return progress_; }

 private:
  void take(const core::RecordView& record, std::string& lines);

  const store::Store& store_;
  const ExportOptions& options_;
  std::optional<Uuid> after_{};
  std::optional<std::uint64_t> newest_{};  ///< The sequence of the first page's moment.
  TransferProgress progress_{};
};

void Exporter::take(const core::RecordView& record, std::string& lines) {
  after_ = record.run_id;
  // Runs made since are left out: else an export might chase a busy host for ever.
  if (record.created_sequence > *newest_) return;
  if (options_.organization_id && record.organization_id != *options_.organization_id) return;
  core::append_run_line(record, lines);
  ++progress_.lines;
}

Result<bool> Exporter::next_page(Deadline deadline, std::string& lines) {
  lines.clear();
  const Freshness freshness = newest_ ? Freshness::published : options_.freshness;
  for (int attempt = 1;; ++attempt) {
    auto view = store_.view(freshness, deadline);
    if (!view) return view.error();
    if (!newest_) newest_ = (*view)->sequence();
    auto more = (*view)->scan(after_, kExportPage,
                              [&](const core::RecordView& record) { take(record, lines); });
    if (more) progress_.bytes += lines.size();
    if (more || more.error().code != Errc::snapshot_expired || attempt == kExportTries) return more;
  }
}

Error cancelled_error() {
  return Error{.code = Errc::cancelled,
               .retry_safe = true,
               .message = "The progress hook ended the export.",
               .advice = "Export again from the beginning; the sink has got a part only."};
}

}  // namespace

Result<TransferProgress> Tracker::Impl::export_runs(const ExportSink& sink,
                                                    const ExportOptions& options) const {
  if (!sink) {
    return core::invalid_argument("sink", "There is no sink to write to.",
                                  "Give a function that takes the lines.");
  }
  Exporter exporter(*store_, options);
  std::string lines;
  for (bool more = true; more;) {
    auto page = exporter.next_page(deadline_or_default(options.deadline), lines);
    if (!page) return page.error();
    more = *page;
    if (!lines.empty()) {
      if (auto taken = sink(lines); !taken) return taken.error();
    }
    if (options.progress && !options.progress(exporter.progress())) return cancelled_error();
  }
  return exporter.progress();
}

}  // namespace milepost
