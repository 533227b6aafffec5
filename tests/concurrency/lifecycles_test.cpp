// SPDX-License-Identifier: Apache-2.0
//
// Many threads at once: lives of runs with readers watching, readers of many runs, deadlines, and
// closing while calls run.
#include <atomic>
#include <random>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using std::chrono::milliseconds;
using test::code_of;
using test::id;
using test::ok;

/// Small enough that runs leave the recent map and the journal goes round while the test runs.
OpenOptions busy_options(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = kMapSizeMin;
  options.recent_bytes_max = 32u << 10;
  options.publish_interval = milliseconds(3);
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 4u << 20;
  return options;
}

int rank(RunStatus status) {
  return status == RunStatus::queued ? 0 : status == RunStatus::running ? 1 : 2;
}

/// What several threads count and complain about, looked at when they are done.
struct Tally {
  std::atomic<std::size_t> wrong{0};
  std::atomic<std::size_t> reads{0};
  void expect(bool holds) {
    if (!holds) ++wrong;
  }
};

struct Live {
  Tracker& tracker;
  std::size_t runs_per_thread;
  Tally tally{};
  std::atomic<std::size_t> writers{0};

  static Uuid run_of(std::size_t thread, std::size_t number) {
    return id(number, static_cast<std::uint8_t>(thread));
  }

  /// Takes runs through their lives; every acknowledged step must be seen at once.
  void write(std::size_t thread, std::uint64_t seed) {
    std::mt19937_64 random(seed + thread);
    for (std::size_t number = 0; number < runs_per_thread; ++number) {
      const Uuid run = run_of(thread, number);
      tally.expect(tracker.create(test::request(run)).value().applied());
      see(run, RunStatus::queued);
      tally.expect(tracker.start(run, {.owner = "me"}).value().applied());
      see(run, RunStatus::running);
      const auto step = test::kSteps[1 + random() % 3];
      tally.expect(test::take(tracker, step, run, {.owner = "me", .token = 1}).value().applied());
      see(run, test::kStatuses[static_cast<std::size_t>(step) + 1]);
    }
    --writers;
  }

  void see(const Uuid& run, RunStatus status) {
    const auto seen = tracker.get(run).value();
    tally.expect(seen.has_value() && seen->status == status);
  }

  /// Watches one run after the other: its status never goes back and a run never vanishes.
  void read(std::size_t threads, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<char> buffer(kRunJsonSizeMax);
    while (writers != 0) {
      const Uuid run = run_of(random() % threads, random() % runs_per_thread);
      int last = -1;
      for (int look = 0; look < 20; ++look) {
        const auto seen = tracker.get(run).value();
        const int now = seen ? rank(seen->status) : -1;
        tally.expect(now >= last);
        const auto json = tracker.get_json(run, buffer);
        tally.expect(json || now == -1);
        last = now;
        ++tally.reads;
      }
    }
  }
};

