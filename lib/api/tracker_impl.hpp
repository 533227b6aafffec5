// SPDX-License-Identifier: Apache-2.0
//
// The inside of a Tracker: a store and what the calls need beside it. Tests make one over a store
// of their own.
#pragma once

#include <atomic>
#include <memory>

#include "core/cursor_text.hpp"
#include "core/decide.hpp"
#include "store/store.hpp"

#include "milepost/tracker.hpp"

namespace milepost {

/// What every call says to a tracker that has no inside any more.
[[nodiscard]] inline Error closed_error() {
  return Error{.code = Errc::closed,
               .message = "The tracker is closed or was moved from.",
               .advice = "Open the store again."};
}

class Tracker::Impl {
 public:
  Impl(std::unique_ptr<store::Store> store, const OpenOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] static Tracker make(std::unique_ptr<store::Store> store,
                                    const OpenOptions& options) {
    return Tracker(std::make_unique<Impl>(std::move(store), options));
  }

  [[nodiscard]] Result<Outcome> apply_one(const Command& command,
                                          const std::optional<Deadline>& deadline);
  [[nodiscard]] Result<std::vector<Outcome>> apply(std::span<const Command> commands,
                                                   const std::optional<Deadline>& deadline);

  [[nodiscard]] Result<std::unique_ptr<store::View>> view(
      Freshness freshness, const std::optional<Deadline>& deadline) const {
    return store_->view(freshness, deadline_or_default(deadline));
  }

  /// Everything acknowledged before can be seen in the data file. A reader takes what is there.
  [[nodiscard]] Result<void> publish(const std::optional<Deadline>& deadline) const {
    if (store_->epoch() == 0) return {};
    return store_->publish(deadline_or_default(deadline));
  }

  // upkeep.cpp, bulk.cpp
  [[nodiscard]] Result<Page> orphans(const OrphansOptions& options) const;
  [[nodiscard]] Result<std::vector<Run>> expired(const ExpiredOptions& options) const;
  [[nodiscard]] Result<PurgeReport> purge(const PurgeOptions& options);
  [[nodiscard]] Result<ErasureReceipt> erase_profile(const EraseProfileOptions& options);
  [[nodiscard]] Result<BulkReport> bulk(const BulkOptions& options);
  [[nodiscard]] Result<FailOrphansReport> fail_orphans(const FailOrphansOptions& options);

  // export.cpp, import.cpp
  [[nodiscard]] Result<TransferProgress> export_runs(const ExportSink& sink,
                                                     const ExportOptions& options) const;
  [[nodiscard]] Result<ImportReport> import_runs(const ImportSource& source,
                                                 const ImportOptions& options);

  [[nodiscard]] store::Store& store() noexcept { return *store_; }
  [[nodiscard]] const store::Store& store() const noexcept { return *store_; }
  [[nodiscard]] Deadline deadline_or_default(const std::optional<Deadline>& deadline) const;

 private:
  [[nodiscard]] Result<std::uint64_t> apply_all(std::span<const store::ResolvedCommand> commands,
                                                Deadline deadline);
  [[nodiscard]] Result<std::uint64_t> remove_all(std::span<const core::Removal> removals,
                                                 Deadline deadline);
  [[nodiscard]] Result<std::unique_ptr<store::View>> view_to_remove(Deadline deadline) const;
  [[nodiscard]] Result<std::uint64_t> erase_runs_of(const EraseProfileOptions& options,
                                                    std::uint64_t made_before, Freshness freshness,
                                                    Deadline deadline);
  [[nodiscard]] Result<std::uint64_t> count_changes_of(const core::ForgetView& whom,
                                                       Deadline deadline) const;
  [[nodiscard]] Result<void> erase_and_forget(const EraseProfileOptions& options,
                                              Freshness freshness, Deadline deadline,
                                              ErasureReceipt& receipt);
  [[nodiscard]] Result<std::optional<core::CursorPlace>> pick_for_bulk(
      const BulkOptions& options, const RunFilter& filter, std::string_view error,
      const std::optional<core::CursorPlace>& place, Deadline deadline,
      std::vector<Command>& commands, BulkReport& report) const;

  std::unique_ptr<store::Store> store_;
  std::chrono::milliseconds wait_max_;
  std::function<Instant()> clock_;
};

[[nodiscard]] Error read_only_error();

}  // namespace milepost
