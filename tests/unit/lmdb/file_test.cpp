// SPDX-License-Identifier: Apache-2.0
//
// Files that are not sound stores: each is an error with its code, never a signal, never an empty
// store. Whatever might end by a signal is opened in the probe.
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <lmdb.h>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

#include "lmdb/env.hpp"
#include "lmdb/file_check.hpp"
#include "lmdb_support.hpp"
#include "probe_process.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;
namespace fs = std::filesystem;

namespace {

void fill(const std::string& directory, unsigned long count, std::size_t value_size) {
  auto env = Env::open(small_store(directory)).value();
  for (unsigned long first = 0; first < count; first += 100) {
    auto txn = env->begin_write().value();
    for (unsigned long i = first; i < first + 100; ++i) {
      const std::string value(value_size, 'v');
      REQUIRE(txn.put(*env->table("runs"), bytes(numbered(i)), bytes(value)).has_value());
      REQUIRE(txn.put(*env->table("index"), bytes(numbered(i * 7919 % 100003)), bytes("i"))
                  .has_value());
    }
    REQUIRE(txn.commit().has_value());
  }
  // The newest roots move to old, free pages, so that a cut at the end spares them.
  for (int i = 0; i < 12; ++i) {
    auto txn = env->begin_write().value();
    REQUIRE(txn.put(*env->table("runs"), bytes(numbered(0)), bytes(std::string(value_size, 'w')))
                .has_value());
    REQUIRE(txn.commit().has_value());
  }
}

Errc open_code(const std::string& directory, bool read_only = false) {
  EnvOptions options = small_store(directory);
  options.create = true;
  options.read_only = read_only;
  const auto env = Env::open(options);
  REQUIRE_FALSE(env.has_value());
  INFO(env.error().message);
  CHECK_FALSE(env.error().advice.empty());
  return env.error().code;
}

template <typename T>
void poke(const std::string& path, std::uint64_t at, T value) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(reinterpret_cast<const char*>(&value), sizeof value);
  REQUIRE(file.good());
}

Result<FileReport> check(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  auto report = check_data_file(fd, path);
  ::close(fd);
  return report;
}

// What the probe says about a folder, for writing and for reading: a line, not a signal.
std::string scanned(const std::string& directory, bool read_only) {
  Probe probe({"scan", directory, read_only ? "1" : "0"});
  const std::string line = probe.line();
  CHECK(probe.wait() == 0);
  return line;
}

void copy_store(const std::string& from, const std::string& to) {
  fs::create_directory(to);
  fs::permissions(to, fs::perms::owner_all);
  fs::copy_file(from + "/data.mdb", to + "/data.mdb", fs::copy_options::overwrite_existing);
}

}  // namespace

