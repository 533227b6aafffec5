// SPDX-License-Identifier: Apache-2.0
//
// How often a status read allocates, counted at malloc and at operator new of this program.
#include <cstdlib>
#include <new>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MILEPOST_TEST_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MILEPOST_TEST_OWN_MALLOC 0
#endif
#endif
#ifndef MILEPOST_TEST_OWN_MALLOC
#define MILEPOST_TEST_OWN_MALLOC 1
#endif

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

#if MILEPOST_TEST_OWN_MALLOC

// What glibc calls its own functions; operator new comes here too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
}

#else

void* operator new(std::size_t size) {
  ++allocations;
  if (void* made = std::malloc(size)) return made;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
  return operator new(size, tag);
}
void operator delete(void* made) noexcept { std::free(made); }
void operator delete(void* made, std::size_t) noexcept { std::free(made); }
void operator delete[](void* made) noexcept { std::free(made); }
void operator delete[](void* made, std::size_t) noexcept { std::free(made); }

#endif

namespace milepost {
namespace {

using test::id;

template <typename Call>
std::size_t allocations_of(Call&& call) {
  const std::size_t before = allocations;
  call();
  return allocations - before;
}

/// A tracker whose run 1 is queued and run 2 has the longest error.
Tracker open_with_runs(const std::string& directory, std::size_t recent_bytes, bool read_only) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = 1u << 20;
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 4u << 20;
  options.recent_bytes_max = recent_bytes;
  {
    Tracker tracker = Tracker::open(options).value();
    test::bring(tracker, id(1), RunStatus::queued);
    test::bring(tracker, id(2), RunStatus::failed, {.error = std::string(4096, '\x01')});
    (void)tracker.close();
  }
  options.read_only = read_only;
  return Tracker::open(options).value();
}

TEST_CASE("the counter counts", "[api][allocation]") {
  std::string text;
  CHECK(allocations_of([&] { text = std::string(100, 'x'); }) == 1);
  std::unique_ptr<int> made;
  CHECK(allocations_of([&] { made = std::make_unique<int>(text.empty() ? 1 : 2); }) == 1);
}

void check_reads(const Tracker& tracker) {
  std::vector<char> buffer(kRunJsonSizeMax);
  for (const Uuid& run : {id(1), id(2)}) {
    std::size_t size = tracker.get_json(run, buffer).value();  // warm
    CHECK(allocations_of([&] {
            for (int i = 0; i < 100; ++i) size = tracker.get_json(run, buffer).value();
          }) == 0);
    std::string body;
    CHECK(allocations_of([&] { body = tracker.get_json(run).value(); }) == 1);
    CHECK(body == std::string_view(buffer.data(), size));
  }
  std::optional<Run> seen;
  CHECK(allocations_of([&] { seen = tracker.get(id(1)).value(); }) == 0);
  CHECK(seen->status != RunStatus::failed);
}

TEST_CASE("get_json into a buffer allocates nothing, as a string once, from LMDB",
          "[api][allocation]") {
  const test::TempDirectory folder;
  check_reads(open_with_runs(folder / "store", 0, false));
}

TEST_CASE("get_json into a buffer allocates nothing, as a string once, read-only",
          "[api][allocation]") {
  const test::TempDirectory folder;
  check_reads(open_with_runs(folder / "store", 0, true));
}

TEST_CASE("get_json into a buffer allocates nothing, as a string once, from the recent map",
          "[api][allocation]") {
  const test::TempDirectory folder;
  Tracker tracker = open_with_runs(folder / "store", 1u << 20, false);
  tracker.start(id(1)).value().require_applied();
  test::bring(tracker, id(3), RunStatus::failed);
  check_reads(tracker);
  std::vector<char> buffer(kRunJsonSizeMax);
  (void)tracker.get_json(id(3), buffer).value();
  CHECK(allocations_of([&] { (void)tracker.get_json(id(3), buffer).value(); }) == 0);
}

}  // namespace
}  // namespace milepost
