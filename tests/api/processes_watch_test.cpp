// SPDX-License-Identifier: Apache-2.0
//
// Waiting across processes: a reader is woken by another process's commit, misses none of them,
// follows the feed through the death of the writer, and makes no system call while nothing happens.
#include <array>
#include <fstream>
#include <signal.h>
#include <sstream>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost {
namespace {

using test::ChildProcess;
using test::id;
using test::ok;

const std::string kChild = MILEPOST_TEST_CHILD;

OpenOptions options_for(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = 1u << 20;
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 4u << 20;
  return options;
}

TEST_CASE("a waiter in another process is woken by the very commit that ends the run",
          "[api][process][wait][read_only]") {
  const test::TempDirectory folder;
  OpenOptions options = options_for(folder / "store");
  options.publish_interval = std::chrono::hours(1);
  Tracker tracker = Tracker::open(options).value();
  ChildProcess child({kChild, "wait", options.directory});
  REQUIRE(child.read_line() == "open");
  const std::size_t waits = test::test_count("MILEPOST_TEST_WAITS", 1'500);
  for (std::uint64_t run = 0; run < waits; ++run) {
    tracker.create(test::request(id(run))).value().require_applied();
    REQUIRE(ok(tracker.flush()));
    child.write_line(std::to_string(run));
    REQUIRE(child.read_line() == "waiting");
    tracker.exit(id(run)).value().require_applied();
    // Nothing is committed after this: who is not woken by it sleeps on.
    REQUIRE(ok(tracker.flush()));
    REQUIRE(child.read_line() == "exited");
  }
  child.close_input();
  CHECK(child.wait() == 0);
}

/// What a follower said of one change.
struct Said {
  std::uint64_t sequence = 0;
  std::string kind;
  std::uint64_t run = 0;
};

Said read_change(ChildProcess& follower) {
  std::istringstream words(follower.read_line().value_or("gone"));
  Said said;
  words >> said.sequence >> said.kind >> said.run;
  return said;
}

/// The kind of the `step`-th change of each run that the writing child makes.
std::string kind_of(std::uint64_t step) {
  constexpr std::array kKinds{"created", "started", "failed"};
  return kKinds.at(step % kKinds.size());
}

/// A reader follows the feed while its writers are killed, one after the other; once it is killed
/// itself, and another goes on from where it was.
void follow_through_kills(bool relaxed) {
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  REQUIRE(ok(Tracker::open(options_for(directory)).value().close()));
  auto follower =
      std::make_unique<ChildProcess>(std::vector<std::string>{kChild, "follow", directory, "0"});
  std::uint64_t followed = 0;
  std::uint64_t first_run = 0;
  for (int round = 0; round < 6; ++round) {
    std::vector<std::string> arguments{kChild, "write", directory, std::to_string(first_run)};
    if (relaxed) arguments.emplace_back("relaxed");
    ChildProcess writer(arguments);
    std::uint64_t acknowledged = 0;
    for (int i = 0; i < 50 + round * 97; ++i) acknowledged = std::stoull(*writer.read_line());
    writer.kill(SIGKILL);
    while (const auto line = writer.read_line()) acknowledged = std::stoull(*line);
    REQUIRE(writer.wait() == -SIGKILL);
    // The next writer publishes what the dead one left in the journal.
    Tracker next = Tracker::open(options_for(directory)).value();
    const std::uint64_t newest = next.snapshot().value().sequence();
    REQUIRE(newest >= acknowledged);
    REQUIRE(ok(next.close()));
    if (round == 3) {
      follower->kill(SIGKILL);
      follower = std::make_unique<ChildProcess>(
          std::vector<std::string>{kChild, "follow", directory, std::to_string(followed)});
    }
    const std::uint64_t begun_at = followed;
    while (followed < newest) {
      const Said said = read_change(*follower);
      CAPTURE(round, followed, acknowledged);
      REQUIRE(said.sequence == followed + 1);
      REQUIRE(said.kind == kind_of(followed - begun_at));
      REQUIRE(said.run == first_run + (followed - begun_at) / 3);
      ++followed;
    }
    first_run += (newest - begun_at + 2) / 3;
  }
}

TEST_CASE("a reader that follows the feed through the kills of its writers misses nothing",
          "[api][process][feed][crash][read_only]") {
  follow_through_kills(false);
}

TEST_CASE("a reader that follows a relaxed writer through kills misses nothing either",
          "[api][process][feed][crash][read_only]") {
  follow_through_kills(true);
}

/// What a trace holds between the marks: the calls that threads began, but the first thread's one
/// sleep.
std::vector<std::string> calls_between_marks(const std::string& trace) {
  std::ifstream file(trace);
  std::vector<std::string> calls;
  bool counting = false;
  bool complete = false;
  bool slept = false;
  for (std::string line; std::getline(file, line);) {
    if (line.find("\"END") != std::string::npos) {
      complete = counting && slept;
      counting = false;
    }
    const bool resumed = line.find(" resumed>") != std::string::npos;
    const bool sleeps = line.find("nanosleep(") != std::string::npos;
    if (counting && !resumed && !(sleeps && !slept)) calls.push_back(line);
    slept = slept || (counting && sleeps);
    if (line.find("\"BEGIN") != std::string::npos) counting = true;
  }
  if (!complete) calls.emplace_back("the marks are missing");
  return calls;
}

TEST_CASE("a tracker with a waiter and a subscriber makes no system call while nothing happens",
          "[api][process][wait][strace]") {
  if (test::kThreadSanitizer) {
    WARN("not run: ThreadSanitizer makes system calls of its own");
    return;
  }
  const test::TempDirectory folder;
  {
    bool can_trace = false;
    try {
      can_trace = ChildProcess({"strace", "-f", "-o", folder / "probe", "true"}).wait() == 0;
    } catch (const std::system_error&) {
    }
    if (!can_trace) {
      WARN("not run: strace is missing or may not trace (ptrace is not permitted)");
      return;
    }
  }
  const std::string idle_seconds =
      std::to_string(test::test_count("MILEPOST_TEST_IDLE_SECONDS", 10));
  struct Traced {
    std::string mode;
    std::string trace;
    std::unique_ptr<ChildProcess> child;
  };
  std::vector<Traced> all;
  for (const std::string mode : {"idle-writer", "idle-reader"}) {
    const std::string trace = folder / (mode + "-trace");
    all.push_back({mode, trace,
                   std::make_unique<ChildProcess>(std::vector<std::string>{
                       "env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-o", trace, kChild,
                       mode, folder / ("store-" + mode), idle_seconds})});
  }
  for (const Traced& one : all) {
    CAPTURE(one.mode);
    REQUIRE(one.child->wait() == 0);
    const auto calls = calls_between_marks(one.trace);
    for (const std::string& call : calls) UNSCOPED_INFO(call);
    CHECK(calls.empty());
  }
}

}  // namespace
}  // namespace milepost
