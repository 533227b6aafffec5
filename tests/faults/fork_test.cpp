// SPDX-License-Identifier: Apache-2.0
//
// Forks of a process that has a store open, by its first thread and by a new one, idle and under
// load. The child is told `forked` by every call, may end as it likes and may have a store of its
// own; the parent goes on, and its reader slots in lock.mdb stay as they were.
#include <filesystem>

#include "puppet_process.hpp"
#include "reader_list.hpp"
#include "support/catch.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

// In a child the parent's threads, and what only their stacks point to, are gone.
const std::vector<std::string> kNoLeakCheck{"ASAN_OPTIONS=detect_leaks=0"};

int reader_slots(const std::string& directory) {
  return static_cast<int>(list_readers(directory).size());
}

struct Deed {
  const char* name;
  const char* result;
};

constexpr Deed kDeeds[] = {
    {"use", "0"},  {"use-in-thread", "0"}, {"close", "0"},     {"destroy", "0"},
    {"move", "0"}, {"exit", "0"},          {"kill", "-9"},     {"nothing", "0"},
    {"own", "0"},  {"write-same", "0"},    {"read-same", "0"}, {"grandchild", "0"},
};

TEST_CASE("a forked child is told so, whatever it does, and its parent goes on", "[faults][fork]") {
  const std::string where = GENERATE("main", "thread");
  const bool read_only = GENERATE(false, true);
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  if (read_only) {
    PuppetProcess maker(directory);
    REQUIRE(maker.ask("open") == "ok");
    REQUIRE(maker.ask("fill 1 50") == "ok");
    REQUIRE(maker.ask("close") == "ok");
  }
  PuppetProcess puppet(directory, kNoLeakCheck);
  REQUIRE(puppet.ask(read_only ? "open ro" : "open recent=0") == "ok");
  if (!read_only) {
    REQUIRE(puppet.ask("fill 1 50") == "ok");
    REQUIRE(puppet.ask("flush") == "ok");
  }
  CHECK(puppet.ask("one-by-one 1 50") == "50");
  const int slots = reader_slots(directory);
  CHECK(slots >= 1);
  int number = 0;
  for (const Deed& deed : kDeeds) {
    CAPTURE(where, read_only, deed.name);
    // A read-only parent holds no lock that would refuse a child's writing tracker.
    if (read_only && std::string(deed.name) == "write-same") continue;
    const std::string own = folder / ("own-" + std::to_string(++number));
    CHECK(puppet.ask("fork " + where + " " + deed.name + " " + own) == deed.result);
    CHECK(puppet.ask("one-by-one 1 50") == "50");
    if (!read_only) {
      const std::string run = std::to_string(100 + number);
      CHECK(puppet.ask("create " + run) == "created");
      CHECK(puppet.ask("start " + run) == "applied");
      CHECK(puppet.ask("flush") == "ok");
      CHECK(puppet.ask("get " + run) == "running");
    }
    CHECK(reader_slots(directory) == slots);
  }
  CHECK(puppet.ask("close") == "ok");
  CHECK(puppet.end() == 0);
}

TEST_CASE("forks under load leave the parent's threads unharmed", "[faults][fork]") {
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  PuppetProcess puppet(directory, kNoLeakCheck);
  REQUIRE(puppet.ask("open recent=0 interval=1") == "ok");
  REQUIRE(puppet.ask("fill 1 50") == "ok");
  REQUIRE(puppet.ask("keep-writing 1000") == "ok");
  REQUIRE(puppet.ask("keep-reading 1 50 2") == "ok");
  for (int i = 0; i < 10; ++i) {
    for (const char* where : {"main", "thread"}) {
      for (const char* deed : {"use", "destroy", "kill", "own"}) {
        CAPTURE(i, where, deed);
        const std::string own = folder / "own";
        const std::string expected = std::string(deed) == "kill" ? "-9" : "0";
        std::string command = "fork ";
        command.append(where).append(" ").append(deed).append(" ").append(own);
        REQUIRE(puppet.ask(command) == expected);
        std::filesystem::remove_all(own);
      }
    }
  }
  CHECK(puppet.ask("count 1 50") == "50");
  CHECK(puppet.ask("flush") == "ok");
}

TEST_CASE("a child that outlives its killed parent does not keep the store locked",
          "[faults][fork]") {
  const test::TempDirectory folder;
  PuppetProcess puppet(folder / "store", kNoLeakCheck);
  REQUIRE(puppet.ask("open") == "ok");
  REQUIRE(puppet.ask("create 1") == "created");
  REQUIRE(puppet.ask("orphan") == "ok");
  puppet.kill();
  PuppetProcess next(folder / "store");
  CHECK(next.ask("open") == "ok");
  CHECK(next.ask("get 1") == "queued");
}

}  // namespace
}  // namespace milepost::faults
