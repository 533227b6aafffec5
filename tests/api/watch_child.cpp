// SPDX-License-Identifier: Apache-2.0
//
// The other process of the tests of waiting: waits for runs or follows the feed in a read-only
// tracker, writes until it is killed, or does nothing at all while somebody counts system calls.
#include <iostream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "support/runs.hpp"
#include "support/steps.hpp"
#include "support/threads.hpp"

#include "milepost/milepost.hpp"

namespace milepost {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using test::id;

OpenOptions options_for(const std::string& directory, bool read_only) {
  OpenOptions options;
  options.directory = directory;
  options.read_only = read_only;
  options.map_size_start = 1u << 20;
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 4u << 20;
  options.publish_interval = std::chrono::milliseconds(2);
  options.relaxed_bytes_max = 256u << 10;
  return options;
}

/// Past every buffer, in one system call.
void say(const std::string& line) {
  const std::string whole = line + "\n";
  if (::write(STDOUT_FILENO, whole.data(), whole.size()) < 0) ::_exit(3);
}

std::string code_of(const Error& error) { return std::string(to_string(error.code)); }

/// Of each run it is told, says that it waits, and how the run ended, or why it does not know.
int wait(const std::string& directory) {
  Tracker tracker = Tracker::open(options_for(directory, true)).value();
  say("open");
  for (std::string line; std::getline(std::cin, line);) {
    const auto begun = steady_clock::now();
    say("waiting");
    const auto run = tracker.wait(id(std::stoull(line)), {.deadline = begun + seconds(30)});
    // At the deadline it looks once more: that is no way to be woken.
    const bool woken = steady_clock::now() - begun < seconds(25);
    say(!woken ? "too late" : run ? std::string(to_string(run->status)) : code_of(run.error()));
  }
  return tracker.close() ? 0 : 1;
}

/// Says each change behind the position as it comes: sequence, kind, number of the run.
int follow(const std::string& directory, std::uint64_t after) {
  Tracker tracker = Tracker::open(options_for(directory, true)).value();
  auto feed = tracker.subscribe({.after = after});
  if (!feed) {
    say(code_of(feed.error()));
    return 1;
  }
  auto followed = feed->run([&](const Change& change) {
    std::uint64_t number = 0;
    for (std::size_t i = 9; i < 16; ++i) number = number << 8 | change.run.run_id.data[i];
    say(std::to_string(change.sequence) + " " + std::string(to_string(change.kind)) + " " +
        std::to_string(number));
    return true;
  });
  say(followed ? "stopped" : code_of(followed.error()));
  return 1;
}

/// Says the sequence of each step once it is acknowledged.
int write(const std::string& directory, std::uint64_t first, bool relaxed) {
  OpenOptions options = options_for(directory, false);
  if (relaxed) options.durability = Durability::relaxed;
  Tracker tracker = Tracker::open(options).value();
  const auto tell = [](const Outcome& outcome) { say(std::to_string(outcome.run.sequence)); };
  for (std::uint64_t number = first;; ++number) {
    tell(tracker.create(test::request(id(number))).value());
    tell(tracker.start(id(number), {.owner = "child"}).value());
    tell(tracker.fail(id(number), "run " + std::to_string(number)).value());
  }
}

/// Between the marks every thread of the process is asleep: one waits for a run, one for the feed,
/// and the first for the time to pass, in one call.
int idle(const std::string& directory, bool read_only, unsigned idle_seconds) {
  if (read_only) {
    Tracker writer = Tracker::open(options_for(directory, false)).value();
    writer.create(test::request(id(1))).value().require_applied();
    if (!writer.close()) return 1;
  }
  Tracker tracker = Tracker::open(options_for(directory, read_only)).value();
  if (!read_only) {
    tracker.create(test::request(id(1))).value().require_applied();
    if (!tracker.flush()) return 1;
  }
  Subscription feed = tracker.subscribe().value();
  test::Threads threads;
  threads.start([&] { (void)tracker.wait(id(1), {.deadline = Deadline::max()}); });
  threads.start([&] { (void)feed.run([](const Change&) { return true; }); });
  // What the commits before began is over once nobody has run between two looks at everybody.
  const auto count = [self = static_cast<pid_t>(::getpid())] {
    std::uint64_t sum = 0;
    for (const pid_t thread : test::thread_ids()) {
      if (thread == self) continue;
      test::wait_until_asleep(thread);
      sum += test::voluntary_switches(thread);
    }
    return sum;
  };
  while (count() != count()) {
  }
  say("BEGIN");
  ::sleep(idle_seconds);
  say("END");
  feed.stop();
  (void)tracker.close();
  threads.join();
  return 0;
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 3) return 2;
  const std::string& mode = words[1];
  const std::string& directory = words[2];
  if (mode == "wait") return wait(directory);
  if (words.size() < 4) return 2;
  if (mode == "follow") return follow(directory, std::stoull(words[3]));
  if (mode == "write") return write(directory, std::stoull(words[3]), words.size() > 4);
  const auto length = static_cast<unsigned>(std::stoul(words[3]));
  if (mode == "idle-writer") return idle(directory, false, length);
  if (mode == "idle-reader") return idle(directory, true, length);
  return 2;
}

}  // namespace
}  // namespace milepost

int main(int count, char** words) {
  try {
    return milepost::run({words, words + count});
  } catch (const std::exception& error) {
    std::cerr << "watch_child: " << error.what() << std::endl;
    return 4;
  }
}
