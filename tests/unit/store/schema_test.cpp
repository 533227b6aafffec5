// SPDX-License-Identifier: Apache-2.0
//
// Keys sort as what they stand for, in LMDB's order (memcmp, the shorter first).
#include "store/schema.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/state.hpp"
#include "support/catch.hpp"
#include "support/runs.hpp"

namespace milepost::store {
namespace {

using test::id;

core::RecordView random_run(std::mt19937_64& random) {
  core::RecordView run;
  const std::array organizations{Uuid{}, id(0, 1), id(1), id(2, 0xff)};
  run.run_id = id(random() % 3, static_cast<std::uint8_t>(random() % 3));
  run.organization_id = organizations[random() % organizations.size()];
  run.journey_id = id(random() % 3);
  run.profile_id = id(random() % 3, 7);
  run.status = static_cast<RunStatus>(random() % 5);
  run.created_sequence = (random() % 4) << (kProfileBucketShift - 1);
  const std::array<std::int64_t, 6> micros{-17'987'443'200'000'000, -1, 0, 1, 255,
                                           253'402'300'799'999'999};
  run.triggered_at = Instant(std::chrono::microseconds(micros[random() % micros.size()]));
  run.completed_at = Instant(std::chrono::microseconds(micros[random() % micros.size()]));
  return run;
}

template <typename Tuple>
int order(const Tuple& a, const Tuple& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int order(const Key& a, const Key& b) { return a < b ? -1 : b < a ? 1 : 0; }

TEST_CASE("keys of indexes sort by their fields", "[store][schema]") {
  std::mt19937_64 random(test::test_seed("schema"));
  for (int i = 0; i < 20'000; ++i) {
    const core::RecordView a = random_run(random);
    const core::RecordView b = random_run(random);
    const auto journey = [](const core::RecordView& run) {
      return std::tuple(run.organization_id, run.journey_id, run.status, run.triggered_at,
                        run.run_id);
    };
    REQUIRE(order(journey_key(a), journey_key(b)) == order(journey(a), journey(b)));
    const auto profile = [](const core::RecordView& run) {
      return std::tuple(run.created_sequence >> kProfileBucketShift, run.organization_id,
                        run.profile_id, run.triggered_at, run.run_id);
    };
    REQUIRE(order(profile_key(a), profile_key(b)) == order(profile(a), profile(b)));
    const auto status = [](const core::RecordView& run) {
      return std::tuple(run.organization_id, run.status, run.triggered_at, run.run_id);
    };
    REQUIRE(order(status_key(a), status_key(b)) == order(status(a), status(b)));
    const auto completed = [](const core::RecordView& run) {
      return std::tuple(run.organization_id, run.completed_at, run.run_id);
    };
    REQUIRE(order(completed_key(a), completed_key(b)) == order(completed(a), completed(b)));
  }
}

TEST_CASE("keys of running runs sort by epoch, then by id", "[store][schema]") {
  std::mt19937_64 random(test::test_seed("schema running"));
  const std::array<std::uint64_t, 6> epochs{0, 1, 255, 256, 1ull << 40, ~0ull};
  for (int i = 0; i < 5'000; ++i) {
    core::RecordView a = random_run(random);
    core::RecordView b = random_run(random);
    a.epoch = epochs[random() % epochs.size()];
    b.epoch = epochs[random() % epochs.size()];
    const auto place = [](const core::RecordView& run) { return std::pair(run.epoch, run.run_id); };
    REQUIRE(order(running_key(a), running_key(b)) == order(place(a), place(b)));
  }
}

TEST_CASE("a run stands in the indexes of its status and in no others", "[store][schema]") {
  for (const RunStatus status : core::kAllStatuses) {
    core::RecordView run;
    run.status = status;
    if (core::is_final(status)) run.completed_at = run.triggered_at;
    CHECK(is_in(Table::by_journey, run));
    CHECK(is_in(Table::by_profile, run));
    CHECK(is_in(Table::by_status, run));
    CHECK(is_in(Table::by_completed, run) == core::is_final(status));
    CHECK(is_in(Table::running, run) == (status == RunStatus::running));
    CHECK(index_key(Table::by_journey, run) == journey_key(run));
    CHECK(index_key(Table::by_profile, run) == profile_key(run));
    CHECK(index_key(Table::by_status, run) == status_key(run));
  }
}

TEST_CASE("the longest key of an index fits, and every key says where it ends", "[store][schema]") {
  core::RecordView run;
  CHECK(profile_key(run).bytes().size() == 4 + 1 + 16 + 8 + 16);
  CHECK(journey_key(run).bytes().size() == 1 + 16 + 1 + 8 + 16);
  CHECK(status_key(run).bytes().size() == 1 + 1 + 8 + 16);
  run.organization_id = id(1);
  CHECK(profile_key(run).bytes().size() == 4 + 17 + 16 + 8 + 16);
  CHECK(profile_key(run).bytes().size() <= Key::kSizeMax);
  CHECK(journey_key(run).bytes().size() == 17 + 16 + 1 + 8 + 16);
  CHECK(status_key(run).bytes().size() == 17 + 1 + 8 + 16);
}

TEST_CASE("idempotency keys of two organizations never meet", "[store][schema]") {
  const std::string longest(kIdempotencyKeySizeMax, 'k');
  // A nil organization's key that spells out another organization's prefix.
  std::string spelled(1, '\1');
  spelled.append(reinterpret_cast<const char*>(id(1).data), 16);
  const std::vector<std::string> keys{"",      "a",           "ab",   std::string("\0", 1),
                                      spelled, spelled + "a", longest};
  std::set<std::string> rows;
  for (const Uuid& organization : {Uuid{}, id(1), id(2)}) {
    for (const std::string& key : keys) {
      const KeyRow row(organization, key);
      CHECK(row.bytes().size() == (organization.is_nil() ? 1 : 17) + key.size());
      rows.emplace(reinterpret_cast<const char*>(row.bytes().data()), row.bytes().size());
    }
  }
  CHECK(rows.size() == 3 * keys.size());
}

TEST_CASE("no organization's keys run into another's", "[store][schema]") {
  Uuid lowest{};
  lowest.data[15] = 1;
  const Key nil = Key().organization({});
  const Key low = Key().organization(lowest);
  CHECK(nil < low);
  CHECK(nil.bytes().size() == 1);
  CHECK(low.bytes().size() == 17);
  CHECK(nil.bytes()[0] != low.bytes()[0]);
}

TEST_CASE("counters of all scopes have keys of their own", "[store][schema]") {
  std::vector<Key> keys;
  for (const RunStatus status : core::kAllStatuses) {
    keys.push_back(counter_key(CounterScope::everything, {}, {}, status));
    for (const Uuid& organization : {Uuid{}, id(1), id(2)}) {
      keys.push_back(counter_key(CounterScope::organization, organization, {}, status));
      for (const Uuid& journey : {Uuid{}, id(1), id(2)}) {
        keys.push_back(counter_key(CounterScope::journey, organization, journey, status));
      }
    }
  }
  std::sort(keys.begin(), keys.end());
  CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
  CHECK(keys.size() == 5 * (1 + 3 + 9));
}

}  // namespace
}  // namespace milepost::store
