// SPDX-License-Identifier: Apache-2.0
//
// How many pages of the data file an opening reads to know its orphans, beside a million finished
// runs. Counted, not estimated: this program stands in front of mmap and pread; LMDB's map of the
// file begins without access, and the handler of the fault on each page counts the page and lets it
// be read from then on. What the file's cache holds plays no part.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace {

constexpr std::size_t kPage = 4096;

/// The file whose pages are counted, and where it is mapped. Plain, for the signal handler.
struct Counted {
  std::atomic<ino_t> inode{0};
  std::atomic<char*> begin{nullptr};
  std::atomic<std::size_t> size{0};
  std::atomic<std::uint64_t> touched{0};  ///< Different pages of the map.
  std::atomic<std::uint64_t> preads{0};   ///< Pages read by calls.
  std::atomic<std::uint64_t> mappings{0};
};
Counted counted;

bool is_counted(int fd) {
  struct stat info {};
  return counted.inode != 0 && fd >= 0 && ::fstat(fd, &info) == 0 && info.st_ino == counted.inode;
}

void on_fault(int, siginfo_t* info, void*) {
  char* const at = static_cast<char*>(info->si_addr);
  char* const begin = counted.begin;
  if (begin == nullptr || at < begin || at >= begin + counted.size) {
    ::signal(SIGSEGV, SIG_DFL);  // somebody else's: happens again, for good
    return;
  }
  char* const page = begin + (at - begin) / static_cast<std::ptrdiff_t>(kPage) *
                                 static_cast<std::ptrdiff_t>(kPage);
  ::mprotect(page, kPage, PROT_READ);
  ++counted.touched;
}

void* map(void* address, std::size_t size, int protection, int flags, int fd, off_t offset) {
  void* const made =
      reinterpret_cast<void*>(::syscall(SYS_mmap, address, size, protection, flags, fd, offset));
  if (made == MAP_FAILED || (flags & MAP_SHARED) == 0 || !is_counted(fd)) return made;
  counted.size = size;
  counted.begin = static_cast<char*>(made);
  ++counted.mappings;
  ::mprotect(made, size, PROT_NONE);
  return made;
}

ssize_t read_at(int fd, void* out, std::size_t size, off_t offset) {
  if (is_counted(fd)) counted.preads += (size + kPage - 1) / kPage;
  return ::syscall(SYS_pread64, fd, out, size, offset);
}

}  // namespace

// The names that the library and LMDB call.
extern "C" {
void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  return map(address, size, protection, flags, fd, offset);
}
void* mmap64(void* address, size_t size, int protection, int flags, int fd,
             off64_t offset) noexcept {
  return map(address, size, protection, flags, fd, offset);
}
ssize_t pread(int fd, void* out, size_t size, off_t offset) {
  return read_at(fd, out, size, offset);
}
ssize_t pread64(int fd, void* out, size_t size, off64_t offset) {
  return read_at(fd, out, size, offset);
}
}

namespace milepost {
namespace {

using test::at;
using test::id;
using test::ok;

constexpr std::uint64_t kFinished = 1'000'000;
constexpr std::uint64_t kOrphans = 10;

OpenOptions options_for(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = 2ull << 30;
  return options;
}

/// A store with many finished runs, a few of them between running ones.
void build(const std::string& directory) {
  OpenOptions options = options_for(directory);
  options.durability = Durability::relaxed;
  Tracker tracker = Tracker::open(options).value();
  std::vector<Command> batch;
  for (std::uint64_t i = 0; i < kFinished; ++i) {
    batch.emplace_back(
        ImportCommand{.run_id = id(i),
                      .journey_id = id(i % 7, 1),
                      .profile_id = id(i % 100'000, 2),
                      .status = RunStatus::exited,
                      .triggered_at = at("2023-01-01T00:00:00Z") + std::chrono::seconds(i),
                      .completed_at = at("2024-01-01T00:00:00Z") + std::chrono::seconds(i)});
    if (batch.size() < kBatchCommandsMax) continue;
    if (!tracker.apply(batch)) FAIL("a batch is refused");
    batch.clear();
  }
  for (std::uint64_t i = 0; i < kOrphans; ++i) {
    const Uuid run = id(kFinished / kOrphans * i, 3);
    tracker.create(test::request(run)).value().require_applied();
    tracker.start(run, {.owner = "gone"}).value().require_applied();
  }
  REQUIRE(ok(tracker.close()));
}

TEST_CASE("beside 1,000,000 finished runs an opening reads under 100 pages to know its orphans",
          "[api][orphans][slow]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  WARN("not run: sanitizers have a map and a fault handler of their own");
#else
  const test::TempDirectory folder(4ull << 30);
  const std::string directory = folder / "store";
  build(directory);
  struct stat info {};
  REQUIRE(::stat((directory + "/data.mdb").c_str(), &info) == 0);
  REQUIRE(info.st_size > 256 << 20);
  struct sigaction action {};
  struct sigaction before {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSEGV, &action, &before);
  counted.inode = info.st_ino;

  Tracker tracker = Tracker::open(options_for(directory)).value();
  const std::uint64_t opened = counted.touched + counted.preads;
  const Page page = tracker.orphans().value();
  const std::uint64_t told = counted.touched + counted.preads;

  CHECK(counted.mappings == 1);
  CHECK(page.runs.size() == kOrphans);
  std::cout << "pages read: " << opened << " to open, " << told - opened << " to list "
            << page.runs.size() << " orphans; the file has " << info.st_size / kPage << std::endl;
  CHECK(opened > 5);  // or nothing was counted
  CHECK(told < 100);
  // The count is of what is read: a look at every run reads many pages.
  for (std::uint64_t i = 0; i < kFinished; i += 1'000) {
    if (!tracker.get(id(i)).value()) FAIL("a run is gone");
  }
  CHECK(counted.touched + counted.preads > told + 500);
  REQUIRE(ok(tracker.close()));
  counted.inode = 0;
  counted.begin = nullptr;
  ::sigaction(SIGSEGV, &before, nullptr);
#endif
}

}  // namespace
}  // namespace milepost
