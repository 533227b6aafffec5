// SPDX-License-Identifier: Apache-2.0
//
// milepost_work: verify, backup, restore and repair, each one call of the C++ API that sleeps
// between its reports of progress (Stepper).
#include <string>

#include "capi/guard.hpp"
#include "capi/input.hpp"
#include "capi/objects.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

/// A path that is given: any bytes but NUL, and some.
std::string path(Input& in, const milepost_text& given, const char* name) {
  const std::string_view bytes = in.text(given, name);
  if (bytes.empty() || bytes.find('\0') != std::string_view::npos) {
    in.refuse(invalid(name, "The path is empty or has a NUL in it.", "Give a folder's path."));
  }
  return std::string(bytes);
}

/// The progress hook of a call: notes how far it is, and pauses.
auto pausing(WorkObject& work, std::uint64_t milepost_progress::*counter,
             const Stepper::Yield& yield) {
  return [&work, counter, &yield](std::uint64_t so_far) {
    work.progress.*counter = so_far;
    return !work.is_ending() && yield() && !work.is_ending();
  };
}

void keep_findings(WorkObject& work, std::vector<Finding> findings, std::uint64_t count) {
  work.findings = std::move(findings);
  work.report.findings = static_cast<std::uint32_t>(work.findings.size());
  work.report.findings_count = count;
}

Result<void> keep(WorkObject& work, Result<VerifyReport> made) {
  if (!made) return made.error();
  work.report.runs = made->runs;
  work.report.rows = made->rows;
  work.report.changes = made->changes;
  work.report.pages = made->pages;
  work.report.journaled = made->journaled;
  work.report.sequence = made->sequence;
  keep_findings(work, std::move(made->findings), made->findings_count);
  return {};
}

Result<void> keep(WorkObject& work, Result<RepairReport> made) {
  if (!made) return made.error();
  work.report.runs = made->runs;
  work.report.lost = made->lost;
  work.report.changes = made->changes;
  work.report.journaled = made->journaled;
  keep_findings(work, std::move(made->findings), made->findings_count);
  return {};
}

Result<void> keep(WorkObject& work, Result<BackupReport> made) {
  if (!made) return made.error();
  work.report.bytes = made->bytes;
  work.report.sequence = made->sequence;
  return {};
}

Result<void> keep(WorkObject& work, Result<RestoreReport> made) {
  if (!made) return made.error();
  work.report.bytes = made->bytes;
  work.report.runs = made->runs;
  work.report.sequence = made->sequence;
  work.report.store_id = to_id(made->store_id);
  return {};
}

/// Makes the work of a call: `call(work, yield)` yields its report.
template <typename Call>
void make_work(TrackerTable::Pin tracker, milepost_work* out, Call call) {
  auto work = std::make_unique<WorkObject>(std::move(tracker));
  work->begin([&its = *work, call = std::move(call)](const Stepper::Yield& yield) {
    return keep(its, call(its, yield));
  });
  hand_out(out, work);
}

/// The same for a call that needs no tracker.
template <typename Call>
Result<void> make_free_work(const Input& in, milepost_work* out, Call call) {
  if (!in.ok()) return in.problem();
  make_work({}, out, std::move(call));
  return {};
}

/// Checks what calls without a tracker have in common.
Result<void> begin_free(milepost_work* out) {
  if (out == nullptr) return null_argument("work");
  out->value = 0;
  if (hook_threads.has_this_thread()) return called_by_hook();
  return {};
}

/// A deadline counts from the first step.
std::optional<Deadline> deadline_from_now(std::int64_t timeout_ms) {
  Input in;
  return in.deadline(timeout_ms);
}

Result<void> verify(milepost_tracker tracker, std::int32_t level, std::int64_t timeout_ms,
                    milepost_work* out) {
  Input in;
  const auto depth = in.enumerator(level, VerifyLevel::pages, "level");
  (void)in.deadline(timeout_ms);
  if (!in.ok()) return in.problem();
  make_work(trackers.pin(tracker.value), out,
            [depth, timeout_ms](WorkObject& work, const Stepper::Yield& yield) {
              return work.tracker->tracker.verify(
                  {.level = depth,
                   .progress = pausing(work, &milepost_progress::lines, yield),
                   .deadline = deadline_from_now(timeout_ms)});
            });
  return {};
}

Result<void> backup(milepost_tracker tracker, const milepost_text& to, std::uint8_t compact,
                    std::int64_t timeout_ms, milepost_work* out) {
  Input in;
  std::string folder = path(in, to, "to");
  const bool without_free_pages = in.flag(compact, "compact");
  (void)in.deadline(timeout_ms);
  if (!in.ok()) return in.problem();
  make_work(trackers.pin(tracker.value), out,
            [folder = std::move(folder), without_free_pages, timeout_ms](
                WorkObject& work, const Stepper::Yield& yield) {
              return work.tracker->tracker.backup(
                  folder, {.compact = without_free_pages,
                           .progress = pausing(work, &milepost_progress::bytes, yield),
                           .deadline = deadline_from_now(timeout_ms)});
            });
  return {};
}

