// SPDX-License-Identifier: Apache-2.0
//
// Other processes that are killed or stopped at the worst moment, that take every reader slot, or
// that live in another pid namespace. Nobody waits without end, nothing is lost, the data file
// does not grow without bound behind a dead reader.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <sys/wait.h>

#include "puppet_process.hpp"
#include "reader_list.hpp"
#include "support/catch.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRuns = 3'000;
constexpr int kRefusedReader = 9;  ///< How a puppet ends whose `keep-reading` is refused.
/// A process that was stopped is run again, one that was killed is gone; only a broken test waits
/// as long.
constexpr std::chrono::seconds kGoesOnWithin{60};

/// A store with runs 1 to kRuns, and its writer.
class BusyStore {
 public:
  explicit BusyStore(const std::string& options = "") : writer(directory) {
    REQUIRE(writer.ask("open interval=3600000 " + options) == "ok");
    for (std::uint64_t run = 1; run < kRuns; run += 100) {
      REQUIRE(writer.ask("fill " + std::to_string(run) + " 100") == "ok");
      if (run % 500 == 1) REQUIRE(writer.ask("flush") == "ok");
    }
    REQUIRE(writer.ask("flush") == "ok");
  }

  /// `count` small published batches.
  void write(int count) {
    for (int i = 0; i < count; ++i) {
      next += 3;
      REQUIRE(writer.ask("fill " + std::to_string(next) + " 3") == "ok");
      REQUIRE(writer.ask("flush") == "ok");
    }
  }
  [[nodiscard]] std::uint64_t file_size() const { return fs::file_size(directory + "/data.mdb"); }

  test::TempDirectory folder;
  std::string directory = folder / "store";
  PuppetProcess writer;
  std::uint64_t next = 100'000;
};

std::string all_runs() { return std::to_string(kRuns); }

/// A read-only process that is stopped in the middle of a read transaction.
class StoppedReader {
 public:
  explicit StoppedReader(const std::string& directory) : puppet_(directory) {
    REQUIRE(puppet_.ask("open ro") == "ok");
    REQUIRE(puppet_.ask("keep-reading 1 " + all_runs()) == "ok");
    for (;;) {
      puppet_.signal(SIGSTOP);
      siginfo_t state{};
      ::waitid(P_PID, static_cast<id_t>(puppet_.pid()), &state, WSTOPPED | WEXITED | WNOWAIT);
      const auto readers = list_readers(directory);
      const bool reads = std::any_of(readers.begin(), readers.end(), [&](const Reader& reader) {
        return reader.pid == puppet_.pid() && reader.active;
      });
      if (reads) return;
      puppet_.signal(SIGCONT);
    }
  }
  PuppetProcess& operator*() { return puppet_; }
  PuppetProcess* operator->() { return &puppet_; }

 private:
  PuppetProcess puppet_;
};

TEST_CASE("a reader killed in a transaction does not make the file grow", "[faults][process]") {
  const int readers = GENERATE(1, 3);
  const int batches = static_cast<int>(test::test_count("MILEPOST_FAULT_BATCHES", 300));
  BusyStore undisturbed;
  undisturbed.write(batches);
  BusyStore store;
  for (int i = 0; i < readers; ++i) StoppedReader(store.directory)->kill();
  store.write(batches);
  INFO(store.file_size() << " bytes, " << undisturbed.file_size() << " without a killed reader");
  CHECK(store.file_size() <= 2 * undisturbed.file_size());
  CHECK(store.writer.ask("count 1 " + all_runs()) == all_runs());
}

