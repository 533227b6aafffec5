// SPDX-License-Identifier: Apache-2.0
//
// The calls through the C++ API: nothing but std::bad_alloc may be thrown.
#include <array>
#include <stdexcept>
#include <vector>

#include "memory_api.hpp"
#include "memory_faults.hpp"
#include "support/transfer.hpp"

#include "milepost/milepost.hpp"

namespace milepost::faults {
namespace {

using std::chrono::milliseconds;
constexpr std::chrono::seconds kLease{60};

template <typename Call>
auto exposed(Call&& call) {
  const Exposed now;
  return call();
}

Said said_of(const Error& error) {
  if (error.code == Errc::out_of_memory) {
    return {.what = Said::What::no_memory, .code = error.code, .applied = error.applied};
  }
  return {.what = Said::What::other,
          .code = error.code,
          .applied = error.applied,
          .text = to_string(error)};
}

/// A call that yields a Result.
template <typename Call>
Said attempt(Call&& call) {
  try {
    const auto result = exposed(call);
    return result ? Said{} : said_of(result.error());
  } catch (const std::bad_alloc&) {
    return {.what = Said::What::no_memory, .applied = Applied::unknown};
  } catch (const std::exception& thrown) {
    return {.what = Said::What::other,
            .applied = Applied::unknown,
            .text = std::string("thrown: ") + thrown.what()};
  }
}

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Result<void> only_error(const auto& result) {
  if (!result) return result.error();
  return {};
}

class CppApi final : public Api {
  template <typename Call>
  auto spared(Call&& call) {
    auto result = call();
    for (unsigned i = 1; i < spared_tries_ && !result; ++i) {
      if (result.error().code != Errc::out_of_memory) break;
      result = call();
    }
    return must(std::move(result));
  }

 public:
  using Api::Api;
  Said open(const std::string& directory, How how) override {
    OpenOptions options;
    options.directory = directory;
    options.map_size_start = kMapBytes;
    options.journal_segment_bytes = kSegmentBytes;
    options.journal_bytes_max = kJournalBytes;
    options.recent_bytes_max = 256u << 10;
    options.publish_interval = milliseconds(how == How::lazy ? 3'600'000 : 20);
    if (how == How::relaxed) options.durability = Durability::relaxed;
    options.relaxed_bytes_max = kSegmentBytes;
    return attempt([&]() -> Result<void> {
      auto opened = Tracker::open(options);
      if (!opened) return opened.error();
      tracker_.emplace(std::move(*opened));
      return {};
    });
  }
  Said close() override {
    Said said = attempt([&] { return tracker_->close(); });
    try {
      exposed([&] { tracker_.reset(); });
    } catch (const std::bad_alloc&) {
      said = {.what = Said::What::other, .text = "the destructor throws"};
    }
    return said;
  }
  Said call(Verb verb, const Trial& trial) override;

  void make_subject(const Trial& trial, RunStatus status) override {
    const auto step = [&](auto&& call) { spared(call).require_applied(); };
    step([&] { return tracker_->create(request(trial, trial.subject)); });
    const FinishOptions finish{.owner = {}, .organization_id = trial.organization};
    if (status == RunStatus::running || status == RunStatus::completed) {
      step([&] { return tracker_->start(trial.subject, {kOwner, trial.organization}); });
    }
    if (status == RunStatus::completed) {
      step([&] { return tracker_->complete(trial.subject, finish); });
    }
    if (status == RunStatus::failed) {
      step([&] { return tracker_->fail(trial.subject, kIllFormed, finish); });
    }
  }
  std::optional<RunStatus> status_of(const Uuid& run_id, const Uuid& organization) override {
    const auto run = spared([&] { return tracker_->get(run_id, {organization}); });
    return run ? std::optional(run->status) : std::nullopt;
  }
  std::uint64_t sequence() override { return must(tracker_->stats()).sequence; }
  std::optional<std::string> first_finding() override {
    const auto report = must(tracker_->verify());
    if (report.sound()) return std::nullopt;
    const Finding& first = report.findings.front();
    return first.kind + " in " + first.where + ": " + first.text;
  }

