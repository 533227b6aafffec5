// SPDX-License-Identifier: Apache-2.0
//
// The other process of the host-level tests: holds a store, writes to it until killed, reads it
// read-only, or reads it quietly between two marks while system calls are counted.
#include <iostream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "support/runs.hpp"
#include "support/steps.hpp"

#include "milepost/milepost.hpp"

namespace milepost {
namespace {

using test::id;

OpenOptions options_for(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = 1u << 20;
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 4u << 20;
  options.relaxed_bytes_max = 256u << 10;
  return options;
}

/// Past every buffer, in one system call.
void say(const std::string& line) {
  const std::string whole = line + "\n";
  if (::write(STDOUT_FILENO, whole.data(), whole.size()) < 0) ::_exit(3);
}

int hold(const std::string& directory) {
  auto tracker = Tracker::open(options_for(directory));
  say(tracker ? "open" : to_string(tracker.error()));
  for (std::string line; std::getline(std::cin, line);) {
  }
  return tracker && tracker->close() ? 0 : 1;
}

/// Says each step once it is acknowledged: the run's number and how many steps it has taken.
int write(const std::string& directory, std::uint64_t first, Durability durability) {
  OpenOptions options = options_for(directory);
  options.durability = durability;
  Tracker tracker = Tracker::open(options).value();
  for (std::uint64_t number = first;; ++number) {
    const std::string name = std::to_string(number);
    tracker.create(test::request(id(number))).value().require_applied();
    say(name + " 1");
    tracker.start(id(number), {.owner = "child"}).value().require_applied();
    say(name + " 2");
    tracker.fail(id(number), "run " + name).value().require_applied();
    say(name + " 3");
  }
}

/// How many runs all pages of a list yield, and how many are counted, of one moment.
std::string listed_and_counted(const Tracker& tracker) {
  const Snapshot snapshot = tracker.snapshot().value();
  std::size_t runs = 0;
  std::string cursor;
  do {
    const Page page = snapshot.list({.limit = 300, .cursor = cursor}).value();
    runs += page.runs.size();
    cursor = page.next;
  } while (!cursor.empty());
  return std::to_string(runs) + " " + std::to_string(snapshot.counts().value().total());
}

int read(const std::string& directory) {
  OpenOptions options = options_for(directory);
  options.read_only = true;
  Tracker tracker = Tracker::open(options).value();
  say("open");
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "unpublished") {
      say(std::to_string(tracker.unpublished().value()));
      continue;
    }
    if (line == "list") {
      say(tracker.list_json().value().json);
      continue;
    }
    if (line == "walk") {
      say(listed_and_counted(tracker));
      continue;
    }
    const auto run = tracker.get(id(std::stoull(line))).value();
    say(run ? std::string(to_string(run->status)) : "none");
  }
  return tracker.close() ? 0 : 1;
}

int read_quietly(const std::string& directory, const std::string& where) {
  OpenOptions options = options_for(directory);
  options.publish_interval = std::chrono::hours(1);
  if (where == "lmdb") options.recent_bytes_max = 0;
  {
    Tracker writer = Tracker::open(options).value();
    for (std::uint64_t number = 0; number < 64; ++number) {
      (void)writer.create(test::request(id(number))).value();
    }
    if (!writer.close()) return 1;
  }
  options.read_only = where == "published";
  Tracker tracker = Tracker::open(options).value();
  if (where == "recent") {
    for (std::uint64_t number = 0; number < 64; ++number) {
      (void)tracker.start(id(number)).value();
    }
  }
  std::vector<char> buffer(kRunJsonSizeMax);
  std::size_t read = 0;
  const auto look = [&] {
    for (std::uint64_t number = 0; number < 10'000; ++number) {
      read += tracker.get_json(id(number % 64), buffer).value();
      read += tracker.get(id(number % 64)).value().has_value() ? 1 : 0;
    }
  };
  look();
  say("BEGIN");
  look();
  say("END");
  return read > 0 ? 0 : 1;
}

int fork_it(const std::string& directory) {
  Tracker tracker = Tracker::open(options_for(directory)).value();
  tracker.create(test::request(id(1))).value().require_applied();
  Snapshot snapshot = tracker.snapshot().value();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto code = [](const auto& result) {
      return result ? std::string("fine") : std::string(to_string(result.error().code));
    };
    say(code(tracker.get(id(1))));
    say(code(tracker.get_many(std::vector{id(1)})));
    say(code(tracker.start(id(1))));
    say(code(tracker.flush()));
    say(code(tracker.list()));
    say(code(tracker.snapshot()));
    say(code(snapshot.get(id(1))));
    say(code(snapshot.list()));
    say(code(snapshot.counts()));
    { const Snapshot dropped = std::move(snapshot); }
    say(code(tracker.close()));
    { const Tracker dropped = std::move(tracker); }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  say(std::to_string(status));
  tracker.start(id(1)).value().require_applied();
  say(std::string(to_string(tracker.get(id(1)).value()->status)));
  say(std::string(to_string(snapshot.get(id(1)).value()->status)));
  return tracker.close() ? 0 : 1;
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 3) return 2;
  const std::string& mode = words[1];
  const std::string& directory = words[2];
  if (mode == "hold") return hold(directory);
  if (mode == "fork") return fork_it(directory);
  if (mode == "read") return read(directory);
  if (words.size() < 4) return 2;
  if (mode == "quiet") return read_quietly(directory, words[3]);
  const bool relaxed = words.size() > 4 && words[4] == "relaxed";
  return write(directory, std::stoull(words[3]),
               relaxed ? Durability::relaxed : Durability::durable);
}

}  // namespace
}  // namespace milepost

int main(int count, char** words) {
  try {
    return milepost::run({words, words + count});
  } catch (const std::exception& error) {
    std::cerr << "store_child: " << error.what() << std::endl;
    return 4;
  }
}
