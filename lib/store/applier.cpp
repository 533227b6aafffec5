// SPDX-License-Identifier: Apache-2.0
//
// When a batch is due, what goes into it, and what happens when LMDB refuses.
#include "store/applier.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <string>

namespace milepost::store {
namespace {

constexpr std::chrono::milliseconds kBackOffFirst{5};
constexpr std::chrono::milliseconds kBackOffMax{1'000};

/// What a step of the thread failed with, nothing if it did not. The thread must never end for want
/// of memory, and not even a copy of an error can be had without.
template <typename Step>
std::optional<Error> failure_of(Step&& step) noexcept {
  try {
    if (auto done = step(); !done) return done.error();
    return std::nullopt;
  } catch (const std::bad_alloc&) {
    return Error{.code = Errc::out_of_memory, .retry_safe = true};
  }
}

}  // namespace

Applier::Applier(Options options, Parts parts)
    : options_(options), parts_(std::move(parts)), thread_([this] { run(); }) {}

Applier::~Applier() { (void)stop(); }

void Applier::hand_over(std::span<const EffectPtr> effects) {
  if (effects.empty()) return;
  std::size_t bytes = 0;
  std::uint64_t freeing = 0;
  for (const EffectPtr& effect : effects) {
    bytes += effect.footprint();
    if (effect.view().kind != core::EffectKind::put) freeing = effect.sequence();
  }
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (freeing != 0) freeing_ = freeing;
    const std::size_t before = pending_.size();
    const std::size_t bytes_before = pending_bytes_;
    pending_.insert(pending_.end(), effects.begin(), effects.end());
    pending_bytes_ += bytes;
    handed_over_ = effects.back().sequence();
    if (before == 0) oldest_since_ = std::chrono::steady_clock::now();
    wake = before == 0 || (freeing != 0 && trouble_) ||
           (before < options_.batch_effects_max && pending_.size() >= options_.batch_effects_max) ||
           (bytes_before < options_.batch_bytes_max && pending_bytes_ >= options_.batch_bytes_max);
    const bool was_crowded = crowded_.exchange(is_crowded(), std::memory_order_relaxed);
    wake = wake || (!was_crowded && crowded_.load(std::memory_order_relaxed));
  }
  if (wake) work_.notify_one();
}

bool Applier::is_full() const { return trouble_ && trouble_->code == Errc::map_full; }

bool Applier::is_crowded() const {
  return is_full() || pending_bytes_ > options_.pending_bytes_max || !parts_.journal_has_room();
}

Error Applier::late_error() const {
  if (trouble_) {
    Error error = *trouble_;
    error.applied = Applied::no;
    return error;
  }
  return Error{.code = Errc::busy,
               .retry_safe = true,
               .message = "The deadline passed while the store was catching up.",
               .advice = "Try again, or give the call more time."};
}

Result<void> Applier::wait_for_room(Deadline deadline) {
  if (!crowded_.load(std::memory_order_relaxed)) return {};
  std::unique_lock lock(mutex_);
  const bool roomy = done_.wait_until(lock, deadline,
                                      [this] { return !crowded_.load(std::memory_order_relaxed); });
  if (!roomy) return late_error();
  return {};
}

Result<void> Applier::publish(Deadline deadline) {
  if (auto synced = parts_.sync(); !synced) return synced.error();
  std::unique_lock lock(mutex_);
  const std::uint64_t target = handed_over_;
  if (applied_ >= target) return {};
  wanted_ = std::max(wanted_, target);
  const std::uint64_t failures = failures_;
  try_now_ = true;
  work_.notify_one();
  // Full, even now that it was tried again, and nothing comes that frees space.
  const auto hopeless = [&] { return is_full() && freeing_ <= applied_ && failures_ != failures; };
  done_.wait_until(lock, deadline, [&] { return applied_ >= target || stopping_ || hopeless(); });
  if (applied_ < target) return late_error();
  return {};
}

Result<void> Applier::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  done_.notify_all();
  if (applied_ < handed_over_ && trouble_) return *trouble_;
  return {};
}

std::uint64_t Applier::pending_count() const {
  const std::lock_guard lock(mutex_);
  return pending_.size() + writing_;
}