 private:
  static CreateCommand request(const Trial& trial, const Uuid& run_id) {
    CreateCommand command;
    command.run_id = run_id;
    command.journey_id = trial.journey;
    command.profile_id = trial.profile;
    command.organization_id = trial.organization;
    return command;
  }
  Said read(Verb verb, const Trial& trial, Deadline deadline);
  Said step(Verb verb, const Trial& trial, Deadline deadline);
  Said keep_up(Verb verb, const Trial& trial, Deadline deadline);
  Result<void> look_at_snapshot(Deadline deadline);
  Result<void> apply_two(const Trial& trial, Deadline deadline);
  Result<void> fill(const Trial& trial, Deadline deadline);

  std::optional<Tracker> tracker_;
};

Said CppApi::call(Verb verb, const Trial& trial) {
  const Deadline deadline = std::chrono::steady_clock::now() + milliseconds(trial.wait_ms);
  if (verb < Verb::create) return read(verb, trial, deadline);
  return verb < Verb::import_runs ? step(verb, trial, deadline) : keep_up(verb, trial, deadline);
}

Result<void> CppApi::look_at_snapshot(Deadline deadline) {
  auto snapshot = tracker_->snapshot({.deadline = deadline});
  if (!snapshot) return snapshot.error();
  if (auto page = snapshot->list({.limit = 3}); !page) return page.error();
  return only_error(snapshot->counts());
}

Said CppApi::read(Verb verb, const Trial& trial, Deadline deadline) {
  Tracker& tracker = *tracker_;
  const std::array ids{trial.subject, trial.fresh, trial.subject};
  switch (verb) {
    case Verb::verify:
      return attempt([&] { return tracker.verify({.deadline = deadline}); });
    case Verb::backup:
      return attempt([&] { return tracker.backup(trial.backup, {.deadline = deadline}); });
    case Verb::export_runs:
      return attempt([&] {
        return tracker.export_runs([](std::string_view) -> Result<void> { return {}; },
                                   {.deadline = deadline});
      });
    case Verb::snapshot:
      return attempt([&] { return look_at_snapshot(deadline); });
    case Verb::list:
      return attempt([&] { return tracker.list({.limit = 3, .deadline = deadline}); });
    case Verb::list_json:
      return attempt([&] { return tracker.list_json({.limit = 3, .deadline = deadline}); });
    case Verb::counts:
      return attempt([&] { return tracker.counts({.deadline = deadline}); });
    case Verb::changes:
      return attempt([&] { return tracker.changes({.limit = 5, .deadline = deadline}); });
    case Verb::subscribe:
      return attempt([&]() -> Result<void> {
        auto feed = tracker.subscribe({.after = 0});
        if (!feed) return feed.error();
        return only_error(feed->next(deadline, 3));
      });
    case Verb::orphans:
      return attempt([&] { return tracker.orphans({.deadline = deadline}); });
    case Verb::fail_orphans:
      return attempt(
          [&] { return tracker.fail_orphans({.error = kIllFormed, .deadline = deadline}); });
    case Verb::expired:
      return attempt([&] { return tracker.expired(); });
    case Verb::stats:
      return attempt([&]() -> Result<void> {
        auto stats = tracker.stats();
        if (!stats) return stats.error();
        (void)to_prometheus(*stats);
        return {};
      });
    case Verb::flush:
      return attempt([&] { return tracker.flush({deadline}); });
    case Verb::get:
      return attempt([&] { return tracker.get(trial.subject); });
    case Verb::get_json:
      return attempt([&] { return tracker.get_json(trial.subject); });
    case Verb::get_many:
      return attempt([&] { return tracker.get_many(ids); });
    case Verb::wait:
      return attempt([&] { return tracker.wait(trial.subject, {.deadline = deadline}); });
    default:
      return attempt([&]() -> Result<void> {
        auto missing = tracker.get_json(trial.fresh);
        if (missing || missing.error().code != Errc::not_found) return only_error(missing);
        auto wrong = tracker.start(trial.subject, {.owner = std::string(300, 'x')});
        if (wrong || wrong.error().code != Errc::invalid_argument) return only_error(wrong);
        return {};
      });
  }
}

Result<void> CppApi::apply_two(const Trial& trial, Deadline deadline) {
  const std::array<Command, 2> both{request(trial, trial.fresh),
                                    StartCommand{.run_id = trial.subject, .owner = kOwner}};
  return only_error(tracker_->apply(both, {deadline}));
}

Said CppApi::step(Verb verb, const Trial& trial, Deadline deadline) {
  Tracker& tracker = *tracker_;
  CreateCommand keyed = request(trial, trial.fresh);
  const std::string key = "a key that is no small string either " + std::to_string(trial.number);
  keyed.idempotency_key = key;
  const FinishOptions finish{
      .owner = kOwner, .organization_id = trial.organization, .deadline = deadline};
  switch (verb) {
    case Verb::create:
      return attempt([&] { return tracker.create(request(trial, trial.fresh), {deadline}); });
    case Verb::create_with_key:
      return attempt([&] { return tracker.create(keyed, {deadline}); });
    case Verb::start:
      return attempt([&] {
        return tracker.start(trial.subject,
                             {.owner = kOwner, .deadline = deadline, .lease = kLease});
      });
    case Verb::complete:
      return attempt([&] { return tracker.complete(trial.subject, finish); });
    case Verb::fail:
      return attempt([&] {
        return tracker.fail(trial.subject, kIllFormed, {.owner = {}, .deadline = deadline});
      });
    case Verb::exit:
      return attempt([&] { return tracker.exit(trial.subject, finish); });
    case Verb::adopt:
      return attempt([&] {
        return tracker.adopt(trial.subject, {.owner = "another owner, with as long a name as that",
                                             .lease = kLease,
                                             .deadline = deadline});
      });
    case Verb::heartbeat:
      return attempt([&] {
        return tracker.heartbeat(trial.subject, kLease, {.owner = kOwner, .deadline = deadline});
      });
    default:
      return attempt([&] { return apply_two(trial, deadline); });
  }
}

Result<void> CppApi::fill(const Trial& trial, Deadline deadline) {
  const std::string error(kErrorTextSizeMax, 'x');
  std::vector<Command> commands;
  commands.reserve(16);
  commands.emplace_back(request(trial, trial.fresh));
  for (std::uint8_t i = 0; i < 7; ++i) {
    Uuid run_id = trial.fresh;
    run_id.data[1] = static_cast<std::uint8_t>(i + 1);
    commands.emplace_back(request(trial, run_id));
    commands.emplace_back(FailCommand{.run_id = run_id, .error = error});
  }
  return only_error(tracker_->apply(commands, {deadline}));
}

Said CppApi::keep_up(Verb verb, const Trial& trial, Deadline deadline) {
  Tracker& tracker = *tracker_;
  const Instant far = parse_instant("9000-01-01T00:00:00Z").value();
  switch (verb) {
    case Verb::import_runs: {
      const std::string line = test::queued_line(trial.fresh);
      return attempt(
          [&] { return tracker.import_runs(test::from(line, 100), {.deadline = deadline}); });
    }
    case Verb::bulk:
      return attempt([&] {
        return tracker.bulk({.filter = {.journey_id = trial.journey}, .deadline = deadline});
      });
    case Verb::purge:
      return attempt([&] {
        return tracker.purge(
            {.completed_before = far, .organization_id = trial.organization, .deadline = deadline});
      });
    case Verb::erase_profile:
      return attempt([&] {
        return tracker.erase_profile({.profile_id = trial.profile, .deadline = deadline});
      });
    default:
      return attempt([&] { return fill(trial, deadline); });
  }
}

}  // namespace

std::unique_ptr<Api> make_api(unsigned spared_tries) {
  return std::make_unique<CppApi>(spared_tries);
}

}  // namespace milepost::faults
