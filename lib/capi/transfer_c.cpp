// SPDX-License-Identifier: Apache-2.0
//
// milepost_export and milepost_import: long work in steps. An export is one call of the C++ API
// that sleeps between steps (Stepper). An import is one call of it for each step, over the lines
// that are whole by then, so that what a step took is durable when it returns.
#include <algorithm>
#include <cstring>

#include "capi/guard.hpp"
#include "capi/input.hpp"
#include "capi/objects.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

Error export_cancelled() {
  return Error{.code = Errc::cancelled, .message = "The export was freed."};
}

/// The export's call: each chunk of lines is a step.
Result<void> run_export(ExportObject& object, const ExportOptions& options,
                        const Stepper::Yield& yield) {
  const auto sink = [&](std::string_view lines) -> Result<void> {
    object.lines = lines;
    object.progress.bytes += lines.size();
    object.progress.lines +=
        static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
    if (!yield()) return export_cancelled();
    return {};
  };
  const auto done = object.tracker->tracker.export_runs(sink, options);
  object.lines = {};
  if (!done) return done.error();
  return {};
}

Result<void> begin_export(milepost_tracker tracker, const milepost_id* organization_id,
                          std::int32_t freshness, milepost_export* out) {
  return use_to_make(tracker, out, [&](TrackerObject&) -> Result<void> {
    Input in;
    const ExportOptions options{
        .organization_id = Input::id_or_none(organization_id),
        .freshness = in.enumerator(freshness, Freshness::published, "freshness")};
    if (!in.ok()) return in.problem();
    auto object = std::make_unique<ExportObject>(trackers.pin(tracker.value));
    object->stepper.emplace([&its = *object, options](const Stepper::Yield& yield) {
      return run_export(its, options, yield);
    });
    hand_out(out, object);
    return {};
  });
}

Result<void> export_step(ExportObject& object, milepost_text* lines, milepost_progress* progress) {
  Input in;
  in.not_null(lines, "lines");
  if (progress != nullptr) in.out(progress, "progress");
  if (!in.ok()) return in.problem();
  const auto more = object.stepper->step();
  if (!more) return more.error();
  *lines = to_text(object.lines);
  if (progress == nullptr) return {};
  milepost_progress filled{};
  filled.done = *more ? 0 : 1;
  filled.lines = object.progress.lines;
  filled.bytes = object.progress.bytes;
  write_sized(progress, filled);
  return {};
}

/// A step of an import, all of it undone by being thrown away.
class ImportStep {
 public:
  explicit ImportStep(const ImportObject& object)
      : begun_(object.begun),
        skips_(object.skips),
        lines_seen_(object.lines_seen),
        report_(object.report) {}

  [[nodiscard]] Result<void> take(Tracker& tracker, std::string_view data, bool last,
                                  const std::optional<Deadline>& deadline);
  void keep(ImportObject& object, bool last) noexcept {
    object.begun = std::move(begun_);
    object.skips = skips_;
    object.lines_seen = lines_seen_;
    object.report = report_;
    object.problems = std::move(problems_);
    object.ended = last;
  }

 private:
  [[nodiscard]] Result<void> import_lines(Tracker& tracker, std::string_view front,
                                          std::string_view lines,
                                          const std::optional<Deadline>& deadline);
  [[nodiscard]] std::string_view after_skipped(std::string_view data) noexcept;

  std::string begun_;
  bool skips_;
  std::uint64_t lines_seen_;
  ImportReport report_;
  std::vector<ImportProblem> problems_{};
};

/// Imports lines, the first of which begins with `front`.
Result<void> ImportStep::import_lines(Tracker& tracker, std::string_view front,
                                      std::string_view lines,
                                      const std::optional<Deadline>& deadline) {
  const auto source = [&](char* buffer, std::size_t room) -> Result<std::size_t> {
    std::string_view& from = front.empty() ? lines : front;
    const std::size_t size = std::min(room, from.size());
    if (size != 0) std::memcpy(buffer, from.data(), size);
    from.remove_prefix(size);
    return size;
  };
  const ImportOptions options{
      .problem =
          [&](const ImportProblem& problem) {
            problems_.push_back({.line = lines_seen_ + problem.line, .reason = problem.reason});
          },
      .deadline = deadline};
  const auto report = tracker.import_runs(source, options);
  if (!report) return report.error();
  report_.lines += report->lines;
  report_.created += report->created;
  report_.unchanged += report->unchanged;
  report_.refused += report->refused;
  return {};
}