Result<void> verify_folder(const milepost_text& directory, std::int32_t level, milepost_work* out) {
  if (auto ok = begin_free(out); !ok) return ok;
  Input in;
  std::string folder = path(in, directory, "directory");
  const auto depth = in.enumerator(level, VerifyLevel::pages, "level");
  return make_free_work(
      in, out, [folder = std::move(folder), depth](WorkObject& work, const Stepper::Yield& yield) {
        return verify_directory(
            folder, {.level = depth, .progress = pausing(work, &milepost_progress::lines, yield)});
      });
}

Result<void> repair(const milepost_text& from, const milepost_text& to, milepost_work* out) {
  if (auto ok = begin_free(out); !ok) return ok;
  Input in;
  std::string old_folder = path(in, from, "from");
  std::string new_folder = path(in, to, "to");
  return make_free_work(in, out,
                        [old_folder = std::move(old_folder), new_folder = std::move(new_folder)](
                            WorkObject& work, const Stepper::Yield& yield) {
                          return repair_directory(
                              old_folder, new_folder,
                              {.progress = pausing(work, &milepost_progress::lines, yield)});
                        });
}

Result<void> restore(const milepost_text& backup, const milepost_text& directory,
                     std::uint8_t replace, milepost_work* out) {
  if (auto ok = begin_free(out); !ok) return ok;
  Input in;
  std::string from = path(in, backup, "backup");
  std::string to = path(in, directory, "directory");
  const bool replaces = in.flag(replace, "replace");
  return make_free_work(
      in, out,
      [from = std::move(from), to = std::move(to), replaces](WorkObject& work,
                                                             const Stepper::Yield& yield) {
        return restore_backup(
            from, to,
            {.replace = replaces, .progress = pausing(work, &milepost_progress::bytes, yield)});
      });
}

Result<void> step(WorkObject& work, milepost_progress* progress) {
  Input in;
  if (progress != nullptr) in.out(progress, "progress");
  if (!in.ok()) return in.problem();
  const auto more = work.step();
  if (!more) return more.error();
  if (progress == nullptr) return {};
  milepost_progress filled = work.progress;
  filled.done = *more ? 0 : 1;
  write_sized(progress, filled);
  return {};
}

Result<void> get_report(const WorkObject& work, milepost_work_report* report) {
  if (auto ok = check_out(report, "report"); !ok) return ok;
  if (!work.is_done()) {
    return invalid("work", "It is not done, so there is no report.", "Step until it is done.");
  }
  write_sized(report, work.report);
  return {};
}

Result<void> get_finding(const WorkObject& work, std::size_t index, milepost_finding* finding) {
  if (auto ok = check_out(finding, "finding"); !ok) return ok;
  const std::size_t count = work.is_done() ? work.findings.size() : 0;
  if (index >= count) return no_such_index(index, count);
  const Finding& from = work.findings[index];
  milepost_finding filled{};
  filled.kind = to_text(from.kind);
  filled.where = to_text(from.where);
  filled.text = to_text(from.text);
  write_sized(finding, filled);
  return {};
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls

milepost_status milepost_tracker_verify(milepost_tracker tracker, int32_t level, int64_t timeout_ms,
                                        milepost_work* work, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, work,
                       [&](TrackerObject&) { return verify(tracker, level, timeout_ms, work); });
  });
}

milepost_status milepost_tracker_backup(milepost_tracker tracker, const char* to, size_t to_size,
                                        uint8_t compact, int64_t timeout_ms, milepost_work* work,
                                        milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_to_make(tracker, work, [&](TrackerObject&) {
      return backup(tracker, {to, to_size}, compact, timeout_ms, work);
    });
  });
}

milepost_status milepost_directory_verify(const char* directory, size_t size, int32_t level,
                                          milepost_work* work, milepost_error* err) noexcept {
  return guard(err, [&] { return verify_folder({directory, size}, level, work); });
}

milepost_status milepost_directory_repair(const char* from, size_t from_size, const char* to,
                                          size_t to_size, milepost_work* work,
                                          milepost_error* err) noexcept {
  return guard(err, [&] { return repair({from, from_size}, {to, to_size}, work); });
}

milepost_status milepost_backup_restore(const char* backup, size_t backup_size,
                                        const char* directory, size_t directory_size,
                                        uint8_t replace, milepost_work* work,
                                        milepost_error* err) noexcept {
  return guard(err, [&] {
    return restore({backup, backup_size}, {directory, directory_size}, replace, work);
  });
}

milepost_status milepost_work_step(milepost_work work, milepost_progress* progress,
                                   milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(work, [&](WorkObject& object) { return step(object, progress); });
  });
}

milepost_status milepost_work_get(milepost_work work, milepost_work_report* report,
                                  milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(work, [&](WorkObject& object) { return get_report(object, report); });
  });
}

milepost_status milepost_work_finding(milepost_work work, size_t index, milepost_finding* finding,
                                      milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone(work, [&](WorkObject& object) { return get_finding(object, index, finding); });
  });
}

void milepost_work_free(milepost_work work) noexcept { release(work); }
