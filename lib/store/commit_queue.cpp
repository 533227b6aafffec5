// SPDX-License-Identifier: Apache-2.0
//
// Who joins, leads, waits and leaves. Nothing here knows what a commit does.
#include "store/commit_queue.hpp"

#include <algorithm>
#include <new>

#include "store/futex.hpp"
#include "store/refusals.hpp"

namespace milepost::store {
namespace {

constexpr std::size_t kSmallRequestBytes = 128u << 10;

Error busy_error() {
  return Error{.code = Errc::busy,
               .retry_safe = true,
               .message = "The deadline passed before the command's turn came; nothing was done.",
               .advice = "Try again, or give the call more time."};
}

Error unknown_error() {
  return Error{.code = Errc::outcome_unknown,
               .applied = Applied::unknown,
               .retry_safe = true,
               .message = "The deadline passed while the command was being made durable.",
               .advice = "Repeat the command: it answers unchanged if it was applied."};
}

}  // namespace

void CommitBatch::set_phase(Phase to) noexcept {
  // Under the queue's mutex, or by the leader alone once it is sealed.
  const std::uint32_t word = word_.load(std::memory_order_relaxed);
  word_.store((word & ~3u) | to, std::memory_order_seq_cst);
}

void CommitBatch::set_decided() noexcept {
  set_phase(decided);
  if (impatient_.load(std::memory_order_seq_cst) != 0) futex_wake_all(word_);
}

void CommitBatch::hand_lead_to(CommitRequest* request) noexcept {
  leader_.store(request, std::memory_order_release);
  word_.fetch_add(4, std::memory_order_acq_rel);
  futex_wake_all(word_);
}

void CommitBatch::reset() noexcept {
  answers.clear();
  error.reset();
  requests_.clear();
  command_count_ = 0;
  bytes_ = 0;
  word_.store(collecting, std::memory_order_relaxed);
  turn_.store(0, std::memory_order_relaxed);
  impatient_.store(0, std::memory_order_relaxed);
}

CommitBatch* CommitQueue::fresh_batch() {
  for (const auto& batch : batches_) {
    if (batch->users_.load(std::memory_order_acquire) != 0) continue;
    batch->reset();
    return batch.get();
  }
  return batches_.emplace_back(std::make_unique<CommitBatch>()).get();
}

/// Puts a new batch into the queue: behind all others, or, if it frees space, before those that
/// are not sealed and may be waiting for just that.
void CommitQueue::line_up(CommitBatch* batch) {
  auto place = queue_.end();
  if (batch->frees_space_) {
    place = std::find_if(queue_.begin(), queue_.end(), [](const CommitBatch* each) {
      const std::uint32_t word = each->word_.load(std::memory_order_relaxed);
      return CommitBatch::phase(word) == CommitBatch::collecting && !each->frees_space_;
    });
  }
  const auto mine = queue_.insert(place, batch);
  if (queue_.size() == 1) drained_.store(0, std::memory_order_relaxed);
  if (mine != queue_.begin()) return;
  batch->turn_.store(1, std::memory_order_relaxed);
  if (place != queue_.end()) (*place)->turn_.store(0, std::memory_order_relaxed);
}

CommitBatch* CommitQueue::join(CommitRequest& request) {
  const std::size_t count = request.commands.size();
  CommitBatch* batch = queue_.empty() ? nullptr : queue_.back();
  const bool fits =
      batch != nullptr &&
      CommitBatch::phase(batch->word_.load(std::memory_order_relaxed)) == CommitBatch::collecting &&
      batch->frees_space_ == request.frees_space &&
      batch->command_count_ + count <= limits_.commands_max &&
      batch->bytes_ + request.bytes <= batch->bytes_max_;
  // Whatever may run out of memory comes before anything is changed.
  if (!fits) batch = fresh_batch();
  auto& requests = batch->requests_;
  if (requests.size() == requests.capacity()) requests.reserve(2 * requests.size() + 8);
  if (!fits) {
    // A small leader is not made to wait for large followers.
    batch->bytes_max_ = request.bytes <= kSmallRequestBytes
                            ? std::min(limits_.bytes_max, request.bytes + kSmallRequestBytes)
                            : limits_.bytes_max;
    batch->frees_space_ = request.frees_space;
    batch->leader_.store(&request, std::memory_order_relaxed);
    line_up(batch);
  }
  requests.push_back(&request);
  batch->command_count_ += count;
  batch->bytes_ += request.bytes;
  batch->users_.fetch_add(1, std::memory_order_relaxed);
  return batch;
}

/// Takes a request out of a batch that is still collecting; false if it is too late.
bool CommitQueue::withdraw(CommitBatch* batch, CommitRequest& request) {
  const std::lock_guard lock(mutex_);
  if (CommitBatch::phase(batch->word_.load(std::memory_order_relaxed)) != CommitBatch::collecting) {
    return false;
  }
  auto& requests = batch->requests_;
  requests.erase(std::find(requests.begin(), requests.end(), &request));
  batch->command_count_ -= request.commands.size();
  batch->bytes_ -= request.bytes;
  if (batch->leader_.load(std::memory_order_relaxed) != &request) return true;
  if (!requests.empty()) {
    batch->hand_lead_to(requests.front());
    return true;
  }
  const bool was_front = queue_.front() == batch;
  queue_.remove(batch);
  if (queue_.empty()) {
    drained_.store(1, std::memory_order_release);
    futex_wake_all(drained_);
  } else if (was_front) {
    queue_.front()->turn_.store(1, std::memory_order_release);
    futex_wake_all(queue_.front()->turn_);
  }
  return true;
}

void CommitQueue::finish_front() {
  CommitBatch* next = nullptr;
  bool closing = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.pop_front();
    if (queue_.empty()) {
      drained_.store(1, std::memory_order_release);
      closing = closed_;
    } else {
      next = queue_.front();
      next->turn_.store(1, std::memory_order_release);
    }
  }
  if (next != nullptr) futex_wake_all(next->turn_);
  if (closing) futex_wake_all(drained_);
}

