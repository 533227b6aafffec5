// SPDX-License-Identifier: Apache-2.0
//
// The list of threads that are in a log hook.
#include "capi/log_hook.hpp"

#include <thread>

#include "capi/errors.hpp"

namespace milepost::capi {

std::size_t HookThreads::enter() noexcept {
  running_.fetch_add(1, std::memory_order_acq_rel);
  for (std::size_t place = 0;; place = (place + 1) % kPlaces) {
    pthread_t nobody{};
    if (threads_[place].compare_exchange_strong(nobody, pthread_self())) return place;
    if (place == kPlaces - 1) std::this_thread::yield();
  }
}

void HookThreads::leave(std::size_t place) noexcept {
  threads_[place].store({});
  running_.fetch_sub(1, std::memory_order_acq_rel);
}

bool HookThreads::is_listed() const noexcept {
  const pthread_t me = pthread_self();
  for (const auto& thread : threads_) {
    if (thread.load() == me) return true;
  }
  return false;
}

Error called_by_hook() {
  return invalid("log hook", "The hook called back into the library.",
                 "Hand the text to another thread, and call from there.");
}

std::function<void(LogLevel, std::string_view)> log_hook(milepost_log_function function,
                                                         void* user) {
  if (function == nullptr) return {};
  return [function, user](LogLevel level, std::string_view text) {
    const HookThreads::Entry entry(hook_threads);
    function(user, static_cast<std::int32_t>(level), text.data(), text.size());
  };
}

}  // namespace milepost::capi
