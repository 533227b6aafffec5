// SPDX-License-Identifier: Apache-2.0
//
// Histories: eight threads call at random about few runs and note when they asked and what they
// were told, while three processes read and one thread follows the feed. Afterwards the calls about
// each run must have an order that explains all answers, the feed must hold every effect that was
// answered, once and in order, and each process must have seen nothing but prefixes of it, ever
// longer. That the judges bite is tested on histories that are wrong by hand.
//
// MILEPOST_TEST_HISTORIES (200), MILEPOST_LONG_SECONDS goes on, MILEPOST_TEST_SEED replays the
// choices, not the timing.
#include "histories.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <utility>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using test::Call;
using test::ChildProcess;
using test::id;
using test::is_linearizable;
using test::ok;
using test::PrefixWatch;
using test::Verb;

constexpr std::size_t kThreads = 8;
constexpr std::size_t kReaders = 3;
constexpr std::size_t kRunsPerRound = 4;
constexpr std::size_t kCallsEach = 16;  ///< On average 32 about each run.

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

/// Follows the feed and keeps what came since it was last asked.
class Follower {
 public:
  explicit Follower(const Tracker& tracker) : feed_(tracker.subscribe({.after = 0}).value()) {
    thread_ = std::thread([this] {
      ended_well_ = feed_
                        .run([this](const Change& change) {
                          const std::lock_guard lock(mutex_);
                          news_.push_back(change);
                          came_.notify_all();
                          return true;
                        })
                        .has_value();
    });
  }
  ~Follower() { (void)stop(); }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  bool stop() {
    feed_.stop();
    if (thread_.joinable()) thread_.join();
    return ended_well_;
  }

  /// What came up to this sequence, once it has come.
  std::deque<Change> take(std::uint64_t sequence) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return !news_.empty() && news_.back().sequence >= sequence; });
    return std::exchange(news_, {});
  }

 private:
  Subscription feed_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Change> news_;
  bool ended_well_ = false;
};

/// A reading process, asked again and again.
class Reader {
 public:
  explicit Reader(const std::string& directory) : process_({MILEPOST_HISTORY_READER, directory}) {}

  /// Looks once; what it saw is kept for the judge.
  void look() {
    process_.write_line("look");
    const std::string answer = process_.read_line().value_or("wrong: it ended");
    if (answer.rfind("wrong", 0) == 0) {
      wrong = answer;
    } else {
      const std::size_t space = answer.find(' ');
      seen.emplace_back(std::stoull(answer), std::stoull(answer.substr(space)));
    }
  }

  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;  ///< Sequence and digest.
  std::string wrong;

 private:
  ChildProcess process_;
};

class Histories {
 public:
  Histories(Durability durability, std::uint64_t seed) : random_(seed) {
    options_.directory = folder_ / "store";
    options_.durability = durability;
    options_.map_size_start = kMapSizeMin;
    options_.recent_bytes_max = 8u << 10;
    options_.publish_interval = std::chrono::milliseconds(2);
    options_.relaxed_bytes_max = 64u << 10;
    options_.relaxed_delay_max = std::chrono::milliseconds(5);
    options_.journal_segment_bytes = 256u << 10;
    options_.journal_bytes_max = 4u << 20;
    tracker_.emplace(Tracker::open(options_).value());
    follower_.emplace(*tracker_);
    digests_[0] = watch_.digest();
    for (std::size_t i = 0; i < kReaders; ++i) {
      readers_.push_back(std::make_unique<Reader>(options_.directory));
    }
  }

