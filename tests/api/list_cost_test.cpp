// SPDX-License-Identifier: Apache-2.0
//
// What a page costs, in moves of LMDB's cursors and lookups, which this program counts: the same in
// a store a hundred times as large. No time is measured.
#include <atomic>
#include <lmdb.h>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace {

std::atomic<std::uint64_t> g_moves{0};
std::atomic<std::uint64_t> g_lookups{0};

}  // namespace

// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier): the linker's names
extern "C" int __real_mdb_cursor_get(MDB_cursor*, MDB_val*, MDB_val*, MDB_cursor_op);
extern "C" int __real_mdb_get(MDB_txn*, MDB_dbi, MDB_val*, MDB_val*);

extern "C" int __wrap_mdb_cursor_get(MDB_cursor* cursor, MDB_val* key, MDB_val* value,
                                     MDB_cursor_op operation) {
  ++g_moves;
  return __real_mdb_cursor_get(cursor, key, value, operation);
}

extern "C" int __wrap_mdb_get(MDB_txn* txn, MDB_dbi table, MDB_val* key, MDB_val* value) {
  ++g_lookups;
  return __real_mdb_get(txn, table, key, value);
}
// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)

namespace milepost {
namespace {

using test::id;
using test::ok;

constexpr std::size_t kPage = 100;
constexpr std::uint64_t kJourneys = 3;
constexpr std::uint64_t kProfiles = 30;

struct Cost {
  std::uint64_t moves = 0;
  std::uint64_t lookups = 0;
  friend bool operator==(const Cost&, const Cost&) = default;
};

/// A store of `count` runs: a third of each journey, a third of each failed.
class FilledStore {
 public:
  explicit FilledStore(std::uint64_t count) {
    OpenOptions options;
    options.directory = folder_ / "store";
    options.durability = Durability::relaxed;
    options.recent_bytes_max = 0;
    options.publish_interval = std::chrono::hours(1);
    tracker_.emplace(Tracker::open(options).value());
    std::vector<Command> commands;
    for (std::uint64_t i = 0; i < count; ++i) {
      commands.emplace_back(run_of(i));
      if (commands.size() < kBatchCommandsMax && i + 1 < count) continue;
      REQUIRE(ok(tracker_->apply(commands)));
      commands.clear();
    }
    REQUIRE(ok(tracker_->flush()));
    REQUIRE(tracker_->counts().value().total() == count);
  }

  /// What a call costs once everything is published.
  template <typename Call>
  Cost cost_of(Call&& call) {
    const Cost before{g_moves, g_lookups};
    call(*tracker_);
    return {g_moves - before.moves, g_lookups - before.lookups};
  }

  /// Of one page, and of the page behind it.
  Cost cost_of_pages(ListOptions options, std::size_t runs) {
    return cost_of([&](const Tracker& tracker) {
      const Page first = tracker.list(options).value();
      REQUIRE(first.runs.size() == runs);
      REQUIRE_FALSE(first.next.empty());
      options.cursor = first.next;
      REQUIRE(tracker.list(options).value().runs.size() == runs);
    });
  }

 private:
  static ImportCommand run_of(std::uint64_t i) {
    static const Instant start = test::at("2023-11-07T05:31:56Z");
    ImportCommand run{.run_id = id(i * 0x9e3779b97f4a7c15u >> 8),
                      .journey_id = id(i % kJourneys, 1),
                      .profile_id = id(i % kProfiles, 2),
                      .status = RunStatus::queued,
                      .triggered_at = start + std::chrono::milliseconds(i)};
    if (i / kJourneys % 3 == 0) {
      run.status = RunStatus::failed;
      run.completed_at = run.triggered_at;
      run.error = "mailbox full";
    }
    return run;
  }

  test::TempDirectory folder_{1u << 30};
  std::optional<Tracker> tracker_;
};

TEST_CASE("a page costs the same in a store of 3,000 runs and in one of 300,000",
          "[api][list][slow]") {
  FilledStore small(3'000);
  FilledStore large(300'000);
  const Instant late = test::at("2023-11-07T05:31:57Z");
  struct Row {
    const char* what;
    RunFilter filter;
    std::uint64_t moves_max;  ///< Of two pages.
  };
  // A row read and a row too many for each of the filter's statuses, and the way to the first.
  const Row rows[] = {
      {"failed runs of a journey",
       {.journey_id = id(1, 1), .statuses = RunStatus::failed},
       2 * (kPage + 3)},
      {"a journey", {.journey_id = id(1, 1)}, 2 * (5 * kPage + 20)},
      {"failed runs", {.statuses = RunStatus::failed}, 2 * (kPage + 3)},
      {"everything", {}, 2 * (5 * kPage + 20)},
      {"failed runs of a time",
       {.statuses = RunStatus::failed, .triggered_from = late},
       2 * (kPage + 3)},
  };
  for (const Row& row : rows) {
    for (const Order order : {Order::newest_first, Order::oldest_first}) {
      CAPTURE(row.what, static_cast<int>(order));
      const ListOptions options{.filter = row.filter, .order = order, .limit = kPage};
      const Cost in_small = small.cost_of_pages(options, kPage);
      const Cost in_large = large.cost_of_pages(options, kPage);
      CHECK(in_small.moves >= 2 * kPage);  // they are counted
      CHECK(in_small.moves <= row.moves_max);
      CHECK(in_large.moves == in_small.moves);
      CHECK(in_large.lookups == in_small.lookups);
      CHECK(in_large.lookups <= 2 * (kPage + 3));
    }
  }
}

TEST_CASE("a page of a profile costs a few moves more for each further bucket",
          "[api][list][slow]") {
  FilledStore small(2 * kPage * kProfiles + kProfiles);
  FilledStore large((2ull << 18) + 1'000);  // a bucket holds 2^18 creations
  constexpr std::uint64_t kFurtherBuckets = 2;
  for (const Order order : {Order::newest_first, Order::oldest_first}) {
    CAPTURE(static_cast<int>(order));
    const ListOptions options{.filter = {.profile_id = id(1, 2)}, .order = order, .limit = kPage};
    const Cost in_small = small.cost_of_pages(options, kPage);
    const Cost in_large = large.cost_of_pages(options, kPage);
    CHECK(in_small.moves <= 2 * (kPage + 5));
    // The last bucket is nearly empty, so that the newest page is merged from two.
    CHECK(in_large.moves <= in_small.moves + 2 * 5 * kFurtherBuckets + kPage);
    CHECK(in_large.lookups == in_small.lookups);
  }
}

TEST_CASE("counts are looked up, never counted", "[api][counts][slow]") {
  FilledStore small(300);
  FilledStore large(30'000);
  for (const CountOptions& options : {CountOptions{}, CountOptions{.organization_id = Uuid{}},
                                      CountOptions{.journey_id = id(1, 1)}}) {
    const auto count = [&](const Tracker& tracker) {
      REQUIRE(tracker.counts(options).value().total() > 0);
    };
    const Cost cost = large.cost_of(count);
    CHECK(cost == small.cost_of(count));
    CHECK(cost.moves == 0);
    CHECK(cost.lookups <= 12);
  }
}

}  // namespace
}  // namespace milepost
