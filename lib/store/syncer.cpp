// SPDX-License-Identifier: Apache-2.0
//
// The background sync of relaxed mode and the bound it keeps.
#include "store/syncer.hpp"

#include <new>
#include <string>

namespace milepost::store {
namespace {

using Clock = std::chrono::steady_clock;

Clock::rep ticks(Clock::time_point at) noexcept { return at.time_since_epoch().count(); }

Clock::time_point point(Clock::rep ticks) noexcept {
  return Clock::time_point(Clock::duration(ticks));
}

}  // namespace

Syncer::Syncer(journal::Journal& journal, Options options, std::function<void()> on_synced,
               std::function<void(LogLevel, std::string_view)> log)
    : journal_(journal), options_(options), on_synced_(std::move(on_synced)), log_(std::move(log)) {
  if (options_.durability == Durability::relaxed) thread_ = std::thread([this] { run(); });
}

Syncer::~Syncer() { stop(); }

Result<void> Syncer::after_append() {
  if (options_.durability == Durability::durable) return sync_all();
  // Noted after the append, so that a sync that takes the note covers it.
  if (unsynced_since_.load(std::memory_order_acquire) == 0) {
    {
      const std::lock_guard lock(mutex_);
      unsynced_since_.store(ticks(Clock::now()), std::memory_order_release);
    }
    dirty_.notify_one();
  }
  return {};
}

bool Syncer::within_bound() const noexcept {
  if (journal_.unsynced_bytes() > options_.bytes_max) return false;
  Ticks since = in_flight_since_.load(std::memory_order_acquire);
  if (since == 0) since = unsynced_since_.load(std::memory_order_acquire);
  return since == 0 || Clock::now() - point(since) < options_.delay_max;
}

Result<void> Syncer::wait_within_bound(Deadline deadline) {
  if (options_.durability == Durability::durable || within_bound()) return {};
  std::unique_lock lock(mutex_);
  dirty_.notify_one();
  const bool fine = synced_.wait_until(
      lock, deadline, [this] { return within_bound() || journal_.poisoned() || stopping_; });
  if (fine) return {};
  return Error{.code = Errc::busy,
               .retry_safe = true,
               .message = "The deadline passed while the disk was catching up.",
               .advice = "Try again, or give the call more time."};
}

Result<void> Syncer::sync_all() {
  const std::lock_guard one_at_a_time(sync_mutex_);
  // The note is taken first: an append that comes later makes a new one.
  const Ticks since = unsynced_since_.exchange(0, std::memory_order_acq_rel);
  if (journal_.unsynced_bytes() == 0) return {};
  in_flight_since_.store(since, std::memory_order_release);
  auto synced = journal_.sync();
  in_flight_since_.store(0, std::memory_order_release);
  if (options_.durability == Durability::relaxed) {
    { const std::lock_guard lock(mutex_); }
    synced_.notify_all();
    on_synced_();
  }
  if (!synced) return synced.error();
  return {};
}

void Syncer::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      dirty_.wait(lock, [this] { return unsynced_since_.load() != 0 || stopping_; });
      if (stopping_) return;
      // Half the bound: the other half is for the sync itself.
      const auto due = point(unsynced_since_.load()) + options_.delay_max / 2;
      dirty_.wait_until(lock, due, [this] {
        return stopping_ || journal_.unsynced_bytes() > options_.bytes_max / 2;
      });
    }
    try {
      if (auto synced = sync_all(); !synced) {
        log_(LogLevel::error, "The journal could not be synced: " + to_string(synced.error()));
        return;
      }
    } catch (const std::bad_alloc&) {
      // Nothing was synced; callers wait at the bound until a later try succeeds.
      unsynced_since_.store(in_flight_since_.exchange(0), std::memory_order_release);
    }
  }
}

void Syncer::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  dirty_.notify_all();
  synced_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace milepost::store
