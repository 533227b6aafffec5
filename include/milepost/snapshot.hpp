// SPDX-License-Identifier: Apache-2.0
//
// Snapshot: one moment of the store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "milepost/changes.hpp"
#include "milepost/export.hpp"
#include "milepost/list.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost {

struct SnapshotOptions {
  Freshness freshness = Freshness::latest;
  std::optional<Deadline> deadline{};
};

/// One moment of the store, from which all answers agree. It keeps the pages of its moment from
/// being reused and the map from growing, so end it soon; after `OpenOptions::snapshot_age_max`
/// every call is `snapshot_expired`. At most kSnapshotsMax of a tracker are alive at once
/// (`readers_full`). Move-only; its tracker must outlive it. Calls as on Tracker.
///
/// One thread at a time.
class MILEPOST_EXPORT Snapshot {
 public:
  class Impl;
  explicit Snapshot(std::unique_ptr<Impl> impl) noexcept;
  Snapshot(Snapshot&&) noexcept;
  Snapshot& operator=(Snapshot&&) noexcept;
  ~Snapshot();

  /// The last sequence this moment holds.
  [[nodiscard]] std::uint64_t sequence() const noexcept;

  [[nodiscard]] Result<std::optional<Run>> get(const Uuid& run_id,
                                               const GetOptions& options = {}) const;
  [[nodiscard]] Result<std::string> get_json(const Uuid& run_id,
                                             const GetOptions& options = {}) const;
  [[nodiscard]] Result<std::vector<std::optional<Run>>> get_many(
      std::span<const Uuid> run_ids, const GetOptions& options = {}) const;
  [[nodiscard]] Result<Page> list(const ListOptions& options = {}) const;
  [[nodiscard]] Result<JsonPage> list_json(const ListOptions& options = {}) const;
  [[nodiscard]] Result<Counts> counts(const CountOptions& options = {}) const;
  [[nodiscard]] Result<ChangesPage> changes(const ChangesOptions& options = {}) const;

 private:
  std::unique_ptr<Impl> impl_;
};

static_assert(std::is_aggregate_v<SnapshotOptions>);

}  // namespace milepost
