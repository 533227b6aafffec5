// SPDX-License-Identifier: Apache-2.0
//
// Import: lines become ImportCommands, and batches of them commits. A line that is none stands in
// its batch with the reason, so that problems are told in the order of lines. What decides whether
// a run may be made is core's decide, as for every other command.
#include <string>
#include <utility>
#include <vector>

#include "api/line_reader.hpp"
#include "api/tracker_impl.hpp"
#include "core/decide.hpp"
#include "core/errors.hpp"
#include "core/run_line.hpp"

namespace milepost {
namespace {

/// Lines in one commit.
constexpr std::size_t kImportBatch = 1'000;

/// A line on its way: a run, or the reason why there is none.
struct PendingLine {
  std::uint64_t number = 0;
  Run run{};
  std::string reason{};
};

ImportCommand command_of(const Run& run) noexcept {
  return {.run_id = run.run_id,
          .journey_id = run.journey_id,
          .profile_id = run.profile_id,
          .organization_id = run.organization_id,
          .status = run.status,
          .triggered_at = run.triggered_at,
          .completed_at = run.completed_at,
          .error = run.error ? std::string_view(*run.error) : std::string_view()};
}

/// What an instant looks like in a line.
std::string text_of(const std::optional<Instant>& instant) {
  if (!instant) return "null";
  const auto text = to_string(*instant);
  return text ? *text : "an instant without a text form";
}

/// How the run that is there differs from the line's, by the first member that does.
std::string conflict_reason(const Run& line, const Outcome& outcome) {
  const std::string who = "run " + to_string(line.run_id);
  if (!outcome.has_run()) return who + " is there already, in another organization";
  const Run& there = outcome.run;
  const auto differs = [&](const std::string& member, const std::string& here,
                           const std::string& stored) {
    return who + " is there already with another " + member + ": " + core::shown(stored) +
           ", not " + core::shown(here);
  };
  if (there.journey_id != line.journey_id) {
    return differs("journeyId", to_string(line.journey_id), to_string(there.journey_id));
  }
  if (there.profile_id != line.profile_id) {
    return differs("profileId", to_string(line.profile_id), to_string(there.profile_id));
  }
  if (there.status != line.status) {
    return differs("status", std::string(to_string(line.status)),
                   std::string(to_string(there.status)));
  }
  if (there.triggered_at != line.triggered_at) {
    return differs("triggeredAt", text_of(line.triggered_at), text_of(there.triggered_at));
  }
  if (there.completed_at != line.completed_at) {
    return differs("completedAt", text_of(line.completed_at), text_of(there.completed_at));
  }
  return differs("error", line.error.value_or("null"), there.error.value_or("null"));
}

bool is_blank(std::string_view text) noexcept {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

class Importer {
 public:
  Importer(Tracker::Impl& tracker, const ImportOptions& options)
      : tracker_(tracker), options_(options) {}

  /// Takes a line; applies the batch first if the line does not fit into it.
  [[nodiscard]] Result<void> take(const api::Line& line);
  /// Applies what was taken, and tells of what was refused.
  [[nodiscard]] Result<void> flush();
  /// An error, told from what has been applied before it.
  [[nodiscard]] Error failed(Error error) const;

  [[nodiscard]] const ImportReport& report() const noexcept { return report_; }

 private:
  void settle(const PendingLine& line, const Outcome& outcome);
  void refuse(std::uint64_t number, const std::string& reason);

  Tracker::Impl& tracker_;
  const ImportOptions& options_;
  std::vector<PendingLine> pending_{};
  std::size_t pending_bytes_ = 0;  ///< Of the commands among them, as the journal has them.
  ImportReport report_{};
};

PendingLine read_line(const api::Line& line) {
  PendingLine pending{.number = line.number};
  if (line.too_long) {
    pending.reason = "longer than " + std::to_string(kImportLineSizeMax) + " bytes";
    return pending;
  }
  auto read = core::read_run_line(line.text);
  if (auto* reason = std::get_if<std::string>(&read)) {
    pending.reason = std::move(*reason);
    return pending;
  }
  pending.run = std::move(std::get<Run>(read));
  // The line's own checks let nothing pass that this one would refuse; the store relies on it.
  if (auto checked = core::check_command(command_of(pending.run)); !checked) {
    pending.reason = checked.error().message;
  }
  return pending;
}

Result<void> Importer::take(const api::Line& line) {
  if (!line.too_long && is_blank(line.text)) return {};
  PendingLine pending = read_line(line);
  const std::size_t bytes =
      pending.reason.empty() ? store::effect_bytes_max(command_of(pending.run)) : 0;
  const std::size_t bytes_max = tracker_.store().batch_bytes_max();
  if (pending_.size() == kImportBatch || pending_bytes_ + bytes > bytes_max) {
    if (auto flushed = flush(); !flushed) return flushed;
  }
  pending_bytes_ += bytes;
  pending_.push_back(std::move(pending));
  return {};
}

Result<void> Importer::flush() {
  std::vector<Command> commands;
  commands.reserve(pending_.size());
  std::vector<store::ResolvedCommand> resolved;
  resolved.reserve(pending_.size());
  for (const PendingLine& line : pending_) {
    if (!line.reason.empty()) continue;
    commands.emplace_back(command_of(line.run));
    resolved.push_back({.command = &commands.back(), .run_id = line.run.run_id});
  }
  std::vector<Outcome> outcomes(resolved.size());
  if (!resolved.empty()) {
    auto applied =
        tracker_.store().apply(resolved, tracker_.deadline_or_default(options_.deadline), outcomes);
    if (!applied) return applied;
  }
  auto outcome = outcomes.begin();
  for (const PendingLine& line : pending_) {
    ++report_.lines;
    if (!line.reason.empty()) {
      refuse(line.number, line.reason);
    } else {
      settle(line, *outcome++);
    }
  }
  pending_.clear();
  pending_bytes_ = 0;
  return {};
}

void Importer::settle(const PendingLine& line, const Outcome& outcome) {
  if (outcome.applied()) {
    ++report_.created;
  } else if (outcome.holds()) {
    ++report_.unchanged;
  } else {
    refuse(line.number, conflict_reason(line.run, outcome));
  }
}

void Importer::refuse(std::uint64_t number, const std::string& reason) {
  ++report_.refused;
  if (options_.problem) options_.problem({.line = number, .reason = reason});
}

Error Importer::failed(Error error) const {
  if (report_.created > 0 && error.applied == Applied::no) error.applied = Applied::yes;
  return error;
}

}  // namespace

Result<ImportReport> Tracker::Impl::import_runs(const ImportSource& source,
                                                const ImportOptions& options) {
  if (!source) {
    return core::invalid_argument("source", "There is no source to read from.",
                                  "Give a function that yields the lines.");
  }
  if (store_->epoch() == 0) return read_only_error();
  if (auto usable = store_->unpublished(); !usable) return usable.error();
  api::LineReader reader(source, options.progress);
  Importer importer(*this, options);
  for (;;) {
    auto line = reader.next();
    if (line && *line) {
      if (auto taken = importer.take(**line); !taken) return importer.failed(taken.error());
      continue;
    }
    // At the end, and where the source fails, every whole line before it is imported.
    if (!reader.cancelled()) {
      if (auto flushed = importer.flush(); !flushed) return importer.failed(flushed.error());
    }
    if (!line) return importer.failed(line.error());
    return importer.report();
  }
}

}  // namespace milepost
