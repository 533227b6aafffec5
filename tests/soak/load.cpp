// SPDX-License-Identifier: Apache-2.0
//
// The threads of the load. Refusals are ordinary answers: the keeper fails, purges and erases runs
// under the writers' hands. So is `busy`, where a machine is too slow for a call's deadline; other
// errors are not.
#include "load.hpp"

#include <algorithm>
#include <chrono>

#include "support/runs.hpp"
#include "support/steps.hpp"

namespace milepost::soak {
namespace {

using test::id;

constexpr std::uint64_t kRoom = 500;          ///< How far the writers may be ahead of the keeper.
constexpr std::size_t kUnmatchedMax = 2'000;  ///< And ahead of who follows the feed.
constexpr std::size_t kBatch = 20;
constexpr auto kMoment = std::chrono::milliseconds(20);

Uuid journey(std::mt19937_64& random) { return id(random() % 5, 1); }
Uuid profile(std::mt19937_64& random) { return id(random() % 200, 2); }
Uuid organization(std::mt19937_64& random) { return random() % 4 == 0 ? id(1, 0xaa) : Uuid{}; }

OpenOptions small_options(const std::string& directory) {
  OpenOptions options{.directory = directory};
  options.map_size_start = kMapSizeMin;
  options.wait_max = std::chrono::seconds(60);  // What a slow machine takes is no fault.
  options.readers_max = 64;
  options.recent_bytes_max = 512u << 10;
  options.publish_interval = std::chrono::milliseconds(10);
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 2u << 20;
  options.feed_retention = 20'000;
  return options;
}

}  // namespace

Load::Load(const std::string& directory, std::uint64_t seed, Truth& truth)
    : options_(small_options(directory)), truth_(truth), random_(seed) {
  options_.clock = [this] {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now() + std::chrono::seconds(clock_offset_.load()));
  };
  tracker_.emplace(Tracker::open(options_).value());
}

Load::~Load() { stop(); }

void Load::start(unsigned writers) {
  for (unsigned i = 0; i < writers; ++i) {
    run_thread(random_(), [this](Random& random) {
      if (!has_room()) return;
      if (random() % 20 == 0) return live_in_batch(random);
      random() % 50 == 0 ? bring_in(random) : live(random);
    });
  }
  run_thread(random_(), [this](Random& random) { ask(random); });
  run_thread(random_(), [this](Random& random) { keep(random); });
  run_thread(random_(), [this](Random&) { follow(); });
}

