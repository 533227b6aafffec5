// SPDX-License-Identifier: Apache-2.0
//
// Races for what belongs to one: a key, a run whose owner fell silent, a run that two want to
// adopt. And erasures against those who go on making runs of the profile.
#include <array>
#include <atomic>
#include <map>
#include <random>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::id;
using test::ok;

constexpr std::size_t kRaces = 10'000;

OpenOptions race_options(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = 16u << 20;
  options.recent_bytes_max = 1u << 20;  // some of the losers must look in LMDB
  options.publish_interval = milliseconds(10);
  options.journal_segment_bytes = 4u << 20;
  options.journal_bytes_max = 64u << 20;
  return options;
}

CreateCommand keyed(std::string_view key) {
  CreateCommand command;
  command.journey_id = test::kJourney;
  command.profile_id = test::kProfile;
  command.idempotency_key = key;
  return command;
}

TEST_CASE("10,000 times two callers race on a key: one run is made and both get it",
          "[race][keys][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  std::array<std::vector<Outcome>, 2> told;
  test::SpinBarrier barrier(2);
  test::Threads threads;
  for (auto& mine : told) {
    mine.resize(kRaces);
    threads.start([&] {
      for (std::size_t i = 0; i < kRaces; ++i) {
        const std::string key = "key " + std::to_string(i);
        barrier.arrive_and_wait();
        mine[i] = tracker.create(keyed(key)).value();
      }
    });
  }
  threads.join();
  std::array<std::size_t, 2> wins{};
  for (std::size_t i = 0; i < kRaces; ++i) {
    const Outcome& one = told[0][i];
    const Outcome& other = told[1][i];
    REQUIRE(one.applied() != other.applied());
    REQUIRE((one.applied() ? other : one).kind == OutcomeKind::unchanged);
    REQUIRE(one.run == other.run);
    ++wins[one.applied() ? 0 : 1];
  }
  CHECK(wins[0] > 0);
  CHECK(wins[1] > 0);
  CHECK(tracker.counts().value().total() == kRaces);
}

TEST_CASE("10,000 times two different requests race on a key: the loser is told the winner's run",
          "[race][keys][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  std::array<std::vector<Outcome>, 2> told;
  test::SpinBarrier barrier(2);
  test::Threads threads;
  for (std::size_t who = 0; who < told.size(); ++who) {
    told[who].resize(kRaces);
    threads.start([&, who] {
      for (std::size_t i = 0; i < kRaces; ++i) {
        const std::string key = "key " + std::to_string(i);
        CreateCommand create = keyed(key);
        create.profile_id = id(who, 5);
        barrier.arrive_and_wait();
        told[who][i] = tracker.create(create).value();
      }
    });
  }
  threads.join();
  for (std::size_t i = 0; i < kRaces; ++i) {
    const std::size_t winner = told[0][i].applied() ? 0 : 1;
    const Outcome& loser = told[1 - winner][i];
    REQUIRE(told[winner][i].kind == OutcomeKind::created);
    REQUIRE(told[winner][i].run.profile_id == id(winner, 5));
    REQUIRE(loser.kind == OutcomeKind::conflict);
    REQUIRE(loser.run == told[winner][i].run);
  }
  CHECK(tracker.counts().value().total() == kRaces);
}

