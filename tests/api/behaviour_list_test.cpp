// SPDX-License-Identifier: Apache-2.0
//
// Lists and counts, on any store: every filter in both orders against a look at every run, pages
// with changes in between, limits, cursors that are none, JSON, exact counts.
#include <map>
#include <set>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/lists.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

using test::bring;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::kOrders;
using test::listed;
using test::MemoryBed;
using test::ok;
using test::request;
using test::walk;
using test::World;

TEMPLATE_TEST_CASE("every filter in both orders yields what a look at every run finds",
                   "[api][list]", MemoryBed, DirectoryBed) {
  std::mt19937_64 random(test::test_seed("list filters"));
  TestType bed;
  const World world;
  const std::vector<Run> all = test::populate(bed.tracker(), world, 300, random);
  std::size_t yielded = 0;
  for (int i = 0; i < 300; ++i) {
    const RunFilter filter = world.any_filter(random);
    for (const Order order : kOrders) {
      const std::array<std::size_t, 4> limits{1, 3, 50, kListLimitMax};
      const std::size_t limit = limits[random() % limits.size()];
      const auto runs = walk(bed.tracker(), {.filter = filter, .order = order, .limit = limit});
      REQUIRE(runs == listed(all, filter, order));
      yielded += runs.size();
    }
    if (i == 150) bed.reopen();
  }
  CHECK(yielded > 300);
}

TEMPLATE_TEST_CASE("the lower bound of triggered_at is in and the upper one is not", "[api][list]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  const Instant start = test::at("2023-11-07T05:31:56Z");
  const auto micros = [&](std::int64_t n) { return start + std::chrono::microseconds(n); };
  for (std::int64_t n = 0; n < 5; ++n) {
    CreateCommand create = request(id(static_cast<std::uint64_t>(n)));
    create.triggered_at = micros(n);
    bed.tracker().create(create).value().require_applied();
  }
  for (std::int64_t from = -1; from <= 5; ++from) {
    for (std::int64_t to = -1; to <= 6; ++to) {
      for (const Order order : kOrders) {
        const ListOptions options{
            .filter = {.triggered_from = micros(from), .triggered_to = micros(to)},
            .order = order,
            .limit = 2};
        const auto expected = std::max<std::int64_t>(
            0, std::min<std::int64_t>(to, 5) - std::max<std::int64_t>(from, 0));
        REQUIRE(walk(bed.tracker(), options).size() == static_cast<std::size_t>(expected));
      }
    }
  }
}

TEMPLATE_TEST_CASE("a page takes 1 to 1,000 runs and not one more", "[api][list][limits]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  std::vector<Command> commands;
  for (std::uint64_t i = 0; i <= kListLimitMax; ++i) commands.emplace_back(request(id(i)));
  REQUIRE(ok(bed.tracker().apply(commands)));
  for (const std::size_t limit : {std::size_t{0}, kListLimitMax + 1, SIZE_MAX}) {
    auto refused = bed.tracker().list({.limit = limit});
    REQUIRE(code_of(refused) == Errc::invalid_argument);
    CHECK(refused.error().advice.find("1000") != std::string::npos);
    CHECK(code_of(bed.tracker().list_json({.limit = limit})) == Errc::invalid_argument);
  }
  auto page = bed.tracker().list({.limit = kListLimitMax}).value();
  CHECK(page.runs.size() == kListLimitMax);
  REQUIRE_FALSE(page.next.empty());
  page = bed.tracker().list({.limit = 1, .cursor = page.next}).value();
  CHECK(page.runs.size() == 1);
  CHECK(page.next.empty());
  page = bed.tracker().list({.limit = 1}).value();
  CHECK(page.runs.size() == 1);
  CHECK_FALSE(page.next.empty());
}

