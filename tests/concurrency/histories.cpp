// SPDX-License-Identifier: Apache-2.0
//
// The search for an order: depth first over the calls that may come next, never twice from the
// same calls done and the same state. The rules of a run are written out once more, for one.
#include "histories.hpp"

#include <algorithm>
#include <set>

namespace milepost::test {
namespace {

using State = std::optional<Run>;

bool is_final(RunStatus status) {
  return status != RunStatus::queued && status != RunStatus::running;
}

RunStatus target(Verb verb) {
  return verb == Verb::complete ? RunStatus::completed
         : verb == Verb::fail   ? RunStatus::failed
                                : RunStatus::exited;
}

/// What a step must answer; `applied` where it moves the run.
OutcomeKind rule(const Call& call, const Run& run) {
  const bool holder = (call.owner.empty() || call.owner == run.owner) &&
                      (!call.token || *call.token == run.fencing_token);
  const bool same_owner = !call.owner.empty() && call.owner == run.owner;
  switch (call.verb) {
    case Verb::start:
      if (run.status == RunStatus::running) {
        return same_owner ? OutcomeKind::unchanged : OutcomeKind::conflict;
      }
      return is_final(run.status) ? OutcomeKind::illegal : OutcomeKind::applied;
    case Verb::adopt:
      if (run.status != RunStatus::running) return OutcomeKind::illegal;
      if (!call.token || *call.token == run.fencing_token) return OutcomeKind::applied;
      return same_owner && *call.token + 1 == run.fencing_token ? OutcomeKind::unchanged
                                                                : OutcomeKind::conflict;
    default:
      if (run.status == target(call.verb)) return OutcomeKind::unchanged;
      if (is_final(run.status)) return OutcomeKind::illegal;
      if (call.verb == Verb::complete && run.status == RunStatus::queued) {
        return OutcomeKind::illegal;
      }
      return holder ? OutcomeKind::applied : OutcomeKind::conflict;
  }
}

/// Whether `after` is `before` moved by the call, and nothing else about it has changed.
bool is_moved(const Call& call, Run before, const Run& after) {
  if (after.sequence <= before.sequence) return false;
  before.sequence = after.sequence;
  if (call.verb == Verb::start || call.verb == Verb::adopt) {
    before.status = RunStatus::running;
    before.owner = call.owner;
    ++before.fencing_token;
    if (call.verb == Verb::start) {
      if (!after.started_at || *after.started_at < before.triggered_at) return false;
      before.started_at = after.started_at;
    }
  } else {
    before.status = target(call.verb);
    if (!after.completed_at) return false;
    before.completed_at = after.completed_at;
    if (call.verb == Verb::fail) before.error = after.error.value_or("none was given");
  }
  return before == after;
}

bool is_made(const Run& run) {
  return run.status == RunStatus::queued && run.owner.empty() && run.fencing_token == 0 &&
         !run.started_at && !run.completed_at && !run.error && run.sequence > 0;
}

/// Whether the call may have had its answer in this state, which then becomes the next one.
bool may_take(const Call& call, State& state) {
  if (call.verb == Verb::get) return call.shown == state;
  if (call.verb == Verb::create && !state) {
    if (call.outcome != OutcomeKind::created || !call.shown || !is_made(*call.shown)) return false;
    state = call.shown;
    return true;
  }
  if (!state) return call.outcome == OutcomeKind::not_found && !call.shown;
  const OutcomeKind must = call.verb == Verb::create ? OutcomeKind::unchanged : rule(call, *state);
  if (call.outcome != must) return false;
  if (must != OutcomeKind::applied) return call.shown == state;
  if (!call.shown || !is_moved(call, *state, *call.shown)) return false;
  state = call.shown;
  return true;
}

class Search {
 public:
  explicit Search(const std::vector<Call>& calls) : calls_(calls) {}

  bool from(std::uint64_t done, const State& state) {
    const std::uint64_t all = calls_.size() == 64 ? ~0ull : (1ull << calls_.size()) - 1;
    if (done == all) return true;
    if (!seen_.emplace(done, state ? state->sequence : 0).second) return false;
    // Whatever begins after some call has ended comes after it.
    std::uint64_t first_end = ~0ull;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if ((done >> i & 1) == 0) first_end = std::min(first_end, calls_[i].end);
    }
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if ((done >> i & 1) != 0 || calls_[i].begin > first_end) continue;
      State next = state;
      if (may_take(calls_[i], next) && from(done | 1ull << i, next)) return true;
    }
    return false;
  }

 private:
  const std::vector<Call>& calls_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;
};

std::uint64_t digest_of(std::uint64_t digest, const Change& change) {
  const std::string text = std::to_string(change.sequence) + std::string(to_string(change.kind)) +
                           to_json(change.run).value() + change.run.owner +
                           std::to_string(change.run.fencing_token);
  for (const char c : text) {
    digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  }
  return digest;
}

}  // namespace

bool is_linearizable(const std::vector<Call>& calls) {
  return calls.size() <= kHistorySizeMax && Search(calls).from(0, std::nullopt);
}

std::string PrefixWatch::change(const Change& change) {
  const std::string name = "change " + std::to_string(change.sequence);
  if (change.sequence != position_ + 1) {
    return name + " comes behind " + std::to_string(position_);
  }
  const auto known = runs_.find(change.run.run_id);
  const bool made = change.kind == ChangeKind::created;
  if (made != (known == runs_.end())) return name + " is about a run that is made twice or never";
  if (change.kind == ChangeKind::purged) {
    if (!is_final(known->second.status)) return name + " removes a run that is not finished";
    runs_.erase(known);
  } else {
    if (change.run.sequence != change.sequence) return name + " shows a run of another moment";
    runs_[change.run.run_id] = change.run;
  }
  position_ = change.sequence;
  digest_ = digest_of(digest_, change);
  return {};
}

std::string PrefixWatch::moment(std::uint64_t sequence, std::vector<Run> listed,
                                const Counts& counts) const {
  const std::string name = "the moment " + std::to_string(sequence);
  if (sequence != position_)
    return name + " is not where the feed is: " + std::to_string(position_);
  std::sort(listed.begin(), listed.end(),
            [](const Run& a, const Run& b) { return a.run_id < b.run_id; });
  if (!std::equal(listed.begin(), listed.end(), runs_.begin(), runs_.end(),
                  [](const Run& run, const auto& known) { return run == known.second; })) {
    return name + " lists other runs than the feed tells of";
  }
  std::array<std::uint64_t, 5> recount{};
  for (const auto& [run_id, run] : runs_) ++recount[static_cast<std::size_t>(run.status)];
  const Counts should{recount[0], recount[1], recount[2], recount[3], recount[4]};
  return counts == should ? std::string() : name + " counts other runs than it lists";
}

}  // namespace milepost::test