TEST_CASE("sixteen threads live runs while readers see no status go backwards",
          "[lifecycle][concurrency]") {
  const std::uint64_t seed = test::test_seed("sixteen threads of lives");
  const test::TempDirectory folder;
  const OpenOptions options = busy_options(folder / "store");
  constexpr std::size_t kThreads = 16;
  std::optional<Tracker> tracker = Tracker::open(options).value();
  Live live{*tracker, test::kThreadSanitizer ? 60u : 300u};
  live.writers = kThreads;
  test::Threads threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.start([&, thread] { live.write(thread, seed); });
  }
  for (std::uint64_t reader = 0; reader < 2; ++reader) {
    threads.start([&, reader] { live.read(kThreads, seed + 1'000 + reader); });
  }
  threads.join();
  CHECK(live.tally.wrong == 0);
  CHECK(live.tally.reads > 0);
  REQUIRE(ok(tracker->close()));
  tracker.reset();
  tracker = Tracker::open(options).value();
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    for (std::size_t number = 0; number < live.runs_per_thread; ++number) {
      const auto run = tracker->get(Live::run_of(thread, number)).value();
      REQUIRE(run.has_value());
      REQUIRE(rank(run->status) == 2);
    }
  }
}

/// Batches move a hundred runs together; a reader of all of them sees each batch whole or not.
TEST_CASE("get_many sees a batch wholly or not at all", "[snapshot][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(busy_options(folder / "store")).value();
  constexpr std::size_t kGroup = 100;
  const std::size_t groups = test::kThreadSanitizer ? 60 : 400;
  std::atomic<std::size_t> current{0};
  std::atomic<bool> done{false};
  std::atomic<std::size_t> torn{0};
  std::atomic<std::size_t> backwards{0};
  std::atomic<std::size_t> looks{0};
  test::Threads threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.start([&] {
      std::vector<Uuid> asked(kGroup);
      std::size_t group = 0;
      int last = -1;
      while (!done || looks == 0) {
        if (group != current) last = -1;
        group = current;
        for (std::size_t i = 0; i < kGroup; ++i) asked[i] = id(group * kGroup + i);
        const auto runs = tracker.get_many(asked).value();
        const int first = runs[0] ? rank(runs[0]->status) : -1;
        for (const auto& run : runs) {
          if ((run ? rank(run->status) : -1) != first) ++torn;
        }
        if (first < last) ++backwards;
        last = first;
        ++looks;
      }
    });
  }
  const auto move_all = [&](std::size_t group, auto make) {
    std::vector<Command> commands;
    for (std::size_t i = 0; i < kGroup; ++i) commands.emplace_back(make(id(group * kGroup + i)));
    for (const Outcome& outcome : tracker.apply(commands).value()) REQUIRE(outcome.applied());
  };
  for (std::size_t group = 0; group < groups; ++group) {
    current = group;
    move_all(group, [](const Uuid& run) { return test::request(run); });
    move_all(group, [](const Uuid& run) { return StartCommand{.run_id = run}; });
    move_all(group, [](const Uuid& run) { return CompleteCommand{.run_id = run}; });
  }
  done = true;
  threads.join();
  CHECK(torn == 0);
  CHECK(backwards == 0);
  CHECK(looks > groups / 10);
}

TEST_CASE("a journal of four segments makes callers wait, not fail", "[lifecycle][concurrency]") {
  const test::TempDirectory folder;
  OpenOptions options = busy_options(folder / "store");
  options.journal_segment_bytes = kJournalSegmentBytesMin;
  options.journal_bytes_max = 4 * kJournalSegmentBytesMin;
  options.publish_interval = std::chrono::hours(1);  // only need makes the applier write
  Tracker tracker = Tracker::open(options).value();
  std::atomic<std::size_t> failed{0};
  test::Threads threads;
  const std::size_t runs = test::kThreadSanitizer ? 200 : 1'500;
  for (std::uint8_t thread = 0; thread < 4; ++thread) {
    threads.start([&, thread] {
      for (std::size_t i = 0; i < runs; ++i) {
        if (!tracker.create(test::request(id(i, thread)))) ++failed;
        if (!tracker.fail(id(i, thread), std::string(200, 'x'))) ++failed;
      }
    });
  }
  threads.join();
  CHECK(failed == 0);
  for (std::size_t i = 0; i < runs; i += 50) {
    CHECK(tracker.get(id(i, 3)).value()->status == RunStatus::failed);
  }
}

/// A clock at which one chosen thread stops: the leader reads it when its turn has come.
class StoppingClock {
 public:
  [[nodiscard]] std::function<Instant()> clock() {
    return [this] {
      if (stop_in_ > 0 && --stop_in_ == 0) {
        stopped.open();
        go.wait();
      }
      return test::at("2023-11-07T05:31:56Z");
    };
  }
  /// The calling thread stops at its `count`-th reading from now.
  static void stop_at(int count) { stop_in_ = count; }

  test::Gate stopped;
  test::Gate go;

 private:
  static thread_local int stop_in_;
};

thread_local int StoppingClock::stop_in_ = 0;

