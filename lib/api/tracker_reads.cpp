// SPDX-License-Identifier: Apache-2.0
//
// The calls of Tracker that ask about many runs, follow the feed, wait, or look after them.
#include "api/reads.hpp"
#include "api/snapshot_impl.hpp"
#include "api/subscription_impl.hpp"
#include "api/tracker_impl.hpp"

#include "milepost/tracker.hpp"

namespace milepost {

Result<Snapshot> Tracker::snapshot(const SnapshotOptions& options) const {
  if (!impl_) return closed_error();
  auto view = impl_->view(options.freshness, options.deadline);
  if (!view) return view.error();
  if (auto held = (*view)->hand_out(); !held) return held.error();
  return Snapshot(std::make_unique<Snapshot::Impl>(std::move(*view), impl_->store().id()));
}

Result<Page> Tracker::list(const ListOptions& options) const {
  if (!impl_) return closed_error();
  auto request = api::to_request(options, impl_->store().id());
  if (!request) return request.error();
  auto view = impl_->view(options.freshness, options.deadline);
  if (!view) return view.error();
  return api::list(**view, *request);
}

Result<JsonPage> Tracker::list_json(const ListOptions& options) const {
  if (!impl_) return closed_error();
  auto request = api::to_request(options, impl_->store().id());
  if (!request) return request.error();
  auto view = impl_->view(options.freshness, options.deadline);
  if (!view) return view.error();
  return api::list_json(**view, *request);
}

Result<Counts> Tracker::counts(const CountOptions& options) const {
  if (!impl_) return closed_error();
  auto view = impl_->view(options.freshness, options.deadline);
  if (!view) return view.error();
  return (*view)->counts(options.organization_id, options.journey_id);
}

Result<ChangesPage> Tracker::changes(const ChangesOptions& options) const {
  if (!impl_) return closed_error();
  const Uuid store_id = impl_->store().id();
  if (auto checked = api::check_changes(options, store_id); !checked) return checked.error();
  auto view = impl_->view(options.freshness, options.deadline);
  if (!view) return view.error();
  return api::changes(**view, store_id, options);
}

Result<Subscription> Tracker::subscribe(const SubscribeOptions& options) const {
  if (!impl_) return closed_error();
  const store::Store& store = impl_->store();
  const ChangesOptions position{
      .after = options.after.value_or(0), .limit = 1, .store_id = options.store_id};
  if (auto checked = api::check_changes(position, store.id()); !checked) return checked.error();
  // A position may come from an answer that is not published yet.
  auto view = impl_->view(options.after ? Freshness::latest : Freshness::published, std::nullopt);
  if (!view) return view.error();
  if (options.after) {
    // A position that can never be served is refused now, not on the first wait.
    if (auto page = api::changes(**view, store.id(), position); !page) return page.error();
  }
  const std::uint64_t from = options.after.value_or((*view)->sequence());
  return Subscription(std::make_unique<Subscription::Impl>(store, from));
}

Result<Run> Tracker::wait(const Uuid& run_id, const WaitOptions& options) const {
  if (!impl_) return closed_error();
  std::optional<Run> run;
  auto found = impl_->store().wait_final(
      run_id, options.organization_id, impl_->deadline_or_default(options.deadline),
      [&](const core::RecordView& record) { run = core::to_run(record); });
  if (!found) return found.error();
  if (!run) return api::no_such_run(run_id);
  return std::move(*run);
}

Result<Page> Tracker::orphans(const OrphansOptions& options) const {
  if (!impl_) return closed_error();
  return impl_->orphans(options);
}

Result<std::vector<Run>> Tracker::expired(const ExpiredOptions& options) const {
  if (!impl_) return closed_error();
  return impl_->expired(options);
}

Result<PurgeReport> Tracker::purge(const PurgeOptions& options) {
  if (!impl_) return closed_error();
  return impl_->purge(options);
}

Result<ErasureReceipt> Tracker::erase_profile(const EraseProfileOptions& options) {
  if (!impl_) return closed_error();
  return impl_->erase_profile(options);
}

Result<BulkReport> Tracker::bulk(const BulkOptions& options) {
  if (!impl_) return closed_error();
  return impl_->bulk(options);
}

Result<VerifyReport> Tracker::verify(const VerifyOptions& options) const {
  if (!impl_) return closed_error();
  if (auto published = impl_->publish(options.deadline); !published) return published.error();
  return impl_->store().verify(options);
}

Result<BackupReport> Tracker::backup(const std::string& to, const BackupOptions& options) const {
  if (!impl_) return closed_error();
  if (auto published = impl_->publish(options.deadline); !published) return published.error();
  return impl_->store().backup(to, options);
}

Result<FailOrphansReport> Tracker::fail_orphans(const FailOrphansOptions& options) {
  if (!impl_) return closed_error();
  return impl_->fail_orphans(options);
}

Result<TransferProgress> Tracker::export_runs(const ExportSink& sink,
                                              const ExportOptions& options) const {
  if (!impl_) return closed_error();
  return impl_->export_runs(sink, options);
}

Result<ImportReport> Tracker::import_runs(const ImportSource& source,
                                          const ImportOptions& options) {
  if (!impl_) return closed_error();
  return impl_->import_runs(source, options);
}

Result<Stats> Tracker::stats() const {
  if (!impl_) return closed_error();
  return impl_->store().stats();
}

Result<Uuid> Tracker::store_id() const {
  if (!impl_) return closed_error();
  return impl_->store().id();
}

}  // namespace milepost