  /// One round: kRunsPerRound histories.
  void round() {
    std::array<std::vector<Call>, kThreads> calls;
    std::array<std::vector<std::size_t>, kThreads> of;
    std::atomic<std::size_t> calling{kThreads};
    test::SpinBarrier start(kThreads);
    test::Threads threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.start([&, thread, seed = random_()] {
        std::mt19937_64 random(seed);
        start.arrive_and_wait();
        for (std::size_t i = 0; i < kCallsEach; ++i) {
          const std::size_t run = random() % kRunsPerRound;
          calls[thread].push_back(call(first_ + run, random));
          of[thread].push_back(run);
        }
        --calling;
      });
    }
    for (auto& reader : readers_) {
      threads.start([&calling, looking = reader.get()] {
        while (calling > 0) looking->look();
      });
    }
    threads.join();
    judge(calls, of);
    first_ += kRunsPerRound;
  }

  void end() {
    CHECK(tracker_->verify().value().sound());
    CHECK(follower_->stop());
    follower_.reset();
    CHECK(ok(tracker_->close()));
  }

  [[nodiscard]] std::size_t looks() const noexcept { return looks_; }
  [[nodiscard]] std::uint64_t effects() const noexcept { return watch_.position(); }

 private:
  /// A call about the run, whatever it does.
  Call call(std::uint64_t run, std::mt19937_64& random) {
    static constexpr std::array kOwners{"", "ann", "bob"};
    Call made;
    // More gets than anything else, and creates early, so that there is something to tell.
    const std::uint64_t kind = random() % 12;
    made.verb = kind < 2 ? Verb::create : kind < 7 ? static_cast<Verb>(kind) : Verb::get;
    made.owner = made.verb == Verb::create ? "" : kOwners[random() % kOwners.size()];
    if (random() % 4 == 0) made.token = 1 + random() % 3;
    made.begin = now_ns();
    answer(made, id(run));
    made.end = now_ns();
    return made;
  }

  void answer(Call& made, const Uuid& run) {
    const FinishOptions finish{.owner = made.owner, .fencing_token = made.token};
    const auto note = [&](const Result<Outcome>& outcome) {
      made.outcome = outcome.value().kind;
      if (outcome->has_run()) made.shown = outcome->run;
    };
    switch (made.verb) {
      case Verb::get:
        made.shown = tracker_->get(run).value();
        return;
      case Verb::create:
        return note(tracker_->create(test::request(run)));
      case Verb::start:
        return note(tracker_->start(run, {.owner = made.owner}));
      case Verb::complete:
        return note(tracker_->complete(run, finish));
      case Verb::fail:
        return note(tracker_->fail(run, "mailbox full", finish));
      case Verb::exit:
        return note(tracker_->exit(run, finish));
      case Verb::adopt:
        return note(tracker_->adopt(run, {.owner = made.owner, .fencing_token = made.token}));
    }
  }

  void judge(const std::array<std::vector<Call>, kThreads>& calls,
             const std::array<std::vector<std::size_t>, kThreads>& of) {
    std::array<std::vector<Call>, kRunsPerRound> by_run;
    std::map<std::uint64_t, Run> effects;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      for (std::size_t i = 0; i < calls[thread].size(); ++i) {
        const Call& made = calls[thread][i];
        auto& history = by_run[of[thread][i]];
        if (history.size() < test::kHistorySizeMax) history.push_back(made);
        if (made.verb != Verb::get &&
            (made.outcome == OutcomeKind::created || made.outcome == OutcomeKind::applied)) {
          REQUIRE(effects.emplace(made.shown->sequence, *made.shown).second);
        }
      }
    }
    for (std::size_t run = 0; run < kRunsPerRound; ++run) {
      // A longer one cannot be judged in a word of bits; it is rare.
      if (by_run[run].size() == test::kHistorySizeMax) continue;
      CAPTURE(first_ + run, by_run[run].size());
      REQUIRE(is_linearizable(by_run[run]));
    }
    follow(effects);
    clear();
    look_again();
  }

  /// The feed holds the answered effects, each once, and nothing else.
  void follow(const std::map<std::uint64_t, Run>& effects) {
    if (effects.empty()) return;
    REQUIRE(ok(tracker_->flush()));
    auto answered = effects.begin();
    for (const Change& change : follower_->take(effects.rbegin()->first)) {
      take(change);
      REQUIRE(answered != effects.end());
      REQUIRE(change.sequence == answered->first);
      REQUIRE(change.run == answered->second);
      ++answered;
    }
    REQUIRE(answered == effects.end());
  }

  /// Ends and removes the round's runs, so that what there is stays little.
  void clear() {
    for (std::size_t run = 0; run < kRunsPerRound; ++run) (void)tracker_->exit(id(first_ + run));
    (void)tracker_->purge({.completed_before = test::at("9999-01-01T00:00:00Z")}).value();
    REQUIRE(ok(tracker_->flush()));
    const std::uint64_t last = tracker_->stats().value().sequence;
    if (last == watch_.position()) return;
    for (const Change& change : follower_->take(last)) take(change);
    REQUIRE(watch_.position() == last);
  }

  void take(const Change& change) {
    const std::string wrong = watch_.change(change);
    REQUIRE(wrong == "");
    digests_[change.sequence] = watch_.digest();
  }

  void look_again() {
    for (auto& reader : readers_) {
      reader->look();
      REQUIRE(reader->wrong == "");
      for (const auto& [sequence, digest] : reader->seen) {
        REQUIRE(digests_.contains(sequence));
        REQUIRE(digests_[sequence] == digest);
      }
      // Everything was published before.
      REQUIRE(reader->seen.back().first == watch_.position());
      looks_ += reader->seen.size();
      reader->seen.clear();
    }
    digests_.erase(digests_.begin(), std::prev(digests_.end()));
  }

  std::mt19937_64 random_;
  test::TempDirectory folder_;
  OpenOptions options_;
  std::optional<Tracker> tracker_;
  std::optional<Follower> follower_;
  std::vector<std::unique_ptr<Reader>> readers_;
  PrefixWatch watch_;
  std::map<std::uint64_t, std::uint64_t> digests_;
  std::uint64_t first_ = 1;
  std::size_t looks_ = 0;
};

