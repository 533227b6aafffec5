// SPDX-License-Identifier: Apache-2.0
//
// Leader and followers for peers that have one writer and no group commit of their own (LMDB,
// SQLite), so that they are compared at their best: the first caller in the queue commits for all
// who wait behind it. Thread-safe. A commit that throws fails its whole group.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace bench {

template <typename Op>
class GroupCommit {
 public:
  using Commit = std::function<void(std::span<Op* const>)>;

  /// `commit` runs on one thread at a time. `group_max` 1 is a plain queue of single commits.
  GroupCommit(std::size_t group_max, Commit commit)
      : group_max_(group_max), commit_(std::move(commit)) {}

  /// Returns once a commit took the op; its results are in the op.
  void submit(Op& op) {
    Waiter self{&op, {}, false, {}};
    std::unique_lock lock(mutex_);
    queue_.push_back(&self);
    self.wake.wait(lock, [&] { return self.done || queue_.front() == &self; });
    if (!self.done) lead(lock);
    if (self.error) std::rethrow_exception(self.error);
  }

 private:
  struct Waiter {
    Op* op;
    std::condition_variable wake;
    bool done;
    std::exception_ptr error;
  };

  void lead(std::unique_lock<std::mutex>& lock) {
    const std::size_t size = std::min(group_max_, queue_.size());
    std::vector<Op*> group;
    group.reserve(size);
    for (std::size_t i = 0; i < size; ++i) group.push_back(queue_[i]->op);
    lock.unlock();
    std::exception_ptr error;
    try {
      commit_(group);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    for (std::size_t i = 0; i < size; ++i) {
      Waiter* const waiter = queue_.front();
      queue_.pop_front();
      waiter->error = error;
      waiter->done = true;
      waiter->wake.notify_one();
    }
    if (!queue_.empty()) queue_.front()->wake.notify_one();
  }

  const std::size_t group_max_;
  const Commit commit_;
  std::mutex mutex_;
  std::deque<Waiter*> queue_;
};

}  // namespace bench
