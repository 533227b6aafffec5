// SPDX-License-Identifier: Apache-2.0
//
// Who gets into which batch, in what order, with which answers; and closing.
#include <random>

#include "unit/store/queue_support.hpp"

namespace milepost::store {
namespace {

using test::answer;
using test::Batches;
using test::Bench;
using test::Caller;
using test::kNever;
using test::kPast;
using test::Threads;

TEST_CASE("a caller alone leads its own batch and reads its own answers", "[store][queue]") {
  Bench bench;
  for (std::uint64_t number = 1; number <= 20; ++number) {
    Caller caller(number, number);
    bench.run(caller);
    CHECK(caller.answered_right());
  }
  CHECK(bench.batches.size() == 20);
}

TEST_CASE("callers who come during a commit share the next one, in order", "[store][queue]") {
  Bench bench;
  Caller one(1, 2);
  Caller two(2, 1);
  Caller three(3, 5);
  bench.start_blocker();
  bench.queue_up(one, two, three);
  CHECK_FALSE(one.returned());
  bench.release_blocker();
  bench.threads.join();
  CHECK(bench.batches == Batches{{1, 2, 3}});
  CHECK(bench.blocker.answered_right());
  CHECK(one.answered_right());
  CHECK(two.answered_right());
  CHECK(three.answered_right());
}

TEST_CASE("a batch takes no more commands than the limit, and nobody overtakes", "[store][queue]") {
  Bench bench({.commands_max = 10, .bytes_max = 1u << 20});
  Caller six(6, 6);
  Caller four(4, 4);
  Caller five(5, 5);
  Caller nine(9, 9);
  Caller one(1, 1);
  bench.start_blocker();
  bench.queue_up(six, four, five, nine, one);
  bench.release_blocker();
  bench.threads.join();
  // Six and four fill a batch to the edge; one would fit behind five, but nine came before it.
  CHECK(bench.batches == Batches{{6, 4}, {5}, {9, 1}});
}

TEST_CASE("a command past a batch's limit is in the next one", "[store][queue]") {
  Bench bench({.commands_max = 10, .bytes_max = 1u << 20});
  Caller edge(1, 10);
  Caller past(2, 1);
  bench.start_blocker();
  bench.queue_up(edge, past);
  bench.release_blocker();
  bench.threads.join();
  CHECK(bench.batches == Batches{{1}, {2}});
}

TEST_CASE("a batch takes no more bytes than the limit", "[store][queue]") {
  constexpr std::size_t kLimit = 10u << 20;
  Bench bench({.commands_max = 1'000, .bytes_max = kLimit});
  Caller half(1, 1, kLimit / 2);
  Caller edge(2, 1, kLimit - kLimit / 2);
  Caller past(3, 1, 1);
  bench.start_blocker();
  bench.queue_up(half, edge, past);
  bench.release_blocker();
  bench.threads.join();
  CHECK(bench.batches == Batches{{1, 2}, {3}});
}

TEST_CASE("a small leader does not wait for large followers", "[store][queue]") {
  Bench bench;
  Caller small(1, 1, 200);
  Caller large(2, 1, 1u << 20);
  Caller large_too(3, 1, 1u << 20);
  bench.start_blocker();
  bench.queue_up(small, large, large_too);
  bench.release_blocker();
  bench.threads.join();
  CHECK(bench.batches == Batches{{1}, {2, 3}});
}

TEST_CASE("a request larger than the limit gets a batch of its own", "[store][queue]") {
  Bench bench({.commands_max = 10, .bytes_max = 1u << 20});
  Caller many(1, 25);
  Caller heavy(2, 1, 5u << 20);
  bench.start_blocker();
  bench.queue_up(many, heavy);
  bench.release_blocker();
  bench.threads.join();
  CHECK(bench.batches == Batches{{1}, {2}});
  CHECK(many.answered_right());
}

TEST_CASE("a leader who is not admitted is told why, and the next leads", "[store][queue]") {
  Bench bench;
  Caller refused(1);
  Caller heir(2);
  bench.start_blocker();
  bench.threads.start([&] {
    auto admit = [](Deadline) -> Result<void> { return Error{.code = Errc::disk_full}; };
    auto commit = [](CommitBatch&) { FAIL("a leader who was not admitted commits"); };
    refused.call(bench.queue, admit, commit);
  });
  bench.threads.wait_until_asleep();
  bench.queue_up(heir);
  bench.release_blocker();
  bench.threads.join();
  CHECK(refused.error() == Errc::disk_full);
  CHECK(heir.answered_right());
  CHECK(bench.batches == Batches{{2}});
}

TEST_CASE("whoever is in time gets the answer, be the deadline ever so near", "[store][queue]") {
  Bench bench;
  Caller leader(1, 1, 100, kPast);
  bench.run(leader);  // nobody is before it: no waiting, so no deadline to miss
  CHECK(leader.answered_right());
}

TEST_CASE("an error of the commit reaches everybody in the batch", "[store][queue]") {
  Bench bench;
  Caller one(1);
  Caller two(2);
  bench.start_blocker();
  for (Caller* caller : {&one, &two}) {
    bench.threads.start([&bench, caller] {
      auto admit = [](Deadline) -> Result<void> { return {}; };
      auto commit = [](CommitBatch& batch) { batch.error = Error{.code = Errc::io}; };
      caller->call(bench.queue, admit, commit);
    });
  }
  bench.threads.wait_until_asleep();
  bench.release_blocker();
  bench.threads.join();
  CHECK(one.error() == Errc::io);
  CHECK(two.error() == Errc::io);
  Caller after(3);
  bench.run(after);
  CHECK(after.answered_right());
}

TEST_CASE("close refuses newcomers and waits for those who are in", "[store][queue]") {
  Bench bench;
  Caller in(1);
  bench.start_blocker();
  bench.queue_up(in);
  std::atomic<bool> closed{false};
  bench.threads.start([&] {
    bench.queue.close();
    closed = true;
  });
  bench.threads.wait_until_asleep();
  CHECK_FALSE(closed);
  Caller out(2);
  bench.run(out);
  CHECK(out.error() == Errc::closed);
  bench.release_blocker();
  bench.threads.join();
  CHECK(closed);
  CHECK(in.answered_right());
  bench.queue.close();  // again: at once
}

TEST_CASE("close does not wait for callers who withdrew", "[store][queue]") {
  Bench bench;
  bench.start_blocker();
  Caller late(1, 1, 100, kPast);
  bench.run(late);
  bench.release_blocker();
  bench.threads.join();
  bench.queue.close();
  Caller out(2);
  bench.run(out);
  CHECK(out.error() == Errc::closed);
}

/// Callers of all sizes and patiences at once; whoever is answered got the right answers, whoever
/// was told busy was in no batch, and whoever is in a batch was answered or left it unknown.
TEST_CASE("sixteen threads of impatient callers", "[store][queue][concurrency]") {
  const std::uint64_t seed = test::test_seed("sixteen threads of impatient callers");
  constexpr std::size_t kThreads = 16;
  constexpr std::size_t kCalls = 1'500;
  CommitQueue queue({.commands_max = 40, .bytes_max = 1u << 20});
  std::atomic<std::size_t> committed{0};
  std::atomic<std::size_t> answered{0};
  std::atomic<std::size_t> unknown{0};
  std::atomic<std::size_t> wrong{0};
  std::atomic<bool> committing{false};
  std::atomic<std::size_t> together{0};
  Threads threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.start([&, thread] {
      std::mt19937_64 random(seed + thread);
      auto admit = [&](Deadline) -> Result<void> {
        if (random() % 50 == 0) return Error{.code = Errc::busy};
        return {};
      };
      auto commit = [&](CommitBatch& batch) {
        if (committing.exchange(true)) ++together;
        committed += batch.requests().size();
        answer(batch);
        batch.set_decided();
        for (std::uint64_t spins = random() % 2'000; spins > 0; --spins) {
          std::atomic_signal_fence(std::memory_order_seq_cst);
        }
        committing = false;
      };
      for (std::size_t i = 0; i < kCalls; ++i) {
        const bool patient = random() % 4 != 0;
        const auto patience = std::chrono::microseconds(random() % 200);
        Caller caller(thread + 1, 1 + random() % 9, random() % (200u << 10),
                      patient ? kNever : std::chrono::steady_clock::now() + patience);
        caller.call(queue, admit, commit);
        if (caller.answered_right()) ++answered;
        if (caller.error() == Errc::outcome_unknown) ++unknown;
        const bool expected = caller.answered_right() || caller.error() == Errc::busy ||
                              caller.error() == Errc::outcome_unknown;
        if (!expected) ++wrong;
      }
    });
  }
  threads.join();
  queue.close();
  CHECK(wrong == 0);
  CHECK(together == 0);
  CHECK(committed == answered + unknown);
  CHECK(answered > kThreads);
}

}  // namespace
}  // namespace milepost::store
