// SPDX-License-Identifier: Apache-2.0
//
// A store that the process has open already, opened again under another name, through another copy
// of the library, or by many threads: always `already_open`. The first handle goes on, and other
// processes stay shut out.
#include <filesystem>
#include <functional>

#include "mount.hpp"
#include "puppet_process.hpp"
#include "support/catch.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

namespace fs = std::filesystem;

/// A puppet that has the store open, and what must hold whatever else it tries.
class Holder {
 public:
  explicit Holder(bool read_only) : read_only_(read_only), puppet(directory) {
    if (read_only) {
      PuppetProcess maker(directory);
      REQUIRE(maker.ask("open") == "ok");
      REQUIRE(maker.ask("create 1") == "created");
      REQUIRE(maker.ask("close") == "ok");
    }
    REQUIRE(puppet.ask(read_only ? "open ro" : "open") == "ok");
    if (!read_only) REQUIRE(puppet.ask("create 1") == "created");
  }

  void check_refused(
      const std::string& command, const std::function<void()>& after = [] {}) {
    for (const char* mode : {"", " ro"}) {
      CAPTURE(command, mode, read_only_);
      const std::string answer = puppet.ask(command + mode);
      INFO(answer);
      CHECK(code_of(answer) == "already_open");
    }
    after();
    check_unharmed();
  }

  void check_unharmed() {
    CHECK(puppet.ask("get 1") != "none");
    if (read_only_) return;
    CHECK(puppet.ask("create " + std::to_string(++made_)) == "created");
    CHECK(puppet.ask("flush") == "ok");
    PuppetProcess rival(directory);
    CHECK(code_of(rival.ask("open")) == "locked");
    CHECK(rival.ask("open ro") == "ok");
    CHECK(rival.ask("count 1 " + std::to_string(made_)) == std::to_string(made_));
  }

 private:
  bool read_only_;
  int made_ = 1;

 public:
  test::TempDirectory folder;
  std::string directory = folder / "store";
  PuppetProcess puppet;
};

TEST_CASE("a store open in this process is already_open under every name", "[faults][double]") {
  Holder holder(GENERATE(false, true));
  const std::string folder = holder.folder.path();
  SECTION("its own") { holder.check_refused("open"); }
  SECTION("with a slash behind it") { holder.check_refused("open dir=" + holder.directory + "/"); }
  SECTION("with detours") {
    holder.check_refused("open dir=" + folder + "/store/../store/./journal/..");
  }
  SECTION("a relative one") {
    REQUIRE(holder.puppet.ask("chdir " + folder) == "ok");
    holder.check_refused("open dir=store");
  }
  SECTION("a symbolic link to the folder") {
    fs::create_directory_symlink(holder.directory, folder + "/alias");
    holder.check_refused("open dir=" + folder + "/alias");
  }
  SECTION("a symbolic link above the folder") {
    fs::create_directory_symlink(folder, folder + "/up");
    holder.check_refused("open dir=" + folder + "/up/store");
  }
  SECTION("the process's own view of it") {
    holder.check_refused("open dir=/proc/self/root" + holder.directory);
  }
  SECTION("a hard link of the data file elsewhere") {
    fs::create_directory(folder + "/other");
    fs::permissions(folder + "/other", fs::perms::owner_all);
    fs::create_hard_link(holder.directory + "/data.mdb", folder + "/other/data.mdb");
    holder.check_refused("open dir=" + folder + "/other", [&] {
      // Others refuse a data file with two names; and it is no store of theirs.
      fs::remove(folder + "/other/data.mdb");
    });
  }
}

TEST_CASE("a store open in this process is already_open through a bind mount", "[faults][double]") {
  // The mount comes first: a running puppet would not see it in a namespace of its own.
  const test::TempDirectory folder;
  fs::create_directory(folder / "store");
  fs::permissions(folder / "store", fs::perms::owner_all);
  fs::create_directory(folder / "bound");
  const Mount mount = Mount::bind(folder / "store", folder / "bound");
  if (!mount.why_not().empty()) {
    WARN("not run: " + mount.why_not());
    return;
  }
  PuppetProcess puppet(folder / "store");
  REQUIRE(puppet.ask("open") == "ok");
  for (const std::string mode : {"", " ro"}) {
    CHECK(code_of(puppet.ask("open dir=" + (folder / "bound") + mode)) == "already_open");
  }
  CHECK(puppet.ask("create 1") == "created");
  PuppetProcess rival(folder / "bound");
  CHECK(code_of(rival.ask("open")) == "locked");
}

#ifdef MILEPOST_FAULT_LIBRARY
TEST_CASE("a store open in this process is already_open to another copy of the library",
          "[faults][double]") {
  if (test::kSanitizer) {
    WARN("not run: a sanitizer's runtime cannot be loaded a second time");
    return;
  }
  Holder holder(GENERATE(false, true));
  const std::string how = GENERATE("dlopen", "dlmopen");
  const std::string copy = holder.folder / "libother.so";
  fs::copy_file(MILEPOST_FAULT_LIBRARY, copy);
  const std::string call = "library " + how + " " + copy;
  // The other copy works at all: it opens a store of its own.
  REQUIRE(holder.puppet.ask(call + " dir=" + (holder.folder / "fresh")) == "ok");
  holder.check_refused(call);
}
#endif

TEST_CASE("threads that open and close never have the store twice", "[faults][double]") {
  const test::TempDirectory folder;
  PuppetProcess puppet(folder / "store");
  REQUIRE(puppet.ask("open") == "ok");
  REQUIRE(puppet.ask("close") == "ok");
  REQUIRE(puppet.ask("drop") == "ok");
  const std::size_t rounds = test::test_count("MILEPOST_FAULT_RACES", 20);
  const std::string answer = puppet.ask("race 8 " + std::to_string(rounds));
  CHECK(answer.rfind("opened ", 0) == 0);
  CHECK(answer.rfind("opened 0 ", 0) != 0);
  CHECK(answer.find(" wrong 0") != std::string::npos);
  // And afterwards everything is free again.
  CHECK(puppet.ask("open") == "ok");
  CHECK(puppet.ask("create 1") == "created");
}

TEST_CASE("a refused second open does not shut the store's doors to the first",
          "[faults][double]") {
  Holder holder(false);
  for (int i = 0; i < 20; ++i) CHECK(code_of(holder.puppet.ask("open")) == "already_open");
  holder.check_unharmed();
  CHECK(holder.puppet.ask("close") == "ok");
  PuppetProcess next(holder.directory);
  CHECK(next.ask("open") == "ok");
  CHECK(code_of(holder.puppet.ask("open")) == "locked");
}

}  // namespace
}  // namespace milepost::faults
