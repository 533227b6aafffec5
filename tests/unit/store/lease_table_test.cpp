// SPDX-License-Identifier: Apache-2.0
//
// Leases on a clock that stands still until told otherwise.
#include "store/lease_table.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "support/catch.hpp"
#include "support/runs.hpp"

namespace milepost::store {
namespace {

using std::chrono::milliseconds;
using test::id;
using Runs = std::vector<Uuid>;

struct Bench {
  LeaseTable::Clock::time_point now{std::chrono::hours(1)};
  LeaseTable leases{[this] { return now; }};
};

TEST_CASE("a lease runs out at its end and not a moment before", "[store][lease]") {
  Bench bench;
  CHECK(bench.leases.empty());
  CHECK_FALSE(bench.leases.expired(id(1)));
  bench.leases.begin(id(1), milliseconds(10));
  CHECK(bench.leases.size() == 1);
  bench.now += milliseconds(10) - std::chrono::nanoseconds(1);
  CHECK_FALSE(bench.leases.expired(id(1)));
  CHECK(bench.leases.expired(10).empty());
  bench.now += std::chrono::nanoseconds(1);
  CHECK(bench.leases.expired(id(1)));
  CHECK(bench.leases.expired(10) == Runs{id(1)});
  CHECK_FALSE(bench.leases.expired(id(2)));
}

TEST_CASE("a lease that begins anew replaces the one before, longer or shorter", "[store][lease]") {
  Bench bench;
  bench.leases.begin(id(1), milliseconds(10));
  bench.leases.begin(id(1), milliseconds(30));
  bench.now += milliseconds(29);
  CHECK(bench.leases.expired(10).empty());
  bench.leases.begin(id(1), milliseconds(1));
  CHECK(bench.leases.size() == 1);
  bench.now += milliseconds(1);
  CHECK(bench.leases.expired(10) == Runs{id(1)});
  // Also one that had run out.
  bench.leases.begin(id(1), milliseconds(5));
  CHECK_FALSE(bench.leases.expired(id(1)));
}

TEST_CASE("a lease that was ended is gone, and ending twice is ending once", "[store][lease]") {
  Bench bench;
  bench.leases.begin(id(1), milliseconds(10));
  bench.leases.begin(id(2), milliseconds(10));
  bench.leases.end(id(1));
  bench.leases.end(id(1));
  bench.leases.end(id(3));
  CHECK(bench.leases.size() == 1);
  bench.now += milliseconds(10);
  CHECK(bench.leases.expired(10) == Runs{id(2)});
  bench.leases.end(id(2));
  CHECK(bench.leases.empty());
  CHECK(bench.leases.expired(10).empty());
}

TEST_CASE("the longest overdue come first, as many as asked for", "[store][lease]") {
  Bench bench;
  bench.leases.begin(id(3), milliseconds(30));
  bench.leases.begin(id(1), milliseconds(10));
  bench.leases.begin(id(4), milliseconds(40));
  bench.leases.begin(id(2), milliseconds(20));
  bench.now += milliseconds(35);
  CHECK(bench.leases.expired(10) == Runs{id(1), id(2), id(3)});
  CHECK(bench.leases.expired(2) == Runs{id(1), id(2)});
  CHECK(bench.leases.expired(0).empty());
}

TEST_CASE("the table agrees with a plain map after any sequence of calls", "[store][lease]") {
  std::mt19937_64 random(test::test_seed("lease_table"));
  Bench bench;
  std::map<Uuid, LeaseTable::Clock::time_point> model;
  for (int i = 0; i < 20'000; ++i) {
    const Uuid run = id(random() % 20);
    switch (random() % 4) {
      case 0:
        bench.leases.end(run);
        model.erase(run);
        break;
      case 1:
        bench.now += milliseconds(random() % 5);
        break;
      default: {
        const milliseconds lease(1 + random() % 20);
        bench.leases.begin(run, lease);
        model[run] = bench.now + lease;
      }
    }
    REQUIRE(bench.leases.size() == model.size());
    std::vector<std::pair<LeaseTable::Clock::time_point, Uuid>> due;
    for (const auto& [each, until] : model) {
      REQUIRE(bench.leases.expired(each) == (until <= bench.now));
      if (until <= bench.now) due.emplace_back(until, each);
    }
    std::sort(due.begin(), due.end());
    const auto expired = bench.leases.expired(100);
    REQUIRE(expired.size() == due.size());
    for (std::size_t k = 0; k < due.size(); ++k) REQUIRE(expired[k] == due[k].second);
  }
}

}  // namespace
}  // namespace milepost::store
