// SPDX-License-Identifier: Apache-2.0
//
// milepost_runs, milepost_outcomes, milepost_changes, milepost_json_page: results, read out.
#include "capi/guard.hpp"
#include "capi/input.hpp"
#include "capi/objects.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

template <typename Handle>
std::size_t size_of(Handle handle) noexcept {
  const auto pin = table_of(handle).pin(handle.value);
  return pin ? pin->items.size() : 0;
}

template <typename Handle, typename Item, typename Write>
Result<void> get_item(Handle handle, std::size_t index, Item* out, const char* name,
                      const Write& write) {
  return use(handle, [&](const auto& object) -> Result<void> {
    if (auto ok = check_out(out, name); !ok) return ok;
    if (index >= object.items.size()) return no_such_index(index, object.items.size());
    write(out, object.items[index]);
    return {};
  });
}

template <typename Handle, typename Item>
Result<void> view_items(Handle handle, const Item** first, std::size_t* count,
                        std::size_t* stride) {
  return use(handle, [&](const auto& object) -> Result<void> {
    Input in;
    in.not_null(first, "first");
    in.not_null(count, "count");
    in.not_null(stride, "stride");
    if (!in.ok()) return in.problem();
    *first = object.items.data();
    *count = object.items.size();
    *stride = sizeof(Item);
    return {};
  });
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls

size_t milepost_runs_size(milepost_runs runs) noexcept { return size_of(runs); }

milepost_status milepost_runs_get(milepost_runs runs, size_t index, milepost_run* run,
                                  milepost_error* err) noexcept {
  return guard(err, [&] { return get_item(runs, index, run, "run", write_sized<milepost_run>); });
}

milepost_status milepost_runs_view(milepost_runs runs, const milepost_run** first, size_t* count,
                                   size_t* stride, milepost_error* err) noexcept {
  return guard(err, [&] { return view_items(runs, first, count, stride); });
}

milepost_status milepost_runs_next(milepost_runs runs, milepost_text* cursor,
                                   milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(runs, [&](const RunsObject& object) -> milepost::Result<void> {
      if (cursor == nullptr) return null_argument("cursor");
      *cursor = to_text(object.next);
      return {};
    });
  });
}

void milepost_runs_free(milepost_runs runs) noexcept { release(runs); }

size_t milepost_outcomes_size(milepost_outcomes outcomes) noexcept { return size_of(outcomes); }

milepost_status milepost_outcomes_get(milepost_outcomes outcomes, size_t index,
                                      milepost_outcome* outcome, milepost_error* err) noexcept {
  return guard(err, [&] { return get_item(outcomes, index, outcome, "outcome", write_outcome); });
}

milepost_status milepost_outcomes_view(milepost_outcomes outcomes, const milepost_outcome** first,
                                       size_t* count, size_t* stride,
                                       milepost_error* err) noexcept {
  return guard(err, [&] { return view_items(outcomes, first, count, stride); });
}

void milepost_outcomes_free(milepost_outcomes outcomes) noexcept { release(outcomes); }

size_t milepost_changes_size(milepost_changes changes) noexcept { return size_of(changes); }

milepost_status milepost_changes_get(milepost_changes changes, size_t index,
                                     milepost_change* change, milepost_error* err) noexcept {
  return guard(err, [&] { return get_item(changes, index, change, "change", write_change); });
}

milepost_status milepost_changes_view(milepost_changes changes, const milepost_change** first,
                                      size_t* count, size_t* stride, milepost_error* err) noexcept {
  return guard(err, [&] { return view_items(changes, first, count, stride); });
}

milepost_status milepost_changes_position(milepost_changes changes,
                                          milepost_feed_position* position,
                                          milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(changes, [&](const ChangesObject& object) -> milepost::Result<void> {
      if (auto ok = check_out(position, "position"); !ok) return ok;
      write_sized(position, object.position);
      return {};
    });
  });
}

void milepost_changes_free(milepost_changes changes) noexcept { release(changes); }

milepost_status milepost_json_page_get(milepost_json_page page, milepost_text* json, size_t* count,
                                       milepost_text* next, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(page, [&](const JsonPageObject& object) -> milepost::Result<void> {
      if (json == nullptr) return null_argument("json");
      *json = to_text(object.page.json);
      if (count != nullptr) *count = object.page.count;
      if (next != nullptr) *next = to_text(object.page.next);
      return {};
    });
  });
}

void milepost_json_page_free(milepost_json_page page) noexcept { release(page); }
