// SPDX-License-Identifier: Apache-2.0
//
// The applier over a table that only notes what it is given: when it writes, how much at a time,
// what it does when writing or syncing fails, and that it sleeps when there is nothing to do.
#include "store/applier.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/threads.hpp"
#include "unit/store/support.hpp"

namespace milepost::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test::code_of;
using test::effects;
using test::Gate;
using test::ok;
using test::Threads;

Deadline soon() { return steady_clock::now() + seconds(60); }

/// Everything the applier talks to.
class Surroundings {
 public:
  [[nodiscard]] Applier::Parts parts() {
    return {.write = [this](std::span<const EffectPtr> batch,
                            bool use_reserve) { return write(batch, use_reserve); },
            .applied = [this](std::span<const EffectPtr> batch) { note_applied(batch); },
            .journal_has_room = [this] { return journal_has_room.load(); },
            .synced = [this] { return synced.load(); },
            .sync = [this] { return sync(); },
            .log =
                [this](LogLevel, std::string_view text) {
                  const std::lock_guard lock(mutex);
                  logged.emplace_back(text);
                }};
  }

  Result<void> write(std::span<const EffectPtr> batch, bool use_reserve) {
    if (gate != nullptr) {
      at_gate.open();
      gate->wait();
    }
    const std::lock_guard lock(mutex);
    ++attempts;
    if (full && !use_reserve) return Error{.code = Errc::map_full, .message = "The map is full."};
    reserve_used = reserve_used || use_reserve;
    if (failures > 0) {
      --failures;
      return Error{.code = Errc::disk_full, .message = "No space left."};
    }
    sizes.push_back(batch.size());
    for (const EffectPtr& each : batch) written.push_back(each.sequence());
    return {};
  }
  void note_applied(std::span<const EffectPtr> batch) {
    const std::lock_guard lock(mutex);
    for (const EffectPtr& each : batch) applied.push_back(each.sequence());
    // What is let go must have been written before.
    applied_too_early = applied_too_early || applied != written;
  }
  Result<void> sync() {
    ++syncs;
    if (sync_fails) return Error{.code = Errc::outcome_unknown, .message = "fdatasync failed."};
    synced.store(appended.load());
    return {};
  }
  void hand_over(Applier& applier, std::span<const EffectPtr> some) {
    appended = some.back().sequence();
    if (synced_at_once) synced.store(appended.load());
    applier.hand_over(some);
  }
  [[nodiscard]] std::vector<std::size_t> sizes_now() {
    const std::lock_guard lock(mutex);
    return sizes;
  }
  void wait_written(std::size_t count) {
    for (;;) {
      {
        const std::lock_guard lock(mutex);
        if (applied.size() >= count) return;
      }
      std::this_thread::yield();
    }
  }

  std::mutex mutex;
  std::vector<std::size_t> sizes;
  std::vector<std::uint64_t> written;
  std::vector<std::uint64_t> applied;
  std::vector<std::string> logged;
  bool applied_too_early = false;
  unsigned attempts = 0;
  unsigned failures = 0;
  bool full = false;  // to all that may not use the reserve
  bool reserve_used = false;
  Gate* gate = nullptr;
  Gate at_gate;
  std::atomic<bool> sync_fails{false};
  std::atomic<bool> synced_at_once{true};
  std::atomic<bool> journal_has_room{true};
  std::atomic<unsigned> syncs{0};
  std::atomic<std::uint64_t> appended{0};
  std::atomic<std::uint64_t> synced{0};
};

/// The applier's thread: the one that was not there before.
pid_t newest_thread(const std::vector<pid_t>& before) {
  for (const pid_t id : test::thread_ids()) {
    if (std::find(before.begin(), before.end(), id) == before.end()) return id;
  }
  return 0;
}

/// Options under which nothing happens by age.
Applier::Options by_demand() { return {.interval = hours(1)}; }

TEST_CASE("what is pending is written when it reaches the interval's age", "[store][applier]") {
  Surroundings around;
  Applier::Options options;
  options.interval = milliseconds(20);
  Applier applier(options, around.parts());
  around.hand_over(applier, effects(1, 3));
  around.wait_written(3);
  CHECK(around.sizes_now() == std::vector<std::size_t>{3});
  CHECK_FALSE(around.applied_too_early);
}

TEST_CASE("nothing is written before its age without a reason", "[store][applier]") {
  Surroundings around;
  Applier applier(by_demand(), around.parts());
  around.hand_over(applier, effects(1, 3));
  around.hand_over(applier, effects(4, 3));
  CHECK(applier.pending_count() == 6);
  CHECK(around.sizes_now().empty());
}

