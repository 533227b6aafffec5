// SPDX-License-Identifier: Apache-2.0
//
// CommitQueue: group commit. Callers join the batch that is collecting; the first to join leads
// it. When its turn comes the leader seals the batch, commits it as a whole and wakes everybody,
// while the next batch already collects. One answer for each command.
//
// A batch goes collecting -> sealed -> decided -> done. While it is collecting a caller whose
// deadline passes withdraws (nothing happened). Once it is decided nothing of the callers' memory
// is touched any more, so one whose deadline passes may leave with `outcome_unknown`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/function_ref.hpp"
#include "store/effect_block.hpp"
#include "store/store.hpp"

#include "milepost/command.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// What became of one command. The record is the run as it is now, if the caller may see it.
struct Answer {
  OutcomeKind kind = OutcomeKind::not_found;
  EffectPtr record;
  std::uint64_t removal = 0;  ///< Of a removal that was applied: its sequence.
  /// Why the whole request was not even decided (damage met on the way); nothing of it was done.
  std::shared_ptr<const Error> error;
};

/// One caller's commands. Lives on the caller's stack until submit() returns.
struct CommitRequest {
  std::span<const ResolvedCommand> commands;
  std::size_t bytes = 0;  ///< No more journal bytes than these, whatever is decided.
  /// Only removes. Such requests share no batch with others and pass those that wait for room: they
  /// are what makes it.
  bool frees_space = false;
  Deadline deadline{};
  std::size_t first_answer = 0;  ///< Set by the queue: where its answers begin in the batch.
};

class CommitBatch {
 public:
  [[nodiscard]] std::span<CommitRequest* const> requests() const noexcept { return requests_; }
  [[nodiscard]] std::size_t command_count() const noexcept { return command_count_; }

  /// For the leader: one answer per command, in order of requests and commands.
  std::vector<Answer> answers;
  /// For the leader: why nothing was answered; then `answers` are not looked at.
  std::optional<Error> error;

  /// Leader: every command was decided and copied; callers' memory is not needed any more.
  void set_decided() noexcept;

 private:
  friend class CommitQueue;
  friend class BatchHandle;

  enum Phase : std::uint32_t { collecting = 0, sealed = 1, decided = 2, done = 3 };

  [[nodiscard]] static Phase phase(std::uint32_t word) noexcept {
    return static_cast<Phase>(word & 3u);
  }
  void set_phase(Phase to) noexcept;
  void hand_lead_to(CommitRequest* request) noexcept;
  void reset() noexcept;

  std::vector<CommitRequest*> requests_;
  std::size_t command_count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_ = 0;
  bool frees_space_ = false;
  /// The phase in the low two bits; the rest counts hand-overs, so that no waiter misses one.
  std::atomic<std::uint32_t> word_{collecting};
  std::atomic<std::uint32_t> turn_{0};
  std::atomic<std::uint32_t> impatient_{0};  ///< Callers who wait for `decided` to leave.
  std::atomic<std::uint32_t> users_{0};      ///< Callers who may still read it.
  std::atomic<CommitRequest*> leader_{nullptr};
};

/// A caller's hold on the batch with its answers.
class BatchHandle {
 public:
  explicit BatchHandle(CommitBatch* batch) noexcept : batch_(batch) {}
  BatchHandle(BatchHandle&& other) noexcept : batch_(std::exchange(other.batch_, nullptr)) {}
  BatchHandle& operator=(BatchHandle&&) = delete;
  ~BatchHandle() {
    if (batch_ != nullptr) batch_->users_.fetch_sub(1, std::memory_order_acq_rel);
  }
  [[nodiscard]] const CommitBatch& operator*() const noexcept { return *batch_; }
  [[nodiscard]] const CommitBatch* operator->() const noexcept { return batch_; }

 private:
  friend class CommitQueue;
  CommitBatch* batch_;
};

class CommitQueue {
 public:
  struct Limits {
    std::size_t commands_max = 10'000;
    std::size_t bytes_max = 16u << 20;
  };

  explicit CommitQueue(Limits limits) noexcept : limits_(limits) {}

  /// Waits before a batch is sealed until there is room for it; an error refuses the caller.
  using Admit = core::FunctionRef<Result<void>(Deadline)>;
  /// Fills in `answers` or `error`. Runs on one thread at a time, in order of batches.
  using Commit = core::FunctionRef<void(CommitBatch&)>;

  /// Thread-safe. Yields the batch that holds the request's answers.
  [[nodiscard]] Result<BatchHandle> submit(CommitRequest& request, Admit admit, Commit commit);

  /// How many requests wait for their answers now.
  [[nodiscard]] std::size_t depth() const;

  /// Refuses new requests as `closed` and waits until those already in are answered.
  void close() noexcept;

 private:
  CommitBatch* join(CommitRequest& request);
  CommitBatch* fresh_batch();
  void line_up(CommitBatch* batch);
  bool withdraw(CommitBatch* batch, CommitRequest& request);
  void finish_front();
  static Result<void> ask(Admit admit, Deadline deadline);
  Result<void> seal(CommitBatch* batch, CommitRequest& request, Admit admit);
  Result<void> lead(CommitBatch* batch, CommitRequest& request, Admit admit, Commit commit);
  /// Returns whether the request was made leader; otherwise the batch is done.
  Result<bool> follow(CommitBatch* batch, CommitRequest& request);

  const Limits limits_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::list<CommitBatch*> queue_;                      ///< Front: whose turn it is.
  std::vector<std::unique_ptr<CommitBatch>> batches_;  ///< All of them; idle ones are used again.
  std::atomic<std::uint32_t> drained_{1};
};

}  // namespace milepost::store
