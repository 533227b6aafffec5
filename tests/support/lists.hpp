// SPDX-License-Identifier: Apache-2.0
//
// What tests of lists share: what a list must yield, found by looking at every run; walks over all
// pages; random filters over a small world in which much is equal.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/steps.hpp"

#include "milepost/milepost.hpp"

namespace milepost::test {

[[nodiscard]] inline bool matches(const RunFilter& filter, const Run& run) {
  return run.organization_id == filter.organization_id &&
         (!filter.journey_id || run.journey_id == *filter.journey_id) &&
         (!filter.profile_id || run.profile_id == *filter.profile_id) &&
         filter.statuses.contains(run.status) &&
         (!filter.triggered_from || run.triggered_at >= *filter.triggered_from) &&
         (!filter.triggered_to || run.triggered_at < *filter.triggered_to);
}

/// Whether `a` comes before `b` in the order.
[[nodiscard]] inline bool comes_first(Order order, const Run& a, const Run& b) {
  const auto place = [](const Run& run) { return std::pair(run.triggered_at, run.run_id); };
  return order == Order::oldest_first ? place(a) < place(b) : place(b) < place(a);
}

/// The runs that a list must yield, all pages together.
[[nodiscard]] inline std::vector<Run> listed(const std::vector<Run>& all, const RunFilter& filter,
                                             Order order) {
  std::vector<Run> runs;
  for (const Run& run : all) {
    if (matches(filter, run)) runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end(),
            [order](const Run& a, const Run& b) { return comes_first(order, a, b); });
  return runs;
}

/// All pages of a Tracker's or Snapshot's list, one after the other.
template <typename Lists>
[[nodiscard]] std::vector<Run> walk(const Lists& lists, ListOptions options) {
  std::vector<Run> runs;
  std::string cursor;
  do {
    options.cursor = cursor;
    auto page = lists.list(options);
    REQUIRE(ok(page));
    REQUIRE(page->runs.size() <= options.limit);
    runs.insert(runs.end(), page->runs.begin(), page->runs.end());
    cursor = page->next;
  } while (!cursor.empty());
  return runs;
}

[[nodiscard]] inline Uuid greatest_id() {
  return parse_uuid("ffffffff-ffff-ffff-ffff-ffffffffffff").value();
}

/// The values of a small world: the extremes and their neighbours are among them.
struct World {
  std::vector<Uuid> organizations{Uuid{}, id(0, 0), id(1, 0xaa), greatest_id()};
  std::vector<Uuid> journeys{Uuid{}, kJourney, greatest_id()};
  std::vector<Uuid> profiles{Uuid{}, kProfile, greatest_id()};
  std::vector<Instant> instants{at("1400-01-01T00:00:00Z"), at("1969-12-31T23:59:59.999999Z"),
                                at("1970-01-01T00:00:00Z"), at("2023-11-07T05:31:56Z"),
                                at("9999-12-31T23:59:59.999999Z")};

  template <typename T>
  static const T& one_of(const std::vector<T>& values, std::mt19937_64& random) {
    return values[random() % values.size()];
  }

  /// A run as another system tracked it, in any status.
  [[nodiscard]] ImportCommand any_run(const Uuid& run_id, std::mt19937_64& random) const {
    ImportCommand run;
    run.run_id = run_id;
    run.organization_id = one_of(organizations, random);
    run.journey_id = one_of(journeys, random);
    run.profile_id = one_of(profiles, random);
    run.status = one_of(std::vector(kStatuses.begin(), kStatuses.end()), random);
    run.triggered_at = one_of(instants, random);
    const bool ended = run.status != RunStatus::queued && run.status != RunStatus::running;
    if (ended) run.completed_at = run.triggered_at;
    if (run.status == RunStatus::failed) run.error = "mailbox full";
    return run;
  }

  /// A filter that matches some of them, or none.
  [[nodiscard]] RunFilter any_filter(std::mt19937_64& random) const {
    RunFilter filter;
    filter.organization_id = random() % 8 == 0 ? id(9, 9) : one_of(organizations, random);
    if (random() % 2 == 0) filter.journey_id = one_of(journeys, random);
    if (random() % 2 == 0) filter.profile_id = one_of(profiles, random);
    filter.statuses = any_statuses(random);
    if (random() % 2 == 0) filter.triggered_from = any_bound(random);
    if (random() % 2 == 0) filter.triggered_to = any_bound(random);
    return filter;
  }

  [[nodiscard]] static StatusSet any_statuses(std::mt19937_64& random) {
    const auto any = [&] { return kStatuses[random() % kStatuses.size()]; };
    switch (random() % 4) {
      case 0:
        return {};
      case 1:
        return any();
      case 2:
        return {any(), any()};
      default:
        return {any(), any(), any(), any()};
    }
  }

  [[nodiscard]] std::optional<Instant> any_bound(std::mt19937_64& random) const {
    const Instant instant = one_of(instants, random);
    switch (random() % 8) {
      case 0:
        return Instant::min();
      case 1:
        return Instant::max();
      case 2:
        return instant + std::chrono::microseconds(1);
      case 3:
        return instant - std::chrono::microseconds(1);
      default:
        return instant;
    }
  }
};

/// `count` runs of the world, the nil and the greatest id among them, made by imports.
[[nodiscard]] inline std::vector<Run> populate(Tracker& tracker, const World& world,
                                               std::uint64_t count, std::mt19937_64& random) {
  std::vector<Command> commands;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Uuid run_id = i == 0 ? Uuid{} : i == 1 ? greatest_id() : id(i, i % 2 == 0 ? 0 : 0xf0);
    commands.emplace_back(world.any_run(run_id, random));
  }
  std::vector<Run> runs;
  const auto outcomes = tracker.apply(commands).value();
  for (const Outcome& outcome : outcomes) {
    REQUIRE(outcome.kind == OutcomeKind::created);
    runs.push_back(outcome.run);
  }
  return runs;
}

inline constexpr std::array kOrders{Order::newest_first, Order::oldest_first};

}  // namespace milepost::test
