// SPDX-License-Identifier: Apache-2.0
//
// Waiters and subscribers beside writers: every wait ends with the run's end, and every subscriber
// gets every change once and in order. What is missed is a test that does not end.
#include <atomic>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using std::chrono::milliseconds;
using test::id;
using test::ok;

OpenOptions small_store(const std::string& directory, Durability durability) {
  OpenOptions options;
  options.directory = directory;
  options.durability = durability;
  options.map_size_start = 16u << 20;
  options.recent_bytes_max = 256u << 10;
  options.publish_interval = milliseconds(5);
  options.relaxed_delay_max = milliseconds(10);
  options.journal_segment_bytes = 1u << 20;
  options.journal_bytes_max = 16u << 20;
  return options;
}

/// Each run has a waiter before it ends, and its end waits for nothing but that.
void wait_beside_commits(Durability durability, std::uint64_t rounds) {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(small_store(folder / "store", durability)).value();
  constexpr std::uint8_t kPairs = 3;
  std::atomic<std::uint64_t> wrong{0};
  test::Threads threads;
  for (std::uint8_t pair = 0; pair < kPairs; ++pair) {
    auto announced = std::make_shared<std::atomic<std::uint64_t>>(0);
    auto seen = std::make_shared<std::atomic<std::uint64_t>>(0);
    threads.start([&, pair, announced, seen] {
      for (std::uint64_t round = 1; round <= rounds; ++round) {
        tracker.create(test::request(id(round, pair))).value().require_applied();
        announced->store(round);
        announced->notify_one();
        tracker.exit(id(round, pair)).value().require_applied();
        // The next run only when this one's end was seen.
        for (std::uint64_t last = seen->load(); last < round; last = seen->load()) seen->wait(last);
      }
    });
    threads.start([&, pair, announced, seen] {
      for (std::uint64_t round = 1; round <= rounds; ++round) {
        for (std::uint64_t last = announced->load(); last < round; last = announced->load()) {
          announced->wait(last);
        }
        const auto run = tracker.wait(id(round, pair), {.deadline = Deadline::max()});
        if (!run || run->status != RunStatus::exited) ++wrong;
        seen->store(round);
        seen->notify_one();
      }
    });
  }
  threads.join();
  CHECK(wrong == 0);
}

TEST_CASE("waiters beside commits: each is woken by its own", "[wait][concurrency]") {
  wait_beside_commits(Durability::durable, 2'000);
}

TEST_CASE("waiters beside relaxed commits: each is woken by its sync", "[wait][concurrency]") {
  wait_beside_commits(Durability::relaxed, 100);
}

/// Eight writers; subscribers from the start, from the middle, and one that stops and resumes.
void follow_eight_writers(Durability durability) {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(small_store(folder / "store", durability)).value();
  constexpr std::uint8_t kWriters = 8;
  constexpr std::uint64_t kRunsEach = 400;
  constexpr std::uint64_t kAll = 3 * kWriters * kRunsEach;
  std::atomic<std::uint64_t> wrong{0};
  test::Threads threads;
  const auto follow = [&](std::uint64_t from) {
    auto feed = tracker.subscribe({.after = from}).value();
    std::uint64_t next = from + 1;
    const auto ended = feed.run([&](const Change& change) {
      if (change.sequence != next++ || change.run.sequence != change.sequence) ++wrong;
      // In relaxed mode, too, only what is on the disk.
      if (change.sequence % 500 == 0 && change.sequence > tracker.stats().value().sequence_synced) {
        ++wrong;
      }
      return change.sequence < kAll;
    });
    if (!ended || next != kAll + 1) ++wrong;
  };
  const auto follow_in_pieces = [&] {
    std::uint64_t position = 0;
    while (position < kAll) {
      auto feed = tracker.subscribe({.after = position}).value();
      const auto some = feed.next(Deadline::max(), 1 + position % 97).value();
      for (const Change& change : some) {
        if (change.sequence != ++position) ++wrong;
      }
      if (feed.position() != position) ++wrong;
    }
  };
  std::atomic<std::uint64_t> middle{0};
  threads.start([&] { follow(0); });
  threads.start(follow_in_pieces);
  for (std::uint8_t writer = 0; writer < kWriters; ++writer) {
    threads.start([&, writer] {
      for (std::uint64_t i = 0; i < kRunsEach; ++i) {
        const Uuid run = id(i, writer);
        tracker.create(test::request(run)).value().require_applied();
        const std::uint64_t here = tracker.start(run).value().run.sequence;
        if (writer == 0 && i == kRunsEach / 2) {
          middle = here;
          middle.notify_one();
        }
        tracker.fail(run, "end").value().require_applied();
      }
    });
  }
  // From an answer that may not be published yet.
  middle.wait(0);
  follow(middle);
  threads.join();
  CHECK(wrong == 0);
}

TEST_CASE("subscribers beside eight writers get every change once, in order",
          "[subscribe][concurrency]") {
  follow_eight_writers(Durability::durable);
}

TEST_CASE("subscribers beside eight relaxed writers get every change once, in order",
          "[subscribe][concurrency]") {
  follow_eight_writers(Durability::relaxed);
}

TEST_CASE("trackers close under waiters and subscribers, again and again",
          "[wait][subscribe][concurrency]") {
  const test::TempDirectory folder;
  for (int round = 0; round < 50; ++round) {
    Tracker tracker = Tracker::open(small_store(folder / "store", Durability::durable)).value();
    (void)tracker.create(test::request(id(1))).value();
    std::atomic<int> wrong{0};
    std::vector<Subscription> feeds;
    for (int i = 0; i < 2; ++i) feeds.push_back(tracker.subscribe().value());
    test::Threads threads;
    for (Subscription& feed : feeds) {
      threads.start([&] {
        const auto ended = feed.run([](const Change&) { return true; });
        if (test::code_of(ended) != Errc::closed) ++wrong;
      });
    }
    for (int i = 0; i < 3; ++i) {
      threads.start([&] {
        const auto run = tracker.wait(id(1), {.deadline = Deadline::max()});
        if (test::code_of(run) != Errc::closed) ++wrong;
      });
    }
    threads.start([&] {
      for (std::uint64_t i = 2;; ++i) {
        const auto made =
            tracker.create(test::request(id(i + 1'000 * static_cast<unsigned>(round))));
        if (!made) {
          if (test::code_of(made) != Errc::closed) ++wrong;
          return;
        }
      }
    });
    std::this_thread::yield();
    REQUIRE(ok(tracker.close()));
    threads.join();
    REQUIRE(wrong == 0);
  }
}

}  // namespace
}  // namespace milepost
