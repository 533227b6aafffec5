// SPDX-License-Identifier: Apache-2.0
//
// The order here is the promise: decide, append, sync, publish, hand over, answer.
#include "store/committer.hpp"

#include <new>
#include <optional>

namespace milepost::store {
namespace {

Error memory_error() { return Error{.code = Errc::out_of_memory, .retry_safe = true}; }

Error lost_track_error() {
  return Error{
      .code = Errc::needs_reopen,
      .message = "Memory ran out while effects were being published.",
      .advice = "Close the tracker and open the store again: what was journaled is there."};
}

}  // namespace

void Committer::commit(CommitBatch& batch) noexcept {
  group_.clear();
  group_bytes_.clear();
  in_group_.clear();
  bool written = false;
  try {
    decide_all(batch);
    batch.set_decided();
    if (group_.empty()) return;
    written = true;
    if (auto result = write_group(); !result) batch.error = result.error();
  } catch (const std::bad_alloc&) {
    batch.error = memory_error();
    // The journal may hold effects that nobody here knows of: only recovery can tell.
    if (written) {
      batch.error->applied = Applied::unknown;
      lost_track_ = true;
    }
  }
}

void Committer::decide_all(CommitBatch& batch) {
  batch.answers.reserve(batch.command_count());
  core::DecideContext context{.now = parts_.clock(), .epoch = parts_.epoch};
  for (const CommitRequest* request : batch.requests()) {
    const std::size_t effects_before = group_.size();
    const std::size_t answers_before = batch.answers.size();
    auto decided = decide_request(*request, context, batch.answers);
    if (decided) continue;
    // Damage met by one caller is that caller's alone: take back what it did, go on.
    forget_group_from(effects_before);
    batch.answers.resize(answers_before);
    batch.answers.resize(answers_before + request->commands.size());
    if (!request->commands.empty()) {
      batch.answers[answers_before].error = std::make_shared<const Error>(decided.error());
    }
  }
}

Result<void> Committer::decide_request(const CommitRequest& request, core::DecideContext& context,
                                       std::vector<Answer>& answers) {
  const std::uint64_t first = parts_.journal.next_sequence();
  for (const ResolvedCommand& resolved : request.commands) {
    context.sequence = first + group_.size();
    context.fresh_id = resolved.run_id;
    auto answer = decide_one(resolved, context);
    if (!answer) return answer.error();
    answers.push_back(std::move(*answer));
  }
  return {};
}

void Committer::forget_group_from(std::size_t size) {
  group_.resize(size);
  in_group_.clear();
  for (std::size_t i = 0; i < group_.size(); ++i) in_group_[group_[i].view().run_id] = i;
}

Result<Answer> Committer::decide_one(const ResolvedCommand& resolved,
                                     const core::DecideContext& context) {
  auto found = current(resolved.run_id);
  if (!found) return found.error();
  std::optional<core::RecordView> record;
  if (*found) {
    const core::EffectView effect = found->view();
    auto decoded = core::decode_record(effect.run_id, effect.record);
    if (!decoded) return decoded.error();
    record = *decoded;
  }
  const core::Decision decision =
      core::decide(*resolved.command, record ? &*record : nullptr, context);
  Answer answer{.kind = decision.outcome, .record = {}};
  if (decision.next) {
    answer.record = EffectPtr::make(*decision.next);
    in_group_[resolved.run_id] = group_.size();
    group_.push_back(answer.record);
  } else if (decision.current_visible) {
    answer.record = std::move(*found);
  }
  return answer;
}

/// The newest state of a run: this batch's, the recent map's, LMDB's.
Result<EffectPtr> Committer::current(const Uuid& run_id) {
  if (const auto mine = in_group_.find(run_id); mine != in_group_.end()) {
    return group_[mine->second];
  }
  // A fresh id is greater than every one before it, so nothing has to be looked up.
  if (parts_.greatest_run_id < run_id) return EffectPtr();
  if (EffectPtr recent = parts_.recent.find(run_id)) return recent;
  return parts_.read_stored(run_id);
}

Result<void> Committer::write_group() {
  if (lost_track_) return lost_track_error();
  for (const EffectPtr& effect : group_) group_bytes_.push_back(effect.bytes());
  if (auto appended = parts_.journal.append(group_bytes_); !appended) return appended.error();
  if (auto durable = parts_.make_durable(); !durable) return durable.error();
  for (const auto& [run_id, index] : in_group_) {
    if (parts_.greatest_run_id < run_id) parts_.greatest_run_id = run_id;
  }
  parts_.recent.publish(group_);
  parts_.hand_over(group_);
  return {};
}

}  // namespace milepost::store
