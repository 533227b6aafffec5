// SPDX-License-Identifier: Apache-2.0
//
// Notices fork() without a system call: a handler that runs in every child raises a generation
// number. It also owns the one mutex that guards this room's process-wide tables, held across
// fork so that a child never inherits it locked, and closes in the child the descriptors whose
// kernel locks must stay with the parent.
//
// A child made by a bare clone() system call runs no handlers and is not noticed.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace milepost::lmdb {

/// Raised by one in every forked child. Read it with fork_generation().
inline constinit std::atomic<std::uint32_t> g_fork_generation{0};

/// Which process of a line of forks this is. One load.
[[nodiscard]] inline std::uint32_t fork_generation() noexcept {
  return g_fork_generation.load(std::memory_order_relaxed);
}

/// Installs the handlers, once; false if the system refused.
[[nodiscard]] bool install_fork_handlers() noexcept;

/// Guards the registry and the list below. Held for moments only, never across I/O.
[[nodiscard]] std::mutex& process_mutex() noexcept;

/// The caller holds process_mutex(). A child closes `fd` as its first act.
void close_in_child(int fd);
/// The caller holds process_mutex().
void forget_in_child(int fd) noexcept;

}  // namespace milepost::lmdb
