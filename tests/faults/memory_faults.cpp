// SPDX-License-Identifier: Apache-2.0
//
// Which allocation fails. Nothing here allocates, and thread-locals are plain, since malloc itself
// asks.
#include "memory_faults.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "support/runs.hpp"

namespace milepost::faults {
namespace {

std::atomic<Whose> whose_count{Whose::nobody};
std::atomic<std::int64_t> left{0};
std::atomic<bool> is_sticky{false};
std::atomic<std::uint32_t> one_in_of_callers{0};
std::atomic<std::uint32_t> one_in_of_library{0};
std::atomic<std::uint64_t> random_state{0};
std::atomic<std::uint64_t> failed{0};

constinit thread_local bool is_tests_own = false;
constinit thread_local unsigned exposures = 0;

bool counts(Whose whose) noexcept {
  const Whose mine = is_tests_own ? Whose::callers : Whose::library;
  if (is_tests_own && exposures == 0) return false;
  return (static_cast<unsigned>(whose) & static_cast<unsigned>(mine)) != 0;
}

/// Mixes the bits of a counter (splitmix64).
std::uint64_t next_random() noexcept {
  std::uint64_t z = random_state.fetch_add(0x9e3779b97f4a7c15u, std::memory_order_relaxed);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

bool is_unlucky() noexcept {
  const auto& one_in = is_tests_own ? one_in_of_callers : one_in_of_library;
  const std::uint32_t of = one_in.load(std::memory_order_relaxed);
  return of != 0 && next_random() % of == 0;
}

[[maybe_unused]] bool is_to_fail() noexcept {
  const Whose whose = whose_count.load(std::memory_order_relaxed);
  if (whose == Whose::nobody || !counts(whose)) return false;
  if (one_in_of_callers.load(std::memory_order_relaxed) != 0) {
    if (!is_unlucky()) return false;
  } else {
    const std::int64_t now = left.fetch_sub(1, std::memory_order_relaxed);
    if (now > 1 || (now < 1 && !is_sticky.load(std::memory_order_relaxed))) return false;
  }
  failed.fetch_add(1, std::memory_order_relaxed);
  errno = ENOMEM;
  return true;
}

}  // namespace

bool sweeps_malloc() noexcept { return !test::kSanitizer; }

void fail_from(std::uint64_t n, bool sticky, Whose whose) noexcept {
  one_in_of_callers = 0;
  failed = 0;
  left = static_cast<std::int64_t>(n);
  is_sticky = sticky;
  whose_count = whose;
}

void fail_at_random(std::uint32_t of_callers, std::uint32_t of_library,
                    std::uint64_t seed) noexcept {
  failed = 0;
  random_state = seed;
  one_in_of_library = of_library;
  one_in_of_callers = of_callers;
  whose_count = Whose::everybody;
}

std::uint64_t spare_all() noexcept {
  whose_count = Whose::nobody;
  return failed.load();
}

void mark_as_tests_own() noexcept { is_tests_own = true; }

Exposed::Exposed() noexcept { ++exposures; }
Exposed::~Exposed() { --exposures; }

}  // namespace milepost::faults

using milepost::faults::is_to_fail;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MILEPOST_TEST_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MILEPOST_TEST_OWN_MALLOC 0
#endif
#endif

#ifndef MILEPOST_TEST_OWN_MALLOC

// What glibc calls its own functions; operator new comes here too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) { return is_to_fail() ? nullptr : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) {
  return is_to_fail() ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  return is_to_fail() ? nullptr : __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return is_to_fail() ? nullptr : __libc_memalign(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  return is_to_fail() ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** made, std::size_t alignment, std::size_t size) {
  if (is_to_fail()) return ENOMEM;
  *made = __libc_memalign(alignment, size);
  return *made != nullptr ? 0 : ENOMEM;
}
}

#else

namespace {

void* make(std::size_t size) noexcept { return is_to_fail() ? nullptr : std::malloc(size); }
void* make(std::size_t size, std::align_val_t alignment) noexcept {
  const auto unit = static_cast<std::size_t>(alignment);
  return is_to_fail() ? nullptr : std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
}
void* or_throw(void* made) {
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

void* operator new(std::size_t size) { return or_throw(make(size)); }
void* operator new[](std::size_t size) { return or_throw(make(size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return make(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return make(size); }
void* operator new(std::size_t size, std::align_val_t unit) { return or_throw(make(size, unit)); }
void* operator new[](std::size_t size, std::align_val_t unit) { return or_throw(make(size, unit)); }
void operator delete(void* made) noexcept { std::free(made); }
void operator delete[](void* made) noexcept { std::free(made); }
void operator delete(void* made, std::size_t) noexcept { std::free(made); }
void operator delete[](void* made, std::size_t) noexcept { std::free(made); }
void operator delete(void* made, std::align_val_t) noexcept { std::free(made); }
void operator delete[](void* made, std::align_val_t) noexcept { std::free(made); }
void operator delete(void* made, std::size_t, std::align_val_t) noexcept { std::free(made); }
void operator delete[](void* made, std::size_t, std::align_val_t) noexcept { std::free(made); }

#endif