/// Runs that have a lease of a moment, made in batches.
void start_leased(Tracker& tracker, std::size_t count) {
  for (std::size_t first = 0; first < count; first += 2'000) {
    std::vector<Command> commands;
    for (std::size_t i = first; i < std::min(count, first + 2'000); ++i) {
      commands.emplace_back(test::request(id(i)));
      commands.emplace_back(
          StartCommand{.run_id = id(i), .owner = "owner", .lease = milliseconds(10)});
    }
    for (const Outcome& outcome : tracker.apply(commands).value()) outcome.require_applied();
  }
}

/// What the three who want something of one run were told.
struct ThreeTold {
  Outcome expiry;
  Outcome heartbeat;
  Outcome complete;
};

/// `overdue`: the lease had run out when the race began.
void judge(const ThreeTold& told, const Run& run, bool overdue) {
  // Exactly one of the two that want the run has it.
  REQUIRE(told.expiry.applied() != told.complete.applied());
  if (told.expiry.applied()) {
    REQUIRE(run.status == RunStatus::running);
    REQUIRE(run.owner == "rescuer");
    REQUIRE(run.fencing_token == 2);
    REQUIRE(told.complete.kind == OutcomeKind::conflict);
    REQUIRE(told.complete.run == run);
    // The heartbeat came after the adopt: before it, it would have saved the lease.
    REQUIRE(told.heartbeat.kind == OutcomeKind::conflict);
    return;
  }
  const OutcomeKind expiry = told.expiry.kind;
  const OutcomeKind heartbeat = told.heartbeat.kind;
  REQUIRE(run.status == RunStatus::completed);
  REQUIRE(run.fencing_token == 1);
  REQUIRE((expiry == OutcomeKind::illegal || expiry == OutcomeKind::conflict));
  REQUIRE((heartbeat == OutcomeKind::applied || heartbeat == OutcomeKind::illegal));
  // Refused while it ran: the lease was renewed just before.
  if (expiry == OutcomeKind::conflict && overdue) REQUIRE(heartbeat == OutcomeKind::applied);
}

TEST_CASE("10,000 times expiry, heartbeat and complete race: one of them decides",
          "[race][lease][concurrency]") {
  const test::TempDirectory folder;
  std::atomic<std::int64_t> now_ms{1'000'000};
  OpenOptions options = race_options(folder / "store");
  options.steady_clock = [&] { return steady_clock::time_point(milliseconds(now_ms.load())); };
  Tracker tracker = Tracker::open(options).value();
  start_leased(tracker, kRaces);
  std::vector<ThreeTold> told(kRaces);
  test::SpinBarrier barrier(3);
  test::Threads threads;
  // In most races all leases have run out by then, in the others none has.
  const auto is_overdue = [](std::size_t race) { return race % 4 != 0; };
  std::uint64_t seed = test::test_seed("expiry, heartbeat and complete");
  const auto race = [&](auto before, auto call) {
    threads.start([&, before, call, mine = seed++] {
      std::mt19937_64 random(mine);
      for (std::size_t i = 0; i < kRaces; ++i) {
        before(i);
        barrier.arrive_and_wait();
        // So that no order is everybody's habit.
        for (std::uint64_t pauses = random() % 4; pauses > 0; --pauses) std::this_thread::yield();
        call(i);
        barrier.arrive_and_wait();
      }
    });
  };
  const auto nothing = [](std::size_t) {};
  const auto let_leases_run_out = [&](std::size_t i) {
    if (is_overdue(i)) now_ms += kLeaseMax.count();
  };
  race(let_leases_run_out, [&](std::size_t i) {
    told[i].expiry = tracker.adopt(id(i), {.owner = "rescuer", .only_if_expired = true}).value();
  });
  race(nothing, [&](std::size_t i) {
    told[i].heartbeat =
        tracker.heartbeat(id(i), kLeaseMax, {.owner = "owner", .fencing_token = 1}).value();
  });
  race(nothing, [&](std::size_t i) {
    told[i].complete = tracker.complete(id(i), {.owner = "owner", .fencing_token = 1}).value();
  });
  threads.join();
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < kRaces; ++i) {
    CAPTURE(i);
    // Until the clock first moves, no lease has run out.
    judge(told[i], tracker.get(id(i)).value().value(), i > 0);
    ++seen[std::string(to_string(told[i].expiry.kind)) + " " +
           std::string(to_string(told[i].heartbeat.kind))];
  }
  // Heartbeats are no effects: create, start, and what took the run are.
  CHECK(tracker.stats().value().sequence == 3 * kRaces);
  CHECK(tracker.expired().value().empty());
  // Each order must have had a chance.
  for (const char* one : {"applied conflict", "conflict applied", "illegal applied"}) {
    CAPTURE(one);
    CHECK(seen[one] > 0);
  }
}

TEST_CASE("10,000 times two hosts adopt one orphan by its token: exactly one gets it",
          "[race][adopt][concurrency]") {
  const test::TempDirectory folder;
  {
    Tracker before = Tracker::open(race_options(folder / "store")).value();
    start_leased(before, kRaces);
    REQUIRE(ok(before.close()));
  }
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  std::array<std::vector<Outcome>, 2> told;
  test::SpinBarrier barrier(2);
  test::Threads threads;
  for (std::size_t who = 0; who < told.size(); ++who) {
    told[who].resize(kRaces);
    threads.start([&, who] {
      const std::string owner = who == 0 ? "ann" : "bob";
      for (std::size_t i = 0; i < kRaces; ++i) {
        barrier.arrive_and_wait();
        told[who][i] = tracker.adopt(id(i), {.owner = owner, .fencing_token = 1}).value();
      }
    });
  }
  threads.join();
  for (std::size_t i = 0; i < kRaces; ++i) {
    const Outcome& ann = told[0][i];
    const Outcome& bob = told[1][i];
    REQUIRE(ann.applied() != bob.applied());
    REQUIRE((ann.applied() ? bob : ann).kind == OutcomeKind::conflict);
    REQUIRE(ann.run == bob.run);
    REQUIRE(ann.run.owner == (ann.applied() ? "ann" : "bob"));
    REQUIRE(ann.run.fencing_token == 2);
  }
  CHECK(tracker.orphans().value().runs.empty());
}

