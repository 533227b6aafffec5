// SPDX-License-Identifier: Apache-2.0
//
// Ending takes the list's lock, then each work's: a step under way ends at its next report, since
// it finds the work ending.
#include "capi/work_list.hpp"

#include <algorithm>
#include <utility>

namespace milepost::capi {

Result<bool> WorkList::Work::step() {
  const std::lock_guard lock(stepping_);
  if (!stepper_) {
    return Error{.code = Errc::closed,
                 .message = "The tracker was closed before the work was done.",
                 .advice = "Open a tracker and begin again."};
  }
  auto more = stepper_->step();
  done_ = more.has_value() && !*more;
  return more;
}

void WorkList::Work::end() noexcept {
  ending_.store(true);
  const std::lock_guard lock(stepping_);
  if (!done_) stepper_.reset();
}

void WorkList::add(Work& work) {
  const std::lock_guard lock(mutex_);
  works_.push_back(&work);
  if (closed_) work.ending_.store(true);  // its call is going to be refused as well
}

void WorkList::remove(Work& work) noexcept {
  if (!made_.is_here()) return;
  const std::lock_guard lock(mutex_);
  works_.erase(std::remove(works_.begin(), works_.end(), &work), works_.end());
}

void WorkList::end_all() noexcept {
  if (!made_.is_here()) return;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (Work* work : works_) work->end();
}

}  // namespace milepost::capi
