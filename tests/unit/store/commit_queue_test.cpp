// SPDX-License-Identifier: Apache-2.0
//
// The commit queue with a commit that does nothing but answer: who gets into which batch, in what
// order, and what a caller is told whose deadline passes. A blocked commit holds the turn, and
// Threads::wait_until_asleep tells when everybody else has taken their place.
#include "store/commit_queue.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/threads.hpp"
#include "unit/store/support.hpp"

namespace milepost::store {
namespace {

using std::chrono::milliseconds;
using test::Gate;
using test::Threads;

constexpr Deadline kNever = Deadline::max();
constexpr Deadline kPast{};

/// One caller: `count` commands on runs named after it, and what it was told.
class Caller {
 public:
  explicit Caller(std::uint64_t number, std::size_t count = 1, std::size_t bytes = 100,
                  Deadline deadline = kNever)
      : number_(number) {
    for (std::size_t i = 0; i < count; ++i) {
      resolved_.push_back({&command_, test::id(i, static_cast<std::uint8_t>(number))});
    }
    request_ = {.commands = resolved_, .bytes = bytes, .deadline = deadline};
  }

  void call(CommitQueue& queue, CommitQueue::Admit admit, CommitQueue::Commit commit) {
    auto handle = queue.submit(request_, admit, commit);
    if (!handle) {
      error_ = handle.error();
    } else if ((*handle)->error) {
      error_ = (*handle)->error;
    } else {
      for (std::size_t i = 0; i < resolved_.size(); ++i) {
        const Answer& answer = (*handle)->answers.at(request_.first_answer + i);
        mine_ = mine_ && answer.record.view().run_id == resolved_[i].run_id;
      }
      answered_ = true;
    }
    returned_ = true;
  }

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] bool returned() const { return returned_; }
  /// Answered, and with the answers to its own commands.
  [[nodiscard]] bool answered_right() const { return answered_ && mine_; }
  [[nodiscard]] Errc error() const { return error_ ? error_->code : Errc{}; }
  [[nodiscard]] const std::optional<Error>& whole_error() const { return error_; }

 private:
  const Command command_{StartCommand{}};
  std::vector<ResolvedCommand> resolved_;
  CommitRequest request_;
  std::uint64_t number_;
  std::optional<Error> error_;
  bool answered_ = false;
  bool mine_ = true;
  std::atomic<bool> returned_{false};
};

void answer(CommitBatch& batch) {
  for (const CommitRequest* request : batch.requests()) {
    for (const ResolvedCommand& resolved : request->commands) {
      core::RecordView record;
      record.run_id = resolved.run_id;
      batch.answers.push_back(
          {.kind = OutcomeKind::applied, .record = EffectPtr::make(record), .error = {}});
    }
  }
}

/// A queue whose commits are noted: for each batch, the callers' numbers in order.
class Bench {
 public:
  explicit Bench(CommitQueue::Limits limits = {}) : queue(limits) {}
  ~Bench() {
    release_blocker();
    threads.join();
  }

  void run(Caller& caller) {
    auto admit = [](Deadline) -> Result<void> { return {}; };
    auto commit = [this](CommitBatch& batch) { note_and_answer(batch); };
    caller.call(queue, admit, commit);
  }
  void start(Caller& caller) {
    threads.start([this, &caller] { run(caller); });
  }
  /// Starts callers one after the other, each asleep in the queue before the next comes.
  template <typename... Callers>
  void queue_up(Callers&... callers) {
    (
        [&] {
          start(callers);
          threads.wait_until_asleep();
        }(),
        ...);
  }
  /// A caller whose commit stands still until released: everybody else must wait.
  void start_blocker() {
    threads.start([this] {
      auto admit = [](Deadline) -> Result<void> { return {}; };
      auto commit = [this](CommitBatch& batch) {
        blocked.open();
        go.wait();
        answer(batch);
      };
      blocker.call(queue, admit, commit);
    });
    blocked.wait();
  }
  void release_blocker() { go.open(); }

  void note_and_answer(CommitBatch& batch) {
    REQUIRE_FALSE(committing.exchange(true));
    std::vector<std::uint64_t> who;
    std::size_t commands = 0;
    for (const CommitRequest* request : batch.requests()) {
      who.push_back(request->commands.front().run_id.data[0]);
      commands += request->commands.size();
    }
    CHECK(commands == batch.command_count());
    batches.push_back(who);
    answer(batch);
    committing = false;
  }

