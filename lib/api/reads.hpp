// SPDX-License-Identifier: Apache-2.0
//
// Answers out of one view of the store, the same for a Snapshot and for the calls of Tracker that
// take one of their own. Arguments are checked here; limits, cursors and organizations are known
// here and nowhere below.
#pragma once

#include <optional>
#include <string>

#include "core/cursor_text.hpp"
#include "store/view.hpp"

#include "milepost/changes.hpp"
#include "milepost/list.hpp"
#include "milepost/result.hpp"

namespace milepost::api {

/// `invalid_argument` unless 1 <= limit <= most.
[[nodiscard]] Result<void> check_limit(std::size_t limit, std::size_t most);
/// `invalid_argument` for more ids than one get_many takes.
[[nodiscard]] Result<void> check_many(std::size_t ids);
[[nodiscard]] Result<void> check_changes(const ChangesOptions& options, const Uuid& store_id);

/// The one place where organizations are kept apart: the same work for a run that is another's and
/// for one that is the caller's.
[[nodiscard]] inline bool belongs_to(const core::RecordView& record,
                                     const Uuid& organization_id) noexcept {
  return record.organization_id == organization_id;
}

[[nodiscard]] Error no_such_run(const Uuid& run_id);

/// A list's options, checked, its cursor read.
struct ListRequest {
  core::CursorScope scope;
  store::ListQuery query;
};
[[nodiscard]] Result<ListRequest> to_request(const ListOptions& options, const Uuid& store_id);

[[nodiscard]] Result<Page> list(const store::View& view, const ListRequest& request);
[[nodiscard]] Result<JsonPage> list_json(const store::View& view, const ListRequest& request);
[[nodiscard]] Result<ChangesPage> changes(const store::View& view, const Uuid& store_id,
                                          const ChangesOptions& options);

/// An effect of the feed as hosts see it.
[[nodiscard]] Result<Change> to_change(std::uint64_t sequence, std::span<const std::byte> effect);

}  // namespace milepost::api
