// SPDX-License-Identifier: Apache-2.0
//
// Several processes: fork, killed and many readers, descriptors, files swapped under us.
#include <fstream>
#include <unistd.h>

#include "lmdb/env.hpp"
#include "lmdb/fork_guard.hpp"
#include "lmdb_support.hpp"
#include "probe_process.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;
namespace fs = std::filesystem;

namespace {

void put(Env& env, const std::string& key, const std::string& value) {
  auto txn = env.begin_write().value();
  REQUIRE(txn.put(*env.table("runs"), bytes(key), bytes(value)).has_value());
  REQUIRE(txn.commit().has_value());
}

}  // namespace

TEST_CASE("a forked child is refused everywhere and harms nothing", "[lmdb][fork]") {
  TempDir dir;
  Probe probe({"fork_use", dir.path()});
  CHECK(probe.line() == "child 0");
  CHECK(probe.line() == "ok");
  CHECK(probe.line() == "lag 50");
  CHECK(probe.line() == "1");
  CHECK(probe.line() == "ok");
  CHECK(probe.wait() == 0);
}

TEST_CASE("a forked child does not keep the writer's lock of a dead parent", "[lmdb][fork]") {
  TempDir dir;
  Probe probe({"fork_orphan", dir.path()});
  const std::string said = probe.line();
  REQUIRE(said.rfind("child ", 0) == 0);
  const pid_t child = std::stoi(said.substr(6));
  probe.kill();
  CHECK(probe.wait_and_keep_talking() == -SIGKILL);
  CHECK(Env::open(small_store(dir.path())).has_value());
  CHECK(::kill(child, 0) == 0);  // It lived all the while; it ends with its input.
}

TEST_CASE("programs started by the host inherit no descriptor of the store", "[lmdb][processes]") {
  TempDir dir;
  Probe probe({"list_descriptors", dir.path()});
  REQUIRE(probe.line() == "begin");
  std::string text;
  for (std::string line = probe.line(); line != "end 0"; line = probe.line()) {
    REQUIRE_FALSE(line.empty());
    text += line + "\n";
  }
  CHECK(text.find("pipe:") != std::string::npos);
  CHECK(text.find("data.mdb") == std::string::npos);
  CHECK(text.find("lock.mdb") == std::string::npos);
  CHECK(text.find("writer.lock") == std::string::npos);
  CHECK(text.find(dir.path()) == std::string::npos);
}

TEST_CASE("a killed reader's slot is freed, a live one is not", "[lmdb][processes]") {
  TempDir dir;
  auto env = Env::open(small_store(dir.path())).value();
  put(*env, "k", "0");
  Probe reader({"read_hold", dir.path(), "3"});
  REQUIRE(reader.line() == "ok");
  for (int i = 0; i < 10; ++i) put(*env, "k", std::to_string(i));
  auto stats = env->stats().value();
  CHECK(stats.oldest_reader_pid == reader.pid());
  CHECK(stats.oldest_reader_lag == 10);
  CHECK(stats.readers_used >= 3);
  CHECK(env->reap_stale_readers().value() == 0);
  reader.kill();
  CHECK(reader.wait() == -SIGKILL);
  CHECK(env->reap_stale_readers().value() == 3);
  stats = env->stats().value();
  CHECK(stats.oldest_reader_pid == 0);
  CHECK(stats.oldest_reader_lag == 0);
}

TEST_CASE("opening frees the slots of dead readers", "[lmdb][processes]") {
  TempDir dir;
  EnvOptions reading = small_store(dir.path());
  reading.read_only = true;
  REQUIRE(Env::open(small_store(dir.path())).has_value());
  Probe alive({"read_hold", dir.path(), "1"});  // Keeps lock.mdb from being made anew.
  REQUIRE(alive.line() == "ok");
  Probe dead({"read_hold", dir.path(), "5"});
  REQUIRE(dead.line() == "ok");
  dead.kill();
  CHECK(dead.wait() == -SIGKILL);
  auto env = Env::open(reading).value();
  CHECK(env->stats().value().readers_used == 1);
}

