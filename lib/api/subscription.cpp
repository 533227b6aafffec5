// SPDX-License-Identifier: Apache-2.0
//
// Reading what is published, sleeping until there is more.
#include "api/reads.hpp"
#include "api/subscription_impl.hpp"

#include "milepost/changes.hpp"

namespace milepost {
namespace {

constexpr std::size_t kRunPage = 1'000;

Error stopped_error() {
  return Error{.code = Errc::cancelled,
               .message = "The subscription was stopped.",
               .advice = "Subscribe again behind its position."};
}

Error subscription_moved() {
  return Error{.code = Errc::closed,
               .message = "The subscription was moved from.",
               .advice = "Use the one it was moved to."};
}

}  // namespace

Result<std::vector<Change>> Subscription::Impl::fetch(Deadline deadline, std::size_t limit) {
  for (;;) {
    if (stopped_.load(std::memory_order_acquire)) return stopped_error();
    std::uint64_t newest = 0;
    {
      auto view = store_.view(Freshness::published, deadline);
      if (!view) return view.error();
      newest = (*view)->sequence();
      if (newest > position()) {
        auto page = api::changes(**view, store_.id(), {.after = position(), .limit = limit});
        if (!page) return page.error();
        return std::move(page->changes);
      }
    }
    auto moved = store_.wait_published(newest, deadline, stopped_);
    if (!moved) return moved.error();
  }
}

Result<std::vector<Change>> Subscription::Impl::next(Deadline deadline, std::size_t limit) {
  if (auto ok = api::check_limit(limit, kChangesLimitMax); !ok) return ok.error();
  auto changes = fetch(deadline, limit);
  if (changes && !changes->empty()) delivered(changes->back().sequence);
  return changes;
}

void Subscription::Impl::stop() noexcept {
  stopped_.store(true, std::memory_order_release);
  store_.wake_waiters();
}

Subscription::Subscription(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;
Subscription::~Subscription() = default;

Result<std::vector<Change>> Subscription::next(Deadline deadline, std::size_t limit) {
  if (!impl_) return subscription_moved();
  return impl_->next(deadline, limit);
}

Result<void> Subscription::run(const std::function<bool(const Change&)>& deliver) {
  if (!impl_) return subscription_moved();
  for (;;) {
    auto changes = impl_->fetch(Deadline::max(), kRunPage);
    if (!changes && changes.error().code == Errc::cancelled) return {};
    if (!changes) return changes.error();
    for (const Change& change : *changes) {
      const bool go_on = deliver(change);
      impl_->delivered(change.sequence);
      if (!go_on) return {};
    }
  }
}

void Subscription::stop() noexcept {
  if (impl_) impl_->stop();
}

std::uint64_t Subscription::position() const noexcept { return impl_ ? impl_->position() : 0; }

}  // namespace milepost
