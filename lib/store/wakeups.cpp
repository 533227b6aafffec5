// SPDX-License-Identifier: Apache-2.0
//
// A waiter is entered before it looks, and a commit is visible before it is told of: so one of the
// two sees the other.
#include "store/wakeups.hpp"

#include <string>

#include "store/refusals.hpp"

namespace milepost::store {
namespace {

Error late_error(const char* what) {
  return Error{.code = Errc::busy,
               .retry_safe = true,
               .message = std::string("The deadline passed before ") + what + ".",
               .advice = "Wait again, or with a later deadline."};
}

}  // namespace

class Wakeups::Place {
 public:
  Place(Wakeups& wakeups, const Uuid& run_id, Waiter& waiter) : wakeups_(wakeups) {
    const std::lock_guard lock(wakeups_.mutex_);
    place_ = wakeups_.waiters_.emplace(run_id, &waiter);
    wakeups_.waiting_for_runs_.fetch_add(1, std::memory_order_seq_cst);
  }
  ~Place() {
    const std::lock_guard lock(wakeups_.mutex_);
    wakeups_.waiters_.erase(place_);
    wakeups_.waiting_for_runs_.fetch_sub(1, std::memory_order_relaxed);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  Wakeups& wakeups_;
  std::unordered_multimap<Uuid, Waiter*, IdHash>::iterator place_;
};

Result<void> Wakeups::wait_for_run(const Uuid& run_id, Deadline deadline,
                                   core::FunctionRef<Result<Look>()> look) {
  Waiter waiter;
  const Place place(*this, run_id, waiter);
  std::unique_lock lock(mutex_);
  for (bool late = false;;) {
    if (closed_) return closed_error();
    waiter.look_again = false;
    const std::uint64_t syncs = syncs_;
    lock.unlock();
    std::atomic_thread_fence(std::memory_order_seq_cst);
    auto seen = look();
    lock.lock();
    if (!seen) return seen.error();
    if (*seen == Look::ready) return {};
    if (late) return late_error("the run was final");
    waiter.wants_sync = *seen == Look::not_synced;
    late = !waiter.wake.wait_until(lock, deadline, [&] {
      return waiter.look_again || closed_ || (waiter.wants_sync && syncs_ != syncs);
    });
  }
}

Result<std::uint64_t> Wakeups::wait_published(std::uint64_t sequence, Deadline deadline,
                                              const std::atomic<bool>& cancelled) {
  std::unique_lock lock(mutex_);
  const bool moved = feed_moved_.wait_until(lock, deadline, [&] {
    return published_ > sequence || closed_ || cancelled.load(std::memory_order_acquire);
  });
  if (closed_) return closed_error();
  if (!moved) return late_error("anything was published");
  return published_;
}

void Wakeups::visible(std::span<const EffectPtr> effects) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (waiting_for_runs_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  for (const EffectPtr& effect : effects) {
    const core::EffectView view = effect.view();
    if (!view.is_about_a_run()) continue;
    const auto [begin, end] = waiters_.equal_range(view.run_id);
    for (auto waiter = begin; waiter != end; ++waiter) {
      waiter->second->look_again = true;
      waiter->second->wake.notify_one();
    }
  }
}

void Wakeups::synced() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (waiting_for_runs_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  ++syncs_;
  for (const auto& [run_id, waiter] : waiters_) {
    if (waiter->wants_sync) waiter->wake.notify_one();
  }
}

void Wakeups::published(std::uint64_t sequence) {
  {
    const std::lock_guard lock(mutex_);
    published_ = sequence;
  }
  feed_moved_.notify_all();
}

void Wakeups::nudge() noexcept {
  { const std::lock_guard lock(mutex_); }
  feed_moved_.notify_all();
}

void Wakeups::close() noexcept {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& [run_id, waiter] : waiters_) waiter->wake.notify_one();
  feed_moved_.notify_all();
}

}  // namespace milepost::store