void histories(Durability durability, const char* name, std::size_t share) {
  const std::uint64_t seed = test::test_seed(name);
  const std::size_t usual = test::kThreadSanitizer ? 40 : 200;
  const std::size_t wanted = test::test_count("MILEPOST_TEST_HISTORIES", usual) / share;
  const test::LongRun longer;
  Histories all(durability, seed);
  std::size_t count = 0;
  while (count < wanted || longer.goes_on()) {
    INFO("history " << count << " and the next three");
    all.round();
    count += kRunsPerRound;
  }
  all.end();
  std::cout << name << ": " << count << " histories, " << all.effects() << " effects, "
            << all.looks() << " looks of " << kReaders << " processes" << std::endl;
}

TEST_CASE("eight threads and three processes: every history of a run has an order",
          "[histories][concurrency][long]") {
  histories(Durability::durable, "histories", 1);
}

TEST_CASE("relaxed, too, every history of a run has an order", "[histories][concurrency][long]") {
  histories(Durability::relaxed, "relaxed histories", 4);
}

// --- the judges, judged --------------------------------------------------------------------------

Run run_at(std::uint64_t sequence, RunStatus status, const std::string& owner = "",
           std::uint64_t token = 0) {
  Run run;
  run.run_id = id(1);
  run.status = status;
  run.triggered_at = test::at("2026-01-05T08:00:00Z");
  if (token > 0) run.started_at = run.triggered_at;
  if (status != RunStatus::queued && status != RunStatus::running) {
    run.completed_at = run.triggered_at;
  }
  if (status == RunStatus::failed) run.error = "mailbox full";
  run.owner = owner;
  run.fencing_token = token;
  run.sequence = sequence;
  return run;
}

const Run kQueued = run_at(1, RunStatus::queued);
const Run kAnns = run_at(2, RunStatus::running, "ann", 1);
const Run kBobs = run_at(3, RunStatus::running, "bob", 2);
const Run kDone = run_at(4, RunStatus::completed, "ann", 1);

constexpr auto kCreated = OutcomeKind::created;
constexpr auto kApplied = OutcomeKind::applied;
constexpr auto kUnchanged = OutcomeKind::unchanged;
constexpr auto kConflict = OutcomeKind::conflict;
constexpr auto kIllegal = OutcomeKind::illegal;

Call create(std::uint64_t begin, std::uint64_t end) {
  return {Verb::create, "", {}, begin, end, kCreated, kQueued};
}
Call get(std::uint64_t begin, std::uint64_t end, std::optional<Run> shown) {
  return {Verb::get, "", {}, begin, end, OutcomeKind::not_found, std::move(shown)};
}
Call start(std::uint64_t begin, std::uint64_t end, const char* owner, OutcomeKind outcome,
           const Run& shown) {
  return {Verb::start, owner, {}, begin, end, outcome, shown};
}
Call complete(std::uint64_t begin, std::uint64_t end, OutcomeKind outcome, const Run& shown,
              std::optional<std::uint64_t> token = {}) {
  return {Verb::complete, "", token, begin, end, outcome, shown};
}

struct Planted {
  const char* name;
  std::vector<Call> calls;
};