  CommitQueue queue;
  Threads threads;
  Caller blocker{0};
  Gate blocked;
  Gate go;
  std::atomic<bool> committing{false};
  std::vector<std::vector<std::uint64_t>> batches;  ///< Written by whoever leads.
};

using Batches = std::vector<std::vector<std::uint64_t>>;

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

TEST_CASE("a follower whose deadline passes while the batch collects is busy and out of it",
          "[store][queue][deadline]") {
  Bench bench;
  Caller leader(1);
  Caller late(2, 3, 100, kPast);
  Caller behind(3, 2);
  bench.start_blocker();
  bench.queue_up(leader);
  bench.run(late);  // returns although nothing moves
  CHECK(late.error() == Errc::busy);
  CHECK(late.whole_error()->applied == Applied::no);
  CHECK(late.whole_error()->retry_safe);
  bench.queue_up(behind);
  bench.release_blocker();
  bench.threads.join();
  CHECK(bench.batches == Batches{{1, 3}});
  CHECK(leader.answered_right());
  CHECK(behind.answered_right());
}

TEST_CASE("a leader whose deadline passes alone takes its batch away", "[store][queue][deadline]") {
  Bench bench;
  Caller late(1, 1, 100, kPast);
  Caller next(2);
  bench.start_blocker();
  bench.run(late);
  CHECK(late.error() == Errc::busy);
  bench.queue_up(next);
  bench.release_blocker();
  bench.threads.join();
  CHECK(bench.batches == Batches{{2}});
  CHECK(next.answered_right());
}

TEST_CASE("a leader whose deadline passes hands its batch to the next in line",
          "[store][queue][deadline]") {
  for (milliseconds patience(50);; patience *= 2) {
    Bench bench;
    bench.start_blocker();
    const Deadline deadline = std::chrono::steady_clock::now() + patience;
    Caller leader(1, 1, 100, deadline);
    Caller heir(2, 2);
    Caller last(3);
    bench.start(leader);
    bench.start(heir);
    bench.start(last);
    bench.threads.wait_until_asleep();
    if (std::chrono::steady_clock::now() >= deadline) continue;  // a slow machine: more time
    while (!leader.returned()) std::this_thread::yield();
    CHECK(leader.error() == Errc::busy);
    bench.release_blocker();
    bench.threads.join();
    REQUIRE(bench.batches.size() == 1);
    CHECK(bench.batches[0].size() == 2);
    CHECK(heir.answered_right());
    CHECK(last.answered_right());
    return;
  }
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

/// Holds a batch of a leader and a follower with a deadline where the test wants it.
class StuckBatch {
 public:
  explicit StuckBatch(bool decided_at_once) : decided_at_once_(decided_at_once) {}

  /// False if the machine was too slow and the deadline passed before the batch was sealed.
  bool reach(milliseconds patience) {
    bench.start_blocker();
    deadline = std::chrono::steady_clock::now() + patience;
    follower = std::make_unique<Caller>(2, 2, 100, deadline);
    bench.threads.start([this] {
      auto admit = [](Deadline) -> Result<void> { return {}; };
      auto commit = [this](CommitBatch& batch) {
        members = batch.requests().size();
        if (decided_at_once_) batch.set_decided();
        sealed.open();
        decide.wait();
        batch.set_decided();
        finish.wait();
        answer(batch);
      };
      leader.call(bench.queue, admit, commit);
    });
    bench.threads.wait_until_asleep();
    bench.start(*follower);
    bench.threads.wait_until_asleep();
    bench.release_blocker();
    sealed.wait();
    return members == 2 && std::chrono::steady_clock::now() < deadline;
  }
  ~StuckBatch() {
    decide.open();
    finish.open();
    bench.threads.join();
  }

  Bench bench;
  Deadline deadline{};
  Caller leader{1};
  std::unique_ptr<Caller> follower;
  std::atomic<std::size_t> members{0};
  Gate sealed;
  Gate decide;
  Gate finish;

 private:
  const bool decided_at_once_;
};

TEST_CASE("a follower leaves a decided batch at its deadline, and its fate is unknown",
          "[store][queue][deadline]") {
  for (milliseconds patience(100);; patience *= 2) {
    StuckBatch stuck(true);
    if (!stuck.reach(patience)) continue;
    while (!stuck.follower->returned()) std::this_thread::yield();
    CHECK(stuck.follower->error() == Errc::outcome_unknown);
    CHECK(stuck.follower->whole_error()->applied == Applied::unknown);
    CHECK_FALSE(stuck.leader.returned());
    stuck.follower.reset();  // its commands are gone while the commit goes on
    stuck.decide.open();
    stuck.finish.open();
    stuck.bench.threads.join();
    CHECK(stuck.leader.answered_right());
    Caller after(9);
    stuck.bench.run(after);
    CHECK(after.answered_right());
    return;
  }
}

TEST_CASE("a follower stays past its deadline while its commands are being read",
          "[store][queue][deadline]") {
  for (milliseconds patience(100);; patience *= 2) {
    StuckBatch stuck(false);
    if (!stuck.reach(patience)) continue;
    while (std::chrono::steady_clock::now() < stuck.deadline) std::this_thread::yield();
    stuck.bench.threads.wait_until_asleep();
    CHECK_FALSE(stuck.follower->returned());
    stuck.decide.open();  // now it may go, though the commit is not done
    while (!stuck.follower->returned()) std::this_thread::yield();
    CHECK(stuck.follower->error() == Errc::outcome_unknown);
    CHECK_FALSE(stuck.leader.returned());
    return;
  }
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