TEST_CASE("a stopped reader fills a small map, is named, and holds up nothing once it goes on",
          "[faults][process]") {
  const bool goes_on = GENERATE(true, false);
  BusyStore store("map-max=4194304 wait=500");
  StoppedReader reader(store.directory);
  std::string answer = "ok";
  for (int i = 0; i < 20'000 && answer == "ok"; ++i) {
    store.next += 20;
    answer = store.writer.ask("fill " + std::to_string(store.next) + " 3");
    if (answer == "ok") answer = store.writer.ask("flush");
  }
  INFO(answer);
  CHECK(code_of(answer) == "map_full");
  CHECK(answer.find("process " + std::to_string(reader->pid())) != std::string::npos);
  CHECK(store.writer.ask("count 1 " + all_runs()) == all_runs());
  if (goes_on) {
    reader->signal(SIGCONT);
  } else {
    reader->kill();
  }
  std::string healed = "map_full";
  // Refusals are quick, and the reader goes on when the machine lets it.
  const auto until = std::chrono::steady_clock::now() + kGoesOnWithin;
  while (healed == "map_full" && std::chrono::steady_clock::now() < until) {
    healed = code_of(store.writer.ask("flush"));
  }
  CHECK(healed == "-");
  store.write(20);
}

TEST_CASE("a stopped writer holds up no reader, and a second writer is refused at once",
          "[faults][process]") {
  std::mt19937_64 random(test::test_seed("stopped writer"));
  BusyStore store("interval=1");
  REQUIRE(store.writer.ask("keep-writing 200000") == "ok");
  PuppetProcess reader(store.directory);
  REQUIRE(reader.ask("open ro") == "ok");
  for (int i = 0; i < 12; ++i) {
    CAPTURE(i);
    // Anywhere in its work: between steps, in a sync, in a commit of LMDB.
    for (std::uint64_t spin = random() % 20; spin > 0; --spin) {
      CHECK(reader.ask("get 1") == "queued");
    }
    store.writer.signal(SIGSTOP);
    CHECK(reader.ask("count 1 " + all_runs()) == all_runs());
    CHECK(reader.ask("unpublished").rfind("error", 0) != 0);
    PuppetProcess second(store.directory);
    const std::string refused = second.ask("open");
    CHECK(code_of(refused) == "locked");
    CHECK(refused.find("pid " + std::to_string(store.writer.pid())) != std::string::npos);
    CHECK(second.ask("open ro") == "ok");
    CHECK(second.ask("count 1 " + all_runs()) == all_runs());
    store.writer.signal(SIGCONT);
  }
  CHECK(store.writer.ask("get 1") == "queued");
}

TEST_CASE("a killed writer is followed by the next; readers see all and go on",
          "[faults][process]") {
  std::mt19937_64 random(test::test_seed("killed writer"));
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  std::uint64_t next = 1;
  std::optional<PuppetProcess> reader;
  for (int round = 0; round < 8; ++round) {
    CAPTURE(round);
    PuppetProcess writer(directory);
    REQUIRE(writer.ask("open interval=2") == "ok");
    CHECK(writer.ask("count 1 " + std::to_string(next)) == std::to_string(next - 1));
    if (!reader) {
      reader.emplace(directory);
      REQUIRE(reader->ask("open ro") == "ok");
    }
    for (std::uint64_t i = random() % 200; i > 0; --i) {
      REQUIRE(writer.ask("create " + std::to_string(next)) == "created");
      ++next;
    }
    const std::string seen = reader->ask("count 1 " + std::to_string(next));
    writer.kill();
    const std::string behind = reader->ask("unpublished");
    const std::string after = reader->ask("count 1 " + std::to_string(next));
    CHECK(std::stoull(after) >= std::stoull(seen));
    CHECK(std::stoull(after) + std::stoull(behind) == next - 1);
  }
}

