// SPDX-License-Identifier: Apache-2.0
//
// Who is woken by what: waiters for runs by effects on their run and, if they saw what is not on
// the disk yet, by syncs; waiters for the feed by what is published. Nobody else, and nobody twice.
#include "store/wakeups.hpp"

#include <atomic>
#include <deque>
#include <new>
#include <vector>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/threads.hpp"
#include "unit/store/support.hpp"

namespace milepost::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::code_of;
using test::effect;
using test::id;
using test::ok;
using test::Threads;
using Look = Wakeups::Look;

/// A thread that waits for a run and looks at what the test tells it.
class RunWaiter {
 public:
  RunWaiter(Wakeups& wakeups, std::uint64_t run, Deadline deadline = Deadline::max()) {
    threads_.start([this, &wakeups, run, deadline] {
      result_ = wakeups.wait_for_run(id(run), deadline, [this]() -> Result<Look> {
        ++looks;
        return state.load();
      });
      over = true;
    });
    threads_.wait_until_asleep();
  }
  Result<void> join() {
    threads_.join();
    return result_;
  }
  void asleep() { threads_.wait_until_asleep(); }

  std::atomic<Look> state{Look::not_yet};
  std::atomic<int> looks{0};
  std::atomic<bool> over{false};

 private:
  Result<void> result_;
  Threads threads_;
};

void show(Wakeups& wakeups, std::uint64_t run) {
  const std::vector<EffectPtr> group{effect(run, 1)};
  wakeups.visible(group);
}

TEST_CASE("a run that is final already is not waited for", "[store][wakeups]") {
  Wakeups wakeups;
  int looks = 0;
  const auto look = [&]() -> Result<Look> {
    ++looks;
    return Look::ready;
  };
  CHECK(ok(wakeups.wait_for_run(id(1), Deadline::max(), look)));
  CHECK(ok(wakeups.wait_for_run(id(1), Deadline::min(), look)));
  CHECK(looks == 2);
}

TEST_CASE("a waiter looks once when it comes and once for each change of its run",
          "[store][wakeups]") {
  Wakeups wakeups;
  RunWaiter waiter(wakeups, 1);
  CHECK(waiter.looks == 1);
  show(wakeups, 2);  // somebody else's
  wakeups.synced();
  wakeups.published(7);
  wakeups.nudge();
  waiter.asleep();
  CHECK(waiter.looks == 1);
  show(wakeups, 1);
  while (waiter.looks < 2) std::this_thread::yield();
  waiter.asleep();
  CHECK_FALSE(waiter.over);
  waiter.state = Look::ready;
  show(wakeups, 1);
  CHECK(ok(waiter.join()));
  CHECK(waiter.looks == 3);
}

TEST_CASE("a removal of the run wakes its waiter, one of a profile does not", "[store][wakeups]") {
  Wakeups wakeups;
  RunWaiter waiter(wakeups, 1);
  const std::vector<EffectPtr> forget{EffectPtr::make_forget({id(1), Uuid{}}, 1)};
  wakeups.visible(forget);
  waiter.asleep();
  CHECK(waiter.looks == 1);
  waiter.state = Look::ready;
  const std::vector<EffectPtr> removal{EffectPtr::make_removal(core::EffectKind::erase, id(1), 2)};
  wakeups.visible(removal);
  CHECK(ok(waiter.join()));
}

TEST_CASE("who saw what is not synced is woken by the sync", "[store][wakeups]") {
  Wakeups wakeups;
  RunWaiter waiter(wakeups, 1);
  waiter.state = Look::not_synced;
  show(wakeups, 1);
  while (waiter.looks < 2) std::this_thread::yield();
  waiter.asleep();
  CHECK_FALSE(waiter.over);
  waiter.state = Look::ready;
  wakeups.synced();
  CHECK(ok(waiter.join()));
}

TEST_CASE("a sync that ends while a waiter looks is not missed", "[store][wakeups]") {
  Wakeups wakeups;
  int looks = 0;
  CHECK(ok(wakeups.wait_for_run(id(1), Deadline::max(), [&]() -> Result<Look> {
    if (++looks > 1) return Look::ready;
    wakeups.synced();
    return Look::not_synced;
  })));
  CHECK(looks == 2);
}

TEST_CASE("an effect that is shown while a waiter looks is not missed", "[store][wakeups]") {
  Wakeups wakeups;
  int looks = 0;
  CHECK(ok(wakeups.wait_for_run(id(1), Deadline::max(), [&]() -> Result<Look> {
    if (++looks > 1) return Look::ready;
    show(wakeups, 1);
    return Look::not_yet;
  })));
  CHECK(looks == 2);
}

