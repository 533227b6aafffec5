// SPDX-License-Identifier: Apache-2.0
//
// Files deleted, renamed or replaced while a store is open. What is acknowledged must not live in
// a file without a name: `needs_reopen` comes first, reads go on, and once the files are back
// everything acknowledged is there.
#include <filesystem>
#include <fstream>

#include "puppet_process.hpp"
#include "support/catch.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

namespace fs = std::filesystem;

constexpr int kAcknowledgedMax = 20'000;

/// A store with runs 1 to 20 published, 21 to 40 maybe not yet.
class OpenStore {
 public:
  explicit OpenStore(const std::string& options) : puppet(directory) {
    REQUIRE(puppet.ask("open " + options) == "ok");
    REQUIRE(puppet.ask("fill 1 20") == "ok");
    REQUIRE(puppet.ask("flush") == "ok");
    REQUIRE(puppet.ask("fill 21 20") == "ok");
  }

  [[nodiscard]] std::string path(const std::string& name) const { return directory + "/" + name; }

  /// Writes until it is refused; how many were acknowledged.
  int write_until_refused() {
    int acknowledged = 0;
    while (acknowledged < kAcknowledgedMax) {
      last = puppet.ask("create " + std::to_string(1'000 + acknowledged));
      if (last != "created") break;
      ++acknowledged;
    }
    return acknowledged;
  }

  /// Opens in another process and counts runs 1 to 40 and the `more` written after the swap.
  void check_all_there(int more) {
    PuppetProcess fresh(directory);
    REQUIRE(fresh.ask("open") == "ok");
    CHECK(fresh.ask("count 1 40") == "40");
    CHECK(fresh.ask("count 1000 " + std::to_string(more)) == std::to_string(more));
    CHECK(fresh.ask("create 2000000") == "created");
    CHECK(fresh.ask("close") == "ok");
  }

  test::TempDirectory folder;
  std::string directory = folder / "store";
  PuppetProcess puppet;
  std::string last;
};

std::string segments_gone(const OpenStore& store, const std::string& where) {
  std::string name;
  for (const auto& entry : fs::directory_iterator(store.path("journal"))) {
    name = entry.path().filename();
    if (where.empty()) {
      fs::remove(entry.path());
    } else {
      fs::rename(entry.path(), where + "/" + name);
    }
  }
  return name;
}

TEST_CASE("a file renamed away under an open store: needs_reopen, then all is there again",
          "[faults][swap]") {
  const std::string name = GENERATE("data.mdb", "lock.mdb", "writer.lock");
  CAPTURE(name);
  OpenStore store("interval=5");
  fs::rename(store.path(name), store.folder / "away");
  CHECK(code_of(store.puppet.ask("flush")) == "needs_reopen");
  const int acknowledged = store.write_until_refused();
  CHECK(code_of(store.last) == "needs_reopen");
  CHECK(says_not_applied(store.last));
  CHECK(store.last.find(name) != std::string::npos);
  CHECK(store.puppet.ask("count 1 40") == "40");
  CHECK(store.puppet.ask("count 1000 " + std::to_string(acknowledged)) ==
        std::to_string(acknowledged));
  // Put back, the store goes on by itself or after a reopen; here it is reopened.
  fs::rename(store.folder / "away", store.path(name));
  store.puppet.ask("close");
  CHECK(store.puppet.end() == 0);
  store.check_all_there(acknowledged);
}

TEST_CASE("a file deleted under an open store is noticed before the next batch is published",
          "[faults][swap]") {
  const std::string name = GENERATE("data.mdb", "lock.mdb", "writer.lock");
  CAPTURE(name);
  OpenStore store("interval=5");
  fs::remove(store.path(name));
  store.write_until_refused();
  CHECK(code_of(store.last) == "needs_reopen");
  CHECK(code_of(store.puppet.ask("flush")) == "needs_reopen");
  CHECK(store.puppet.ask("count 1 40") == "40");
  CHECK(code_of(store.puppet.ask("close")) == "needs_reopen");
  CHECK(store.puppet.end() == 0);
}

TEST_CASE("a store whose data file was deleted does not close well, with nothing left to publish",
          "[faults][swap]") {
  OpenStore store("interval=5");
  CHECK(store.puppet.ask("flush") == "ok");
  fs::remove(store.path("data.mdb"));
  CHECK(code_of(store.puppet.ask("close")) == "needs_reopen");
  CHECK(store.puppet.end() == 0);
}

TEST_CASE("a file replaced by another one under an open store is noticed", "[faults][swap]") {
  const std::string name = GENERATE("data.mdb", "lock.mdb", "writer.lock");
  CAPTURE(name);
  OpenStore store("interval=5");
  fs::rename(store.path(name), store.folder / "away");
  fs::copy_file(store.folder / "away", store.path(name));
  const int acknowledged = store.write_until_refused();
  CHECK(code_of(store.last) == "needs_reopen");
  CHECK(code_of(store.puppet.ask("close")) == "needs_reopen");
  CHECK(store.puppet.end() == 0);
  fs::rename(store.folder / "away", store.path(name));
  store.check_all_there(acknowledged);
}

TEST_CASE("a writer that slept while its files were swapped notices at its next step",
          "[faults][swap]") {
  OpenStore store("interval=1");
  REQUIRE(store.puppet.ask("flush") == "ok");
  fs::rename(store.path("writer.lock"), store.folder / "away");
  {
    // Another process may now become the writer.
    PuppetProcess rival(store.directory);
    REQUIRE(rival.ask("open") == "ok");
    REQUIRE(rival.ask("create 500") == "created");
    REQUIRE(rival.ask("close") == "ok");
  }
  // Nothing is acknowledged into the segments that the rival has taken over.
  const std::string answer = store.puppet.ask("create 501");
  CHECK(code_of(answer) == "needs_reopen");
  CHECK(says_not_applied(answer));
}

TEST_CASE("the store's folder renamed away or deleted: needs_reopen", "[faults][swap]") {
  const bool deleted = GENERATE(false, true);
  OpenStore store("interval=5");
  if (deleted) {
    fs::remove_all(store.directory);
  } else {
    fs::rename(store.directory, store.folder / "moved");
  }
  const int acknowledged = store.write_until_refused();
  const bool unknown = code_of(store.last) == "outcome_unknown";
  CHECK((code_of(store.last) == "needs_reopen" || (deleted && unknown)));
  CHECK(store.puppet.ask("count 1 40") == "40");
  CHECK(code_of(store.puppet.ask("close")) != "-");
  CHECK(store.puppet.end() == 0);
  if (deleted) return;
  fs::rename(store.folder / "moved", store.directory);
  store.check_all_there(acknowledged);
}

TEST_CASE("a journal segment deleted or renamed: nothing is acknowledged into it",
          "[faults][swap]") {
  const bool deleted = GENERATE(false, true);
  const bool published = GENERATE(false, true);
  CAPTURE(deleted, published);
  OpenStore store(published ? "interval=1" : "interval=3600000");
  if (published) REQUIRE(store.puppet.ask("flush") == "ok");
  fs::create_directory(store.folder / "aside");
  segments_gone(store, deleted ? "" : store.folder / "aside");
  const std::string first = store.puppet.ask("create 1000");
  CHECK((code_of(first) == "outcome_unknown" || code_of(first) == "needs_reopen"));
  CHECK(code_of(store.puppet.ask("create 1001")) == "needs_reopen");
  CHECK(store.puppet.ask("count 1 40") == "40");
  // What was acknowledged before is in memory still, and goes to LMDB.
  store.puppet.ask("close");
  CHECK(store.puppet.end() == 0);
  store.check_all_there(0);
}

TEST_CASE("the journal's folder renamed away: nothing more is acknowledged for long",
          "[faults][swap]") {
  OpenStore store("interval=5");
  fs::rename(store.path("journal"), store.folder / "aside");
  const int acknowledged = store.write_until_refused();
  CHECK(code_of(store.last) == "needs_reopen");
  store.puppet.ask("close");
  CHECK(store.puppet.end() == 0);
  fs::rename(store.folder / "aside", store.path("journal"));
  store.check_all_there(acknowledged);
}

}  // namespace
}  // namespace milepost::faults
