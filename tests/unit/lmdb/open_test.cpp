// SPDX-License-Identifier: Apache-2.0
//
// Opening, creating, identity, folder rules.
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "lmdb/env.hpp"
#include "lmdb/folder.hpp"
#include "lmdb_support.hpp"
#include "probe_process.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;
namespace fs = std::filesystem;

namespace {

Errc code_of(const Result<std::unique_ptr<Env>>& result) {
  REQUIRE_FALSE(result.has_value());
  CHECK_FALSE(result.error().message.empty());
  CHECK_FALSE(result.error().advice.empty());
  return result.error().code;
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("a new store is made with its identity and tables and found again", "[lmdb][open]") {
  TempDir dir;
  EnvOptions options = small_store(dir.file("store"));
  {
    auto env = Env::open(options).value();
    CHECK(env->created());
    CHECK(env->identity() == options.identity);
    CHECK(env->table("runs").has_value());
    CHECK(env->table("index").has_value());
    CHECK(env->table("meta").has_value());
    CHECK_FALSE(env->table("nothing").has_value());
  }
  options.identity.uuid.fill(std::byte{9});  // Counts only at creation.
  auto env = Env::open(options).value();
  CHECK_FALSE(env->created());
  CHECK(env->identity().uuid[0] == std::byte{7});
}

TEST_CASE("the folder is 0700 and the files 0600", "[lmdb][open]") {
  TempDir dir;
  const mode_t before = ::umask(0);
  auto env = Env::open(small_store(dir.file("store"))).value();
  ::umask(before);
  CHECK(mode_of(dir.file("store")) == 0700);
  for (const char* name : {"data.mdb", "lock.mdb", "writer.lock"}) {
    CHECK(mode_of(dir.file("store/") + name) == 0600);
  }
}

TEST_CASE("a store is not made where none is asked for", "[lmdb][open]") {
  TempDir dir;
  EnvOptions options = small_store(dir.path());
  options.create = false;
  CHECK(code_of(Env::open(options)) == Errc::not_found);
  options.create = true;
  options.read_only = true;
  CHECK(code_of(Env::open(options)) == Errc::not_found);
  options.directory = dir.file("absent");
  CHECK(code_of(Env::open(options)) == Errc::not_found);
  CHECK_FALSE(fs::exists(dir.file("absent")));
  CHECK_FALSE(fs::exists(dir.file("data.mdb")));
  options.read_only = false;
  options.directory = dir.file("absent/too/deep");
  CHECK(code_of(Env::open(options)) == Errc::not_found);
}

TEST_CASE("another magic is not a database and another format is a version", "[lmdb][open]") {
  TempDir dir;
  EnvOptions options = small_store(dir.path());
  REQUIRE(Env::open(options).has_value());
  options.identity.magic[0] = 'X';
  CHECK(code_of(Env::open(options)) == Errc::not_a_database);
  options = small_store(dir.path());
  options.identity.format_version = 2;
  CHECK(code_of(Env::open(options)) == Errc::version);
  options.identity.format_version = 0;
  CHECK(code_of(Env::open(options)) == Errc::version);
  CHECK(Env::open(small_store(dir.path())).has_value());
}

TEST_CASE("a store that lost a table is corrupt, not empty", "[lmdb][open]") {
  TempDir dir;
  EnvOptions options = small_store(dir.path());
  REQUIRE(Env::open(options).has_value());
  options.tables.push_back("never_made");
  CHECK(code_of(Env::open(options)) == Errc::corrupt);
}

TEST_CASE("options out of bounds are refused at the edge", "[lmdb][open]") {
  TempDir dir;
  const auto refused = [&](auto change) {
    EnvOptions options = small_store(dir.path());
    change(options);
    return code_of(Env::open(options)) == Errc::invalid_argument;
  };
  CHECK(refused([](EnvOptions& o) { o.map_size_start = kMapSizeMin - 1; }));
  CHECK(refused([](EnvOptions& o) { o.map_size_max = o.map_size_start - 1; }));
  CHECK(refused([](EnvOptions& o) { o.map_size_max = kMapSizeLimit + 1; }));
  CHECK(refused([](EnvOptions& o) { o.readers_max = kReadersMin - 1; }));
  CHECK(refused([](EnvOptions& o) { o.readers_max = kReadersMax + 1; }));
  CHECK(refused([](EnvOptions& o) { o.read_slots = 0; }));
  CHECK(refused([](EnvOptions& o) { o.read_slots = kReadSlotsMax + 1; }));
  CHECK(refused([](EnvOptions& o) { o.tables = {"meta"}; }));
  CHECK(refused([](EnvOptions& o) { o.tables = {""}; }));
  CHECK(refused([](EnvOptions& o) { o.tables = {"twice", "twice"}; }));
  CHECK(refused([](EnvOptions& o) { o.tables = {std::string(kTableNameSizeMax + 1, 't')}; }));
  CHECK(refused([](EnvOptions& o) { o.tables.resize(kTablesMax + 1, "t"); }));
  CHECK(refused([](EnvOptions& o) { o.directory.clear(); }));
  CHECK_FALSE(fs::exists(dir.file("data.mdb")));
  EnvOptions edge = small_store(dir.path());
  edge.map_size_start = edge.map_size_max = kMapSizeMin;
  edge.readers_max = kReadersMin;
  edge.read_slots = 1;
  edge.tables = {std::string(kTableNameSizeMax, 't')};
  CHECK(Env::open(edge).has_value());
}

TEST_CASE("what a crash during creation left behind is removed by the next writer",
          "[lmdb][open]") {
  TempDir dir;
  for (const char* name : {".new-123-0123456789abcdef", ".new-9-fedcba9876543210"}) {
    fs::create_directory(dir.file(name));
    std::ofstream(dir.file(name) + "/data.mdb") << "half";
    std::ofstream(dir.file(name) + "/lock.mdb") << "half";
  }
  // Not of our making: left alone.
  fs::create_directory(dir.file(".new-mine"));
  fs::create_directory(dir.file(".new-1-0123456789abcdeg"));
  fs::create_directory(dir.file(".new-123-0123456789abcde0"));
  std::ofstream(dir.file(".new-123-0123456789abcde0") + "/precious") << "data";
  REQUIRE(Env::open(small_store(dir.path())).has_value());
  CHECK_FALSE(fs::exists(dir.file(".new-123-0123456789abcdef")));
  CHECK_FALSE(fs::exists(dir.file(".new-9-fedcba9876543210")));
  CHECK(fs::exists(dir.file(".new-mine")));
  CHECK(fs::exists(dir.file(".new-1-0123456789abcdeg")));
  CHECK(fs::exists(dir.file(".new-123-0123456789abcde0/precious")));
  // A crash between rename and cleaning up: the store is there, and so is the leftover.
  fs::create_directory(dir.file(".new-5-0123456789abcdef"));
  std::ofstream(dir.file(".new-5-0123456789abcdef/lock.mdb")) << "half";
  REQUIRE(Env::open(small_store(dir.path())).has_value());
  CHECK_FALSE(fs::exists(dir.file(".new-5-0123456789abcdef")));
}

TEST_CASE("a creation leaves nothing but the three files", "[lmdb][open]") {
  TempDir dir;
  REQUIRE(Env::open(small_store(dir.path())).has_value());
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(dir.path())) {
    const std::string name = entry.path().filename();
    CHECK((name == "data.mdb" || name == "lock.mdb" || name == "writer.lock"));
    ++files;
  }
  CHECK(files == 3);
}

TEST_CASE("links, odd files and open folders are refused with permission", "[lmdb][open]") {
  TempDir dir;
  const std::string store = dir.file("store");
  REQUIRE(Env::open(small_store(store)).has_value());
  const auto refused = [&] { return code_of(Env::open(small_store(store))) == Errc::permission; };
  SECTION("a data file that is a symbolic link") {
    fs::rename(store + "/data.mdb", dir.file("elsewhere"));
    fs::create_symlink(dir.file("elsewhere"), store + "/data.mdb");
    CHECK(refused());
  }
  SECTION("a lock file that is a symbolic link: LMDB would create its target") {
    fs::remove(store + "/lock.mdb");
    fs::create_symlink(dir.file("elsewhere"), store + "/lock.mdb");
    CHECK(refused());
    CHECK_FALSE(fs::exists(dir.file("elsewhere")));
  }
  SECTION("a writer's lock that is a symbolic link") {
    fs::remove(store + "/writer.lock");
    fs::create_symlink(dir.file("elsewhere"), store + "/writer.lock");
    CHECK(refused());
    CHECK_FALSE(fs::exists(dir.file("elsewhere")));
  }
  SECTION("a data file that is a folder") {
    fs::remove(store + "/data.mdb");
    fs::create_directory(store + "/data.mdb");
    CHECK(refused());
  }
  SECTION("a data file that is a pipe does not hang the open") {
    fs::remove(store + "/data.mdb");
    REQUIRE(::mkfifo((store + "/data.mdb").c_str(), 0600) == 0);
    CHECK(refused());
  }
  SECTION("a data file with a second name") {
    fs::create_hard_link(store + "/data.mdb", dir.file("second"));
    CHECK(refused());
  }
  SECTION("a folder the group may write to") {
    ::chmod(store.c_str(), 0770);
    CHECK(refused());
  }
  SECTION("a folder everybody may write to") {
    ::chmod(store.c_str(), 0702);
    CHECK(refused());
  }
  SECTION("a data file everybody may write to") {
    ::chmod((store + "/data.mdb").c_str(), 0602);
    CHECK(refused());
  }
  SECTION("files of another user") {
    if (::geteuid() != 0) {
      WARN("not run: needs root to give a file away");
      return;
    }
    for (const char* name : {"", "/data.mdb", "/lock.mdb", "/writer.lock"}) {
      const std::string path = store + name;
      REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
      CHECK(refused());
      REQUIRE(::chown(path.c_str(), 0, 0) == 0);
    }
  }
  SECTION("a folder reached through a link is fine") {
    fs::create_directory_symlink(store, dir.file("alias"));
    CHECK(Env::open(small_store(dir.file("alias"))).has_value());
  }
}

TEST_CASE("network and user-space file systems are refused unless allowed", "[lmdb][open]") {
  TempDir dir;
  EnvOptions options = small_store(dir.path());
  for (const std::int64_t type : {0x6969L, 0x517BL, 0xFE534D42L, 0xFF534D42L, 0x65735546L,
                                  0x01021997L, static_cast<long>(static_cast<int>(0xFF534D42))}) {
    options.filesystem_type = [type](int) { return type; };
    options.allow_unsupported_filesystem = false;
    CHECK(code_of(Env::open(options)) == Errc::unsupported_filesystem);
    CHECK_FALSE(fs::exists(dir.file("data.mdb")));
  }
  for (const std::int64_t type : {0xEF53L, 0x01021994L, 0x58465342L, 0x9123683EL, 0x794C7630L}) {
    options.filesystem_type = [type](int) { return type; };
    CHECK(Env::open(options).has_value());
  }
  options.filesystem_type = [](int) { return 0x6969; };
  options.allow_unsupported_filesystem = true;
  CHECK(Env::open(options).has_value());
}

TEST_CASE("a read-only open needs the writer neither gone nor there", "[lmdb][open]") {
  TempDir dir;
  EnvOptions reading = small_store(dir.path());
  reading.read_only = true;
  {
    Probe writer({"hold", dir.path()});
    REQUIRE(writer.line() == "ok");
    auto env = Env::open(reading).value();
    CHECK(env->read_only());
    CHECK(env->begin_write().error().code == Errc::read_only);
    CHECK(env->grow().error().code == Errc::read_only);
    CHECK(env->begin_read().has_value());
  }
  fs::remove(dir.file("lock.mdb"));
  auto env = Env::open(reading).value();
  CHECK(env->begin_read().has_value());
  CHECK(fs::exists(dir.file("lock.mdb")));
}

TEST_CASE("a second writer is told who writes", "[lmdb][open]") {
  TempDir dir;
  {
    Probe writer({"hold", dir.path()});
    REQUIRE(writer.line() == "ok");
    const auto refused = Env::open(small_store(dir.path()));
    CHECK(code_of(refused) == Errc::locked);
    CHECK(refused.error().message.find("pid " + std::to_string(writer.pid())) != std::string::npos);
    CHECK(refused.error().message.find("on host ") != std::string::npos);
    CHECK(refused.error().message.find("since 20") != std::string::npos);
    writer.kill();
    CHECK(writer.wait() == -SIGKILL);
  }
  CHECK(Env::open(small_store(dir.path())).has_value());
}

TEST_CASE("read-ahead is off for files larger than half the memory", "[lmdb][open]") {
  CHECK_FALSE(wants_no_read_ahead(500, 1000));
  CHECK(wants_no_read_ahead(501, 1000));
  CHECK_FALSE(wants_no_read_ahead(501, 0));
  TempDir dir;
  auto env = Env::open(small_store(dir.path())).value();
  CHECK(env->stats().value().read_ahead);
}

TEST_CASE("a closed environment answers closed", "[lmdb][open]") {
  TempDir dir;
  Probe probe({"after_close", dir.path()});
  CHECK(probe.line() == "ok");
  for (int i = 0; i < 4; ++i) CHECK(probe.line().rfind("error -6 ", 0) == 0);
  CHECK(probe.wait() == 0);
}