TEMPLATE_TEST_CASE("the last page says so, also when it is full", "[api][list]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  for (std::uint64_t i = 0; i < 6; ++i) bring(bed.tracker(), id(i), RunStatus::failed);
  for (const RunFilter& filter :
       {RunFilter{}, RunFilter{.journey_id = test::kJourney},
        RunFilter{.profile_id = test::kProfile},
        RunFilter{.profile_id = test::kProfile, .statuses = RunStatus::failed}}) {
    for (const Order order : kOrders) {
      for (std::size_t limit = 1; limit <= 7; ++limit) {
        const Page page =
            bed.tracker().list({.filter = filter, .order = order, .limit = limit}).value();
        REQUIRE(page.runs.size() == std::min<std::size_t>(limit, 6));
        REQUIRE(page.next.empty() == (limit >= 6));
      }
    }
  }
}

TEMPLATE_TEST_CASE("a filter that names no status is refused", "[api][list]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  const ListOptions options{.filter = {.statuses = static_cast<RunStatus>(7)}};
  REQUIRE(code_of(bed.tracker().list(options)) == Errc::invalid_argument);
  CHECK(code_of(bed.tracker().list_json(options)) == Errc::invalid_argument);
  CHECK(code_of(bed.tracker().snapshot().value().list(options)) == Errc::invalid_argument);
}

TEMPLATE_TEST_CASE("an empty store lists nothing", "[api][list]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (const RunFilter& filter : {RunFilter{}, RunFilter{.journey_id = id(1)},
                                  RunFilter{.profile_id = id(1), .statuses = RunStatus::failed}}) {
    for (const Order order : kOrders) {
      const Page page = bed.tracker().list({.filter = filter, .order = order}).value();
      CHECK(page.runs.empty());
      CHECK(page.next.empty());
    }
  }
  CHECK(bed.tracker().list_json().value().json == "[]");
  CHECK(bed.tracker().counts().value() == Counts{});
}

/// Walks a list while runs come, go and move between any two pages.
template <typename Bed>
class ChangingList {
 public:
  ChangingList(Bed& bed, std::uint64_t seed) : bed_(bed), random_(seed) {
    for (const Run& run : test::populate(bed_.tracker(), world_, 80, random_)) keep(run);
  }

  void walk_once(const RunFilter& filter, Order order) {
    const std::map<Uuid, Run> before = runs_;
    std::set<Uuid> changed;
    std::vector<Run> seen;
    const std::size_t limit = 1 + random_() % 6;
    std::string cursor;
    do {
      const Page page =
          bed_.tracker()
              .list({.filter = filter, .order = order, .limit = limit, .cursor = cursor})
              .value();
      check_page(page, filter, order, seen, limit);
      seen.insert(seen.end(), page.runs.begin(), page.runs.end());
      cursor = page.next;
      for (auto some = random_() % 4; some > 0; --some) change(changed);
    } while (!cursor.empty());
    check_walk(before, changed, filter, seen);
  }

 private:
  void keep(const Run& run) { runs_[run.run_id] = run; }

  std::vector<Run> all() const {
    std::vector<Run> all;
    for (const auto& [run_id, run] : runs_) all.push_back(run);
    return all;
  }

  /// A page is what matches now behind the last run that was shown.
  void check_page(const Page& page, const RunFilter& filter, Order order,
                  const std::vector<Run>& seen, std::size_t limit) {
    std::vector<Run> expected = listed(all(), filter, order);
    if (!seen.empty()) {
      std::erase_if(expected,
                    [&](const Run& run) { return !test::comes_first(order, seen.back(), run); });
    }
    // Where runs must be looked at, there may be more rows and no run among them.
    const bool may_go_on = filter.profile_id.has_value();
    if (page.next.empty() || !may_go_on) REQUIRE(page.next.empty() == (expected.size() <= limit));
    expected.resize(std::min(expected.size(), limit));
    REQUIRE(page.runs == expected);
  }