TEST_CASE("a full batch is written at once, in order, and the rest waits", "[store][applier]") {
  Surroundings around;
  Applier::Options options = by_demand();
  options.batch_effects_max = 10;
  Applier applier(options, around.parts());
  for (std::uint64_t first = 1; first <= 21; first += 5) {
    around.hand_over(applier, effects(first, 5));
  }
  around.wait_written(20);
  CHECK(around.sizes_now() == std::vector<std::size_t>{10, 10});
  REQUIRE(ok(applier.publish(soon())));
  CHECK(around.sizes_now() == std::vector<std::size_t>{10, 10, 5});
  CHECK(std::is_sorted(around.written.begin(), around.written.end()));
  CHECK(around.written.size() == 25);
  CHECK(applier.pending_count() == 0);
}

TEST_CASE("a batch is full by bytes too, without waiting for its age", "[store][applier]") {
  Surroundings around;
  Applier::Options options = by_demand();
  const auto all = effects(1, 40);
  options.batch_bytes_max = 10 * all.front().footprint();
  const auto before = test::thread_ids();
  Applier applier(options, around.parts());
  around.hand_over(applier, std::span(all).first(4));
  test::wait_until_asleep(newest_thread(before));
  CHECK(around.sizes_now().empty());
  for (std::size_t i = 4; i < all.size(); i += 4) {
    around.hand_over(applier, std::span(all).subspan(i, 4));
  }
  around.wait_written(30);
  REQUIRE(ok(applier.publish(soon())));
  for (const std::size_t size : around.sizes_now()) CHECK(size <= 10);
  CHECK(around.written.size() == 40);
}

TEST_CASE("an effect larger than a batch is written by itself", "[store][applier]") {
  Surroundings around;
  Applier::Options options = by_demand();
  options.batch_bytes_max = 100;
  Applier applier(options, around.parts());
  around.hand_over(applier, effects(1, 3));
  REQUIRE(ok(applier.publish(soon())));
  CHECK(around.sizes_now() == std::vector<std::size_t>{1, 1, 1});
}

TEST_CASE("publish writes everything handed over before it, and only returns then",
          "[store][applier]") {
  Surroundings around;
  Applier applier(by_demand(), around.parts());
  REQUIRE(ok(applier.publish(soon())));  // nothing to do
  around.hand_over(applier, effects(1, 7));
  REQUIRE(ok(applier.publish(soon())));
  CHECK(around.applied.size() == 7);
  CHECK_FALSE(around.applied_too_early);
  CHECK(applier.pending_count() == 0);
}

TEST_CASE("publish gives up at its deadline while a write takes its time", "[store][applier]") {
  Surroundings around;
  Gate gate;
  around.gate = &gate;
  Applier applier(by_demand(), around.parts());
  around.hand_over(applier, effects(1, 7));
  auto published = applier.publish(steady_clock::now());
  CHECK(code_of(published) == Errc::busy);
  CHECK(applier.pending_count() == 7);
  gate.open();
  REQUIRE(ok(applier.publish(soon())));
}

TEST_CASE("a failing write is tried again until it succeeds, and logged once", "[store][applier]") {
  Surroundings around;
  around.failures = 4;
  Applier applier(by_demand(), around.parts());
  around.hand_over(applier, effects(1, 7));
  REQUIRE(ok(applier.publish(soon())));
  CHECK(around.attempts == 5);
  CHECK(around.sizes_now() == std::vector<std::size_t>{7});
  CHECK(around.applied.size() == 7);
  CHECK_FALSE(around.applied_too_early);
  REQUIRE(around.logged.size() == 1);
  CHECK(around.logged[0].find("No space left.") != std::string::npos);
}

TEST_CASE("whoever waits while writes fail is told why", "[store][applier]") {
  Surroundings around;
  around.failures = 1'000'000;
  Applier::Options options = by_demand();
  options.pending_bytes_max = 100;
  Applier applier(options, around.parts());
  around.hand_over(applier, effects(1, 7));
  // The first attempts may not have failed yet: then it is `busy`.
  Errc code = Errc::busy;
  while (code == Errc::busy) {
    auto published = applier.publish(steady_clock::now() + milliseconds(5));
    REQUIRE(published.has_error());
    code = published.error().code;
  }
  CHECK(code == Errc::disk_full);
  auto room = applier.wait_for_room(steady_clock::now());
  CHECK(code_of(room) == Errc::disk_full);
  CHECK(room.error().applied == Applied::no);
}

