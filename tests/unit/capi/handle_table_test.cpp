// SPDX-License-Identifier: Apache-2.0
//
// HandleTable: every number is answered, no object is destroyed while it is used, and each is
// destroyed once.
#include "capi/handle_table.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/threads.hpp"

namespace milepost::capi {
namespace {

/// Counts its kind; notices use after destruction without a sanitizer's help.
struct Counted {
  explicit Counted(std::atomic<int>& count) : alive(count) { ++alive; }
  ~Counted() {
    mark = 0;
    --alive;
  }
  std::atomic<int>& alive;
  std::atomic<std::uint32_t> mark{0x600d600d};
};

template <unsigned kStripes>
using Table = HandleTable<Counted, Kind::runs, kStripes>;

template <typename Which>
std::uint64_t insert(Which& table, std::atomic<int>& count) {
  auto object = std::make_unique<Counted>(count);
  return table.insert(object);
}

TEMPLATE_TEST_CASE("a handle names its object until it is retired", "[capi][handles]", Table<1>,
                   Table<16>) {
  static TestType table;  // as the library has them: never destroyed
  std::atomic<int> alive{0};
  const std::uint64_t handle = insert(table, alive);
  CHECK(handle != 0);
  {
    const auto pin = table.pin(handle);
    REQUIRE(pin);
    CHECK(pin->mark == 0x600d600d);
    const auto second = table.pin(handle);
    CHECK(second);
    const auto last = table.retire(handle);
    CHECK(last);
    CHECK_FALSE(table.pin(handle));
    CHECK_FALSE(table.retire(handle));
    CHECK(pin->mark == 0x600d600d);  // those who were in go on
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
  CHECK(table.refusal(handle).code == Errc::closed);
}

TEMPLATE_TEST_CASE("numbers that were never handles are told from closed ones", "[capi][handles]",
                   Table<1>, Table<16>) {
  static TestType table;  // as the library has them: never destroyed
  std::atomic<int> alive{0};
  CHECK(table.refusal(0).code == Errc::invalid_argument);
  const std::uint64_t first = insert(table, alive);
  (void)table.retire(first);
  const std::uint64_t second = insert(table, alive);  // the same slot
  CHECK((first & 0xffffff) == (second & 0xffffff));
  CHECK(first != second);
  CHECK_FALSE(table.pin(first));
  CHECK(table.refusal(first).code == Errc::closed);
  for (const std::uint64_t wrong : {std::uint64_t{0}, second + 1, second ^ std::uint64_t{1} << 24,
                                    second + (std::uint64_t{1} << 32), second & 0xffffffff,
                                    second | 0xffffff, ~std::uint64_t{0}}) {
    CHECK_FALSE(table.pin(wrong));
    CHECK_FALSE(table.retire(wrong));
    CHECK(table.refusal(wrong).code == Errc::invalid_argument);
  }
  (void)table.retire(second);
  CHECK(alive == 0);
}

TEST_CASE("a thousand handles differ, and their slots are used again", "[capi][handles]") {
  static Table<1> table;
  std::atomic<int> alive{0};
  std::set<std::uint64_t> seen;
  std::uint64_t greatest_slot = 0;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::uint64_t> handles;
    for (int i = 0; i < 1'000; ++i) handles.push_back(insert(table, alive));
    for (const std::uint64_t handle : handles) {
      CHECK(seen.insert(handle).second);
      greatest_slot = std::max(greatest_slot, handle & 0xffffff);
    }
    CHECK(alive == 1'000);
    for (const std::uint64_t handle : handles) (void)table.retire(handle);
    CHECK(alive == 0);
  }
  CHECK(greatest_slot == 999);
}

TEST_CASE("an object that could not be inserted stays with its owner", "[capi][handles]") {
  static Table<1> table;
  std::atomic<int> alive{0};
  auto object = std::make_unique<Counted>(alive);
  const std::uint64_t handle = table.insert(object);
  CHECK(object == nullptr);
  (void)table.retire(handle);
  CHECK(alive == 0);
}

/// Threads pin, use and now and then replace the handles of a small board.
template <typename Which>
void storm(Which& table, unsigned threads, unsigned rounds) {
  constexpr std::size_t kPlaces = 4;
  std::atomic<int> alive{0};
  std::array<std::atomic<std::uint64_t>, kPlaces> board{};
  for (auto& place : board) place = insert(table, alive);
  std::atomic<int> wrong{0};
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      std::uint64_t state = t + 1;
      for (unsigned i = 0; i < rounds; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        auto& place = board[state >> 33 & (kPlaces - 1)];
        const std::uint64_t handle = place.load();
        if ((state >> 40 & 7) == 0) {
          // Of those who retire one handle exactly one is told so.
          if (table.retire(handle)) place = insert(table, alive);
        } else if (const auto pin = table.pin(handle)) {
          if (pin->mark != 0x600d600d) ++wrong;
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(wrong == 0);
  CHECK(alive == static_cast<int>(kPlaces));
  for (auto& place : board) (void)table.retire(place.load());
  CHECK(alive == 0);
}

TEST_CASE("no object dies while it is used, and each dies once", "[capi][handles][concurrency]") {
  const unsigned rounds = test::kThreadSanitizer ? 10'000 : 100'000;
  static Table<1> plain;
  storm(plain, 4, rounds);
  static Table<16> striped;
  storm(striped, 4, rounds);
}

TEST_CASE("slots are handed out once among threads", "[capi][handles][concurrency]") {
  static Table<1> table;
  std::atomic<int> alive{0};
  constexpr unsigned kThreads = 4;
  std::array<std::vector<std::uint64_t>, kThreads> mine;
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < kThreads; ++t) {
    workers.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        mine[t].push_back(insert(table, alive));
        if (i % 3 == 0) {
          (void)table.retire(mine[t].back());
          mine[t].pop_back();
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  std::set<std::uint64_t> slots;
  std::size_t count = 0;
  for (const auto& handles : mine) {
    for (const std::uint64_t handle : handles) slots.insert(handle & 0xffffff);
    count += handles.size();
  }
  CHECK(slots.size() == count);
  CHECK(alive == static_cast<int>(count));
  for (const auto& handles : mine) {
    for (const std::uint64_t handle : handles) CHECK(table.retire(handle));
  }
  CHECK(alive == 0);
}

}  // namespace
}  // namespace milepost::capi