void Load::stop() {
  stopped_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Load::run_thread(std::uint64_t seed, const std::function<void(Random&)>& turn) {
  threads_.emplace_back([this, seed, turn] {
    Random random(seed);
    while (!stopped_) {
      closing_.wait(true);
      const std::shared_lock in_use(gate_);
      turn(random);
    }
  });
}

void Load::reopen() {
  closing_ = true;
  {
    const std::unique_lock alone(gate_);
    if (fine(tracker_->close(), "close")) {
      tracker_.reset();
      tracker_.emplace(Tracker::open(options_).value());
      while (true) {
        const auto report = tracker_->fail_orphans({.error = kOrphanText});
        if (!fine(report, "fail_orphans") || !report->more) break;
      }
    }
  }
  closing_ = false;
  closing_.notify_all();
}

void Load::move_clock(std::chrono::seconds by) { clock_offset_ += by.count(); }

template <typename T>
bool Load::fine(const Result<T>& result, const char* call) {
  if (!result && result.error().code == Errc::busy) {
    ++busy_;
  } else if (!result) {
    truth_.complain(std::string(call) + ": " + to_string(result.error()));
  }
  return result.has_value();
}

/// Whether the call did it; then the truth is told.
bool Load::told(const Result<Outcome>& outcome) {
  if (!outcome && outcome.error().applied != Applied::no) {
    truth_.complain("a command of unknown fate: " + to_string(outcome.error()));
  }
  if (!fine(outcome, "a command") || !outcome->applied()) return false;
  truth_.told(outcome->run);
  return true;
}

/// Whether retention and the follower keep up. Waits a moment at most: who waits holds the gate.
bool Load::has_room() {
  std::unique_lock lock(room_mutex_);
  return room_.wait_for(lock, kMoment, [this] {
    return runs_ < kRunsKept + kRoom && truth_.unmatched() < kUnmatchedMax;
  });
}

void Load::live(Random& random) {
  const std::string key = random() % 2 == 0 ? "key " + std::to_string(++numbers_) : "";
  CreateCommand create{.journey_id = journey(random),
                       .profile_id = profile(random),
                       .organization_id = organization(random),
                       .idempotency_key = key};
  const auto made = tracker_->create(create);
  if (!told(made)) return;
  const Run& run = made->run;
  ++lives_;
  if (!key.empty() && random() % 4 == 0) {
    const auto again = tracker_->create(create);
    if (fine(again, "create") && again->applied()) truth_.told(again->run);  // It was erased.
  }
  StartOptions start{.owner = "ann", .organization_id = run.organization_id};
  if (random() % 3 == 0) start.lease = std::chrono::milliseconds(1 + random() % 30);
  const auto started = tracker_->start(run.run_id, start);
  // A heartbeat stores nothing, so there is nothing to tell the truth.
  if (told(started) && random() % 4 == 0) {
    (void)fine(tracker_->heartbeat(run.run_id, std::chrono::milliseconds(20),
                                   {.owner = "ann", .organization_id = run.organization_id}),
               "heartbeat");
  }
  if (random() % 8 == 0) {
    (void)told(
        tracker_->adopt(run.run_id, {.owner = "bob", .organization_id = run.organization_id}));
  }
  const auto seen = tracker_->get(run.run_id, {.organization_id = run.organization_id});
  if (fine(seen, "get") && *seen && (*seen)->sequence < run.sequence) {
    truth_.complain("a read is older than what was acknowledged");
  }
  end_run(run, random);
}

/// Every tenth stays open, for the keeper or the next opening to end.
void Load::end_run(const Run& run, Random& random) {
  const FinishOptions finish{.organization_id = run.organization_id};
  const std::uint64_t how = random() % 10;
  if (how < 4) {
    (void)told(tracker_->complete(run.run_id, finish));
  } else if (how < 7) {
    (void)told(tracker_->fail(run.run_id, std::string(random() % 600, 'e'), finish));
  } else if (how < 9) {
    (void)told(tracker_->exit(run.run_id, finish));
  }
}

void Load::live_in_batch(Random& random) {
  std::vector<Command> commands;
  for (std::size_t i = 0; i < kBatch; ++i) {
    const Uuid run = id(++numbers_, 0xb0);
    commands.emplace_back(CreateCommand{journey(random), profile(random), run});
    commands.emplace_back(StartCommand{.run_id = run, .owner = "batch"});
    commands.emplace_back(CompleteCommand{.run_id = run});
  }
  const auto outcomes = tracker_->apply(commands);
  if (!fine(outcomes, "apply")) return;
  for (const Outcome& outcome : *outcomes) {
    if (outcome.applied()) truth_.told(outcome.run);
  }
  lives_ += kBatch;
}

void Load::bring_in(Random& random) {
  const std::vector<Command> commands{
      ImportCommand{.run_id = id(++numbers_, 0xc0),
                    .journey_id = journey(random),
                    .profile_id = profile(random),
                    .status = RunStatus::exited,
                    .triggered_at = test::at("2026-01-05T08:00:00Z"),
                    .completed_at = test::at("2026-01-05T08:00:01Z")}};
  const auto outcomes = tracker_->apply(commands);
  if (fine(outcomes, "apply") && outcomes->front().applied()) truth_.told(outcomes->front().run);
}

void Load::ask(Random& random) {
  const auto snapshot = tracker_->snapshot();
  if (!fine(snapshot, "snapshot")) return;
  const Uuid whose = organization(random);
  const auto counts = snapshot->counts({.organization_id = whose});
  if (!counts && counts.error().code == Errc::snapshot_expired) return;
  std::uint64_t listed = 0;
  std::string cursor;
  do {
    const auto page = snapshot->list(
        {.filter = {.organization_id = whose}, .limit = kListLimitMax, .cursor = cursor});
    // A slow machine may make it too old; that is an answer.
    if (!page && page.error().code == Errc::snapshot_expired) return;
    if (!fine(page, "list")) return;
    listed += page->runs.size();
    cursor = page->next;
  } while (!cursor.empty());
  if (fine(counts, "counts") && counts->total() != listed) {
    truth_.complain("counts and list of one snapshot differ");
  }
  (void)fine(tracker_->list_json({.filter = {.journey_id = journey(random)}}), "list_json");
  (void)fine(tracker_->list({.filter = {.profile_id = profile(random)}}), "list");
  const auto stats = tracker_->stats();
  if (fine(stats, "stats") && to_prometheus(*stats).empty()) truth_.complain("no metrics");
}

/// Retention, and whatever else ends or removes runs.
void Load::keep(Random& random) {
  const auto counts = tracker_->counts();
  if (!fine(counts, "counts")) return;
  if (counts->total() > kRunsKept) {
    const std::size_t limit = std::min<std::size_t>(counts->total() - kRunsKept, kRemoveLimitMax);
    (void)fine(
        tracker_->purge({.completed_before = test::at("9999-01-01T00:00:00Z"), .limit = limit}),
        "purge");
  }
  if (const auto left = tracker_->counts({.freshness = Freshness::published});
      fine(left, "counts")) {
    const std::lock_guard lock(room_mutex_);
    runs_ = left->total();
  }
  room_.notify_all();
  if (random() % 16 == 0) {
    (void)fine(tracker_->bulk({.filter = {.organization_id = organization(random),
                                          .journey_id = journey(random)},
                               .action = BulkAction::fail,
                               .error = kBulkText}),
               "bulk");
  }
  if (random() % 16 == 0) {
    (void)fine(tracker_->erase_profile(
                   {.profile_id = profile(random), .organization_id = organization(random)}),
               "erase_profile");
  }
  const auto expired = tracker_->expired({.limit = 10});
  if (!fine(expired, "expired")) return;
  for (const Run& run : *expired) {
    (void)told(tracker_->fail(run.run_id, "it fell silent",
                              {.organization_id = run.organization_id, .only_if_expired = true}));
  }
}

/// Some changes; who follows all the time would hold the gate.
void Load::follow() {
  auto feed = tracker_->subscribe({.after = truth_.position()});
  if (!fine(feed, "subscribe")) return;
  while (!stopped_ && !closing_) {
    const auto changes = feed->next(std::chrono::steady_clock::now() + kMoment);
    if (!changes && changes.error().code == Errc::busy) continue;  // Nothing new.
    if (!fine(changes, "next")) return;
    for (const Change& change : *changes) truth_.came(change);
  }
}

}  // namespace milepost::soak
