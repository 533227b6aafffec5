// SPDX-License-Identifier: Apache-2.0
//
// What a caller is told whose deadline passes, before, while and after its batch is decided.
#include <chrono>
#include <memory>

#include "unit/store/queue_support.hpp"

namespace milepost::store {
namespace {

using std::chrono::milliseconds;
using test::answer;
using test::Batches;
using test::Bench;
using test::Caller;
using test::Gate;
using test::kPast;

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
        if (decided_at_once_) decide.open();
        sealed.open();
        decide.wait();
        answer(batch);
        batch.set_decided();  // from here on nobody's commands are looked at
        finish.wait();
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

}  // namespace
}  // namespace milepost::store