TEST_CASE("a profile is erased again and again while others make runs of it: what is left is whole",
          "[race][erase][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  std::atomic<bool> done{false};
  test::Threads makers;
  for (std::uint8_t who = 0; who < 3; ++who) {
    makers.start([&, who] {
      for (std::uint64_t i = 0; !done; ++i) {
        const std::string key = std::to_string(who) + "/" + std::to_string(i % 50);
        CreateCommand create = keyed(key);
        create.run_id = id(i, who);
        const auto made = tracker.create(create).value();
        if (made.applied() && i % 3 == 0) (void)tracker.start(*create.run_id).value();
        if (made.applied() && i % 2 == 0) (void)tracker.exit(*create.run_id).value();
      }
    });
  }
  std::uint64_t last_sequence = 0;
  for (int round = 0; round < 40; ++round) {
    const auto receipt = tracker.erase_profile({.profile_id = test::kProfile}).value();
    CHECK(receipt.sequence > last_sequence);
    last_sequence = receipt.sequence;
  }
  done = true;
  makers.join();
  // Every run that is there was made after the last erasure, and the feed tells all of it.
  const auto snapshot = tracker.snapshot().value();
  std::map<Uuid, Run> runs;
  for (std::uint64_t after = 0; after < snapshot.sequence();) {
    const auto page = snapshot.changes({.after = after, .limit = kChangesLimitMax}).value();
    for (const Change& change : page.changes) {
      REQUIRE(change.sequence == ++after);
      if (change.sequence < last_sequence) {
        REQUIRE((change.kind == ChangeKind::blanked || change.kind == ChangeKind::erased ||
                 change.kind == ChangeKind::profile_erased));
      } else if (change.sequence > last_sequence) {
        runs[change.run.run_id] = change.run;
      }
    }
  }
  std::uint64_t listed = 0;
  std::string cursor;
  do {
    const Page page = snapshot.list({.cursor = cursor}).value();
    for (const Run& run : page.runs) {
      REQUIRE(runs.contains(run.run_id));
      REQUIRE(runs[run.run_id] == run);
      ++listed;
    }
    cursor = page.next;
  } while (!cursor.empty());
  CHECK(listed == runs.size());
  CHECK(snapshot.counts().value().total() == listed);
}

TEST_CASE("purges beside writers take finished runs only and count each once",
          "[race][purge][concurrency]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(race_options(folder / "store")).value();
  constexpr std::uint64_t kRunsEach = 3'000;
  std::atomic<std::uint64_t> left{0};
  std::atomic<int> writing{3};
  test::Threads threads;
  for (std::uint8_t who = 0; who < 3; ++who) {
    threads.start([&, who] {
      for (std::uint64_t i = 0; i < kRunsEach; ++i) {
        tracker.create(test::request(id(i, who))).value().require_applied();
        tracker.start(id(i, who)).value().require_applied();
        if (i % 5 == 0) {
          ++left;  // stays running
        } else {
          tracker.complete(id(i, who)).value().require_applied();
        }
      }
      --writing;
    });
  }
  std::atomic<std::uint64_t> removed{0};
  for (int purger = 0; purger < 2; ++purger) {
    threads.start([&] {
      while (writing > 0) {
        removed +=
            tracker.purge({.completed_before = test::at("2100-01-01T00:00:00Z"), .limit = 500})
                .value()
                .removed;
      }
    });
  }
  threads.join();
  const Counts counts = tracker.counts().value();
  CHECK(counts.running == left);
  CHECK(counts.completed + removed == 3 * kRunsEach - left);
  CHECK(tracker.stats().value().sequence == 9'000 + 9'000 + (9'000 - left) + removed);
}

}  // namespace
}  // namespace milepost