TEST_CASE("a full reader table is readers_full, and heals when slots come free",
          "[lmdb][processes]") {
  TempDir dir;
  EnvOptions options = small_store(dir.path());
  options.readers_max = kReadersMin;
  auto env = Env::open(options).value();
  CHECK(env->stats().value().readers_max >= kReadersMin);
  const std::uint32_t slots = env->stats().value().readers_max;
  std::vector<ReadTxn> held;
  // The stats above have warmed one slot of ours; leave it idle, others take the rest.
  Probe hog({"read_hold", dir.path(), std::to_string(slots - 1)});
  REQUIRE(hog.line() == "ok");
  held.push_back(env->begin_read().value());  // The warm slot still serves.
  const auto full = env->begin_read(in(std::chrono::milliseconds(1)));
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().code == Errc::readers_full);
  CHECK(full.error().retry_safe);
  hog.kill();
  CHECK(hog.wait() == -SIGKILL);
  // Nobody reaps but begin_read itself.
  for (int i = 0; i < 8; ++i) held.push_back(env->begin_read().value());
}

TEST_CASE("threads on cold slots share the warm ones when the reader table is full",
          "[lmdb][processes]") {
  TempDir dir;
  EnvOptions options = small_store(dir.path());
  options.readers_max = kReadersMin;
  auto env = Env::open(options).value();
  const std::uint32_t slots = env->stats().value().readers_max;
  Probe hog({"read_hold", dir.path(), std::to_string(slots - 1)});
  REQUIRE(hog.line() == "ok");
  for (int i = 0; i < 20; ++i) {
    bool got = false;
    std::thread([&] { got = env->begin_read().has_value(); }).join();
    CHECK(got);
  }
}

TEST_CASE("a process with our process id that reads already is a pid_clash", "[lmdb][processes]") {
  TempDir dir;
  REQUIRE(Env::open(small_store(dir.path())).has_value());
  Probe twin({"lock_pid", dir.path(), std::to_string(::getpid())});
  REQUIRE(twin.line() == "ok");
  const auto refused = Env::open(small_store(dir.path()));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::pid_clash);
  CHECK(refused.error().advice.find("pid namespace") != std::string::npos);
  twin.tell("go");
  CHECK(twin.wait() == 0);
  CHECK(Env::open(small_store(dir.path())).has_value());
}

TEST_CASE("files swapped under an open store are noticed", "[lmdb][processes]") {
  TempDir dir;
  auto env = Env::open(small_store(dir.path())).value();
  put(*env, "k", std::string(100'000, 'v'));
  REQUIRE(env->check_files().has_value());
  const auto code = [&] {
    const auto checked = env->check_files();
    REQUIRE_FALSE(checked.has_value());
    return checked.error().code;
  };
  for (const char* name : {"data.mdb", "lock.mdb", "writer.lock"}) {
    fs::rename(dir.file(name), dir.file("away"));
    CHECK(code() == Errc::needs_reopen);
    std::ofstream(dir.file(name)) << "another";
    CHECK(code() == Errc::needs_reopen);
    fs::rename(dir.file("away"), dir.file(name));
    CHECK(env->check_files().has_value());
  }
  const auto size = fs::file_size(dir.file("data.mdb"));
  fs::resize_file(dir.file("data.mdb"), size - 4096);
  CHECK(code() == Errc::corrupt);
  fs::resize_file(dir.file("data.mdb"), size);
}

TEST_CASE("a fork that nobody used the store in is noticed by a counter alone", "[lmdb][fork]") {
  CHECK(install_fork_handlers());
  const std::uint32_t before = fork_generation();
  CHECK(install_fork_handlers());
  CHECK(fork_generation() == before);
}
