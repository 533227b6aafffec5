// SPDX-License-Identifier: Apache-2.0
//
// The reads that a tracker and a snapshot have in common, written once: `from` is either.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "capi/input.hpp"
#include "capi/objects.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {

[[nodiscard]] milepost_filter filter_defaults() noexcept;
[[nodiscard]] milepost_page_options page_defaults() noexcept;

[[nodiscard]] RunFilter to_filter(Input& in, const milepost_filter* from);
/// Filter and page in one; either may be NULL.
[[nodiscard]] ListOptions to_list_options(Input& in, const milepost_filter* filter,
                                          const milepost_page_options* page);

/// One id of a question.
struct Whom {
  const milepost_id* run_id;
  const milepost_id* organization_id;
};

/// Where one run goes.
struct RunRoom {
  milepost_run* run;
  char* text;
  std::size_t capacity;

  void check(Input& in) const {
    in.out(run, "run");
    in.buffer(text, capacity, "text");
  }
  void fill(const Run* from) const noexcept {
    write_sized(run, from != nullptr ? to_run(*from, text, capacity) : no_run());
  }
};

template <typename From>
[[nodiscard]] Result<void> read_run(From& from, const Whom& whom, const RunRoom& room) {
  Input in;
  const Uuid id = in.id(whom.run_id, "run_id");
  room.check(in);
  if (!in.ok()) return in.problem();
  const auto run = from.get(id, {.organization_id = Input::id_or_nil(whom.organization_id)});
  if (!run) return run.error();
  room.fill(*run ? &**run : nullptr);
  return {};
}

/// Ids on their way in.
[[nodiscard]] std::vector<Uuid> to_uuids(Input& in, const milepost_id* run_ids, std::size_t count);

template <typename From>
[[nodiscard]] Result<void> read_many(From& from, const milepost_id* run_ids, std::size_t count,
                                     const milepost_id* organization_id, milepost_runs* out) {
  Input in;
  const std::vector<Uuid> ids = to_uuids(in, run_ids, count);
  if (!in.ok()) return in.problem();
  auto runs = from.get_many(ids, {.organization_id = Input::id_or_nil(organization_id)});
  if (!runs) return runs.error();
  hand_out(out, make_runs(std::move(*runs)));
  return {};
}

template <typename From>
[[nodiscard]] Result<void> read_list(From& from, const milepost_filter* filter,
                                     const milepost_page_options* page, milepost_runs* out) {
  Input in;
  const ListOptions options = to_list_options(in, filter, page);
  if (!in.ok()) return in.problem();
  auto found = from.list(options);
  if (!found) return found.error();
  hand_out(out, make_runs(std::move(found->runs), std::move(found->next)));
  return {};
}

template <typename From>
[[nodiscard]] Result<void> read_list_json(From& from, const milepost_filter* filter,
                                          const milepost_page_options* page,
                                          milepost_json_page* out) {
  Input in;
  const ListOptions options = to_list_options(in, filter, page);
  if (!in.ok()) return in.problem();
  auto found = from.list_json(options);
  if (!found) return found.error();
  auto object = std::make_unique<JsonPageObject>();
  object->page = std::move(*found);
  hand_out(out, std::move(object));
  return {};
}

/// What moment a question is about.
struct When {
  std::int32_t freshness = MILEPOST_LATEST;
  std::int64_t timeout_ms = MILEPOST_TIMEOUT_DEFAULT;
};

template <typename From>
[[nodiscard]] Result<void> read_counts(From& from, const milepost_id* organization_id,
                                       const milepost_id* journey_id, const When& when,
                                       milepost_counts* out) {
  Input in;
  in.out(out, "counts");
  const CountOptions options{
      .organization_id = Input::id_or_none(organization_id),
      .journey_id = Input::id_or_none(journey_id),
      .freshness = in.enumerator(when.freshness, Freshness::published, "freshness"),
      .deadline = in.deadline(when.timeout_ms)};
  if (!in.ok()) return in.problem();
  const auto counts = from.counts(options);
  if (!counts) return counts.error();
  write_counts(out, *counts);
  return {};
}

/// A place in the feed.
struct FeedPlace {
  std::uint64_t after;
  std::uint64_t limit;
  const milepost_id* store_id;
};

template <typename From>
[[nodiscard]] Result<void> read_changes(From& from, const FeedPlace& place, const When& when,
                                        milepost_changes* out) {
  Input in;
  const ChangesOptions options{
      .after = place.after,
      .limit = static_cast<std::size_t>(place.limit),
      .store_id = Input::id_or_none(place.store_id),
      .freshness = in.enumerator(when.freshness, Freshness::published, "freshness"),
      .deadline = in.deadline(when.timeout_ms)};
  if (!in.ok()) return in.problem();
  auto page = from.changes(options);
  if (!page) return page.error();
  hand_out(out, make_changes(std::move(*page)));
  return {};
}

}  // namespace milepost::capi
