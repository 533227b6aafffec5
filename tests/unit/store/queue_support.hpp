// SPDX-License-Identifier: Apache-2.0
//
// The commit queue with a commit that does nothing but answer. A blocked commit holds the turn, and
// Threads::wait_until_asleep tells when everybody else has taken their place.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/commit_queue.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/threads.hpp"
#include "unit/store/support.hpp"

namespace milepost::test {

using namespace store;  // NOLINT: a header of one test program

inline constexpr Deadline kNever = Deadline::max();
inline constexpr Deadline kPast{};

/// One caller: `count` commands on runs named after it, and what it was told.
class Caller {
 public:
  explicit Caller(std::uint64_t number, std::size_t count = 1, std::size_t bytes = 100,
                  Deadline deadline = kNever)
      : number_(number) {
    for (std::size_t i = 0; i < count; ++i) {
      resolved_.push_back({&command_, test::id(i, static_cast<std::uint8_t>(number))});
    }
    request_ = {.commands = resolved_, .bytes = bytes, .deadline = deadline};
  }

  /// Only removes.
  Caller& frees() {
    request_.frees_space = true;
    return *this;
  }

  void call(CommitQueue& queue, CommitQueue::Admit admit, CommitQueue::Commit commit) {
    auto handle = queue.submit(request_, admit, commit);
    if (!handle) {
      error_ = handle.error();
    } else if ((*handle)->error) {
      error_ = (*handle)->error;
    } else {
      for (std::size_t i = 0; i < resolved_.size(); ++i) {
        const Answer& answer = (*handle)->answers.at(request_.first_answer + i);
        mine_ = mine_ && answer.record.view().run_id == resolved_[i].run_id;
      }
      answered_ = true;
    }
    returned_ = true;
  }

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] bool returned() const { return returned_; }
  /// Answered, and with the answers to its own commands.
  [[nodiscard]] bool answered_right() const { return answered_ && mine_; }
  [[nodiscard]] Errc error() const { return error_ ? error_->code : Errc{}; }
  [[nodiscard]] const std::optional<Error>& whole_error() const { return error_; }

 private:
  const Command command_{StartCommand{}};
  std::vector<ResolvedCommand> resolved_;
  CommitRequest request_;
  std::uint64_t number_;
  std::optional<Error> error_;
  bool answered_ = false;
  bool mine_ = true;
  std::atomic<bool> returned_{false};
};

inline void answer(CommitBatch& batch) {
  for (const CommitRequest* request : batch.requests()) {
    for (const ResolvedCommand& resolved : request->commands) {
      core::RecordView record;
      record.run_id = resolved.run_id;
      batch.answers.push_back(
          {.kind = OutcomeKind::applied, .record = EffectPtr::make(record), .error = {}});
    }
  }
}

/// A queue whose commits are noted: for each batch, the callers' numbers in order.
class Bench {
 public:
  explicit Bench(CommitQueue::Limits limits = {}) : queue(limits) {}
  ~Bench() {
    release_blocker();
    threads.join();
  }

  void run(Caller& caller) {
    auto admit = [](Deadline) -> Result<void> { return {}; };
    auto commit = [this](CommitBatch& batch) { note_and_answer(batch); };
    caller.call(queue, admit, commit);
  }
  void start(Caller& caller) {
    threads.start([this, &caller] { run(caller); });
  }
  /// Starts callers one after the other, each asleep in the queue before the next comes.
  template <typename... Callers>
  void queue_up(Callers&... callers) {
    (
        [&] {
          start(callers);
          threads.wait_until_asleep();
        }(),
        ...);
  }
  /// A caller whose commit stands still until released: everybody else must wait.
  void start_blocker() {
    threads.start([this] {
      auto admit = [](Deadline) -> Result<void> { return {}; };
      auto commit = [this](CommitBatch& batch) {
        blocked.open();
        go.wait();
        answer(batch);
      };
      blocker.call(queue, admit, commit);
    });
    blocked.wait();
  }
  void release_blocker() { go.open(); }

  void note_and_answer(CommitBatch& batch) {
    REQUIRE_FALSE(committing.exchange(true));
    std::vector<std::uint64_t> who;
    std::size_t commands = 0;
    for (const CommitRequest* request : batch.requests()) {
      who.push_back(request->commands.front().run_id.data[0]);
      commands += request->commands.size();
    }
    CHECK(commands == batch.command_count());
    batches.push_back(who);
    answer(batch);
    committing = false;
  }

  CommitQueue queue;
  Threads threads;
  Caller blocker{0};
  Gate blocked;
  Gate go;
  std::atomic<bool> committing{false};
  std::vector<std::vector<std::uint64_t>> batches;  ///< Written by whoever leads.
};

using Batches = std::vector<std::vector<std::uint64_t>>;

}  // namespace milepost::test
