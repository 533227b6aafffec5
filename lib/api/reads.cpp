// SPDX-License-Identifier: Apache-2.0
//
// Pages of runs and of changes.
#include "api/reads.hpp"

#include <array>

#include "core/errors.hpp"
#include "core/record_codec.hpp"
#include "core/run_json.hpp"
#include "core/state.hpp"
#include "core/text.hpp"

namespace milepost::api {
namespace {

/// Visits one page; yields the next one's cursor.
Result<std::string> list_into(const store::View& view, const ListRequest& request,
                              store::RecordVisitor visit) {
  auto end = view.list(request.query, visit);
  if (!end) return end.error();
  if (!end->more || !end->last) return std::string();
  return core::write_cursor(request.scope,
                            {.instant = end->last->instant, .run_id = end->last->run_id});
}

/// What an after-image says has happened.
ChangeKind kind_of(const core::RecordView& after) noexcept {
  const bool first = after.created_sequence == after.sequence;
  switch (after.status) {
    case RunStatus::queued:
      return ChangeKind::created;
    case RunStatus::running:
      if (first) return ChangeKind::imported;
      return after.fencing_token == 1 ? ChangeKind::started : ChangeKind::adopted;
    case RunStatus::completed:
      return first ? ChangeKind::imported : ChangeKind::completed;
    case RunStatus::failed:
      return first ? ChangeKind::imported : ChangeKind::failed;
    case RunStatus::exited:
      break;
  }
  return first ? ChangeKind::imported : ChangeKind::exited;
}

}  // namespace

Error no_such_run(const Uuid& run_id) {
  return Error{.code = Errc::not_found,
               .subject = to_string(run_id),
               .message = "There is no such run.",
               .advice = "Check the id and the organization."};
}

Result<void> check_limit(std::size_t limit, std::size_t most) {
  if (limit >= 1 && limit <= most) return {};
  return core::invalid_argument("limit " + std::to_string(limit), "The limit is out of range.",
                                "Choose between 1 and " + std::to_string(most) + ".");
}

Result<void> check_many(std::size_t ids) {
  if (ids <= kGetManyMax) return {};
  return core::invalid_argument(std::to_string(ids) + " ids", "More ids than one get_many takes.",
                                "Ask for at most " + std::to_string(kGetManyMax) + " at a time.");
}

Result<ListRequest> to_request(const ListOptions& options, const Uuid& store_id) {
  if (auto ok = check_limit(options.limit, kListLimitMax); !ok) return ok.error();
  if (options.filter.statuses.is_empty()) {
    return core::invalid_argument("statuses {}", "The filter names no status, so nothing matches.",
                                  "Name one or more, or leave the member alone for all.");
  }
  ListRequest request{
      .scope = {core::CursorKind::list, store_id,
                core::digest_of(options.filter, static_cast<std::uint64_t>(options.order))},
      .query = {.filter = options.filter, .order = options.order, .limit = options.limit}};
  if (options.cursor.empty()) return request;
  auto place = core::read_cursor(request.scope, options.cursor);
  if (!place) return place.error();
  request.query.after = {place->instant, place->run_id};
  return request;
}

Result<void> check_changes(const ChangesOptions& options, const Uuid& store_id) {
  if (auto ok = check_limit(options.limit, kChangesLimitMax); !ok) return ok;
  if (!options.store_id || *options.store_id == store_id) return {};
  return Error{
      .code = Errc::other_store,
      .subject = "store " + to_string(*options.store_id),
      .message = "The position belongs to another store; this one is " + to_string(store_id) + ".",
      .advice = "Take a snapshot of this store and go on behind its sequence."};
}

Result<Page> list(const store::View& view, const ListRequest& request) {
  Page page;
  auto next = list_into(view, request, [&](const core::RecordView& record) {
    page.runs.push_back(core::to_run(record));
  });
  if (!next) return next.error();
  page.next = std::move(*next);
  return page;
}

Result<JsonPage> list_json(const store::View& view, const ListRequest& request) {
  JsonPage page;
  page.json = "[";
  std::array<char, kRunJsonSizeMax> buffer;  // NOLINT: written before it is read
  auto next = list_into(view, request, [&](const core::RecordView& record) {
    if (page.count > 0) page.json += ',';
    page.json.append(buffer.data(), core::render_run_json(record, buffer));
    ++page.count;
  });
  if (!next) return next.error();
  page.json += ']';
  page.next = std::move(*next);
  return page;
}

Result<Change> to_change(std::uint64_t sequence, std::span<const std::byte> effect) {
  Change change;
  change.sequence = sequence;
  const core::EffectView view = core::view_effect(effect);
  switch (view.kind) {
    case core::EffectKind::put: {
      auto record = core::decode_record(view.run_id, view.record);
      if (!record) return record.error();
      change.kind = kind_of(*record);
      change.run = core::to_run(*record);
      break;
    }
    case core::EffectKind::purge:
    case core::EffectKind::erase:
      change.kind = view.kind == core::EffectKind::purge ? ChangeKind::purged : ChangeKind::erased;
      change.run.run_id = view.run_id;
      break;
    case core::EffectKind::forget: {
      const core::ForgetView forget = core::view_forget(effect);
      change.kind = ChangeKind::profile_erased;
      change.run.profile_id = forget.profile_id;
      change.run.organization_id = forget.organization_id;
      break;
    }
    case core::EffectKind::blank:
      change.kind = ChangeKind::blanked;
      break;
  }
  return change;
}

Result<ChangesPage> changes(const store::View& view, const Uuid& store_id,
                            const ChangesOptions& options) {
  if (auto checked = check_changes(options, store_id); !checked) return checked.error();
  ChangesPage page;
  page.store_id = store_id;
  page.newest = view.sequence();
  page.next = options.after;
  if (options.after > page.newest) {
    return core::invalid_argument("position " + std::to_string(options.after),
                                  "The store has only reached " + std::to_string(page.newest) + ".",
                                  "Pass `next` of the page before, or a snapshot's sequence.");
  }
  std::optional<Error> failure;
  auto visited = view.changes(options.after, options.limit,
                              [&](std::uint64_t sequence, std::span<const std::byte> effect) {
                                auto change = to_change(sequence, effect);
                                if (!change) {
                                  if (!failure) failure = change.error();
                                  return;
                                }
                                page.changes.push_back(std::move(*change));
                                page.next = sequence;
                              });
  if (failure) return *failure;
  if (!visited) return visited.error();
  return page;
}

}  // namespace milepost::api
