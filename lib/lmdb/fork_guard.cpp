// SPDX-License-Identifier: Apache-2.0
//
// The at-fork handlers. The tables are never destroyed: a host may fork from an exit handler.
#include "lmdb/fork_guard.hpp"

#include <algorithm>
#include <cstddef>
#include <new>
#include <pthread.h>
#include <unistd.h>
#include <vector>

namespace milepost::lmdb {
namespace {

struct Shared {
  std::mutex mutex;
  std::vector<int> close_in_child;
};

Shared& shared() noexcept {
  // Made in place: it allocates nothing, so it cannot fail, and nobody destroys it.
  alignas(Shared) static std::byte place[sizeof(Shared)];
  static Shared* const instance = new (place) Shared;
  return *instance;
}

void before_fork() { shared().mutex.lock(); }

void after_fork_in_parent() { shared().mutex.unlock(); }

void after_fork_in_child() {
  g_fork_generation.fetch_add(1, std::memory_order_relaxed);
  for (const int fd : shared().close_in_child) ::close(fd);
  shared().close_in_child.clear();
  shared().mutex.unlock();
}

}  // namespace

bool install_fork_handlers() noexcept {
  static const int result =
      (shared(), ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child));
  return result == 0;
}

std::mutex& process_mutex() noexcept { return shared().mutex; }

void close_in_child(int fd) { shared().close_in_child.push_back(fd); }

void forget_in_child(int fd) noexcept {
  auto& list = shared().close_in_child;
  list.erase(std::remove(list.begin(), list.end(), fd), list.end());
}

}  // namespace milepost::lmdb
