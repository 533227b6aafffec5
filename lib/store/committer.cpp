// SPDX-License-Identifier: Apache-2.0
//
// The order here is the promise: decide, append, sync, publish, hand over, answer.
#include "store/committer.hpp"

#include <new>
#include <optional>
#include <string>

namespace milepost::store {
namespace {

Error memory_error() { return Error{.code = Errc::out_of_memory, .retry_safe = true}; }

}  // namespace

void Committer::commit(CommitBatch& batch) noexcept {
  try {
    if (auto paid = publish_owed(); !paid) {
      batch.error = paid.error();
      return;
    }
  } catch (const std::bad_alloc&) {
    batch.error = memory_error();
    return;
  }
  commit_group(batch);
}

/// Where memory ran out once a group was journaled, the next leader does what was left to do,
/// before anything is decided: what is journaled is never forgotten, and the order stays.
Result<void> Committer::publish_owed() {
  if (!owed_) return {};
  if (auto durable = parts_.make_durable(); !durable) return durable;
  publish_group();
  return {};
}

void Committer::commit_group(CommitBatch& batch) noexcept {
  group_.clear();
  group_bytes_.clear();
  in_group_.clear();
  keys_in_group_.clear();
  leases_in_group_.clear();
  lease_changes_.clear();
  try {
    decide_all(batch);
    batch.set_decided();
    if (group_.empty()) return settle_leases();
    if (auto result = write_group(); !result) batch.error = result.error();
  } catch (const std::bad_alloc&) {
    batch.error = memory_error();
    if (owed_ || parts_.journal.poisoned()) batch.error->applied = Applied::unknown;
  }
}

void Committer::decide_all(CommitBatch& batch) {
  batch.answers.reserve(batch.command_count());
  core::DecideContext context{.now = parts_.clock(), .epoch = parts_.epoch};
  for (const CommitRequest* request : batch.requests()) {
    const std::size_t effects_before = group_.size();
    const std::size_t answers_before = batch.answers.size();
    const std::size_t leases_before = lease_changes_.size();
    auto decided = decide_request(*request, context, batch.answers);
    if (decided) continue;
    // Damage met by one caller is that caller's alone: take back what it did, go on.
    forget_group_from(effects_before);
    take_back_leases(leases_before);
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
    auto answer = decide_one(resolved, context);
    if (!answer) return answer.error();
    answers.push_back(std::move(*answer));
  }
  return {};
}

Result<Answer> Committer::decide_one(const ResolvedCommand& resolved,
                                     const core::DecideContext& context) {
  if (resolved.removal != nullptr) return decide_removal(*resolved.removal, context.sequence);
  return decide_command(*resolved.command, resolved.run_id, context);
}

Result<Answer> Committer::decide_command(const Command& command, const Uuid& run_id,
                                         core::DecideContext context) {
  Result<EffectPtr> found = EffectPtr();
  if (const std::string_view key = core::idempotency_key(command); !key.empty()) {
    const auto& create = *std::get_if<CreateCommand>(&command);
    found = current_under_key(create.organization_id, key, context.now);
    if (!found) return found.error();
  }
  if (!*found) found = current(run_id);
  if (!found) return found.error();
  std::optional<core::RecordView> record;
  if (*found) {
    const core::EffectView effect = found->view();
    auto decoded = core::decode_record(effect.run_id, effect.record);
    if (!decoded) return decoded.error();
    record = *decoded;
  }
  context.fresh_id = run_id;
  context.lease_expired = record && lease_expired(run_id);
  const core::Decision decision = core::decide(command, record ? &*record : nullptr, context);
  note_lease(command, decision, run_id);
  Answer answer{.kind = decision.outcome, .record = {}, .error = {}};
  if (decision.next) {
    answer.record = EffectPtr::make(*decision.next);
    add_to_group(answer.record, &*decision.next);
  } else if (decision.current_visible) {
    answer.record = std::move(*found);
  }
  return answer;
}

Result<Answer> Committer::decide_removal(const core::Removal& removal, std::uint64_t sequence) {
  Answer answer;
  if (removal.kind == core::EffectKind::forget) {
    answer.kind = OutcomeKind::applied;
    answer.removal = sequence;
    add_to_group(EffectPtr::make_forget(
                     {removal.profile_id, removal.organization_id, removal.made_before}, sequence),
                 nullptr);
    return answer;
  }
  auto found = current(removal.run_id);
  if (!found) return found.error();
  std::optional<core::RecordView> record;
  if (*found) {
    auto decoded = core::decode_record(removal.run_id, found->view().record);
    if (!decoded) return decoded.error();
    record = *decoded;
  }
  answer.kind = core::decide(removal, record ? &*record : nullptr);
  if (answer.kind == OutcomeKind::applied) {
    answer.removal = sequence;
    add_to_group(EffectPtr::make_removal(removal.kind, removal.run_id, sequence), nullptr);
    if (has_leases()) set_lease(removal.run_id, std::nullopt);
  }
  if (answer.kind == OutcomeKind::illegal) answer.record = std::move(*found);
  return answer;
}

/// Makes the effect the newest state of its run, and of its key where it made the run.
void Committer::add_to_group(const EffectPtr& effect, const core::RecordView* record) {
  group_.push_back(effect);
  if (record == nullptr) {
    const core::EffectView view = effect.view();
    if (view.is_about_a_run()) in_group_[view.run_id] = group_.size() - 1;
    return;
  }
  in_group_[record->run_id] = group_.size() - 1;
  if (!record->idempotency_key.empty() && record->created_sequence == record->sequence) {
    keys_in_group_[full_key(record->organization_id, record->idempotency_key)] = record->run_id;
  }
}

void Committer::forget_group_from(std::size_t size) {
  std::vector<EffectPtr> kept(group_.begin(), group_.begin() + static_cast<std::ptrdiff_t>(size));
  group_.clear();
  in_group_.clear();
  keys_in_group_.clear();
  for (const EffectPtr& effect : kept) {
    const core::EffectView view = effect.view();
    const auto record = view.kind == core::EffectKind::put
                            ? core::decode_record(view.run_id, view.record)
                            : Result<core::RecordView>(Error{});
    add_to_group(effect, record ? &*record : nullptr);
  }
}

/// The newest state of a run: this batch's, the recent map's, LMDB's. Null if there is none.
Result<EffectPtr> Committer::current(const Uuid& run_id) {
  const auto unless_removed = [](const EffectPtr& effect) {
    return effect && effect.view().removes() ? EffectPtr() : effect;
  };
  if (const auto mine = in_group_.find(run_id); mine != in_group_.end()) {
    return unless_removed(group_[mine->second]);
  }
  // A fresh id is greater than every one before it, so nothing has to be looked up.
  if (parts_.greatest_run_id < run_id) return EffectPtr();
  if (EffectPtr recent = parts_.recent.find(run_id)) return unless_removed(recent);
  return parts_.read_stored(run_id);
}

/// The run that holds an idempotency key, unless it is gone or the key has outlived its time.
Result<EffectPtr> Committer::current_under_key(const Uuid& organization_id, std::string_view key,
                                               Instant now) {
  std::optional<Uuid> run_id;
  if (const auto mine = keys_in_group_.find(full_key(organization_id, key));
      mine != keys_in_group_.end()) {
    run_id = mine->second;
  }
  if (!run_id) run_id = parts_.keys.find(organization_id, key);
  if (!run_id) {
    auto stored = parts_.read_stored_key(organization_id, key);
    if (!stored) return stored.error();
    run_id = *stored;
  }
  if (!run_id) return EffectPtr();
  auto holder = current(*run_id);
  if (!holder || !*holder) return holder;
  auto record = core::decode_record(*run_id, holder->view().record);
  if (!record) return record.error();
  const bool holds = record->organization_id == organization_id && record->idempotency_key == key;
  const bool outlived = parts_.key_lifetime != std::chrono::seconds::zero() &&
                        now - record->keyed_at >= parts_.key_lifetime;
  return holds && !outlived ? holder : Result<EffectPtr>(EffectPtr());
}

bool Committer::lease_expired(const Uuid& run_id) const {
  if (parts_.leases.empty()) return false;
  // Whatever this batch did to the lease, a moment ago, has not run out.
  return !leases_in_group_.contains(run_id) && parts_.leases.expired(run_id);
}

bool Committer::has_leases() const noexcept {
  return !parts_.leases.empty() || !leases_in_group_.empty();
}

void Committer::note_lease(const Command& command, const core::Decision& decision,
                           const Uuid& run_id) {
  if (decision.outcome != OutcomeKind::applied) return;
  std::optional<Lease> lease;
  if (const auto* start = std::get_if<StartCommand>(&command)) lease = start->lease;
  if (const auto* adopt = std::get_if<AdoptCommand>(&command)) lease = adopt->lease;
  if (const auto* beat = std::get_if<HeartbeatCommand>(&command)) lease = beat->lease;
  if (lease || has_leases()) set_lease(run_id, lease);
}

void Committer::set_lease(const Uuid& run_id, const std::optional<Lease>& lease) {
  const auto [place, is_new] = leases_in_group_.try_emplace(run_id, lease);
  lease_changes_.push_back(
      {.run_id = run_id, .had_before = !is_new, .before = is_new ? std::nullopt : place->second});
  place->second = lease;
}

void Committer::take_back_leases(std::size_t size) {
  for (; lease_changes_.size() > size; lease_changes_.pop_back()) {
    const LeaseChange& change = lease_changes_.back();
    if (change.had_before) {
      leases_in_group_[change.run_id] = change.before;
    } else {
      leases_in_group_.erase(change.run_id);
    }
  }
}

void Committer::settle_leases() {
  if (leases_in_group_.empty()) return;
  for (const auto& [run_id, lease] : leases_in_group_) {
    if (lease) {
      parts_.leases.begin(run_id, *lease);
    } else {
      parts_.leases.end(run_id);
    }
  }
}

Result<void> Committer::write_group() {
  bool frees_space = true;
  for (const EffectPtr& effect : group_) {
    group_bytes_.push_back(effect.bytes());
    frees_space = frees_space && effect.view().kind != core::EffectKind::put;
  }
  auto appended = parts_.journal.append(group_bytes_, frees_space);
  if (!appended) return appended.error();
  owed_ = true;
  if (auto durable = parts_.make_durable(); !durable) {
    owed_ = false;  // The journal has stopped: only recovery can tell.
    return durable.error();
  }
  publish_group();
  return {};
}

/// Lets everybody see what was journaled. Where memory runs out it is simply begun anew.
void Committer::publish_group() {
  for (const auto& [run_id, index] : in_group_) {
    if (parts_.greatest_run_id < run_id) parts_.greatest_run_id = run_id;
  }
  for (const auto& [key, run_id] : keys_in_group_) parts_.keys.put(key, run_id);
  parts_.recent.publish(group_);
  settle_leases();
  parts_.hand_over(group_);
  owed_ = false;
}

}  // namespace milepost::store
