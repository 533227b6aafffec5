// SPDX-License-Identifier: Apache-2.0
//
// WorkList: the works of one tracker. A work that nobody steps sleeps in the middle of a call that
// holds a moment of the store; closing the tracker ends all such calls first, for it would wait for
// them in vain.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "capi/fork_stamp.hpp"
#include "capi/stepper.hpp"

namespace milepost::capi {

/// Thread-safe.
class WorkList {
 public:
  class Work {
   public:
    Work() = default;
    virtual ~Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    /// Sets what is to be stepped; before the work is known to anybody else.
    void begin(Stepper::Call call) { stepper_.emplace(std::move(call)); }
    /// As Stepper::step; `closed` once the tracker was closed before the work was done.
    [[nodiscard]] Result<bool> step();
    /// Whether the call should give up.
    [[nodiscard]] bool is_ending() const noexcept { return ending_.load(); }
    [[nodiscard]] bool is_done() const noexcept { return done_; }

   protected:
    /// Cancels the call and waits for its end.
    void end() noexcept;

   private:
    friend WorkList;
    std::atomic<bool> ending_{false};
    std::mutex stepping_{};
    bool done_ = false;                 ///< The step's thread's.
    std::optional<Stepper> stepper_{};  ///< Under `stepping_`.
  };

  void add(Work& work);
  void remove(Work& work) noexcept;
  /// Ends all that are not done. In a forked child does nothing.
  void end_all() noexcept;

 private:
  ForkStamp made_{};
  std::mutex mutex_{};
  std::vector<Work*> works_{};
  bool closed_ = false;
};

}  // namespace milepost::capi