std::optional<Error> Applier::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Applier::run() {
  std::vector<EffectPtr> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return !pending_.empty() || stopping_; });
      if (pending_.empty()) return;
      work_.wait_until(lock, oldest_since_ + options_.interval, [this] {
        return stopping_ || wanted_ > applied_ || crowded_.load(std::memory_order_relaxed) ||
               pending_.size() >= options_.batch_effects_max ||
               pending_bytes_ >= options_.batch_bytes_max;
      });
    }
    batch.clear();
    auto failure = failure_of([&]() -> Result<void> {
      batch = take_batch();
      // Relaxed mode: what is pending is not synced yet.
      return batch.empty() ? parts_.sync() : Result<void>{};
    });
    if (failure && failure->code != Errc::out_of_memory) {
      return rest(*std::move(failure));  // A failed sync ends all writing.
    }
    if (failure) {
      if (!back_off(*std::move(failure), 0)) return;
    } else if (!write_batch(batch)) {
      return;
    }
  }
}

/// Nothing more can be written: says why to whoever waits, until the tracker is closed.
void Applier::rest(Error error) {
  std::unique_lock lock(mutex_);
  trouble_ = std::move(error);
  done_.notify_all();
  work_.wait(lock, [this] { return stopping_; });
}

/// Takes the synced effects at the front, as many as one transaction takes.
std::vector<EffectPtr> Applier::take_batch() {
  const std::uint64_t synced = parts_.synced();
  std::vector<EffectPtr> batch;
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const EffectPtr& effect : pending_) {
    bytes += effect.footprint();
    const bool full = count == options_.batch_effects_max ||
                      (count > 0 && bytes > options_.batch_bytes_max);  // one always fits
    if (effect.sequence() > synced || full) break;
    ++count;
  }
  const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(count);
  batch.assign(std::make_move_iterator(pending_.begin()), std::make_move_iterator(end));
  pending_.erase(pending_.begin(), end);
  oldest_since_ = std::chrono::steady_clock::now();
  writing_ = count;
  return batch;
}

/// Whether effects that free space are among these or behind them.
bool Applier::may_use_reserve(std::span<const EffectPtr> batch) {
  const std::lock_guard lock(mutex_);
  freeing_seen_ = freeing_;
  return freeing_ >= batch.front().sequence();
}

/// Writes until it succeeds; false if the applier is stopping and gave up. What does not fit into
/// the reserve at once may fit bit by bit: a small transaction copies fewer pages.
bool Applier::write_batch(std::span<const EffectPtr> batch) {
  std::size_t size = batch.size();
  for (unsigned attempt = 0; !batch.empty();) {
    const auto part = batch.first(std::min(size, batch.size()));
    const bool use_reserve = may_use_reserve(part);
    auto failure = failure_of([&] { return parts_.write(part, use_reserve); });
    if (!failure) {
      note_written(part);
      batch = batch.subspan(part.size());
      attempt = 0;
    } else if (use_reserve && part.size() > 1 && failure->code == Errc::map_full) {
      size = part.size() / 2;
    } else if (!back_off(*std::move(failure), attempt++)) {
      return false;
    }
  }
  return true;
}

void Applier::note_written(std::span<const EffectPtr> batch) {
  parts_.applied(batch);
  std::size_t bytes = 0;
  for (const EffectPtr& effect : batch) bytes += effect.footprint();
  {
    const std::lock_guard lock(mutex_);
    pending_bytes_ -= bytes;
    writing_ -= batch.size();
    applied_ = batch.back().sequence();
    trouble_.reset();
    crowded_.store(is_crowded(), std::memory_order_relaxed);
  }
  done_.notify_all();
}

/// Notes the trouble and waits a while; false if the applier is stopping.
bool Applier::back_off(Error error, unsigned attempt) {
  if (attempt == 0) {
    (void)failure_of([&]() -> Result<void> {
      parts_.log(LogLevel::error, "Writing to LMDB failed, trying again: " + to_string(error));
      return {};
    });
  }
  const auto pause = std::min(kBackOffMax, kBackOffFirst * (1u << std::min(attempt, 10u)));
  std::unique_lock lock(mutex_);
  trouble_ = std::move(error);
  ++failures_;
  crowded_.store(is_crowded(), std::memory_order_relaxed);
  done_.notify_all();
  // What frees space is not made to wait, nor is who wants to know how things stand.
  work_.wait_for(lock, pause,
                 [this] { return stopping_ || try_now_ || freeing_ != freeing_seen_; });
  try_now_ = false;
  return !stopping_;
}

}  // namespace milepost::store
