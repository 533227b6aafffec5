// SPDX-License-Identifier: Apache-2.0
//
// The calls through the C ABI: each is exposed alone, and nothing at all may be thrown.
#include <array>
#include <stdexcept>
#include <string_view>

#include "memory_calls_c.hpp"
#include "memory_faults.hpp"
#include "support/transfer.hpp"

#include "milepost/milepost.h"

namespace milepost::faults {
namespace {

/// Made before memory fails.
const std::string& longest_error() {
  static const std::string text(MILEPOST_ERROR_TEXT_SIZE_MAX, 'x');
  return text;
}

class CApi final : public Api {
 public:
  using Api::Api;
  Said open(const std::string& directory, How how) override {
    auto options = made_by<milepost_open_options>(milepost_open_options_init);
    options.directory = to_c(directory);
    options.map_size_start = kMapBytes;
    options.journal_segment_bytes = kSegmentBytes;
    options.journal_bytes_max = kJournalBytes;
    options.recent_bytes_max = 256u << 10;
    options.publish_interval_ms = how == How::lazy ? 3'600'000 : 20;
    if (how == How::relaxed) options.durability = MILEPOST_RELAXED;
    options.relaxed_bytes_max = kSegmentBytes;
    return exposed([&] { return milepost_tracker_open(&options, &tracker_, failure_); });
  }
  Said close() override {
    return exposed([&] { return milepost_tracker_close(tracker_, failure_); });
  }
  Said call(Verb verb, const Trial& trial) override {
    if (verb < Verb::create) return read(verb, trial);
    return verb < Verb::import_runs ? step(verb, trial) : keep_up(verb, trial);
  }

  void make_subject(const Trial& trial, RunStatus status) override;
  std::optional<RunStatus> status_of(const Uuid& run_id, const Uuid& organization) override {
    auto run = sized<milepost_run>();
    const milepost_id id = to_c(run_id);
    const milepost_id theirs = to_c(organization);
    spared(
        [&] { return milepost_tracker_get(tracker_, &id, &theirs, &run, nullptr, 0, failure_); });
    if (run.found == 0) return std::nullopt;
    return static_cast<RunStatus>(run.status);
  }
  std::uint64_t sequence() override {
    milepost_stats stats{};
    failure_.must(milepost_tracker_stats(tracker_, &stats, failure_));
    auto values = sized<milepost_stats_values>();
    failure_.must(milepost_stats_get(stats, &values, failure_));
    milepost_stats_free(stats);
    return values.sequence;
  }
  std::optional<std::string> first_finding() override;

 private:
  template <typename Call>
  Said exposed(Call&& call) {
    milepost_status status = 0;
    {
      const Exposed now;
      status = call();
    }
    return failure_.said(status);
  }
  template <typename Call>
  void spared(Call&& call) {
    milepost_status status = call();
    for (unsigned i = 1; i < spared_tries_ && status == MILEPOST_E_OUT_OF_MEMORY; ++i) {
      status = call();
    }
    failure_.must(status);
  }
  static milepost_command request(const Trial& trial, const milepost_id& run_id) {
    auto command = made_by<milepost_command>(milepost_command_init);
    command.kind = MILEPOST_COMMAND_CREATE;
    command.run_id = run_id;
    command.has_run_id = 1;
    command.journey_id = to_c(trial.journey);
    command.profile_id = to_c(trial.profile);
    command.organization_id = to_c(trial.organization);
    return command;
  }
  static milepost_step_options owned(const Trial& trial) {
    auto step = made_by<milepost_step_options>(milepost_step_options_init);
    step.owner = to_c(kOwner);
    step.organization_id = to_c(trial.organization);
    step.timeout_ms = trial.wait_ms;
    return step;
  }
  Said read(Verb verb, const Trial& trial);
  Said read_many(Verb verb, const Trial& trial);
  Said step(Verb verb, const Trial& trial);
  Said keep_up(Verb verb, const Trial& trial);
  milepost_status fail(const milepost_id& id, const milepost_step_options& step,
                       milepost_outcome& outcome) {
    return milepost_tracker_fail(tracker_, &id, kIllFormed, std::strlen(kIllFormed), &step,
                                 &outcome, nullptr, 0, failure_);
  }
  milepost_status work_through(milepost_status begun, milepost_work work);
  milepost_status export_all(std::int64_t wait_ms);
  milepost_status look_at_snapshot(std::int64_t wait_ms);
  milepost_status take_changes(std::int64_t wait_ms);
  milepost_status see_stats();
  milepost_status refuse(const Trial& trial);
  milepost_status apply_two(const Trial& trial);
  milepost_status fill(const Trial& trial);
  milepost_status import_line(const Trial& trial, std::string_view line);