TEST_CASE("callers wait while too much is pending, and go on when it is written",
          "[store][applier]") {
  Surroundings around;
  Gate gate;
  around.gate = &gate;
  Applier::Options options = by_demand();
  const auto all = effects(1, 20);
  options.batch_effects_max = 5;
  options.pending_bytes_max = 10 * all.front().footprint();
  Applier applier(options, around.parts());
  around.hand_over(applier, std::span(all).first(10));
  CHECK(ok(applier.wait_for_room(Deadline{})));  // at the edge: still room
  around.hand_over(applier, std::span(all).subspan(10));
  auto room = applier.wait_for_room(steady_clock::now());
  CHECK(code_of(room) == Errc::busy);
  CHECK(room.error().retry_safe);
  Threads threads;
  std::atomic<bool> let_in{false};
  threads.start([&] { let_in = static_cast<bool>(applier.wait_for_room(soon())); });
  threads.wait_until_asleep();
  CHECK_FALSE(let_in);
  gate.open();
  threads.join();
  CHECK(let_in);
}

TEST_CASE("a full journal is emptied at once, and callers wait for that", "[store][applier]") {
  Surroundings around;
  const auto before = test::thread_ids();
  Applier applier(by_demand(), around.parts());
  around.hand_over(applier, effects(1, 5));
  test::wait_until_asleep(newest_thread(before));
  Gate gate;
  around.gate = &gate;
  around.journal_has_room = false;
  around.hand_over(applier, effects(6, 5));
  around.at_gate.wait();  // writing, though nothing is old and no batch is full
  auto room = applier.wait_for_room(steady_clock::now());
  CHECK(code_of(room) == Errc::busy);
  around.journal_has_room = true;
  gate.open();
  CHECK(ok(applier.wait_for_room(soon())));
  CHECK(around.written.size() == 10);
}

TEST_CASE("an effect that is not synced is not written before a sync", "[store][applier]") {
  Surroundings around;
  around.synced_at_once = false;
  Applier::Options options;
  options.interval = milliseconds(5);
  Applier applier(options, around.parts());
  around.hand_over(applier, effects(1, 10));
  around.wait_written(10);
  CHECK(around.syncs > 0);
}

TEST_CASE("of a batch only what is synced is written", "[store][applier]") {
  Surroundings around;
  around.synced_at_once = false;
  around.synced = 4;
  Applier::Options options = by_demand();
  options.batch_effects_max = 10;
  Applier applier(options, around.parts());
  around.hand_over(applier, effects(1, 10));  // a full batch: written at once
  around.wait_written(4);
  REQUIRE_FALSE(around.sizes_now().empty());
  CHECK(around.sizes_now().front() == 4);
  REQUIRE(ok(applier.publish(soon())));
  CHECK(around.written.size() == 10);
}

TEST_CASE("after a failed sync nothing more is written", "[store][applier]") {
  Surroundings around;
  around.synced_at_once = false;
  around.sync_fails = true;
  Applier::Options options;
  options.interval = milliseconds(1);
  Applier applier(options, around.parts());
  around.hand_over(applier, effects(1, 10));
  while (around.syncs == 0) std::this_thread::yield();
  auto published = applier.publish(soon());
  CHECK(code_of(published) == Errc::outcome_unknown);
  CHECK_FALSE(ok(applier.stop()));
  CHECK(around.written.empty());
}

TEST_CASE("stop writes what is pending and ends the thread", "[store][applier]") {
  Surroundings around;
  const std::size_t threads_before = test::thread_ids().size();
  Applier applier(by_demand(), around.parts());
  around.hand_over(applier, effects(1, 9));
  REQUIRE(ok(applier.stop()));
  CHECK(around.written.size() == 9);
  CHECK(test::thread_ids().size() == threads_before);
  REQUIRE(ok(applier.stop()));
}

TEST_CASE("stop does not try again what fails, and says so", "[store][applier]") {
  Surroundings around;
  around.failures = 1'000'000;
  Applier applier(by_demand(), around.parts());
  around.hand_over(applier, effects(1, 9));
  auto stopped = applier.stop();
  CHECK(code_of(stopped) == Errc::disk_full);
  CHECK(around.attempts == 1);
  CHECK(around.applied.empty());
}

