// SPDX-License-Identifier: Apache-2.0
//
// Leader and followers: everybody is served once, and a failure reaches exactly its group.
#include "bench/group_commit.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "bench/tests/catch.hpp"

namespace {

struct Op {
  int number = 0;
  int served = 0;
};

}  // namespace

TEST_CASE("every op is committed exactly once, one group at a time", "[bench][group]") {
  constexpr int kCallers = 8;
  constexpr int kOps = 500;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::size_t largest = 0;
  bench::GroupCommit<Op> group(5, [&](std::span<Op* const> ops) {
    most = std::max(most.load(), ++inside);
    largest = std::max(largest, ops.size());
    for (Op* const op : ops) ++op->served;
    --inside;
  });
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < kOps; ++i) {
        Op op;
        group.submit(op);
        if (op.served != 1) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  REQUIRE(wrong == 0);
  REQUIRE(most == 1);
  REQUIRE(largest <= 5);
}

TEST_CASE("a commit that throws fails its ops and nobody else's", "[bench][group]") {
  bench::GroupCommit<Op> group(1, [&](std::span<Op* const> ops) {
    if (ops.front()->number == 2) throw std::runtime_error("disk on fire");
    ops.front()->served = 1;
  });
  for (int i = 1; i <= 3; ++i) {
    Op op{.number = i};
    if (i == 2) {
      REQUIRE_THROWS_WITH(group.submit(op), "disk on fire");
    } else {
      group.submit(op);
      REQUIRE(op.served == 1);
    }
  }
}
