// SPDX-License-Identifier: Apache-2.0
//
// An answer and its change may come in either order; whichever is second is compared.
#include "truth.hpp"

namespace milepost::soak {
namespace {

bool answers_no_call(const Change& change) {
  return change.kind == ChangeKind::purged || change.kind == ChangeKind::erased ||
         change.kind == ChangeKind::profile_erased ||
         (change.kind == ChangeKind::failed &&
          (change.run.error == kBulkText || change.run.error == kOrphanText));
}

}  // namespace

void Truth::told(const Run& run) {
  const std::lock_guard lock(mutex_);
  ++acknowledged_;
  Change change;
  change.sequence = run.sequence;
  change.run = run;
  match(change, false);
}

void Truth::came(const Change& change) {
  const std::lock_guard lock(mutex_);
  if (change.sequence != position_ + 1 && wrong_.empty()) {
    wrong_ =
        "change " + std::to_string(change.sequence) + " comes behind " + std::to_string(position_);
  }
  position_ = change.sequence;
  fold(change);
  if (!answers_no_call(change)) match(change, true);
}

void Truth::match(const Change& change, bool from_feed) {
  const auto [half, first] = halves_.emplace(change.sequence, Half{change, from_feed});
  if (first) {
    if (from_feed && change.kind == ChangeKind::blanked) ++blanked_;
    return;
  }
  const Half& other = half->second;
  if (other.from_feed == from_feed && wrong_.empty()) {
    wrong_ = "effect " + std::to_string(change.sequence) + " twice";
  }
  const Change& came = from_feed ? change : other.change;
  // Of an erased profile the feed keeps nothing.
  if (came.kind != ChangeKind::blanked && change.run != other.change.run && wrong_.empty()) {
    wrong_ = "change " + std::to_string(change.sequence) + " is not what was acknowledged";
  }
  if (other.from_feed && other.change.kind == ChangeKind::blanked) --blanked_;
  halves_.erase(half);
}

void Truth::fold(const Change& change) {
  if (change.kind == ChangeKind::blanked || change.kind == ChangeKind::profile_erased) return;
  if (change.kind == ChangeKind::purged || change.kind == ChangeKind::erased) {
    runs_.erase(change.run.run_id);
  } else {
    runs_[change.run.run_id] = change.run;
  }
}

std::string Truth::wrong() const {
  const std::lock_guard lock(mutex_);
  return wrong_;
}

void Truth::complain(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (wrong_.empty()) wrong_ = what;
}

std::uint64_t Truth::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

std::uint64_t Truth::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

std::size_t Truth::unmatched() const {
  const std::lock_guard lock(mutex_);
  return halves_.size() - blanked_;
}

std::string Truth::example() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [sequence, half] : halves_) {
    if (!half.from_feed) return "effect " + std::to_string(sequence) + " did not come";
    if (half.change.kind == ChangeKind::blanked) continue;
    return "effect " + std::to_string(sequence) + ", " + std::string(to_string(half.change.kind)) +
           ", was told nobody";
  }
  return {};
}

std::map<Uuid, Run> Truth::runs() const {
  const std::lock_guard lock(mutex_);
  return runs_;
}

}  // namespace milepost::soak
