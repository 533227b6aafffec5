// SPDX-License-Identifier: Apache-2.0
//
// One list after the other, page by page.
#include "work_queue.hpp"

#include <iterator>
#include <utility>

namespace sample {
namespace {

constexpr std::size_t kPage = 500;
constexpr std::uint64_t kDeliverTwiceEvery = 64;

}  // namespace

WorkQueue::WorkQueue(const milepost::Tracker& tracker, std::vector<milepost::Uuid> organizations)
    : tracker_(tracker), organizations_(std::move(organizations)) {}

milepost::Result<milepost::Page> WorkQueue::next_page() const {
  if (list_ == 0) return tracker_.orphans({.limit = kPage, .cursor = cursor_});
  return tracker_.list({.filter = {.organization_id = organizations_[list_ - 1],
                                   .statuses = milepost::RunStatus::queued},
                        .order = milepost::Order::oldest_first,
                        .limit = kPage,
                        .cursor = cursor_});
}

milepost::Result<std::optional<milepost::Run>> WorkQueue::next() {
  const std::lock_guard lock(mutex_);
  while (page_.empty()) {
    if (list_ > organizations_.size()) return std::optional<milepost::Run>();
    auto page = next_page();
    if (!page) return page.error();
    page_.assign(std::move_iterator(page->runs.begin()), std::move_iterator(page->runs.end()));
    cursor_ = std::move(page->next);
    if (cursor_.empty()) ++list_;
  }
  milepost::Run run = page_.front();
  if (!repeated_ && delivered_++ % kDeliverTwiceEvery == 0) {
    repeated_ = true;
    ++repeats_;
  } else {
    repeated_ = false;
    page_.pop_front();
  }
  return std::optional(std::move(run));
}

std::uint64_t WorkQueue::repeats() const {
  const std::lock_guard lock(mutex_);
  return repeats_;
}

}  // namespace sample