TEST_CASE("at the deadline a waiter looks once more, then is told busy", "[store][wakeups]") {
  Wakeups wakeups;
  int looks = 0;
  const auto refused =
      wakeups.wait_for_run(id(1), steady_clock::now() + milliseconds(1), [&]() -> Result<Look> {
        ++looks;
        return Look::not_yet;
      });
  CHECK(code_of(refused) == Errc::busy);
  CHECK(refused.error().retry_safe);
  CHECK(looks == 2);
  // What came with the deadline counts.
  looks = 0;
  CHECK(ok(wakeups.wait_for_run(id(1), steady_clock::now() - hours(1), [&]() -> Result<Look> {
    return ++looks < 2 ? Look::not_yet : Look::ready;
  })));
}

TEST_CASE("a look that fails ends the wait with its error", "[store][wakeups]") {
  Wakeups wakeups;
  const auto failed = wakeups.wait_for_run(
      id(1), Deadline::max(), []() -> Result<Look> { return Error{.code = Errc::corrupt}; });
  CHECK(code_of(failed) == Errc::corrupt);
}

TEST_CASE("a waiter that runs out of memory leaves nothing behind", "[store][wakeups]") {
  Wakeups wakeups;
  const auto look = []() -> Result<Look> { throw std::bad_alloc(); };
  CHECK_THROWS_AS((void)wakeups.wait_for_run(id(1), Deadline::max(), look), std::bad_alloc);
  // Would write to the stack of a wait that is over.
  show(wakeups, 1);
  wakeups.synced();
  wakeups.close();
}

TEST_CASE("closing ends every wait, and later ones at once", "[store][wakeups]") {
  Wakeups wakeups;
  RunWaiter waiter(wakeups, 1);
  std::atomic<bool> cancelled{false};
  Result<std::uint64_t> published = std::uint64_t{0};
  Threads threads;
  threads.start([&] { published = wakeups.wait_published(0, Deadline::max(), cancelled); });
  threads.wait_until_asleep();
  wakeups.close();
  threads.join();
  CHECK(code_of(waiter.join()) == Errc::closed);
  CHECK(code_of(published) == Errc::closed);
  CHECK(code_of(wakeups.wait_for_run(
            id(1), Deadline::max(), []() -> Result<Look> { return Look::ready; })) == Errc::closed);
  CHECK(code_of(wakeups.wait_published(0, Deadline::max(), cancelled)) == Errc::closed);
}

TEST_CASE("whoever waits for the feed is told the last sequence published", "[store][wakeups]") {
  Wakeups wakeups;
  wakeups.start_at(5);
  std::atomic<bool> cancelled{false};
  CHECK(wakeups.wait_published(4, Deadline::min(), cancelled).value() == 5);
  CHECK(code_of(wakeups.wait_published(5, Deadline::min(), cancelled)) == Errc::busy);
  Result<std::uint64_t> published = std::uint64_t{0};
  Threads threads;
  threads.start([&] { published = wakeups.wait_published(5, Deadline::max(), cancelled); });
  threads.wait_until_asleep();
  wakeups.published(5);  // nothing new
  threads.wait_until_asleep();
  wakeups.published(9);
  threads.join();
  CHECK(published.value() == 9);
}

TEST_CASE("a nudge lets a waiter for the feed see that it was cancelled", "[store][wakeups]") {
  Wakeups wakeups;
  std::atomic<bool> cancelled{false};
  std::atomic<bool> over{false};
  Threads threads;
  threads.start([&] {
    (void)wakeups.wait_published(0, Deadline::max(), cancelled);
    over = true;
  });
  threads.wait_until_asleep();
  wakeups.nudge();  // not cancelled: it sleeps on
  threads.wait_until_asleep();
  CHECK_FALSE(over);
  cancelled = true;
  wakeups.nudge();
  threads.join();
  CHECK(over);
}

TEST_CASE("waiters of many runs and commits of them, side by side, miss nothing",
          "[store][wakeups][concurrency]") {
  Wakeups wakeups;
  constexpr std::uint64_t kRounds = 3'000;
  constexpr std::uint64_t kWaiters = 3;
  std::deque<std::atomic<std::uint64_t>> state(kWaiters);
  std::deque<std::atomic<std::uint64_t>> seen(kWaiters);
  Threads threads;
  for (std::uint64_t run = 0; run < kWaiters; ++run) {
    threads.start([&, run] {
      for (std::uint64_t round = 1; round <= kRounds; ++round) {
        const auto look = [&]() -> Result<Look> {
          return state[run] >= round ? Look::ready : Look::not_yet;
        };
        if (!wakeups.wait_for_run(id(run), Deadline::max(), look)) return;
        seen[run] = round;
      }
    });
  }
  // The next effect comes when the one before was seen: one that is missed is a test that does not
  // end.
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    for (std::uint64_t run = 0; run < kWaiters; ++run) {
      state[run] = round;
      show(wakeups, run);
    }
    for (auto& mine : seen) {
      while (mine < round) std::this_thread::yield();
    }
  }
  threads.join();
  CHECK(seen[0] == kRounds);
}

}  // namespace
}  // namespace milepost::store