TEST_CASE("every reader slot taken: readers_full, the writer goes on, and slots come back",
          "[faults][process]") {
  BusyStore store("readers=16 recent=0");
  std::vector<std::unique_ptr<PuppetProcess>> hogs;
  // Readers come until one is refused, which goes.
  const auto fill_up = [&] {
    std::string answer = "ok";
    while (answer == "ok" && hogs.size() < 40) {
      hogs.push_back(std::make_unique<PuppetProcess>(store.directory));
      answer = hogs.back()->ask("open ro");
      if (answer == "ok") answer = hogs.back()->ask("count 1 10");
      if (answer == "10") answer = "ok";
      if (answer == "ok") answer = hogs.back()->ask("keep-reading 1 10 3");
    }
    INFO(answer);
    // One of its reading threads may be the one that is refused, which ends it; no crash does.
    const bool ended_itself = answer == "gone" && hogs.back()->end() == kRefusedReader;
    CHECK((ended_itself || code_of(answer) == "readers_full"));
    hogs.pop_back();
  };
  fill_up();
  CHECK(store.writer.ask("start 1") == "applied");
  CHECK(store.writer.ask("get 2") == "queued");
  store.write(5);
  // What the refused one had taken is free again with the next commit: until there is nothing left.
  PuppetProcess late(store.directory);
  std::string refused = late.ask("open ro");
  for (int i = 0; i < 20 && refused == "ok"; ++i) {
    CHECK(late.ask("close") == "ok");
    fill_up();
    CHECK(store.writer.ask("flush") == "ok");
    refused = late.ask("open ro");
  }
  CHECK(code_of(refused) == "readers_full");
  // Killed ones leave their slots taken; the next who needs one frees them.
  for (const auto& hog : hogs) hog->kill();
  CHECK(late.ask("open ro") == "ok");
  CHECK(late.ask("one-by-one 1 100") == "100");
  store.write(5);
}

/// A puppet in a pid namespace of its own, as process 1 or 2 there.
std::vector<std::string> namespace_words(bool first) {
  std::vector<std::string> words{"unshare", "--pid", "--fork", "--kill-child"};
  if (!first) words.insert(words.end(), {"sh", "-c", "\"$@\"; exit $?", "sh"});
  return words;
}

bool namespaces_work() {
  try {
    return test::ChildProcess({"unshare", "--pid", "--fork", "true"}).wait() == 0;
  } catch (const std::system_error&) {
    return false;
  }
}

TEST_CASE("processes of two pid namespaces share a store, unless their numbers are the same",
          "[faults][process]") {
  if (!namespaces_work()) {
    WARN("not run: pid namespaces need a privilege, and the program unshare");
    return;
  }
  const bool same = GENERATE(false, true);
  const bool second_writes = GENERATE(false, true);
  CAPTURE(same, second_writes);
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  PuppetProcess first(directory, {}, namespace_words(true));
  REQUIRE(first.ask("open") == "ok");
  REQUIRE(first.ask("fill 1 50") == "ok");
  REQUIRE(first.ask("flush") == "ok");
  REQUIRE(first.ask("one-by-one 1 50") == "50");
  PuppetProcess second(directory, {}, namespace_words(same));
  const std::string answer = second.ask(second_writes ? "open" : "open ro");
  INFO(answer);
  if (second_writes) {
    CHECK(code_of(answer) == "locked");
  } else if (same) {
    CHECK(code_of(answer) == "pid_clash");
    CHECK(answer.find("pid namespace") != std::string::npos);
  } else {
    CHECK(answer == "ok");
    CHECK(second.ask("one-by-one 1 50") == "50");
    // Killed in its namespace, it is known for dead in the other one.
    second.kill();
  }
  CHECK(first.ask("fill 51 50") == "ok");
  CHECK(first.ask("flush") == "ok");
  CHECK(first.ask("close") == "ok");
  // And what the one leaves the other may take over, same number or not.
  first.kill();
  PuppetProcess next(directory, {}, namespace_words(same));
  // Who is killed inside a namespace is gone a moment later.
  std::string opened = next.ask("open");
  const auto until = std::chrono::steady_clock::now() + kGoesOnWithin;
  while (code_of(opened) == "pid_clash" && std::chrono::steady_clock::now() < until) {
    opened = next.ask("open");
  }
  REQUIRE(opened == "ok");
  CHECK(next.ask("one-by-one 1 100") == "100");
}

}  // namespace
}  // namespace milepost::faults
