// SPDX-License-Identifier: Apache-2.0
//
// The machine's calls on texts, operations and results, and how it frees.
#include <array>
#include <cstring>

#include "fuzz/capi_ops.hpp"

namespace milepost::fuzz {
namespace {

void look_at(milepost_text text) {
  require(text.data != nullptr || text.size == 0, "a text that is handed out can be read");
  std::size_t sum = 0;
  for (std::size_t i = 0; i < text.size; ++i) sum += static_cast<unsigned char>(text.data[i]);
  require(sum <= 255 * text.size);
}

void look_at(const milepost_run& run) {
  require(run.found <= 1 && run.has_error <= 1);
  look_at(run.error);
  look_at(run.owner);
}

template <typename Handle>
void free_of(Bytes& bytes, std::vector<Handle>& from, void (*release)(Handle)) {
  if (from.empty()) return release(Handle{bytes.take<std::uint64_t>()});
  const std::size_t at = bytes.below(from.size());
  release(from[at]);
  // It may stay: a stale handle, to be freed again.
  if (bytes.flag()) from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

void OpMachine::texts() {
  const std::string any = bytes_.text(bytes_.below<std::size_t>(40));
  milepost_id parsed{};
  std::array<char, 64> out{};
  std::size_t size = 0;
  std::int32_t status = 0;
  std::int64_t instant = bytes_.take<std::int64_t>() >> bytes_.below<unsigned>(40);
  switch (bytes_.below<unsigned>(5)) {
    case 0:
      if (check(milepost_id_parse(any.data(), any.size(), &parsed, error())) != MILEPOST_OK) return;
      require(milepost_id_format(&parsed, out.data(), nullptr) == MILEPOST_OK);
      return;
    case 1: {
      const std::size_t room = bytes_.below(out.size() + 1);
      if (check(milepost_instant_format(instant, out.data(), room, &size, error())) !=
          MILEPOST_OK) {
        return;
      }
      std::int64_t back = 0;
      require(size <= room);
      require(milepost_instant_parse(out.data(), size, &back, nullptr) == MILEPOST_OK);
      require(back == instant, "an instant comes back from its text");
      return;
    }
    case 2:
      (void)check(milepost_instant_parse(any.data(), any.size(), &instant, error()));
      return;
    case 3:
      (void)check(milepost_run_status_parse(any.data(), any.size(), &status, error()));
      return;
    default:
      require(milepost_error_name(bytes_.take<std::int32_t>()) != nullptr);
      require(milepost_outcome_name(bytes_.take<std::int32_t>()) != nullptr);
      require(milepost_change_name(bytes_.take<std::int32_t>()) != nullptr);
      require(milepost_run_status_name(bytes_.take<std::int32_t>()) != nullptr);
  }
}

void OpMachine::transfer() {
  milepost_export out{1};
  milepost_import in{1};
  milepost_text lines{};
  Roomy<milepost_progress> progress = answer<milepost_progress>();
  Roomy<milepost_import_report> report = answer<milepost_import_report>();
  switch (bytes_.below<unsigned>(5)) {
    case 0:
      return keep(check(milepost_tracker_export_runs(pick(trackers_), maybe_id(), number(1), &out,
                                                     error())),
                  out, exports_);
    case 1:
      if (check(milepost_export_step(pick(exports_), &lines, &progress.value, error())) ==
          MILEPOST_OK) {
        look_at(lines);
        texts_.emplace_back(lines.data, lines.size);
      }
      return;
    case 2:
      return keep(check(milepost_tracker_import_runs(pick(trackers_), &in, error())), in, imports_);
    case 3: {
      // What an export said before, or anything.
      std::string data = bytes_.text(bytes_.below<std::size_t>(100));
      if (bytes_.flag() && !texts_.empty()) data = texts_.back();
      const auto status = check(milepost_import_step(pick(imports_), data.data(), data.size(),
                                                     boolean(), timeout(), &report.value, error()));
      if (status != MILEPOST_OK || report.value.struct_size != sizeof report.value) return;
      require(report.value.lines ==
                  report.value.created + report.value.unchanged + report.value.refused,
              "the lines add up");
      return;
    }
    default: {
      std::uint64_t line = 0;
      milepost_text reason{};
      if (check(milepost_import_problem(pick(imports_), bytes_.below<std::size_t>(3), &line,
                                        &reason, error())) == MILEPOST_OK) {
        look_at(reason);
      }
    }
  }
}

void OpMachine::work() {
  milepost_work made{1};
  const std::string from = any_place();
  const std::string to = any_place();
  Roomy<milepost_progress> progress = answer<milepost_progress>();
  Roomy<milepost_work_report> report = answer<milepost_work_report>();
  Roomy<milepost_finding> finding = answer<milepost_finding>();
  switch (bytes_.below<unsigned>(10)) {
    case 0:
      return keep(
          check(milepost_tracker_verify(pick(trackers_), number(1), timeout(), &made, error())),
          made, works_);
    case 1:
      return keep(check(milepost_tracker_backup(pick(trackers_), to.data(), to.size(), boolean(),
                                                timeout(), &made, error())),
                  made, works_);
    case 2:
      return keep(
          check(milepost_directory_verify(from.data(), from.size(), number(1), &made, error())),
          made, works_);
    case 3:
      return keep(check(milepost_backup_restore(from.data(), from.size(), to.data(), to.size(),
                                                boolean(), &made, error())),
                  made, works_);
    case 4:
      return keep(check(milepost_directory_repair(from.data(), from.size(), to.data(), to.size(),
                                                  &made, error())),
                  made, works_);
    case 5:
      if (check(milepost_work_get(pick(works_), &report.value, error())) == MILEPOST_OK) {
        require(report.value.findings <= MILEPOST_FINDINGS_MAX);
      }
      return;
    case 6:
      if (check(milepost_work_finding(pick(works_), bytes_.below<std::size_t>(3), &finding.value,
                                      error())) == MILEPOST_OK) {
        look_at(finding.value.text);
      }
      return;
    default:
      (void)check(milepost_work_step(pick(works_), &progress.value, error()));
  }
}

void OpMachine::look_at_runs() {
  const milepost_runs runs = pick(runs_);
  const milepost_run* first = nullptr;
  std::size_t count = 0;
  std::size_t stride = 0;
  if (check(milepost_runs_view(runs, &first, &count, &stride, error())) != MILEPOST_OK) return;
  require(count == milepost_runs_size(runs) && stride >= sizeof *first);
  for (std::size_t i = 0; i < count; ++i) {
    milepost_run one;
    std::memcpy(&one, reinterpret_cast<const char*>(first) + i * stride, sizeof one);
    look_at(one);
  }
}

void OpMachine::look_at_results() {
  const std::size_t index = bytes_.below<std::size_t>(4);
  Roomy<milepost_run> run = answer<milepost_run>();
  Roomy<milepost_outcome> outcome = answer<milepost_outcome>();
  Roomy<milepost_change> change = answer<milepost_change>();
  Roomy<milepost_feed_position> position = answer<milepost_feed_position>();
  Roomy<milepost_stats_values> values = answer<milepost_stats_values>();
  Roomy<milepost_tree_stats> tree = answer<milepost_tree_stats>();
  milepost_text text{};
  milepost_text next{};
  std::size_t count = 0;
  std::uint64_t sequence = 0;
  milepost_changes changes{1};
  milepost_status status = 0;
  switch (bytes_.below<unsigned>(13)) {
    case 0:
      status = milepost_runs_get(pick(runs_), index, &run.value, error());
      if (status == MILEPOST_OK && run.value.struct_size == sizeof run.value) look_at(run.value);
      break;
    case 1:
      return look_at_runs();
    case 2:
      status = milepost_runs_next(pick(runs_), &text, error());
      break;
    case 3:
      status = milepost_outcomes_get(pick(outcomes_), index, &outcome.value, error());
      break;
    case 4:
      status = milepost_changes_get(pick(changes_), index, &change.value, error());
      break;
    case 5:
      status = milepost_changes_position(pick(changes_), &position.value, error());
      break;
    case 6:
      status = milepost_json_page_get(pick(json_pages_), &text, &count, &next, error());
      break;
    case 7:
      status = milepost_stats_get(pick(stats_), &values.value, error());
      break;
    case 8:
      status = milepost_stats_tree(pick(stats_), index, &tree.value, error());
      break;
    case 9:
      status = milepost_stats_prometheus(pick(stats_), &text, error());
      break;
    case 10:
      status =
          milepost_subscription_next(pick(subscriptions_), limit(), timeout(), &changes, error());
      keep(status, changes, changes_);
      break;
    case 11:
      status = milepost_subscription_position(pick(subscriptions_), &sequence, error());
      break;
    default:
      status = milepost_subscription_stop(pick(subscriptions_), error());
  }
  (void)check(status);
  if (status != MILEPOST_OK) return;
  look_at(text);
  look_at(next);
}

void OpMachine::free_something() {
  switch (bytes_.below<unsigned>(12)) {
    case 0:
      return free_of(bytes_, snapshots_, milepost_snapshot_free);
    case 1:
      return free_of(bytes_, subscriptions_, milepost_subscription_free);
    case 2:
      return free_of(bytes_, exports_, milepost_export_free);
    case 3:
      return free_of(bytes_, imports_, milepost_import_free);
    case 4:
      return free_of(bytes_, works_, milepost_work_free);
    case 5:
      return free_of(bytes_, runs_, milepost_runs_free);
    case 6:
      return free_of(bytes_, outcomes_, milepost_outcomes_free);
    case 7:
      return free_of(bytes_, changes_, milepost_changes_free);
    case 8:
      return free_of(bytes_, json_pages_, milepost_json_page_free);
    case 9:
      return free_of(bytes_, stats_, milepost_stats_free);
    default:
      (void)check(milepost_tracker_close(pick(trackers_), error()));
  }
}

}  // namespace milepost::fuzz