/// Whether the batch may go on. Who waits in it must not be left behind by an exception.
Result<void> CommitQueue::ask(Admit admit, Deadline deadline) {
  try {
    return admit(deadline);
  } catch (const std::bad_alloc&) {
    return Error{.code = Errc::out_of_memory, .retry_safe = true};
  }
}

/// Waits for the batch's turn and for room; then nobody joins or leaves it any more.
Result<void> CommitQueue::seal(CommitBatch* batch, CommitRequest& request, Admit admit) {
  for (;;) {
    while (batch->turn_.load(std::memory_order_acquire) == 0) {
      if (std::chrono::steady_clock::now() >= request.deadline && withdraw(batch, request)) {
        return busy_error();
      }
      futex_wait(batch->turn_, 0, request.deadline);
    }
    if (auto admitted = ask(admit, request.deadline); !admitted) {
      if (withdraw(batch, request)) return admitted.error();
    }
    const std::lock_guard lock(mutex_);
    if (queue_.front() != batch) continue;  // Passed by one that frees space.
    batch->set_phase(CommitBatch::sealed);
    std::size_t answer = 0;
    for (CommitRequest* each : batch->requests_) {
      each->first_answer = answer;
      answer += each->commands.size();
    }
    return {};
  }
}

Result<void> CommitQueue::lead(CommitBatch* batch, CommitRequest& request, Admit admit,
                               Commit commit) {
  if (auto sealed = seal(batch, request, admit); !sealed) return sealed;
  const bool alone = batch->requests_.size() == 1;
  commit(*batch);
  finish_front();
  batch->set_phase(CommitBatch::done);
  if (!alone) futex_wake_all(batch->word_);
  return {};
}

Result<bool> CommitQueue::follow(CommitBatch* batch, CommitRequest& request) {
  bool impatient = false;
  for (;;) {
    const std::uint32_t word = batch->word_.load(std::memory_order_seq_cst);
    const auto phase = CommitBatch::phase(word);
    if (phase == CommitBatch::done) return false;
    if (batch->leader_.load(std::memory_order_acquire) == &request) return true;
    const bool late = std::chrono::steady_clock::now() >= request.deadline;
    if (late && phase == CommitBatch::collecting) {
      if (withdraw(batch, request)) return busy_error();
      continue;
    }
    if (late && phase == CommitBatch::decided) return unknown_error();
    if (late && !impatient) {
      impatient = true;
      batch->impatient_.fetch_add(1, std::memory_order_seq_cst);
      continue;
    }
    futex_wait(batch->word_, word, late ? std::nullopt : std::optional(request.deadline));
  }
}

Result<BatchHandle> CommitQueue::submit(CommitRequest& request, Admit admit, Commit commit) {
  CommitBatch* batch = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return closed_error();
    batch = join(request);
  }
  BatchHandle handle(batch);
  if (batch->leader_.load(std::memory_order_acquire) != &request) {
    auto leads = follow(batch, request);
    if (!leads) return leads.error();
    if (!*leads) return handle;
  }
  if (auto led = lead(batch, request, admit, commit); !led) return led.error();
  return handle;
}

std::size_t CommitQueue::depth() const {
  const std::lock_guard lock(mutex_);
  std::size_t requests = 0;
  for (const CommitBatch* batch : queue_) requests += batch->requests_.size();
  return requests;
}

void CommitQueue::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  while (drained_.load(std::memory_order_acquire) == 0) futex_wait(drained_, 0, std::nullopt);
}

}  // namespace milepost::store
