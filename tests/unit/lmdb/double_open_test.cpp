// SPDX-License-Identifier: Apache-2.0
//
// One open environment per file per process, whatever the name it is opened by.
#include <atomic>
#include <thread>
#include <unistd.h>

#include "lmdb/env.hpp"
#include "lmdb/registry.hpp"
#include "lmdb_support.hpp"
#include "probe_process.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;
namespace fs = std::filesystem;

namespace {

bool already_open(const std::string& directory, bool read_only = false) {
  EnvOptions options = small_store(directory);
  options.read_only = read_only;
  const auto second = Env::open(options);
  return !second && second.error().code == Errc::already_open;
}

}  // namespace

TEST_CASE("a second open is refused by every name the store has", "[lmdb][double]") {
  TempDir dir;
  const std::string store = dir.file("store");
  auto env = Env::open(small_store(store)).value();
  SECTION("the same path") { CHECK(already_open(store)); }
  SECTION("the same path for reading") { CHECK(already_open(store, true)); }
  SECTION("a path with detours") { CHECK(already_open(dir.file("store/../store/."))); }
  SECTION("a relative path") {
    const fs::path before = fs::current_path();
    fs::current_path(dir.path());
    const bool refused = already_open("store");
    fs::current_path(before);
    CHECK(refused);
  }
  SECTION("a symbolic link to the folder") {
    fs::create_directory_symlink(store, dir.file("alias"));
    CHECK(already_open(dir.file("alias")));
  }
  SECTION("a hard link of the data file in another folder") {
    fs::create_directory(dir.file("other"));
    fs::permissions(dir.file("other"), fs::perms::owner_all);
    fs::create_hard_link(store + "/data.mdb", dir.file("other/data.mdb"));
    CHECK(already_open(dir.file("other")));
    CHECK(already_open(dir.file("other"), true));
  }
  // The refusals did no harm: others are still kept out, and the store works.
  auto txn = env->begin_write().value();
  REQUIRE(txn.put(*env->table("runs"), bytes("k"), bytes("v")).has_value());
  CHECK(txn.commit().has_value());
  Probe other({"hold", store});
  CHECK(other.line().rfind("error -8 ", 0) == 0);
}

TEST_CASE("after the close the store opens again", "[lmdb][double]") {
  TempDir dir;
  for (int i = 0; i < 3; ++i) {
    auto env = Env::open(small_store(dir.path())).value();
    CHECK(already_open(dir.path()));
    REQUIRE(env->close().has_value());
    CHECK(env->close().has_value());
  }
}

TEST_CASE("a handle of another copy of LMDB in the process is noticed", "[lmdb][double]") {
  TempDir dir;
  REQUIRE(Env::open(small_store(dir.path())).has_value());
  Probe probe({"foreign_handle", dir.path()});
  CHECK(probe.line().rfind("error -7 ", 0) == 0);
  CHECK(probe.line() == "ok");
  CHECK(probe.wait() == 0);
}

TEST_CASE("a claim names the folder and the file and ends with its owner", "[lmdb][double]") {
  const FileId folder{1, 1000001};
  const FileId file{1, 1000002};
  const FileId other{1, 1000003};
  auto first = Claim::take("a", folder, file).value();
  CHECK_FALSE(Claim::take("b", folder, std::nullopt).has_value());
  CHECK_FALSE(Claim::take("b", other, file).has_value());
  auto second = Claim::take("b", other, std::nullopt).value();
  CHECK_FALSE(second.add_data("b", file).has_value());
  first.release();
  CHECK(second.add_data("b", file).has_value());
  CHECK_FALSE(Claim::take("a", folder, file).has_value());
}

TEST_CASE("eight threads that open and close never hold the store twice",
          "[lmdb][double][concurrency]") {
  TempDir dir;
  REQUIRE(Env::open(small_store(dir.path())).has_value());
  std::atomic<int> holders{0};
  std::atomic<int> opened{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      EnvOptions options = small_store(dir.path());
      options.read_only = t % 2 == 1;
      for (int i = 0; i < 40; ++i) {
        auto env = Env::open(options);
        if (!env) {
          if (env.error().code != Errc::already_open) ++wrong;
          std::this_thread::yield();
          continue;
        }
        if (holders.fetch_add(1) != 0) ++wrong;
        ++opened;
        if (!(*env)->begin_read()) ++wrong;
        holders.fetch_sub(1);
        if (!(*env)->close()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(opened > 0);
}

TEST_CASE("processes that open and close meet no error", "[lmdb][double][concurrency]") {
  TempDir dir;
  auto env = Env::open(small_store(dir.path())).value();
  auto txn = env->begin_write().value();
  REQUIRE(txn.put(*env->table("runs"), bytes("key"), bytes("v")).has_value());
  REQUIRE(txn.commit().has_value());
  Probe first({"open_close", dir.path(), "60"});
  Probe second({"open_close", dir.path(), "60"});
  Probe third({"open_close", dir.path(), "60"});
  for (int i = 0; i < 20; ++i) {
    auto again = env->close();
    REQUIRE(again.has_value());
    env = Env::open(small_store(dir.path())).value();
  }
  CHECK(first.line() == "ok");
  CHECK(second.line() == "ok");
  CHECK(third.line() == "ok");
}
