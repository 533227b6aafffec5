// SPDX-License-Identifier: Apache-2.0
//
// Memory runs out: at every allocation in turn, of every call, once or for good, on the caller's
// thread or on the library's own, through C++ and through the C ABI. Nothing that a call said may
// be untrue, nobody may have to reopen, and the process goes on. Each sweep is a process of its own
// (memory_sweep.cpp), so that one that dies is a failure with a name.
#include <chrono>
#include <map>
#include <sstream>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

using Words = std::vector<std::string>;

/// What a sweep told.
struct Told {
  std::map<std::string, std::uint64_t> swept;
  std::uint64_t points = 0;
  std::string wrong;
};

Told run(const std::string& program, Words words) {
  words.insert(words.begin(), program);
  test::ChildProcess child(words);
  Told told;
  std::string last = "it began";
  bool whole = false;
  while (auto line = child.read_line()) {
    std::istringstream stream(*line);
    std::string word;
    std::string name;
    std::uint64_t number = 0;
    stream >> word >> name >> number;
    if (word == "at") last = *line;
    if (word == "wrong") told.wrong += *line + "\n";
    if (word == "swept") told.swept[name] = number;
    if (word == "points") {
      told.points = number;
      whole = true;
    }
  }
  const int ended = child.wait();
  if (!whole || (ended != 0 && told.wrong.empty())) {
    told.wrong += "the process ended with " + std::to_string(ended) + " at: " + last + "\n";
  }
  return told;
}

void check(const Told& told, std::uint64_t points_min) {
  CHECK(told.wrong == "");
  CHECK(told.points >= points_min);
  std::cout << told.points << " allocations failed\n";
}

const char* const kThroughCpp = MILEPOST_MEMORY_SWEEP;
const char* const kThroughC = MILEPOST_MEMORY_SWEEP_C;

/// Under a sanitizer malloc is its own, and only operator new can be made to fail.
void say_what_is_swept() {
  if (test::kSanitizer) {
    std::cout << "not run: the part of malloc, which is a sanitizer's; operator new is swept\n";
  }
}

void sweep_calls(const char* program, const char* whose, const char* how, std::uint64_t least) {
  if (program == nullptr || *program == '\0') {
    std::cout << "not run: no shared library is built\n";
    return;
  }
  say_what_is_swept();
  for (const char* times : {"once", "sticky"}) {
    const test::TempDirectory folder;
    INFO(whose << " " << how << " " << times);
    check(run(program, {"calls", folder.path().string(), times, whose, how}), least);
  }
}

TEST_CASE("every allocation of every call fails, through C++", "[faults][memory]") {
  sweep_calls(kThroughCpp, "callers", "durable", 60);
}

TEST_CASE("every allocation of every call fails, through C", "[faults][memory]") {
  sweep_calls(kThroughC, "callers", "durable", 60);
}

TEST_CASE("every allocation of the library's own threads fails, through C++", "[faults][memory]") {
  sweep_calls(kThroughCpp, "library", "durable", 20);
  sweep_calls(kThroughCpp, "library", "relaxed", 20);
}

TEST_CASE("every allocation of the library's own threads fails, through C", "[faults][memory]") {
  sweep_calls(kThroughC, "library", "durable", 20);
}

TEST_CASE("every allocation of opening and closing fails", "[faults][memory]") {
  say_what_is_swept();
  for (const char* program : {kThroughCpp, kThroughC}) {
    for (const char* times : {"once", "sticky"}) {
      if (*program == '\0') continue;
      const test::TempDirectory folder;
      INFO(program << " " << times);
      check(run(program, {"open", folder.path().string(), times}), 60);
    }
  }
}

TEST_CASE("allocations fail at random under threads that call", "[faults][memory][long]") {
  say_what_is_swept();
  const std::uint64_t seed = test::test_seed("memory storm");
  const std::size_t seconds = test::test_count("MILEPOST_LONG_SECONDS", 0);
  for (const char* program : {kThroughCpp, kThroughC}) {
    if (*program == '\0') continue;
    const test::TempDirectory folder;
    INFO(program << " MILEPOST_TEST_SEED=" << seed);
    check(run(program, {"storm", folder.path().string(), "4", "400", std::to_string(seconds / 2),
                        std::to_string(seed)}),
          100);
  }
}

}  // namespace
}  // namespace milepost::faults
