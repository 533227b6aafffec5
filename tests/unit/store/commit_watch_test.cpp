// SPDX-License-Identifier: Apache-2.0
//
// The watch on a file: what wakes a sleeper, that nothing told between a look and the sleep is
// missed, and that many who wait share one watch, whoever of them leaves.
#include "store/commit_watch.hpp"

#include <array>
#include <atomic>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace milepost::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::code_of;
using test::Threads;

/// A file that is touched as the writer does after a commit.
class File {
 public:
  File() { std::ofstream(path_) << "data"; }
  void touch() const {
    const int fd = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    ::futimens(fd, nullptr);
    ::close(fd);
  }
  void write() const { std::ofstream(path_, std::ios::app) << "more"; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  test::TempDirectory folder_;
  std::string path_ = folder_ / "data";
};

TEST_CASE("a commit told before the sleep ends it at once", "[store][commit_watch]") {
  const File file;
  auto watch = CommitWatch::open(file.path()).value();
  const std::uint64_t told = watch->told();
  file.touch();
  CHECK(watch->wait(told, Deadline::max()).value());
  CHECK(watch->told() > told);
  // A mark taken before what was told is behind it for ever.
  CHECK(watch->wait(told, Deadline::max()).value());
}

TEST_CASE("without a commit the sleep ends at its deadline, and one that passed is one",
          "[store][commit_watch]") {
  const File file;
  auto watch = CommitWatch::open(file.path()).value();
  CHECK_FALSE(watch->wait(watch->told(), steady_clock::now() + milliseconds(1)).value());
  CHECK_FALSE(watch->wait(watch->told(), steady_clock::now() - std::chrono::hours(1)).value());
  CHECK_FALSE(watch->wait(watch->told(), Deadline::min()).value());
}

TEST_CASE("what a commit writes on its way is not told", "[store][commit_watch]") {
  const File file;
  auto watch = CommitWatch::open(file.path()).value();
  const std::uint64_t told = watch->told();
  file.write();
  CHECK_FALSE(watch->wait(told, steady_clock::now()).value());
  file.touch();
  CHECK(watch->wait(told, steady_clock::now()).value());
}

TEST_CASE("a nudge wakes everybody, or the next one", "[store][commit_watch]") {
  const File file;
  auto watch = CommitWatch::open(file.path()).value();
  watch->nudge();
  CHECK(watch->wait(watch->told(), Deadline::max()).value());
  std::atomic<int> woken{0};
  Threads threads;
  for (int i = 0; i < 4; ++i) {
    threads.start([&, told = watch->told()] {
      if (watch->wait(told, Deadline::max()).value()) ++woken;
    });
  }
  threads.wait_until_asleep();
  watch->nudge();
  threads.join();
  CHECK(woken == 4);
}

TEST_CASE("all who wait are woken by one commit, also when the one who watches leaves first",
          "[store][commit_watch]") {
  const File file;
  auto watch = CommitWatch::open(file.path()).value();
  const std::uint64_t told = watch->told();
  // The first to wait watches for all; its deadline comes first.
  std::atomic<bool> left{false};
  Threads impatient;
  impatient.start(
      [&] { left = !watch->wait(told, steady_clock::now() + milliseconds(30)).value(); });
  impatient.wait_until_asleep();
  std::atomic<int> woken{0};
  Threads patient;
  for (int i = 0; i < 3; ++i) {
    patient.start([&] {
      if (watch->wait(told, Deadline::max()).value()) ++woken;
    });
  }
  impatient.join();
  CHECK(left);
  patient.wait_until_asleep();
  CHECK(woken == 0);
  file.touch();
  patient.join();
  CHECK(woken == 3);
}

TEST_CASE("a file that is not there cannot be watched", "[store][commit_watch]") {
  const test::TempDirectory folder;
  const auto refused = CommitWatch::open(folder / "nothing");
  REQUIRE(code_of(refused) == Errc::io);
  CHECK(refused.error().subject == folder / "nothing");
  CHECK_FALSE(refused.error().advice.empty());
}

TEST_CASE("waiters that come and go while commits are told miss none of them",
          "[store][commit_watch][concurrency]") {
  const File file;
  auto watch = CommitWatch::open(file.path()).value();
  constexpr std::uint64_t kCommits = 2'000;
  std::atomic<std::uint64_t> committed{0};
  std::atomic<int> done{0};
  std::array<std::atomic<std::uint64_t>, 3> seen{};
  Threads threads;
  for (auto& mine : seen) {
    threads.start([&] {
      for (;;) {
        const std::uint64_t told = watch->told();
        mine = committed.load();
        if (mine == kCommits) break;
        (void)watch->wait(told, Deadline::max()).value();
      }
      ++done;
    });
  }
  // The next commit comes when all have seen the one before: one that is missed is a test that
  // does not end.
  for (std::uint64_t commit = 1; commit <= kCommits; ++commit) {
    committed = commit;
    file.touch();
    for (auto& mine : seen) {
      while (mine.load() < commit) std::this_thread::yield();
    }
  }
  threads.join();
  CHECK(done == 3);
}

}  // namespace
}  // namespace milepost::store