TEST_CASE("empty, short and foreign files are not databases", "[lmdb][file]") {
  TempDir dir;
  const std::string data = dir.file("data.mdb");
  const auto write = [&](const std::string& content) {
    std::ofstream(data, std::ios::trunc | std::ios::binary) << content;
    ::chmod(data.c_str(), 0600);
  };
  for (const std::string& content :
       {std::string(), std::string(1, 'x'), std::string(151, 'x'), std::string(4096, '\0'),
        std::string(8192, '\0'), std::string(100'000, 'x'), std::string("SQLite format 3")}) {
    write(content);
    for (const bool read_only : {false, true}) {
      CHECK(open_code(dir.path(), read_only) == Errc::not_a_database);
    }
    CHECK(fs::file_size(data) == content.size());
  }
  std::mt19937 random(1);
  std::string noise(20'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  write(noise);
  CHECK(open_code(dir.path()) == Errc::not_a_database);
}

TEST_CASE("another program's LMDB file is not a database and is left as it was", "[lmdb][file]") {
  TempDir dir;
  MDB_env* raw = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  REQUIRE(mdb_env_create(&raw) == 0);
  REQUIRE(mdb_env_set_maxdbs(raw, 4) == 0);
  REQUIRE(mdb_env_open(raw, dir.path().c_str(), 0, 0600) == 0);
  REQUIRE(mdb_txn_begin(raw, nullptr, 0, &txn) == 0);
  const auto store = [&](const char* table, const char* name, const char* content) {
    REQUIRE(mdb_dbi_open(txn, table, MDB_CREATE, &dbi) == 0);
    MDB_val key{std::strlen(name), const_cast<char*>(name)};
    MDB_val value{std::strlen(content), const_cast<char*>(content)};
    REQUIRE(mdb_put(txn, dbi, &key, &value, 0) == 0);
  };
  SECTION("with one nameless table") { store(nullptr, "key", "value"); }
  SECTION("with a plain value named meta") { store(nullptr, "meta", "value"); }
  SECTION("with other tables") { store("theirs", "key", "value"); }
  SECTION("with a table meta, but no identity") { store("meta", "key", "value"); }
  SECTION("with a short identity") { store("meta", "identity", "short"); }
  SECTION("with another identity") {
    store("meta", "identity", "a text of more than forty bytes, whatever it says");
  }
  SECTION("with nothing in it") {}
  REQUIRE(mdb_txn_commit(txn) == 0);
  mdb_env_close(raw);
  const auto before = fs::file_size(dir.file("data.mdb"));
  CHECK(open_code(dir.path()) == Errc::not_a_database);
  CHECK(open_code(dir.path(), true) == Errc::not_a_database);
  CHECK(fs::file_size(dir.file("data.mdb")) == before);
}

TEST_CASE("a damaged identity record is corrupt", "[lmdb][file]") {
  TempDir dir;
  REQUIRE(Env::open(small_store(dir.path())).has_value());
  std::ifstream in_file(dir.file("data.mdb"), std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in_file)), {});
  const std::size_t at = all.find("MPTEST01");
  REQUIRE(at != std::string::npos);
  poke(dir.file("data.mdb"), at + 20, '!');
  CHECK(open_code(dir.path()) == Errc::corrupt);
}

TEST_CASE("meta pages that make no sense are refused before LMDB sees them", "[lmdb][file]") {
  TempDir dir;
  fill(dir.path(), 300, 100);
  const std::string data = dir.file("data.mdb");
  const std::uint64_t page = native_page_size();
  const FileReport sound = check(data).value();
  CHECK(sound.page_size == page);
  const std::uint64_t newer = sound.txn_id % 2 * page;  // Where the newer meta page begins.
  SECTION("page size 0, which would be a division by zero") {
    poke<std::uint32_t>(data, 40, 0);
    poke<std::uint32_t>(data, page + 40, 0);
    CHECK(open_code(dir.path()) == Errc::corrupt);
  }
  SECTION("odd page sizes") {
    for (const std::uint32_t size : {1u, 100u, 4095u, 256u, 131072u, 0xFFFFFFFFu}) {
      poke<std::uint32_t>(data, 40, size);
      CHECK(open_code(dir.path()) == Errc::corrupt);
    }
  }
  SECTION("the page size of another machine") {
    poke<std::uint32_t>(data, 40, page == 16384 ? 4096 : 16384);
    CHECK(open_code(dir.path()) == Errc::version);
  }
  SECTION("another data version") {
    poke<std::uint32_t>(data, 20, 999);
    CHECK(open_code(dir.path()) == Errc::version);
  }
  SECTION("a second meta page that is none") {
    poke<std::uint32_t>(data, page + 16, 0);
    CHECK(open_code(dir.path()) == Errc::corrupt);
  }
  SECTION("root pages out of bounds") {
    for (const std::uint64_t root : {0ull, 1ull, 1ull << 20, ~0ull - 1}) {
      poke<std::uint64_t>(data, newer + 128, root);
      CHECK(open_code(dir.path()) == Errc::corrupt);
    }
  }
  SECTION("a root page of another kind than its depth says") {
    poke<std::uint16_t>(data, newer + 94, 2);
    CHECK(open_code(dir.path()) == Errc::corrupt);
  }
  SECTION("a free list root out of bounds") {
    poke<std::uint64_t>(data, newer + 80, 1ull << 40);
    CHECK(open_code(dir.path()) == Errc::corrupt);
  }
  SECTION("a tree deeper than any") {
    poke<std::uint16_t>(data, newer + 94, 33);
    CHECK(open_code(dir.path()) == Errc::corrupt);
  }
}

TEST_CASE("a newer meta page that lies is refused before LMDB sees it", "[lmdb][file]") {
  TempDir dir;
  fill(dir.path(), 300, 100);
  const std::string data = dir.file("data.mdb");
  const std::uint64_t page = native_page_size();
  const FileReport sound = check(data).value();
  const std::uint64_t newer = sound.txn_id % 2 * page;  // Where the newer meta page begins.
  SECTION("a last page far behind the end") {
    for (const std::uint64_t last : {0ull, 1ull << 30, 1ull << 50, ~0ull}) {
      poke<std::uint64_t>(data, newer + 136, last);
      CHECK(open_code(dir.path()) == Errc::corrupt);
    }
  }
  SECTION("a map larger than any") {
    poke<std::uint64_t>(data, newer + 32, 1ull << 60);
    CHECK(open_code(dir.path()) == Errc::corrupt);
  }
  SECTION("a commit number on the wrong page") {
    poke<std::uint64_t>(data, newer + 144, sound.txn_id + 1);
    CHECK(open_code(dir.path()) == Errc::corrupt);
  }
  std::uint64_t root = 0;
  std::ifstream file(data, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(newer + 128));
  file.read(reinterpret_cast<char*>(&root), sizeof root);
  SECTION("a zeroed root page") {
    poke(data, root * page, std::array<char, 16>{});
    CHECK(open_code(dir.path()) == Errc::corrupt);
  }
  SECTION("a root page that says it is another one") {
    poke<std::uint64_t>(data, root * page, root + 1);
    CHECK(open_code(dir.path()) == Errc::corrupt);
  }
}

TEST_CASE("a file cut at any length is an error or whole, never a signal", "[lmdb][file]") {
  TempDir dir;
  const std::string sound = dir.file("sound");
  fill(sound, 600, 700);
  const auto size = fs::file_size(sound + "/data.mdb");
  const std::string whole = scanned(sound, true);
  REQUIRE(whole == "ok 1201");
  const std::string cut = dir.file("cut");
  std::mt19937_64 random(20231107);
  std::vector<std::uint64_t> lengths = {1,        19,          20,          151,        152,  4095,
                                        4096,     4097,        4248,        8191,       8192, 8193,
                                        size - 1, size - 4095, size - 4096, size - 4097};
  for (std::uint64_t pages = 1; pages <= 12; ++pages) lengths.push_back(size - pages * 4096);
  while (lengths.size() < 60) lengths.push_back(random() % size);
  for (const std::uint64_t length : lengths) {
    copy_store(sound, cut);
    fs::resize_file(cut + "/data.mdb", length);
    INFO("cut to " << length << " of " << size);
    for (const bool read_only : {true, false}) {
      const std::string line = scanned(cut, read_only);
      const bool fine = line == whole || line.rfind("error -23 ", 0) == 0 ||
                        (length < 20 && line.rfind("error -21 ", 0) == 0);
      CHECK(fine);
      if (!fine) WARN(line);
    }
  }
}

TEST_CASE("a sound file that is short of free pages opens, and a writer extends it",
          "[lmdb][file]") {
  TempDir dir;
  {
    auto env = Env::open(small_store(dir.path())).value();
    const Table runs = env->table("runs").value();
    // Some free pages, so that the last transaction takes its small pages from them.
    for (int i = 0; i < 20; ++i) {
      auto txn = env->begin_write().value();
      REQUIRE(txn.put(runs, bytes("kept"), bytes(numbered(1))).has_value());
      REQUIRE(txn.commit().has_value());
    }
    // A large value written and dropped in one transaction: its pages are numbered, but nothing
    // is ever written there.
    auto txn = env->begin_write().value();
    const std::string large(200'000, 'v');
    REQUIRE(txn.put(runs, bytes("dropped"), bytes(large)).has_value());
    REQUIRE(txn.erase(runs, bytes("dropped")).value());
    REQUIRE(txn.commit().has_value());
  }
  const FileReport report = check(dir.file("data.mdb")).value();
  CHECK(report.file_size < report.needed_size);
  CHECK(scanned(dir.path(), true) == "ok 2");
  CHECK(fs::file_size(dir.file("data.mdb")) == report.file_size);
  CHECK(scanned(dir.path(), false) == "ok 2");
  CHECK(fs::file_size(dir.file("data.mdb")) == report.needed_size);
}

TEST_CASE("a table of another kind than ours is corrupt", "[lmdb][file]") {
  TempDir dir;
  REQUIRE(Env::open(small_store(dir.path())).has_value());
  MDB_env* raw = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  REQUIRE(mdb_env_create(&raw) == 0);
  REQUIRE(mdb_env_set_maxdbs(raw, 4) == 0);
  REQUIRE(mdb_env_open(raw, dir.path().c_str(), 0, 0600) == 0);
  REQUIRE(mdb_txn_begin(raw, nullptr, 0, &txn) == 0);
  REQUIRE(mdb_dbi_open(txn, "runs", 0, &dbi) == 0);
  REQUIRE(mdb_drop(txn, dbi, 1) == 0);
  REQUIRE(mdb_dbi_open(txn, "runs", MDB_CREATE | MDB_DUPSORT, &dbi) == 0);
  REQUIRE(mdb_txn_commit(txn) == 0);
  mdb_env_close(raw);
  CHECK(open_code(dir.path()) == Errc::corrupt);
}

TEST_CASE("before LMDB ends the process the log says why", "[lmdb][file]") {
  TempDir dir;
  Probe probe({"assertion", dir.path()});
  const std::string line = probe.line();
  CHECK(line.rfind("log LMDB found the store in " + dir.path(), 0) == 0);
  CHECK(line.find("restore a backup") != std::string::npos);
  CHECK(probe.wait() == -SIGABRT);
}