TEST_CASE("stop ends a wait between two attempts", "[store][applier]") {
  Surroundings around;
  around.failures = 1'000'000;
  Applier applier(by_demand(), around.parts());
  around.hand_over(applier, effects(1, 9));
  while (applier.publish(steady_clock::now() + milliseconds(2)).error().code == Errc::busy) {
  }
  CHECK_FALSE(ok(applier.stop()));
}

TEST_CASE("an idle applier never wakes", "[store][applier]") {
  Surroundings around;
  const auto before = test::thread_ids();
  Applier::Options options;
  options.interval = milliseconds(1);
  Applier applier(options, around.parts());
  const pid_t thread = newest_thread(before);
  REQUIRE(thread != 0);
  for (int round = 0; round < 2; ++round) {
    around.hand_over(applier, effects(1 + 10 * static_cast<std::uint64_t>(round), 10));
    REQUIRE(ok(applier.publish(soon())));
    // It goes to sleep after its work; from then on it must not stir, whatever the interval.
    std::uint64_t switches = 0;
    do {
      switches = test::voluntary_switches(thread);
      std::this_thread::sleep_for(milliseconds(20));
    } while (test::voluntary_switches(thread) != switches);
    std::this_thread::sleep_for(milliseconds(150));
    CHECK(test::voluntary_switches(thread) == switches);
  }
}

TEST_CASE("many hand over while others publish and wait for room",
          "[store][applier][concurrency]") {
  Surroundings around;
  Applier::Options options;
  options.batch_effects_max = 100;
  options.pending_bytes_max = 200u << 10;
  options.interval = milliseconds(2);
  Applier applier(options, around.parts());
  std::atomic<bool> done{false};
  std::atomic<unsigned> failed{0};
  Threads threads;
  for (int i = 0; i < 3; ++i) {
    threads.start([&] {
      while (!done) {
        if (!applier.publish(soon())) ++failed;
      }
    });
  }
  constexpr std::uint64_t kLast = 20'000;
  for (std::uint64_t first = 1; first <= kLast; first += 20) {
    REQUIRE(ok(applier.wait_for_room(soon())));
    around.hand_over(applier, effects(first, 20));
  }
  REQUIRE(ok(applier.publish(soon())));
  done = true;
  threads.join();
  CHECK(failed == 0);
  CHECK(around.written.size() == kLast);
  CHECK(std::is_sorted(around.written.begin(), around.written.end()));
  CHECK_FALSE(around.applied_too_early);
}

TEST_CASE("in a full map callers are refused with the reason, a publish at once",
          "[store][applier][full]") {
  Surroundings around;
  around.full = true;
  Applier applier({.interval = milliseconds(1)}, around.parts());
  around.hand_over(applier, effects(1, 3));
  CHECK(code_of(applier.publish(Deadline::max())) == Errc::map_full);
  CHECK(code_of(applier.wait_for_room(steady_clock::now())) == Errc::map_full);
  CHECK_FALSE(around.reserve_used);
}

TEST_CASE("what frees space opens the reserve for itself and all before it, and room is back",
          "[store][applier][full]") {
  Surroundings around;
  around.full = true;
  Applier applier({.interval = milliseconds(1)}, around.parts());
  around.hand_over(applier, effects(1, 3));
  REQUIRE(code_of(applier.publish(Deadline::max())) == Errc::map_full);
  Threads threads;
  Result<void> room;
  threads.start([&] { room = applier.wait_for_room(soon()); });
  threads.wait_until_asleep();
  const std::vector<EffectPtr> removal{
      EffectPtr::make_removal(core::EffectKind::purge, test::id(1), 4)};
  around.hand_over(applier, removal);
  // No longer hopeless: this one waits for the removal.
  CHECK(ok(applier.publish(soon())));
  threads.join();
  CHECK(ok(room));
  CHECK(around.reserve_used);
  // Only for them.
  around.hand_over(applier, effects(5, 2));
  CHECK(code_of(applier.publish(Deadline::max())) == Errc::map_full);
}

TEST_CASE("no memory for the words of a failure is none of the thread's death",
          "[store][applier]") {
  Surroundings around;
  around.failures = 2;
  Applier::Parts parts = around.parts();
  parts.log = [](LogLevel, std::string_view) { throw std::bad_alloc(); };
  Applier applier({.interval = milliseconds(1)}, std::move(parts));
  around.hand_over(applier, effects(1, 3));
  around.wait_written(3);
  CHECK(around.attempts == 3);
  CHECK_FALSE(applier.trouble());
}

}  // namespace
}  // namespace milepost::store