  milepost_tracker tracker_{};
  static constinit thread_local Failure failure_;
};

constinit thread_local Failure CApi::failure_;

void CApi::make_subject(const Trial& trial, RunStatus status) {
  auto outcome = sized<milepost_outcome>();
  const milepost_id id = to_c(trial.subject);
  const milepost_command create = request(trial, id);
  auto step = owned(trial);
  const auto make = [&](auto* step_of) {
    spared([&] { return step_of(tracker_, &id, &step, &outcome, nullptr, 0, failure_); });
  };
  spared([&] {
    return milepost_tracker_create(tracker_, &create, MILEPOST_TIMEOUT_DEFAULT, &outcome, nullptr,
                                   0, failure_);
  });
  if (status == RunStatus::running || status == RunStatus::completed) make(milepost_tracker_start);
  if (status == RunStatus::completed) make(milepost_tracker_complete);
  if (status == RunStatus::failed) {
    step.owner = {};
    spared([&] { return fail(id, step, outcome); });
  }
  if (outcome.holds == 0) throw std::runtime_error("a subject could not be made");
}

std::optional<std::string> CApi::first_finding() {
  milepost_work work{};
  failure_.must(milepost_tracker_verify(tracker_, MILEPOST_VERIFY_PAGES, MILEPOST_TIMEOUT_DEFAULT,
                                        &work, failure_));
  auto progress = sized<milepost_progress>();
  while (progress.done == 0) failure_.must(milepost_work_step(work, &progress, failure_));
  auto report = sized<milepost_work_report>();
  failure_.must(milepost_work_get(work, &report, failure_));
  std::optional<std::string> first;
  if (report.findings_count > 0) {
    auto finding = sized<milepost_finding>();
    failure_.must(milepost_work_finding(work, 0, &finding, failure_));
    first = std::string(finding.text.data, finding.text.size);
  }
  milepost_work_free(work);
  return first;
}

milepost_status CApi::work_through(milepost_status status, milepost_work work) {
  auto progress = sized<milepost_progress>();
  while (status == MILEPOST_OK && progress.done == 0) {
    status = milepost_work_step(work, &progress, failure_);
  }
  milepost_work_free(work);
  return status;
}

/// Steps have no time limit of their own: what they would wait for is waited for here.
milepost_status CApi::export_all(std::int64_t wait_ms) {
  milepost_export operation{};
  auto status = milepost_tracker_flush(tracker_, wait_ms, failure_);
  if (status != MILEPOST_OK) return status;
  status =
      milepost_tracker_export_runs(tracker_, nullptr, MILEPOST_PUBLISHED, &operation, failure_);
  auto progress = sized<milepost_progress>();
  milepost_text lines{};
  while (status == MILEPOST_OK && progress.done == 0) {
    status = milepost_export_step(operation, &lines, &progress, failure_);
  }
  milepost_export_free(operation);
  return status;
}

milepost_status CApi::look_at_snapshot(std::int64_t wait_ms) {
  milepost_snapshot snapshot{};
  auto counts = sized<milepost_counts>();
  auto status = milepost_tracker_snapshot(tracker_, MILEPOST_LATEST, wait_ms, &snapshot, failure_);
  milepost_runs runs{};
  if (status == MILEPOST_OK) {
    status = milepost_snapshot_list(snapshot, nullptr, nullptr, &runs, failure_);
  }
  milepost_runs_free(runs);
  if (status == MILEPOST_OK) {
    status = milepost_snapshot_counts(snapshot, nullptr, nullptr, &counts, failure_);
  }
  milepost_snapshot_free(snapshot);
  return status;
}

milepost_status CApi::take_changes(std::int64_t wait_ms) {
  milepost_subscription feed{};
  milepost_changes changes{};
  auto status = milepost_tracker_subscribe(tracker_, 0, nullptr, &feed, failure_);
  if (status == MILEPOST_OK) {
    status = milepost_subscription_next(feed, 3, wait_ms, &changes, failure_);
  }
  milepost_changes_free(changes);
  milepost_subscription_free(feed);
  return status;
}

milepost_status CApi::see_stats() {
  milepost_stats stats{};
  milepost_text page{};
  auto status = milepost_tracker_stats(tracker_, &stats, failure_);
  if (status == MILEPOST_OK) status = milepost_stats_prometheus(stats, &page, failure_);
  milepost_stats_free(stats);
  return status;
}

milepost_status CApi::refuse(const Trial& trial) {
  const milepost_id missing = to_c(trial.fresh);
  std::array<char, 64> out{};
  std::size_t size = 0;
  const auto status = milepost_tracker_get_json(tracker_, &missing, nullptr, out.data(), out.size(),
                                                &size, failure_);
  if (status != MILEPOST_E_NOT_FOUND) return status;
  milepost_id parsed{};
  const std::string_view wrong = "no id at all, and rather long";
  const auto refused = milepost_id_parse(wrong.data(), wrong.size(), &parsed, failure_);
  return refused == MILEPOST_E_INVALID_ARGUMENT ? MILEPOST_OK : refused;
}

Said CApi::read(Verb verb, const Trial& trial) {
  const milepost_id id = to_c(trial.subject);
  auto run = sized<milepost_run>();
  std::array<char, MILEPOST_RUN_TEXT_MAX> text{};
  std::array<char, MILEPOST_RUN_JSON_MAX> json{};
  std::size_t size = 0;
  milepost_work work{};
  switch (verb) {
    case Verb::verify:
      return exposed([&] {
        const auto begun = milepost_tracker_verify(tracker_, MILEPOST_VERIFY_PAGES, trial.wait_ms,
                                                   &work, failure_);
        return work_through(begun, work);
      });
    case Verb::backup:
      return exposed([&] {
        const auto begun = milepost_tracker_backup(
            tracker_, trial.backup.data(), trial.backup.size(), 0, trial.wait_ms, &work, failure_);
        return work_through(begun, work);
      });
    case Verb::export_runs:
      return exposed([&] { return export_all(trial.wait_ms); });
    case Verb::snapshot:
      return exposed([&] { return look_at_snapshot(trial.wait_ms); });
    case Verb::subscribe:
      return exposed([&] { return take_changes(trial.wait_ms); });
    case Verb::stats:
      return exposed([&] { return see_stats(); });
    case Verb::flush:
      return exposed([&] { return milepost_tracker_flush(tracker_, trial.wait_ms, failure_); });
    case Verb::get:
      return exposed([&] {
        return milepost_tracker_get(tracker_, &id, nullptr, &run, text.data(), text.size(),
                                    failure_);
      });
    case Verb::get_json:
      return exposed([&] {
        return milepost_tracker_get_json(tracker_, &id, nullptr, json.data(), json.size(), &size,
                                         failure_);
      });
    case Verb::wait:
      return exposed([&] {
        return milepost_tracker_wait(tracker_, &id, nullptr, trial.wait_ms, &run, text.data(),
                                     text.size(), failure_);
      });
    case Verb::refusal:
      return exposed([&] { return refuse(trial); });
    default:
      return read_many(verb, trial);
  }
}

Said CApi::read_many(Verb verb, const Trial& trial) {
  milepost_runs runs{};
  milepost_json_page json{};
  milepost_changes changes{};
  auto page = made_by<milepost_page_options>(milepost_page_options_init);
  page.limit = 3;
  page.timeout_ms = trial.wait_ms;
  auto counts = sized<milepost_counts>();
  const std::array ids{to_c(trial.subject), to_c(trial.fresh)};
  std::uint64_t failed = 0;
  std::uint8_t more = 0;
  const auto call = [&]() -> milepost_status {
    switch (verb) {
      case Verb::list:
        return milepost_tracker_list(tracker_, nullptr, &page, &runs, failure_);
      case Verb::list_json:
        return milepost_tracker_list_json(tracker_, nullptr, &page, &json, failure_);
      case Verb::counts:
        return milepost_tracker_counts(tracker_, nullptr, nullptr, MILEPOST_LATEST, trial.wait_ms,
                                       &counts, failure_);
      case Verb::changes:
        return milepost_tracker_changes(tracker_, 0, 5, nullptr, MILEPOST_LATEST, trial.wait_ms,
                                        &changes, failure_);
      case Verb::orphans:
        return milepost_tracker_orphans(tracker_, &page, &runs, failure_);
      case Verb::fail_orphans:
        return milepost_tracker_fail_orphans(tracker_, kIllFormed, std::strlen(kIllFormed), 10,
                                             trial.wait_ms, &failed, &more, failure_);
      case Verb::expired:
        return milepost_tracker_expired(tracker_, 10, &runs, failure_);
      default:
        return milepost_tracker_get_many(tracker_, ids.data(), ids.size(), nullptr, &runs,
                                         failure_);
    }
  };
  Said said = exposed(call);
  milepost_runs_free(runs);
  milepost_json_page_free(json);
  milepost_changes_free(changes);
  return said;
}

milepost_status CApi::apply_two(const Trial& trial) {
  std::array commands{request(trial, to_c(trial.fresh)),
                      made_by<milepost_command>(milepost_command_init)};
  commands[1].kind = MILEPOST_COMMAND_START;
  commands[1].run_id = to_c(trial.subject);
  commands[1].owner = to_c(kOwner);
  milepost_outcomes outcomes{};
  const auto status = milepost_tracker_apply(tracker_, commands.data(), commands.size(),
                                             trial.wait_ms, &outcomes, failure_);
  milepost_outcomes_free(outcomes);
  return status;
}

milepost_status CApi::fill(const Trial& trial) {
  std::array<milepost_command, 15> commands;
  commands.fill(request(trial, to_c(trial.fresh)));
  for (std::uint8_t i = 1; i < commands.size(); ++i) {
    Uuid run_id = trial.fresh;
    run_id.data[1] = static_cast<std::uint8_t>((i + 1) / 2);
    commands[i].run_id = to_c(run_id);
    if (i % 2 != 0) continue;
    commands[i] = made_by<milepost_command>(milepost_command_init);
    commands[i].kind = MILEPOST_COMMAND_FAIL;
    commands[i].run_id = to_c(run_id);
    commands[i].error = to_c(longest_error());
  }
  milepost_outcomes outcomes{};
  const auto status = milepost_tracker_apply(tracker_, commands.data(), commands.size(),
                                             trial.wait_ms, &outcomes, failure_);
  milepost_outcomes_free(outcomes);
  return status;
}

Said CApi::step(Verb verb, const Trial& trial) {
  const milepost_id id = to_c(trial.subject);
  auto outcome = sized<milepost_outcome>();
  auto create = request(trial, to_c(trial.fresh));
  const std::string key = "a key that is no small string either " + std::to_string(trial.number);
  if (verb == Verb::create_with_key) create.idempotency_key = to_c(key);
  auto step = owned(trial);
  if (verb == Verb::start || verb == Verb::adopt) step.lease_ms = 60'000;
  if (verb == Verb::adopt) step.owner = to_c("another owner, with a name as long as the first's");
  if (verb == Verb::fail) step.owner = {};
  const auto make = [&](auto* step_of) {
    return step_of(tracker_, &id, &step, &outcome, nullptr, 0, failure_);
  };
  const auto call = [&]() -> milepost_status {
    switch (verb) {
      case Verb::start:
        return make(milepost_tracker_start);
      case Verb::complete:
        return make(milepost_tracker_complete);
      case Verb::fail:
        return fail(id, step, outcome);
      case Verb::exit:
        return make(milepost_tracker_exit);
      case Verb::adopt:
        return make(milepost_tracker_adopt);
      case Verb::heartbeat:
        return milepost_tracker_heartbeat(tracker_, &id, 60'000, &step, &outcome, nullptr, 0,
                                          failure_);
      case Verb::apply:
        return apply_two(trial);
      default:
        return milepost_tracker_create(tracker_, &create, trial.wait_ms, &outcome, nullptr, 0,
                                       failure_);
    }
  };
  return exposed(call);
}

milepost_status CApi::import_line(const Trial& trial, std::string_view line) {
  milepost_import operation{};
  auto report = sized<milepost_import_report>();
  auto status = milepost_tracker_import_runs(tracker_, &operation, failure_);
  const std::size_t half = line.size() / 2;
  if (status == MILEPOST_OK) {
    status =
        milepost_import_step(operation, line.data(), half, 0, trial.wait_ms, &report, failure_);
  }
  if (status == MILEPOST_OK) {
    status = milepost_import_step(operation, line.data() + half, line.size() - half, 1,
                                  trial.wait_ms, &report, failure_);
  }
  milepost_import_free(operation);
  return status;
}

Said CApi::keep_up(Verb verb, const Trial& trial) {
  const milepost_id profile = to_c(trial.profile);
  switch (verb) {
    case Verb::import_runs: {
      const std::string line = test::queued_line(trial.fresh);
      return exposed([&] { return import_line(trial, line); });
    }
    case Verb::bulk: {
      auto filter = made_by<milepost_filter>(milepost_filter_init);
      filter.journey_id = to_c(trial.journey);
      filter.has_journey_id = 1;
      auto options = made_by<milepost_bulk_options>(milepost_bulk_options_init);
      options.timeout_ms = trial.wait_ms;
      auto report = sized<milepost_bulk_report>();
      return exposed([&] {
        return milepost_tracker_bulk(tracker_, &filter, &options, &report, nullptr, failure_);
      });
    }
    case Verb::purge: {
      auto options = made_by<milepost_purge_options>(milepost_purge_options_init);
      options.has_organization_id = 1;
      options.organization_id = to_c(trial.organization);
      options.completed_before = INT64_C(200'000'000'000'000'000);
      options.timeout_ms = trial.wait_ms;
      auto report = sized<milepost_purge_report>();
      return exposed([&] { return milepost_tracker_purge(tracker_, &options, &report, failure_); });
    }
    case Verb::erase_profile: {
      auto erasure = sized<milepost_erasure>();
      return exposed([&] {
        return milepost_tracker_erase_profile(tracker_, &profile, nullptr, trial.wait_ms, &erasure,
                                              failure_);
      });
    }
    default:
      (void)longest_error();
      return exposed([&] { return fill(trial); });
  }
}

}  // namespace

std::unique_ptr<Api> make_api(unsigned spared_tries) {
  return std::make_unique<CApi>(spared_tries);
}

}  // namespace milepost::faults