  /// No run came twice; whatever fitted all along was seen.
  void check_walk(const std::map<Uuid, Run>& before, const std::set<Uuid>& changed,
                  const RunFilter& filter, const std::vector<Run>& seen) {
    std::set<Uuid> ids;
    for (const Run& run : seen) REQUIRE(ids.insert(run.run_id).second);
    for (const auto& [run_id, run] : before) {
      if (!changed.contains(run_id) && test::matches(filter, run)) REQUIRE(ids.contains(run_id));
    }
  }

  void change(std::set<Uuid>& changed) {
    Run run;
    if (!runs_.empty()) {
      const auto step = static_cast<std::ptrdiff_t>(random_() % runs_.size());
      run = std::next(runs_.begin(), step)->second;
    }
    Outcome outcome;
    if (runs_.empty() || random_() % 3 == 0) {
      const ImportCommand import = world_.any_run(id(++fresh_, 0x77), random_);
      outcome = bed_.tracker().apply(std::array<Command, 1>{import}).value().front();
    } else if (run.status == RunStatus::queued) {
      outcome = bed_.tracker().start(run.run_id, {.organization_id = run.organization_id}).value();
    } else if (run.status == RunStatus::running) {
      outcome =
          bed_.tracker().fail(run.run_id, "x", {.organization_id = run.organization_id}).value();
    } else {
      const Instant bound = *run.completed_at + std::chrono::microseconds(1);
      const PurgeOptions purge{
          .completed_before = bound, .organization_id = run.organization_id, .limit = 1};
      REQUIRE(ok(bed_.tracker().purge(purge)));
      for (auto gone = runs_.begin(); gone != runs_.end(); ++gone) {
        if (bed_.tracker().get(gone->first, {gone->second.organization_id}).value()) continue;
        changed.insert(gone->first);
        runs_.erase(gone);
        return;
      }
      return;
    }
    outcome.require_applied();
    changed.insert(outcome.run.run_id);
    keep(outcome.run);
  }

  Bed& bed_;
  std::mt19937_64 random_;
  const World world_;
  std::map<Uuid, Run> runs_;
  std::uint64_t fresh_ = 0;
};

TEMPLATE_TEST_CASE("a walk over changing runs shows none twice and skips none", "[api][list]",
                   MemoryBed, DirectoryBed) {
  const std::uint64_t seed = test::test_seed("changing list");
  std::mt19937_64 random(seed);
  TestType bed;
  ChangingList<TestType> list(bed, seed);
  const World world;
  for (int i = 0; i < 200; ++i) {
    for (const Order order : kOrders) {
      RunFilter filter = world.any_filter(random);
      if (i % 2 == 0) filter.triggered_from = filter.triggered_to = std::nullopt;
      list.walk_once(filter, order);
    }
  }
}

