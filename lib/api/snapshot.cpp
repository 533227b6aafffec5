// SPDX-License-Identifier: Apache-2.0
//
// The calls of Snapshot.
#include "milepost/snapshot.hpp"

#include <array>

#include "api/reads.hpp"
#include "api/snapshot_impl.hpp"
#include "core/run_json.hpp"

namespace milepost {
namespace {

Error snapshot_moved() {
  return Error{.code = Errc::closed,
               .message = "The snapshot was moved from.",
               .advice = "Use the one it was moved to."};
}

}  // namespace

Snapshot::Snapshot(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Snapshot::Snapshot(Snapshot&&) noexcept = default;
Snapshot& Snapshot::operator=(Snapshot&&) noexcept = default;
Snapshot::~Snapshot() = default;

std::uint64_t Snapshot::sequence() const noexcept { return impl_ ? impl_->view().sequence() : 0; }

Result<std::optional<Run>> Snapshot::get(const Uuid& run_id, const GetOptions& options) const {
  if (!impl_) return snapshot_moved();
  std::optional<Run> run;
  auto found = impl_->view().find(run_id, [&](const core::RecordView& record) {
    if (api::belongs_to(record, options.organization_id)) run = core::to_run(record);
  });
  if (!found) return found.error();
  return run;
}

Result<std::string> Snapshot::get_json(const Uuid& run_id, const GetOptions& options) const {
  if (!impl_) return snapshot_moved();
  std::array<char, kRunJsonSizeMax> buffer;  // NOLINT: written before it is read
  std::size_t size = 0;
  auto found = impl_->view().find(run_id, [&](const core::RecordView& record) {
    if (api::belongs_to(record, options.organization_id)) {
      size = core::render_run_json(record, buffer);
    }
  });
  if (!found) return found.error();
  if (size == 0) return api::no_such_run(run_id);
  return std::string(buffer.data(), size);
}

Result<std::vector<std::optional<Run>>> Snapshot::get_many(std::span<const Uuid> run_ids,
                                                           const GetOptions& options) const {
  if (!impl_) return snapshot_moved();
  if (auto ok = api::check_many(run_ids.size()); !ok) return ok.error();
  std::vector<std::optional<Run>> runs(run_ids.size());
  auto found = impl_->view().find_many(run_ids, [&](std::size_t i, const core::RecordView& record) {
    if (api::belongs_to(record, options.organization_id)) runs[i] = core::to_run(record);
  });
  if (!found) return found.error();
  return runs;
}

Result<Page> Snapshot::list(const ListOptions& options) const {
  if (!impl_) return snapshot_moved();
  auto request = api::to_request(options, impl_->store_id());
  if (!request) return request.error();
  return api::list(impl_->view(), *request);
}

Result<JsonPage> Snapshot::list_json(const ListOptions& options) const {
  if (!impl_) return snapshot_moved();
  auto request = api::to_request(options, impl_->store_id());
  if (!request) return request.error();
  return api::list_json(impl_->view(), *request);
}

Result<Counts> Snapshot::counts(const CountOptions& options) const {
  if (!impl_) return snapshot_moved();
  return impl_->view().counts(options.organization_id, options.journey_id);
}

Result<ChangesPage> Snapshot::changes(const ChangesOptions& options) const {
  if (!impl_) return snapshot_moved();
  return api::changes(impl_->view(), impl_->store_id(), options);
}

}  // namespace milepost
