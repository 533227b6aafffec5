// SPDX-License-Identifier: Apache-2.0
//
// The recent map: what it must never forget, what it must, and what readers of many runs see.
#include "store/recent_map.hpp"

#include <random>

#include "support/catch.hpp"
#include "support/threads.hpp"
#include "unit/store/support.hpp"

namespace milepost::store {
namespace {

using test::effect;
using test::effects;
using test::id;

TEST_CASE("a run is found as its latest effect left it", "[store][recent]") {
  RecentMap map(1u << 20);
  CHECK_FALSE(map.find(id(1)));
  map.publish(std::vector{effect(1, 1), effect(2, 2)});
  map.publish(std::vector{effect(1, 3)});
  CHECK(map.find(id(1)).sequence() == 3);
  CHECK(map.find(id(2)).sequence() == 2);
  CHECK_FALSE(map.find(id(3)));
  CHECK(map.size() == 2);
}

TEST_CASE("of a run's effects in one group the last one counts", "[store][recent]") {
  RecentMap map(1u << 20);
  map.publish(std::vector{effect(1, 1), effect(1, 2), effect(1, 3)});
  CHECK(map.find(id(1)).sequence() == 3);
  CHECK(map.size() == 1);
}

TEST_CASE("visit shows the effect in place and says whether there was one", "[store][recent]") {
  RecentMap map(1u << 20);
  map.publish(std::vector{effect(1, 7)});
  std::uint64_t seen = 0;
  CHECK(map.visit(id(1), [&](const EffectPtr& found) { seen = found.sequence(); }));
  CHECK(seen == 7);
  CHECK_FALSE(map.visit(id(2), [](const EffectPtr&) { FAIL("there is no such run"); }));
}

TEST_CASE("what is not applied is never dropped, budget or not", "[store][recent]") {
  RecentMap map(0);
  const auto all = effects(1, 20'000);
  map.publish(all);
  CHECK(map.size() == all.size());
  for (const EffectPtr& each : all) {
    REQUIRE(map.find(each.view().run_id).sequence() == each.sequence());
  }
  map.mark_applied(std::span(all).first(15'000));
  CHECK(map.size() == 5'000);
  for (const EffectPtr& each : std::span(all).subspan(15'000)) {
    REQUIRE(map.find(each.view().run_id));
  }
}

TEST_CASE("without a budget nothing is left once everything is applied", "[store][recent]") {
  RecentMap map(0);
  const auto all = effects(1, 1'000);
  map.publish(all);
  CHECK(map.bytes() >= 1'000 * all.front().footprint());
  map.mark_applied(all);
  CHECK(map.size() == 0);
  CHECK(map.bytes() == 0);
}

TEST_CASE("what is applied is kept within the budget, the newest of it", "[store][recent]") {
  constexpr std::size_t kBudget = 2u << 20;
  RecentMap map(kBudget);
  for (std::uint64_t first = 1; first < 60'000; first += 1'000) {
    const auto group = effects(first, 1'000);
    map.publish(group);
    map.mark_applied(group);
    REQUIRE(map.bytes() <= kBudget);
  }
  CHECK(map.bytes() > kBudget / 2);
  CHECK(map.size() < 20'000);
  CHECK_FALSE(map.find(id(1)));
  CHECK(map.find(id(60'000)));
}

TEST_CASE("the budget makes room for what is not applied", "[store][recent]") {
  constexpr std::size_t kBudget = 1u << 20;
  RecentMap map(kBudget);
  const auto old = effects(1, 4'000);
  map.publish(old);
  map.mark_applied(old);
  const std::size_t kept = map.size();
  map.publish(effects(100'001, 4'000));
  CHECK(map.bytes() <= kBudget + 4'000 * (old.front().footprint() + 100));
  CHECK(map.size() < kept + 4'000);
}

TEST_CASE("an effect that was overtaken lets nothing go when it is applied", "[store][recent]") {
  RecentMap map(0);
  const auto first = std::vector{effect(1, 1)};
  const auto second = std::vector{effect(1, 2)};
  map.publish(first);
  map.publish(second);
  map.mark_applied(first);
  REQUIRE(map.find(id(1)));
  CHECK(map.find(id(1)).sequence() == 2);
  map.mark_applied(second);
  CHECK_FALSE(map.find(id(1)));
}

TEST_CASE("a run that was applied and then changes again stays until that is applied too",
          "[store][recent]") {
  constexpr std::size_t kBudget = 64u << 10;
  RecentMap map(kBudget);
  const auto first = std::vector{effect(1, 1)};
  map.publish(first);
  map.mark_applied(first);
  map.publish(std::vector{effect(1, 2)});
  const auto crowd = effects(100, 20'000);
  map.publish(crowd);
  map.mark_applied(crowd);
  REQUIRE(map.find(id(1)));
  CHECK(map.find(id(1)).sequence() == 2);
}

TEST_CASE("marking twice, or what is not there, does nothing", "[store][recent]") {
  RecentMap map(1u << 20);
  const auto group = effects(1, 10);
  map.mark_applied(group);
  CHECK(map.size() == 0);
  map.publish(group);
  map.mark_applied(group);
  const std::size_t bytes = map.bytes();
  map.mark_applied(group);
  CHECK(map.size() == 10);
  CHECK(map.bytes() == bytes);
}

TEST_CASE("bytes follow effects that grow and shrink", "[store][recent]") {
  RecentMap map(1u << 20);
  map.publish(std::vector{effect(1, 1)});
  const std::size_t small = map.bytes();
  map.publish(std::vector{effect(1, 2, std::string(4'000, 'x'))});
  CHECK(map.bytes() >= small + 4'000);
  map.publish(std::vector{effect(1, 3)});
  CHECK(map.bytes() == small);
}

TEST_CASE("the generation is even at rest and rises by two with each group", "[store][recent]") {
  RecentMap map(1u << 20);
  const std::uint64_t before = map.generation();
  CHECK(before % 2 == 0);
  map.publish(effects(1, 100));
  CHECK(map.generation() == before + 2);
  map.publish(effects(200, 1));
  CHECK(map.generation() == before + 4);
}

TEST_CASE("while publishing is paused nothing is published", "[store][recent]") {
  RecentMap map(1u << 20);
  test::Threads threads;
  {
    const auto pause = map.pause_publishing();
    threads.start([&] { map.publish(effects(1, 10)); });
    threads.wait_until_asleep();
    CHECK(map.size() == 0);
    CHECK(map.generation() % 2 == 0);
  }
  threads.join();
  CHECK(map.size() == 10);
}

TEST_CASE("under an even and unchanged generation a group is seen whole or not at all",
          "[store][recent][concurrency]") {
  constexpr std::uint64_t kRuns = 50;
  constexpr std::uint64_t kRounds = 3'000;
  RecentMap map(1u << 20);
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> whole{0};
  std::atomic<std::uint64_t> torn{0};
  test::Threads threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.start([&] {
      while (!done || whole == 0) {
        const std::uint64_t before = map.generation();
        std::uint64_t least = ~std::uint64_t{0};
        std::uint64_t most = 0;
        for (std::uint64_t run = 0; run < kRuns; ++run) {
          const EffectPtr found = map.find(id(run));
          const std::uint64_t round = found ? found.sequence() / kRuns : 0;
          least = std::min(least, round);
          most = std::max(most, round);
        }
        if (before % 2 != 0 || map.generation() != before) continue;
        ++whole;
        if (least != most) ++torn;
      }
    });
  }
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    std::vector<EffectPtr> group;
    for (std::uint64_t run = 0; run < kRuns; ++run) {
      group.push_back(effect(run, round * kRuns + run));
    }
    map.publish(group);
    if (round % 3 == 0) map.mark_applied(group);
  }
  done = true;
  threads.join();
  CHECK(torn == 0);
  CHECK(whole > 0);
}

TEST_CASE("publishing, applying, evicting and reading at once", "[store][recent][concurrency]") {
  RecentMap map(256u << 10);
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> marking{0};
  std::atomic<std::uint64_t> applied{0};
  std::atomic<std::uint64_t> lost{0};
  constexpr std::uint64_t kLast = 60'000;
  test::Threads threads;
  threads.start([&] {
    while (applied < kLast) {
      const std::uint64_t until = published;
      if (until == applied) {
        std::this_thread::yield();
        continue;
      }
      marking = until;
      map.mark_applied(effects(applied + 1, until - applied));
      applied = until;
    }
  });
  threads.start([&] {
    std::mt19937_64 random(1);
    while (applied < kLast) {
      const std::uint64_t low = published;
      if (low == 0) continue;
      const std::uint64_t number = low - random() % std::min<std::uint64_t>(low, 2'000);
      const bool found = static_cast<bool>(map.find(id(number)));
      if (!found && number > marking) ++lost;
    }
  });
  for (std::uint64_t first = 1; first <= kLast; first += 100) {
    map.publish(effects(first, 100));
    published = first + 99;
  }
  threads.join();
  CHECK(lost == 0);
  CHECK(map.bytes() <= 256u << 10);
}

}  // namespace
}  // namespace milepost::store