/// What follows a line that was too long.
std::string_view ImportStep::after_skipped(std::string_view data) noexcept {
  if (!skips_) return data;
  const std::size_t end = data.find('\n');
  if (end == std::string_view::npos) return {};
  skips_ = false;
  ++lines_seen_;
  return data.substr(end + 1);
}

Result<void> ImportStep::take(Tracker& tracker, std::string_view data, bool last,
                              const std::optional<Deadline>& deadline) {
  data = after_skipped(data);
  const std::size_t newline = data.rfind('\n');
  const std::size_t whole = last                                ? data.size()
                            : newline == std::string_view::npos ? 0
                                                                : newline + 1;
  const std::string_view lines = data.substr(0, whole);
  if (!lines.empty() || (last && !begun_.empty())) {
    if (auto done = import_lines(tracker, begun_, lines, deadline); !done) return done;
    lines_seen_ += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
    begun_.clear();
  }
  begun_.append(data.substr(whole));
  if (begun_.size() <= kImportLineSizeMax) return {};
  // Too long already: it is refused now, and the rest of it skipped.
  if (auto done = import_lines(tracker, begun_, {}, deadline); !done) return done;
  begun_.clear();
  skips_ = true;
  return {};
}

Result<void> import_step(ImportObject& object, const milepost_text& data, std::uint8_t last,
                         std::int64_t timeout_ms, milepost_import_report* out) {
  Input in;
  const std::string_view bytes = in.text(data, "data");
  const bool is_last = in.flag(last, "last");
  const auto deadline = in.deadline(timeout_ms);
  in.out(out, "report");
  if (bytes.size() > MILEPOST_IMPORT_STEP_MAX) {
    in.refuse(invalid(std::to_string(bytes.size()) + " bytes", "More than one step takes.",
                      "Give at most " + std::to_string(MILEPOST_IMPORT_STEP_MAX) + " at a time."));
  }
  if (object.ended) {
    in.refuse(invalid("import", "The last bytes were given before.", "Begin another import."));
  }
  if (!in.ok()) return in.problem();
  ImportStep step(object);
  auto taken =
      as_command([&] { return step.take(object.tracker->tracker, bytes, is_last, deadline); });
  if (!taken) return taken;
  step.keep(object, is_last);
  milepost_import_report filled{};
  filled.problems = static_cast<std::uint32_t>(object.problems.size());
  filled.lines = object.report.lines;
  filled.created = object.report.created;
  filled.unchanged = object.report.unchanged;
  filled.refused = object.report.refused;
  write_sized(out, filled);
  return {};
}

Result<void> import_problem(const ImportObject& object, std::size_t index, std::uint64_t* line,
                            milepost_text* reason) {
  Input in;
  in.not_null(line, "line");
  in.not_null(reason, "reason");
  if (!in.ok()) return in.problem();
  if (index >= object.problems.size()) return no_such_index(index, object.problems.size());
  *line = object.problems[index].line;
  *reason = to_text(object.problems[index].reason);
  return {};
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls

milepost_status milepost_tracker_export_runs(milepost_tracker tracker,
                                             const milepost_id* organization_id, int32_t freshness,
                                             milepost_export* operation,
                                             milepost_error* err) noexcept {
  return guard(err, [&] { return begin_export(tracker, organization_id, freshness, operation); });
}

milepost_status milepost_export_step(milepost_export operation, milepost_text* lines,
                                     milepost_progress* progress, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(operation,
                     [&](ExportObject& object) { return export_step(object, lines, progress); });
  });
}

void milepost_export_free(milepost_export operation) noexcept { release(operation); }

milepost_status milepost_tracker_import_runs(milepost_tracker tracker, milepost_import* operation,
                                             milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, operation, [&](TrackerObject&) -> milepost::Result<void> {
      hand_out(operation, std::make_unique<ImportObject>(trackers.pin(tracker.value)));
      return {};
    });
  });
}

milepost_status milepost_import_step(milepost_import operation, const char* data, size_t size,
                                     uint8_t last, int64_t timeout_ms,
                                     milepost_import_report* report, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(operation, [&](ImportObject& object) {
      return import_step(object, {data, size}, last, timeout_ms, report);
    });
  });
}

milepost_status milepost_import_problem(milepost_import operation, size_t index, uint64_t* line,
                                        milepost_text* reason, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(operation, [&](ImportObject& object) {
      return import_problem(object, index, line, reason);
    });
  });
}

void milepost_import_free(milepost_import operation) noexcept { release(operation); }
