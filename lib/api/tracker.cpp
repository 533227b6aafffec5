// SPDX-License-Identifier: Apache-2.0
//
// The calls of Tracker: arguments are checked and cleaned here, before anything else happens; what
// they mean is the store's.
#include "milepost/tracker.hpp"

#include <array>
#include <string>
#include <utility>

#include "api/reads.hpp"
#include "api/tracker_impl.hpp"
#include "core/decide.hpp"
#include "core/run_json.hpp"
#include "core/text.hpp"
#include "core/uuid_v7.hpp"
#include "store/open.hpp"

namespace milepost {
namespace {

Error buffer_too_small(std::size_t size) {
  return Error{.code = Errc::invalid_argument,
               .subject = std::to_string(size) + " bytes",
               .message = "The buffer is too small for this run's JSON.",
               .advice = "Give kRunJsonSizeMax bytes."};
}

}  // namespace

Result<Tracker> Tracker::open(const OpenOptions& options) {
  auto opened = store::open_store(options);
  if (!opened) return opened.error();
  return Impl::make(std::move(*opened), options);
}

Tracker::Tracker(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Tracker::Tracker(Tracker&&) noexcept = default;
Tracker& Tracker::operator=(Tracker&&) noexcept = default;
Tracker::~Tracker() = default;

Result<Outcome> Tracker::create(const CreateCommand& command, const CallOptions& options) {
  if (!impl_) return closed_error();
  return impl_->apply_one(command, options.deadline);
}

Result<Outcome> Tracker::start(const Uuid& run_id, const StartOptions& options) {
  if (!impl_) return closed_error();
  return impl_->apply_one(StartCommand{.run_id = run_id,
                                       .owner = options.owner,
                                       .organization_id = options.organization_id,
                                       .lease = options.lease},
                          options.deadline);
}

Result<Outcome> Tracker::complete(const Uuid& run_id, const FinishOptions& options) {
  if (!impl_) return closed_error();
  return impl_->apply_one(CompleteCommand{.run_id = run_id,
                                          .owner = options.owner,
                                          .fencing_token = options.fencing_token,
                                          .organization_id = options.organization_id},
                          options.deadline);
}

Result<Outcome> Tracker::fail(const Uuid& run_id, std::string_view error,
                              const FinishOptions& options) {
  if (!impl_) return closed_error();
  return impl_->apply_one(FailCommand{.run_id = run_id,
                                      .error = error,
                                      .owner = options.owner,
                                      .fencing_token = options.fencing_token,
                                      .organization_id = options.organization_id,
                                      .only_if_expired = options.only_if_expired},
                          options.deadline);
}

Result<Outcome> Tracker::exit(const Uuid& run_id, const FinishOptions& options) {
  if (!impl_) return closed_error();
  return impl_->apply_one(ExitCommand{.run_id = run_id,
                                      .owner = options.owner,
                                      .fencing_token = options.fencing_token,
                                      .organization_id = options.organization_id},
                          options.deadline);
}

Result<Outcome> Tracker::adopt(const Uuid& run_id, const AdoptOptions& options) {
  if (!impl_) return closed_error();
  return impl_->apply_one(AdoptCommand{.run_id = run_id,
                                       .owner = options.owner,
                                       .fencing_token = options.fencing_token,
                                       .lease = options.lease,
                                       .organization_id = options.organization_id,
                                       .only_if_expired = options.only_if_expired},
                          options.deadline);
}

Result<Outcome> Tracker::heartbeat(const Uuid& run_id, std::chrono::milliseconds lease,
                                   const HeartbeatOptions& options) {
  if (!impl_) return closed_error();
  return impl_->apply_one(HeartbeatCommand{.run_id = run_id,
                                           .lease = lease,
                                           .owner = options.owner,
                                           .fencing_token = options.fencing_token,
                                           .organization_id = options.organization_id},
                          options.deadline);
}

Result<std::vector<Outcome>> Tracker::apply(std::span<const Command> commands,
                                            const CallOptions& options) {
  if (!impl_) return closed_error();
  return impl_->apply(commands, options.deadline);
}

Result<std::optional<Run>> Tracker::get(const Uuid& run_id, const GetOptions& options) const {
  if (!impl_) return closed_error();
  std::optional<Run> run;
  auto found = impl_->store().find(run_id, [&](const core::RecordView& record) {
    if (api::belongs_to(record, options.organization_id)) run = core::to_run(record);
  });
  if (!found) return found.error();
  return run;
}

Result<std::size_t> Tracker::get_json(const Uuid& run_id, std::span<char> out,
                                      const GetOptions& options) const {
  if (!impl_) return closed_error();
  std::size_t size = 0;
  bool visible = false;
  auto found = impl_->store().find(run_id, [&](const core::RecordView& record) {
    visible = api::belongs_to(record, options.organization_id);
    if (visible) size = core::render_run_json(record, out);
  });
  if (!found) return found.error();
  if (!visible) return api::no_such_run(run_id);
  if (size == 0) return buffer_too_small(out.size());
  return size;
}

Result<std::string> Tracker::get_json(const Uuid& run_id, const GetOptions& options) const {
  // Rendered on the stack first, so that the string is allocated once, at its size, and no lock
  // is held meanwhile.
  std::array<char, kRunJsonSizeMax> buffer;  // NOLINT: written before it is read
  auto size = get_json(run_id, std::span<char>(buffer), options);
  if (!size) return size.error();
  return std::string(buffer.data(), *size);
}

Result<std::vector<std::optional<Run>>> Tracker::get_many(std::span<const Uuid> run_ids,
                                                          const GetOptions& options) const {
  if (!impl_) return closed_error();
  if (auto ok = api::check_many(run_ids.size()); !ok) return ok.error();
  std::vector<std::optional<Run>> runs(run_ids.size());
  auto found =
      impl_->store().find_many(run_ids, [&](std::size_t index, const core::RecordView& record) {
        if (api::belongs_to(record, options.organization_id)) runs[index] = core::to_run(record);
      });
  if (!found) return found.error();
  return runs;
}

Result<void> Tracker::flush(const CallOptions& options) {
  if (!impl_) return closed_error();
  return impl_->store().publish(impl_->deadline_or_default(options.deadline));
}

Result<std::uint64_t> Tracker::unpublished() const {
  if (!impl_) return closed_error();
  return impl_->store().unpublished();
}

Result<void> Tracker::close() {
  if (!impl_) return closed_error();
  return impl_->store().close();
}

}  // namespace milepost