TEST_CASE("who is not taken by the deadline is busy, and nothing happened",
          "[deadline][concurrency]") {
  const test::TempDirectory folder;
  StoppingClock stopping;
  OpenOptions options = busy_options(folder / "store");
  options.clock = stopping.clock();
  options.wait_max = milliseconds(50);
  Tracker tracker = Tracker::open(options).value();
  tracker.create(test::request(id(1))).value().require_applied();
  tracker.create(test::request(id(2))).value().require_applied();
  std::atomic<bool> applied{false};
  test::Threads threads;
  threads.start([&] {
    StoppingClock::stop_at(2);  // the caller reads it once for itself, then as the leader
    applied = tracker.start(id(1)).value().applied();
  });
  stopping.stopped.wait();
  const Deadline soon = std::chrono::steady_clock::now() + milliseconds(5);
  const auto busy = tracker.start(id(2), {.deadline = soon});
  CHECK(code_of(busy) == Errc::busy);
  CHECK(busy.error().applied == Applied::no);
  CHECK(busy.error().retry_safe);
  CHECK(code_of(tracker.fail(id(2), "x")) == Errc::busy);  // by wait_max
  CHECK(code_of(tracker.apply(std::vector<Command>{StartCommand{.run_id = id(2)}}, {soon})) ==
        Errc::busy);
  // Reads do not wait for writers.
  CHECK(tracker.get(id(1)).value()->status == RunStatus::queued);
  CHECK(tracker.get_many(std::array{id(1), id(2)}).value().size() == 2);
  CHECK(ok(tracker.get_json(id(2))));
  stopping.go.open();
  threads.join();
  CHECK(applied);
  CHECK(tracker.get(id(2)).value()->status == RunStatus::queued);
  CHECK(tracker.start(id(2)).value().applied());
}

TEST_CASE("close lets calls that are in finish and refuses the rest", "[close][concurrency]") {
  for (int round = 0; round < 10; ++round) {
    const test::TempDirectory folder;
    const OpenOptions options = busy_options(folder / "store");
    std::optional<Tracker> tracker = Tracker::open(options).value();
    constexpr std::size_t kThreads = 6;
    std::array<std::atomic<std::size_t>, kThreads> made{};
    std::atomic<std::size_t> wrong{0};
    test::Threads threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.start([&, thread] {
        for (std::size_t number = 0;; ++number) {
          const Uuid run = Live::run_of(thread, number);
          auto created = tracker->create(test::request(run));
          auto read = tracker->get(run);
          auto many = tracker->get_many(std::array{run});
          for (const Errc code : {code_of(created), code_of(read), code_of(many)}) {
            if (code != Errc{} && code != Errc::closed) ++wrong;
          }
          if (!created) return;
          made[thread] = number + 1;
        }
      });
    }
    while (made[0] + made[1] + made[2] < 50) std::this_thread::yield();
    CHECK(ok(tracker->close()));
    threads.join();
    CHECK(wrong == 0);
    tracker.reset();
    tracker = Tracker::open(options).value();
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      for (std::size_t number = 0; number < made[thread]; ++number) {
        REQUIRE(tracker->get(Live::run_of(thread, number)).value().has_value());
      }
      // What was answered `closed` never happened.
      CHECK_FALSE(tracker->get(Live::run_of(thread, made[thread])).value().has_value());
    }
  }
}

TEST_CASE("fresh ids are all different and each thread's are increasing", "[create][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(busy_options(folder / "store")).value();
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kEach = 300;
  std::vector<std::vector<Uuid>> ids(kThreads);
  test::Threads threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.start([&, thread] {
      for (std::size_t i = 0; i < kEach; ++i) {
        const auto made =
            tracker.create({.journey_id = test::kJourney, .profile_id = test::kProfile}).value();
        if (made.kind == OutcomeKind::created) ids[thread].push_back(made.run.run_id);
      }
    });
  }
  threads.join();
  std::vector<Uuid> all;
  for (const auto& mine : ids) {
    CHECK(mine.size() == kEach);
    CHECK(std::is_sorted(mine.begin(), mine.end()));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

}  // namespace
}  // namespace milepost
