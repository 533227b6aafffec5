// SPDX-License-Identifier: Apache-2.0
//
// Questions about many runs, from C.
#include "capi/reads.hpp"

#include <string>

namespace milepost::capi {
namespace {

constexpr std::uint32_t kAllStatuses = 0b11111;

/// StatusSet is made of a list; the same status may stand in it more than once.
StatusSet to_statuses(Input& in, std::uint32_t bits) {
  if (bits > kAllStatuses) {
    in.refuse(invalid("statuses " + std::to_string(bits), "There is no such status.",
                      "Set one bit for each status, 1 << MILEPOST_RUN_..."));
  }
  const auto has = [&](RunStatus status) {
    return (bits >> static_cast<unsigned>(status) & 1u) != 0;
  };
  std::optional<RunStatus> one;
  for (const RunStatus status : {RunStatus::queued, RunStatus::running, RunStatus::completed,
                                 RunStatus::failed, RunStatus::exited}) {
    if (has(status)) one = status;
  }
  if (!one) return StatusSet(std::initializer_list<RunStatus>{});
  const auto pick = [&](RunStatus status) { return has(status) ? status : *one; };
  return {pick(RunStatus::queued), pick(RunStatus::running), pick(RunStatus::completed),
          pick(RunStatus::failed), pick(RunStatus::exited)};
}

}  // namespace

milepost_filter filter_defaults() noexcept {
  milepost_filter made{};
  made.statuses = kAllStatuses;
  return made;
}

milepost_page_options page_defaults() noexcept {
  milepost_page_options made{};
  made.limit = ListOptions{}.limit;
  made.timeout_ms = MILEPOST_TIMEOUT_DEFAULT;
  return made;
}

RunFilter to_filter(Input& in, const milepost_filter* from) {
  const milepost_filter given = in.sized_or_null(from, filter_defaults(), "filter");
  RunFilter made;
  made.organization_id = to_uuid(given.organization_id);
  if (in.flag(given.has_journey_id, "has_journey_id")) made.journey_id = to_uuid(given.journey_id);
  if (in.flag(given.has_profile_id, "has_profile_id")) made.profile_id = to_uuid(given.profile_id);
  if (in.flag(given.has_triggered_from, "has_triggered_from")) {
    made.triggered_from = to_instant(given.triggered_from);
  }
  if (in.flag(given.has_triggered_to, "has_triggered_to")) {
    made.triggered_to = to_instant(given.triggered_to);
  }
  made.statuses = to_statuses(in, given.statuses);
  in.reserved(given.reserved, "filter.reserved");
  return made;
}

ListOptions to_list_options(Input& in, const milepost_filter* filter,
                            const milepost_page_options* page) {
  const milepost_page_options given = in.sized_or_null(page, page_defaults(), "page");
  ListOptions made;
  made.filter = to_filter(in, filter);
  made.order = in.enumerator(given.order, Order::oldest_first, "order");
  made.limit = static_cast<std::size_t>(given.limit);
  made.cursor = in.text(given.cursor, "cursor");
  made.freshness = in.enumerator(given.freshness, Freshness::published, "freshness");
  made.deadline = in.deadline(given.timeout_ms);
  in.reserved(given.reserved, "page.reserved");
  return made;
}

std::vector<Uuid> to_uuids(Input& in, const milepost_id* run_ids, std::size_t count) {
  if (count > MILEPOST_GET_MANY_MAX) {
    in.refuse(invalid(std::to_string(count) + " ids", "More ids than one get_many takes.",
                      "Ask for at most " + std::to_string(MILEPOST_GET_MANY_MAX) + " at a time."));
  }
  if (count != 0) in.not_null(run_ids, "run_ids");
  std::vector<Uuid> ids;
  if (!in.ok()) return ids;
  ids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) ids.push_back(to_uuid(run_ids[i]));
  return ids;
}

}  // namespace milepost::capi
