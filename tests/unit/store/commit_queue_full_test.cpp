// SPDX-License-Identifier: Apache-2.0
//
// Requests that free space: alone in their batches, and past those that wait for room.
#include "unit/store/queue_support.hpp"

namespace milepost::store {
namespace {

using test::answer;
using test::Batches;
using test::Bench;
using test::Caller;
using test::Gate;

TEST_CASE("what frees space shares no batch with what does not", "[store][queue][full]") {
  Bench bench;
  Caller put(1);
  Caller removal(2);
  Caller other_removal(3);
  Caller other_put(4);
  removal.frees();
  other_removal.frees();
  bench.start_blocker();
  bench.queue_up(put, removal, other_put, other_removal);
  bench.release_blocker();
  bench.threads.join();
  // Past the puts, in the order they came.
  CHECK(bench.batches == Batches{{2}, {3}, {1, 4}});
  for (const Caller* caller : {&put, &removal, &other_put, &other_removal}) {
    CHECK(caller->answered_right());
  }
}

TEST_CASE("removals that come one after the other share a batch", "[store][queue][full]") {
  Bench bench;
  Caller first(1);
  Caller second(2);
  first.frees();
  second.frees();
  bench.start_blocker();
  bench.queue_up(first, second);
  bench.release_blocker();
  bench.threads.join();
  CHECK(bench.batches == Batches{{1, 2}});
}

/// Callers whose leader waits for room until the test makes some.
class FullBench : public Bench {
 public:
  void start_waiting(Caller& caller) {
    threads.start([this, &caller] {
      auto admit = [this](Deadline) -> Result<void> {
        ++admissions;
        room.wait();
        return {};
      };
      auto commit = [this](CommitBatch& batch) { note_and_answer(batch); };
      caller.call(queue, admit, commit);
    });
    threads.wait_until_asleep();
  }

  Gate room;
  std::atomic<int> admissions{0};
};

TEST_CASE("a removal passes a batch whose leader waits for room, and that one goes on later",
          "[store][queue][full]") {
  FullBench bench;
  Caller put(1);
  Caller follower(2);
  Caller removal(3);
  removal.frees();
  bench.start_waiting(put);
  bench.start_waiting(follower);
  bench.run(removal);  // would hang behind the others
  CHECK(removal.answered_right());
  CHECK(bench.batches == Batches{{3}});
  CHECK_FALSE(put.returned());
  bench.room.open();
  bench.threads.join();
  CHECK(bench.batches == Batches{{3}, {1, 2}});
  CHECK(put.answered_right());
  CHECK(follower.answered_right());
}

TEST_CASE("a leader that finds room while a removal has passed it waits for its turn again",
          "[store][queue][full]") {
  FullBench bench;
  Caller put(1);
  Caller removal(2);
  removal.frees();
  Gate committing;
  Gate go;
  bench.start_waiting(put);
  bench.threads.start([&] {
    auto admit = [](Deadline) -> Result<void> { return {}; };
    auto commit = [&](CommitBatch& batch) {
      committing.open();
      go.wait();
      bench.note_and_answer(batch);
    };
    removal.call(bench.queue, admit, commit);
  });
  committing.wait();
  bench.room.open();
  bench.threads.wait_until_asleep();
  CHECK_FALSE(put.returned());
  CHECK(bench.batches.empty());
  go.open();
  bench.threads.join();
  CHECK(bench.batches == Batches{{2}, {1}});
  CHECK(bench.admissions == 2);
}

TEST_CASE("a leader that a removal passed may still withdraw", "[store][queue][full]") {
  Bench bench;
  Caller put(1, 1, 100, std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
  Caller removal(2);
  Caller after(3);
  removal.frees();
  Gate passed;
  bench.threads.start([&] {
    auto admit = [&](Deadline) -> Result<void> {
      passed.wait();
      return Error{.code = Errc::map_full};
    };
    auto commit = [&](CommitBatch& batch) { bench.note_and_answer(batch); };
    put.call(bench.queue, admit, commit);
  });
  bench.threads.wait_until_asleep();
  bench.run(removal);
  passed.open();
  bench.threads.join();
  CHECK(put.error() == Errc::map_full);
  bench.run(after);
  CHECK(bench.batches == Batches{{2}, {3}});
  bench.queue.close();
}

TEST_CASE("puts and removals of eight threads all get their answers, one batch at a time",
          "[store][queue][full][concurrency]") {
  Bench bench;
  constexpr std::uint64_t kRounds = 2'000;
  std::atomic<std::uint64_t> wrong{0};
  for (std::uint8_t thread = 1; thread <= 8; ++thread) {
    bench.threads.start([&, thread] {
      for (std::uint64_t round = 0; round < kRounds; ++round) {
        Caller caller(thread, 1 + round % 3);
        if ((thread + round) % 3 == 0) caller.frees();
        auto admit = [](Deadline) -> Result<void> {
          std::this_thread::yield();
          return {};
        };
        auto commit = [&bench](CommitBatch& batch) {
          if (bench.committing.exchange(true)) std::abort();
          answer(batch);
          bench.committing = false;
        };
        caller.call(bench.queue, admit, commit);
        if (!caller.answered_right()) ++wrong;
      }
    });
  }
  bench.threads.join();
  CHECK(wrong == 0);
  bench.queue.close();
}

TEST_CASE("a leader without memory for why there is no room leaves the others to go on",
          "[store][queue][full]") {
  Bench bench;
  Caller leader(1);
  Caller follower(2);
  bench.start_blocker();
  bench.threads.start([&] {
    auto admit = [](Deadline) -> Result<void> { throw std::bad_alloc(); };
    auto commit = [&](CommitBatch& batch) { bench.note_and_answer(batch); };
    leader.call(bench.queue, admit, commit);
  });
  bench.threads.wait_until_asleep();
  bench.queue_up(follower);
  bench.release_blocker();
  bench.threads.join();
  CHECK(leader.error() == Errc::out_of_memory);
  CHECK(follower.answered_right());
  CHECK(bench.batches == Batches{{2}});
}

}  // namespace
}  // namespace milepost::store