std::vector<Planted> bad_histories() {
  Run bob_first = run_at(3, RunStatus::running, "bob", 1);
  Run exited = run_at(5, RunStatus::exited, "ann", 1);
  Run same_token = run_at(3, RunStatus::running, "bob", 1);
  Run no_newer = run_at(1, RunStatus::running, "ann", 1);
  Run other_profile = kAnns;
  other_profile.profile_id = id(7);
  return {
      {"two owners start one run",
       {create(1, 2), start(3, 6, "ann", kApplied, kAnns),
        start(4, 5, "bob", kApplied, bob_first)}},
      {"a read goes back",
       {create(1, 2), start(3, 8, "ann", kApplied, kAnns), get(4, 5, kAnns), get(6, 7, kQueued)}},
      {"a made run is not there", {create(1, 2), get(3, 4, std::nullopt)}},
      {"a read of what nobody did", {create(1, 2), get(3, 4, kAnns)}},
      {"a read of what is done later",
       {create(1, 2), get(3, 4, kAnns), start(5, 6, "ann", kApplied, kAnns)}},
      {"a step that was answered is lost",
       {create(1, 2), start(3, 4, "ann", kApplied, kAnns), complete(5, 6, kApplied, kDone),
        get(7, 8, kAnns)}},
      {"a run ends twice",
       {create(1, 2),
        start(3, 4, "ann", kApplied, kAnns),
        complete(5, 8, kApplied, kDone),
        {Verb::exit, "", {}, 6, 7, kApplied, exited}}},
      {"a queued run is completed",
       {create(1, 2), complete(3, 4, kApplied, run_at(4, RunStatus::completed))}},
      {"refused for a rival that came later",
       {create(1, 2), start(3, 4, "bob", kConflict, kAnns), start(5, 6, "ann", kApplied, kAnns)}},
      {"an old token completes an adopted run",
       {create(1, 2),
        start(3, 4, "ann", kApplied, kAnns),
        {Verb::adopt, "bob", {}, 5, 6, kApplied, kBobs},
        complete(7, 8, kApplied, run_at(4, RunStatus::completed, "bob", 2), 1)}},
      {"an adopt keeps the token",
       {create(1, 2),
        start(3, 4, "ann", kApplied, kAnns),
        {Verb::adopt, "bob", {}, 5, 6, kApplied, same_token}}},
      {"a sequence that does not grow", {create(1, 2), start(3, 4, "ann", kApplied, no_newer)}},
      {"a repeat of what never was",
       {create(1, 2), {Verb::fail, "", {}, 3, 4, kUnchanged, kQueued}}},
      {"a step changes what it must not",
       {create(1, 2), start(3, 4, "ann", kApplied, other_profile)}},
      {"a run is made twice",
       {create(1, 2), {Verb::create, "", {}, 3, 4, kCreated, run_at(2, RunStatus::queued)}}}};
}

std::vector<Planted> good_histories() {
  return {
      {"nothing", {}},
      {"a read of nothing, and of what is made meanwhile",
       {get(1, 9, std::nullopt), create(2, 3), get(4, 5, kQueued)}},
      {"a rival is refused in time",
       {create(1, 2), start(3, 6, "ann", kApplied, kAnns), start(4, 5, "bob", kConflict, kAnns),
        get(7, 8, kAnns)}},
      {"readers of a step under way may see either",
       {create(1, 2), start(3, 10, "ann", kApplied, kAnns), get(4, 5, kQueued), get(6, 7, kAnns)}},
      {"a whole life",
       {create(1, 2),
        start(3, 4, "ann", kApplied, kAnns),
        start(5, 6, "ann", kUnchanged, kAnns),
        complete(7, 8, kApplied, kDone),
        complete(9, 10, kUnchanged, kDone),
        {Verb::exit, "", {}, 11, 12, kIllegal, kDone}}}};
}

TEST_CASE("wrong histories planted by hand have no order, right ones have", "[histories]") {
  for (const Planted& planted : bad_histories()) {
    CAPTURE(planted.name);
    CHECK_FALSE(is_linearizable(planted.calls));
  }
  for (const Planted& planted : good_histories()) {
    CAPTURE(planted.name);
    CHECK(is_linearizable(planted.calls));
  }
}

TEST_CASE("a reader that sees no prefix is told of", "[histories]") {
  const auto told = [](std::uint64_t sequence, ChangeKind kind, const Run& run) {
    return Change{sequence, kind, run};
  };
  PrefixWatch watch;
  CHECK(watch.moment(0, {}, {}) == "");
  CHECK(watch.change(told(1, ChangeKind::created, kQueued)) == "");
  CHECK(watch.moment(1, {kQueued}, {.queued = 1}) == "");
  CHECK(watch.change(told(1, ChangeKind::created, kQueued)) != "");  // twice
  CHECK(watch.change(told(3, ChangeKind::started, kAnns)) != "");    // a gap
  CHECK(watch.change(told(2, ChangeKind::started, kDone)) != "");    // of another moment
  CHECK(watch.change(told(2, ChangeKind::purged, kQueued)) != "");   // not finished
  CHECK(watch.change(told(2, ChangeKind::started, kAnns)) == "");
  CHECK(watch.moment(1, {kQueued}, {.queued = 1}) != "");   // back in time
  CHECK(watch.moment(2, {kQueued}, {.running = 1}) != "");  // a list of before
  CHECK(watch.moment(2, {}, {.running = 1}) != "");         // a run is missing
  CHECK(watch.moment(2, {kAnns}, {.queued = 1}) != "");     // counts of before
  CHECK(watch.moment(3, {kAnns}, {.running = 1}) != "");    // ahead of its feed
  CHECK(watch.moment(2, {kAnns}, {.running = 1}) == "");
}

}  // namespace
}  // namespace milepost