TEMPLATE_TEST_CASE("what is no cursor of this list is refused and changes nothing",
                   "[api][list][cursor]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (std::uint64_t i = 0; i < 5; ++i) bring(bed.tracker(), id(i), RunStatus::running);
  bed.reopen();  // so that they are orphans
  const ListOptions options{.filter = {.journey_id = test::kJourney}, .limit = 2};
  const std::string cursor = bed.tracker().list(options).value().next;
  REQUIRE_FALSE(cursor.empty());
  const auto refusal = [&](ListOptions asked, std::string_view text) {
    asked.cursor = text;
    const Errc code = code_of(bed.tracker().list(asked));
    CHECK(code_of(bed.tracker().list_json(asked)) == code);
    CHECK(code_of(bed.tracker().snapshot().value().list(asked)) == code);
    return code;
  };
  std::vector<ListOptions> others(8, options);
  others[0].order = Order::oldest_first;
  others[1].filter.journey_id = std::nullopt;
  others[2].filter.journey_id = id(1);
  others[3].filter.profile_id = test::kProfile;
  others[4].filter.statuses = RunStatus::running;
  others[5].filter.organization_id = id(1);
  others[6].filter.triggered_from = Instant::min();
  others[7].filter.triggered_to = Instant::max();
  for (const ListOptions& other : others) {
    CHECK(refusal(other, cursor) == Errc::invalid_argument);
  }
  std::string upper = cursor;
  for (char& digit : upper) digit = static_cast<char>(std::toupper(digit));
  std::string changed = cursor;
  changed[80] = changed[80] == '0' ? '1' : '0';
  const std::string orphans = bed.tracker().orphans({.limit = 2}).value().next;
  REQUIRE_FALSE(orphans.empty());
  for (const std::string& text :
       {upper, changed, orphans, cursor + "0", cursor.substr(1), std::string("next"),
        std::string(148, '0'), std::string(1u << 20, '\xff')}) {
    CHECK(refusal(options, text) == Errc::invalid_argument);
  }
  TestType another;
  another.tracker().create(request(id(1))).value().require_applied();
  another.tracker().create(request(id(2))).value().require_applied();
  ListOptions first = options;
  first.limit = 1;
  CHECK(refusal(options, another.tracker().list(first).value().next) == Errc::other_store);
  // The cursor is as good as it was, with another limit too.
  ListOptions rest = options;
  rest.cursor = cursor;
  rest.limit = 100;
  CHECK(bed.tracker().list(rest).value().runs.size() == 3);
  CHECK(bed.tracker().counts().value().running == 5);
}

TEMPLATE_TEST_CASE("a cursor goes on after reopening, read-only and in a snapshot",
                   "[api][list][cursor]", MemoryBed, DirectoryBed) {
  TestType bed;
  for (std::uint64_t i = 0; i < 9; ++i) bring(bed.tracker(), id(i), RunStatus::queued);
  const std::vector<Run> all = walk(bed.tracker(), {});
  ListOptions options{.limit = 3};
  std::vector<Run> runs = bed.tracker().list(options).value().runs;
  std::string cursor = bed.tracker().list(options).value().next;
  bed.reopen();
  options.cursor = cursor;
  Page page = bed.tracker().snapshot().value().list(options).value();
  runs.insert(runs.end(), page.runs.begin(), page.runs.end());
  bed.reopen(true);
  options.cursor = page.next;
  page = bed.tracker().list(options).value();
  runs.insert(runs.end(), page.runs.begin(), page.runs.end());
  CHECK(page.next.empty());
  CHECK(runs == all);
}

TEMPLATE_TEST_CASE("list_json is an array of what get_json says", "[api][list][json]", MemoryBed,
                   DirectoryBed) {
  std::mt19937_64 random(test::test_seed("list_json"));
  TestType bed;
  const World world;
  (void)test::populate(bed.tracker(), world, 100, random);
  const std::string text(kErrorTextSizeMax, '\x01');  // six bytes each in JSON
  for (std::uint64_t i = 0; i < 20; ++i) {
    bring(bed.tracker(), id(i, 0x11), RunStatus::failed, {.error = text});
  }
  for (int i = 0; i < 60; ++i) {
    const RunFilter filter = i == 0 ? RunFilter{} : world.any_filter(random);
    ListOptions options{
        .filter = filter, .order = kOrders[random() % 2], .limit = 1 + random() % 40};
    std::string cursor;
    do {
      options.cursor = cursor;
      const Page page = bed.tracker().list(options).value();
      const JsonPage json = bed.tracker().list_json(options).value();
      std::string expected = "[";
      for (const Run& run : page.runs) {
        if (expected.size() > 1) expected += ',';
        expected += bed.tracker().get_json(run.run_id, {run.organization_id}).value();
      }
      REQUIRE(json.json == expected + "]");
      REQUIRE(json.count == page.runs.size());
      REQUIRE(json.next == page.next);
      cursor = page.next;
    } while (!cursor.empty());
  }
}

}  // namespace
}  // namespace milepost
