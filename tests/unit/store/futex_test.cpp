// SPDX-License-Identifier: Apache-2.0
//
// Waiting on a word: it returns when it should, and not before.
#include "store/futex.hpp"

#include "support/catch.hpp"
#include "support/threads.hpp"

namespace milepost::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST_CASE("a word that already changed is not waited for", "[store][futex]") {
  const std::atomic<std::uint32_t> word{7};
  futex_wait(word, 8, std::nullopt);
  futex_wait(word, 8, Deadline::max());
}

TEST_CASE("a wait ends at its deadline and not before", "[store][futex]") {
  const std::atomic<std::uint32_t> word{7};
  const Deadline deadline = steady_clock::now() + milliseconds(30);
  while (steady_clock::now() < deadline) futex_wait(word, 7, deadline);
  CHECK(steady_clock::now() >= deadline);
}

TEST_CASE("a deadline long past, or before the clock began, ends the wait at once",
          "[store][futex]") {
  const std::atomic<std::uint32_t> word{7};
  futex_wait(word, 7, steady_clock::now() - milliseconds(1));
  futex_wait(word, 7, Deadline{});
  futex_wait(word, 7, Deadline::min());
}

TEST_CASE("the last instant of the clock is as good as no deadline", "[store][futex]") {
  std::atomic<std::uint32_t> word{7};
  test::Threads threads;
  threads.start([&] {
    while (word == 7) futex_wait(word, 7, Deadline::max());
  });
  threads.wait_until_asleep();
  word = 8;
  futex_wake_all(word);
  threads.join();
}

TEST_CASE("wake_one wakes one and wake_all wakes the rest", "[store][futex]") {
  std::atomic<std::uint32_t> word{0};
  std::atomic<int> awake{0};
  test::Threads threads;
  for (int i = 0; i < 5; ++i) {
    threads.start([&] {
      futex_wait(word, 0, std::nullopt);
      ++awake;
    });
  }
  threads.wait_until_asleep();
  CHECK(awake == 0);
  futex_wake_one(word);
  while (awake == 0) std::this_thread::yield();
  threads.wait_until_asleep();
  CHECK(awake == 1);
  futex_wake_all(word);
  threads.join();
  CHECK(awake == 5);
}

}  // namespace
}  // namespace milepost::store
