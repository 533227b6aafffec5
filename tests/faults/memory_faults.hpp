// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out on demand: the program's own malloc, or where a sanitizer brings its own,
// its own operator new, refuses the n-th allocation that counts. Threads of the test are spared but
// for the moments in which they are Exposed; every other thread is one of the library's.
#pragma once

#include <cstdint>

namespace milepost::faults {

/// Whether malloc itself is swept; else only operator new is, and C code is spared.
[[nodiscard]] bool sweeps_malloc() noexcept;

/// Whose allocations count.
enum class Whose : std::uint8_t { nobody = 0, callers = 1, library = 2, everybody = 3 };

/// The n-th allocation from now fails; with `sticky` every later one too.
void fail_from(std::uint64_t n, bool sticky, Whose whose) noexcept;
/// One in so many fails, of callers and of the library's threads; 0: none.
void fail_at_random(std::uint32_t of_callers, std::uint32_t of_library,
                    std::uint64_t seed) noexcept;
/// All is well again; yields how many failed since.
std::uint64_t spare_all() noexcept;

/// Says that this thread is the test's.
void mark_as_tests_own() noexcept;

/// Within its life this thread's allocations count as a caller's.
class Exposed {
 public:
  Exposed() noexcept;
  ~Exposed();
  Exposed(const Exposed&) = delete;
  Exposed& operator=(const Exposed&) = delete;
};

}  // namespace milepost::faults
