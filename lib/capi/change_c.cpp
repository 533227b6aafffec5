// SPDX-License-Identifier: Apache-2.0
//
// milepost_subscription: the change feed as it is published.
#include "capi/guard.hpp"
#include "capi/input.hpp"
#include "capi/objects.hpp"
#include "capi/values.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

Result<void> subscribe(milepost_tracker tracker, std::uint64_t after, const milepost_id* store_id,
                       milepost_subscription* out) {
  return use_to_make(tracker, out, [&](TrackerObject& object) -> Result<void> {
    SubscribeOptions options{.store_id = Input::id_or_none(store_id)};
    if (after != MILEPOST_FROM_NOW) options.after = after;
    auto made = object.tracker.subscribe(options);
    if (!made) return made.error();
    hand_out(out,
             std::unique_ptr<SubscriptionObject>(new SubscriptionObject{
                 .tracker = trackers.pin(tracker.value),
                 .subscription = OwnedHere<Subscription>(new Subscription(std::move(*made)))}));
    return {};
  });
}

/// What is delivered counts as delivered, so it is kept until a call could hand it out.
Result<void> next(SubscriptionObject& object, std::uint64_t limit, std::int64_t timeout_ms,
                  milepost_changes* out) {
  Input in;
  const auto deadline = in.deadline(timeout_ms);
  if (!in.ok()) return in.problem();
  if (object.undelivered == nullptr) object.undelivered = std::make_unique<ChangesObject>();
  ChangesObject& made = *object.undelivered;
  if (made.values.empty()) {
    const Deadline until =
        deadline.value_or(std::chrono::steady_clock::now() + object.tracker->wait_max);
    auto changes = object.subscription->next(until, static_cast<std::size_t>(limit));
    if (!changes) return changes.error();
    made.values = std::move(*changes);
  }
  fill_items(made);
  const auto store_id = object.tracker->tracker.store_id();
  if (!store_id) return store_id.error();
  made.position.next = object.subscription->position();
  made.position.newest = made.position.next;
  made.position.store_id = to_id(*store_id);
  hand_out(out, object.undelivered);
  return {};
}

/// A call that waits is woken, so that what it uses can go.
void release_stopped(milepost_subscription subscription) noexcept {
  const auto pin = subscriptions.retire(subscription.value);
  if (pin && pin->made.is_here()) pin->subscription->stop();
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls

milepost_status milepost_tracker_subscribe(milepost_tracker tracker, uint64_t after,
                                           const milepost_id* store_id,
                                           milepost_subscription* subscription,
                                           milepost_error* err) noexcept {
  return guard(err, [&] { return subscribe(tracker, after, store_id, subscription); });
}

milepost_status milepost_subscription_next(milepost_subscription subscription, uint64_t limit,
                                           int64_t timeout_ms, milepost_changes* changes,
                                           milepost_error* err) noexcept {
  return guard(err, [&] {
    return use_alone_to_make(subscription, changes, [&](SubscriptionObject& object) {
      return next(object, limit, timeout_ms, changes);
    });
  });
}

milepost_status milepost_subscription_stop(milepost_subscription subscription,
                                           milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(subscription, [](SubscriptionObject& object) -> milepost::Result<void> {
      object.subscription->stop();
      return {};
    });
  });
}

milepost_status milepost_subscription_position(milepost_subscription subscription,
                                               uint64_t* sequence, milepost_error* err) noexcept {
  return guard(err, [&] {
    return use(subscription, [&](SubscriptionObject& object) -> milepost::Result<void> {
      if (sequence == nullptr) return null_argument("sequence");
      *sequence = object.subscription->position();
      return {};
    });
  });
}

void milepost_subscription_free(milepost_subscription subscription) noexcept {
  release_stopped(subscription);
}
