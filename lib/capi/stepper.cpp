// SPDX-License-Identifier: Apache-2.0
//
// The two threads of a Stepper never run at the same time: whose turn it is stands in one variable.
#include "capi/stepper.hpp"

#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace milepost::capi {
namespace {

Error no_thread_error(const std::system_error& e) {
  return Error{.code = Errc::out_of_memory,
               .system = e.code().value(),
               .retry_safe = true,
               .message = "The operating system gives no further thread.",
               .advice = "End other operations or raise the limit on threads."};
}

}  // namespace

struct Stepper::Shared {
  enum class Turn { caller, call };
  explicit Shared(Call what) : call(std::move(what)) {}

  /// Gives the turn away and waits until it is back.
  void pass_to(Turn other) {
    std::unique_lock lock(mutex);
    const Turn mine = other == Turn::call ? Turn::caller : Turn::call;
    turn = other;
    changed.notify_all();
    changed.wait(lock, [&] { return turn == mine; });
  }
  void run() noexcept;

  Call call;
  std::thread thread{};
  std::mutex mutex{};
  std::condition_variable changed{};
  Turn turn = Turn::caller;
  bool cancelled = false;
  std::optional<Result<void>> ended{};
};

/// The call's thread.
void Stepper::Shared::run() noexcept {
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return turn == Turn::call; });
  }
  Result<void> result;
  try {
    result = call([this] {
      pass_to(Turn::caller);
      return !cancelled;
    });
  } catch (const std::bad_alloc&) {
    result = Error{.code = Errc::out_of_memory, .retry_safe = true};
  } catch (...) {
    result = Error{.code = Errc::internal, .applied = Applied::unknown};
  }
  const std::lock_guard lock(mutex);
  ended.emplace(std::move(result));
  turn = Turn::caller;
  changed.notify_all();
}

Stepper::Stepper(Call call) : shared_(new Shared(std::move(call))) {}

Stepper::~Stepper() {
  if (!shared_.get_deleter().made.is_here()) return;
  if (shared_->thread.joinable()) {
    shared_->cancelled = true;
    if (!shared_->ended) shared_->pass_to(Shared::Turn::call);
    shared_->thread.join();
  }
}

Result<bool> Stepper::step() {
  if (!shared_.get_deleter().made.is_here()) return forked_error();
  if (!shared_->ended) {
    if (!shared_->thread.joinable()) {
      try {
        shared_->thread = std::thread([shared = shared_.get()] { shared->run(); });
      } catch (const std::system_error& e) {
        return no_thread_error(e);
      }
    }
    shared_->pass_to(Shared::Turn::call);
  }
  if (!shared_->ended) return true;
  if (!*shared_->ended) return shared_->ended->error();
  return false;
}

}  // namespace milepost::capi
