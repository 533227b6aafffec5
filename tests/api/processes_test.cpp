// SPDX-License-Identifier: Apache-2.0
//
// A store and more than one process: who may write, what readers see, what a kill leaves behind,
// and how many system calls a status read makes.
#include <fstream>
#include <mutex>
#include <signal.h>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost {
namespace {

using test::ChildProcess;
using test::code_of;
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

TEST_CASE("a second writing process is refused and told who has the store", "[api][process]") {
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  ChildProcess child({kChild, "hold", directory});
  REQUIRE(child.read_line() == "open");
  const auto refused = Tracker::open(options_for(directory));
  REQUIRE(code_of(refused) == Errc::locked);
  CHECK(to_string(refused.error()).find(std::to_string(child.pid())) != std::string::npos);
  CHECK(refused.error().applied == Applied::no);
  CHECK_FALSE(refused.error().advice.empty());
  child.close_input();
  CHECK(child.wait() == 0);
  CHECK(ok(Tracker::open(options_for(directory))));
}

TEST_CASE("the lock goes with the process that had it, however it dies", "[api][process]") {
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  ChildProcess child({kChild, "hold", directory});
  REQUIRE(child.read_line() == "open");
  child.kill(SIGKILL);
  CHECK(child.wait() == -SIGKILL);
  CHECK(ok(Tracker::open(options_for(directory))));
}

TEST_CASE("one process opens a store once", "[api][process]") {
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  Tracker tracker = Tracker::open(options_for(directory)).value();
  CHECK(code_of(Tracker::open(options_for(directory))) == Errc::already_open);
  OpenOptions reader = options_for(directory);
  reader.read_only = true;
  CHECK(code_of(Tracker::open(reader)) == Errc::already_open);
  // Another directory is another store.
  Tracker other = Tracker::open(options_for(folder / "other")).value();
  tracker.create(test::request(id(1))).value().require_applied();
  CHECK_FALSE(other.get(id(1)).value().has_value());
}

TEST_CASE("a read-only process sees what is published, and all of it after flush",
          "[api][process][read_only]") {
  const test::TempDirectory folder;
  OpenOptions options = options_for(folder / "store");
  options.publish_interval = std::chrono::hours(1);
  Tracker tracker = Tracker::open(options).value();
  tracker.create(test::request(id(1))).value().require_applied();
  REQUIRE(ok(tracker.flush()));
  ChildProcess child({kChild, "read", options.directory});
  REQUIRE(child.read_line() == "open");
  const auto ask = [&](const std::string& what) {
    child.write_line(what);
    return child.read_line().value_or("gone");
  };
  CHECK(ask("1") == "queued");
  CHECK(ask("unpublished") == "0");
  const std::string published = tracker.list_json().value().json;
  CHECK(ask("list") == published);
  tracker.start(id(1)).value().require_applied();
  tracker.create(test::request(id(2))).value().require_applied();
  CHECK(ask("list") == published);
  CHECK(tracker.unpublished().value() == 2);
  CHECK(ask("1") == "queued");
  CHECK(ask("2") == "none");
  CHECK(ask("unpublished") == "2");
  REQUIRE(ok(tracker.flush()));
  CHECK(ask("1") == "running");
  CHECK(ask("2") == "queued");
  CHECK(ask("unpublished") == "0");
  CHECK(ask("list") == tracker.list_json().value().json);
  // Growing the map under a reader.
  for (std::uint64_t first = 100; first < 20'000; first += 1'000) {
    std::vector<Command> commands;
    for (std::uint64_t i = 0; i < 500; ++i) commands.emplace_back(test::request(id(first + i)));
    REQUIRE(ok(tracker.apply(commands)));
    REQUIRE(ok(tracker.flush()));
    REQUIRE(ask(std::to_string(first + 499)) == "queued");
    const std::string total = std::to_string(tracker.counts().value().total());
    REQUIRE(ask("walk") == total + " " + total);
  }
  REQUIRE(ok(tracker.close()));
  CHECK(ask("1") == "running");
  child.close_input();
  CHECK(child.wait() == 0);
}

TEST_CASE("a read-only process sees everything within the publish interval, without flush",
          "[api][process][read_only]") {
  const test::TempDirectory folder;
  OpenOptions options = options_for(folder / "store");
  options.publish_interval = std::chrono::milliseconds(20);
  Tracker tracker = Tracker::open(options).value();
  ChildProcess child({kChild, "read", options.directory});
  REQUIRE(child.read_line() == "open");
  tracker.create(test::request(id(1))).value().require_applied();
  std::string answer = "none";
  while (answer == "none") {  // ends, or the test's time limit does it
    child.write_line("1");
    answer = child.read_line().value_or("gone");
  }
  CHECK(answer == "queued");
}

/// Kills a writing child after some acknowledged steps; every one of them must be there.
void kill_and_check(Durability durability) {
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  std::mutex mutex;
  std::vector<std::string> logged;
  std::vector<int> steps;  // of each run, as acknowledged
  for (int round = 0; round < 6; ++round) {
    ChildProcess child({kChild, "write", directory, std::to_string(steps.size()),
                        durability == Durability::relaxed ? "relaxed" : "durable"});
    const int lines = 1 + round * 211;
    const auto note = [&](const std::string& line) {
      const std::size_t number = std::stoull(line);
      if (number >= steps.size()) steps.resize(number + 1);
      steps[number] = line.back() - '0';
    };
    for (int i = 0; i < lines; ++i) note(child.read_line().value());
    child.kill(SIGKILL);
    // What it still said before it died was acknowledged too.
    while (const auto line = child.read_line()) note(*line);
    CHECK(child.wait() == -SIGKILL);

    OpenOptions options = options_for(directory);
    options.log = [&](LogLevel, std::string_view text) {
      const std::lock_guard lock(mutex);
      logged.emplace_back(text);
    };
    Tracker tracker = Tracker::open(options).value();
    for (std::size_t number = 0; number < steps.size(); ++number) {
      const auto run = tracker.get(id(number)).value();
      CAPTURE(round, number, steps[number]);
      REQUIRE(run.has_value());
      const int taken = run->status == RunStatus::queued ? 1
                        : run->started_at && !run->error ? 2
                                                         : 3;
      REQUIRE(taken >= steps[number]);
      REQUIRE(taken <= steps[number] + 1);  // at most the step it was about to acknowledge
      if (taken == 3) REQUIRE(run->error == "run " + std::to_string(number));
    }
    // A run of which not even the first step was acknowledged may be there all the same: finish
    // it, so that the next child can go on after it.
    (void)tracker.fail(id(steps.size()), "run " + std::to_string(steps.size())).value();
    if (tracker.get(id(steps.size())).value()) steps.push_back(3);
  }
  CHECK_FALSE(logged.empty());
}

TEST_CASE("after a kill every acknowledged step is there", "[api][process][crash]") {
  kill_and_check(Durability::durable);
}

TEST_CASE("a kill loses nothing in relaxed mode either", "[api][process][crash]") {
  kill_and_check(Durability::relaxed);
}

TEST_CASE("a forked child is told so and the parent goes on", "[api][process][fork]") {
  const test::TempDirectory folder;
  ChildProcess child({kChild, "fork", folder / "store"});
  for (int call = 0; call < 10; ++call) CHECK(child.read_line() == "forked");
  CHECK(child.read_line() == "0");
  CHECK(child.read_line() == "running");
  CHECK(child.read_line() == "queued");  // in the snapshot that was taken before
  CHECK(child.wait() == 0);
}

/// The system calls that the traced program's first thread makes between its two marks.
std::vector<std::string> calls_between_marks(const std::string& trace) {
  std::ifstream file(trace);
  std::vector<std::string> calls;
  std::string thread;
  bool counting = false;
  bool complete = false;
  for (std::string line; std::getline(file, line);) {
    const std::string who = line.substr(0, line.find(' '));
    if (thread.empty()) thread = who;
    if (who != thread) continue;
    if (line.find("\"END") != std::string::npos) {
      complete = counting;
      counting = false;
    }
    // A call that was interrupted is told twice; the second time it ends in ` resumed>`.
    if (counting && line.find(" resumed>") == std::string::npos) calls.push_back(line);
    if (line.find("\"BEGIN") != std::string::npos) counting = true;
  }
  if (!complete) calls.emplace_back("the marks are missing");
  return calls;
}

TEST_CASE("a warm status read makes no system call", "[api][process][strace]") {
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
  for (const std::string where : {"recent", "lmdb", "published"}) {
    CAPTURE(where);
    const std::string trace = folder / ("trace-" + where);
    ChildProcess child({"env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-o", trace, kChild,
                        "quiet", folder / ("store-" + where), where});
    REQUIRE(child.wait() == 0);
    const auto calls = calls_between_marks(trace);
    for (const std::string& call : calls) UNSCOPED_INFO(call);
    CHECK(calls.empty());
  }
}

}  // namespace
}  // namespace milepost
