// SPDX-License-Identifier: Apache-2.0
//
// Files that were cut, emptied, replaced or written by another version, for the data file and for
// journal segments: each is an error with its code or the whole store, never a part of it, never
// an empty store, never a signal. Each is opened by a puppet, for writing and read-only.
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sys/stat.h>
#include <xxhash.h>

#include "puppet_process.hpp"
#include "support/catch.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kPublished = 300;  ///< Runs 1 to 300 are in LMDB ...
constexpr std::uint64_t kJournaled = 60;   ///< ... and the next 60 in the journal only.
constexpr std::size_t kSegmentHeaderBytes = 4096;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::trunc | std::ios::binary) << content;
  ::chmod(path.c_str(), 0600);
}

/// A store whose writer was killed, copied anew for each case.
class KilledStore {
 public:
  KilledStore() {
    make(folder_ / "sound");
    make(folder_ / "stranger");
  }

  /// A fresh copy to damage.
  [[nodiscard]] std::string copy() {
    const std::string target = folder_ / "copy";
    fs::remove_all(target);
    fs::copy(folder_ / "sound", target, fs::copy_options::recursive);
    return target;
  }
  [[nodiscard]] std::string stranger() const { return folder_ / "stranger"; }

  /// The segments' names; those with groups first.
  [[nodiscard]] std::vector<std::string> segments() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "sound/journal")) {
      const std::string content = read_file(entry.path());
      const bool used = content.find_first_not_of('\0', kSegmentHeaderBytes) != std::string::npos;
      names.insert(used ? names.begin() : names.end(),
                   "journal/" + entry.path().filename().string());
    }
    return names;
  }

  /// What opening says: `whole`, a part as a number, or an error's code; `signal` if it died.
  std::string judge(const std::string& directory, bool read_only) {
    const std::string options = "open dir=" + directory + (read_only ? " ro" : "");
    std::string answer = ask(options);
    if (answer != "ok") return answer == "gone" ? "signal" : code_of(answer);
    const std::uint64_t expected = kPublished + (read_only ? 0 : kJournaled);
    answer = ask("one-by-one 1 " + std::to_string(kPublished + kJournaled));
    const std::string at_once = ask("count 1 " + std::to_string(kPublished + kJournaled));
    if (!read_only && answer != "gone") ask("create 5000");
    if (ask("drop") == "gone") return "signal";
    if (code_of(answer) != "-") return code_of(answer);
    return answer == std::to_string(expected) && at_once == answer ? "whole" : answer;
  }

 private:
  static void make(const std::string& directory) {
    PuppetProcess writer(directory);
    REQUIRE(writer.ask("open interval=3600000") == "ok");
    REQUIRE(writer.ask("fill 1 " + std::to_string(kPublished)) == "ok");
    REQUIRE(writer.ask("flush") == "ok");
    for (std::uint64_t run = kPublished + 1; run <= kPublished + kJournaled; ++run) {
      REQUIRE(writer.ask("create " + std::to_string(run)) == "created");
    }
    writer.kill();
  }

  std::string ask(const std::string& command) {
    if (!puppet_) puppet_ = std::make_unique<PuppetProcess>(folder_ / "none");
    std::string answer = puppet_->ask(command);
    if (answer == "gone") puppet_.reset();
    return answer;
  }

  test::TempDirectory folder_;
  std::unique_ptr<PuppetProcess> puppet_;
};

KilledStore& store() {
  static KilledStore instance;
  return instance;
}

std::size_t lengths_wanted() { return test::test_count("MILEPOST_FAULT_LENGTHS", 200); }

TEST_CASE("a sound copy is whole", "[faults][files]") {
  CHECK(store().judge(store().copy(), true) == "whole");
  CHECK(store().judge(store().copy(), false) == "whole");
}

TEST_CASE("a data file cut at any of 200 lengths is an error or whole", "[faults][files]") {
  std::mt19937_64 random(test::test_seed("cut data file"));
  const std::uint64_t size = fs::file_size(store().copy() + "/data.mdb");
  std::vector<std::uint64_t> lengths = {0,    1,    19,       20,          151,
                                        152,  4095, 4096,     4097,        8191,
                                        8192, 8193, size - 1, size - 4096, size - 8192};
  while (lengths.size() < lengths_wanted()) lengths.push_back(random() % size);
  int whole = 0;
  for (const std::uint64_t length : lengths) {
    for (const bool read_only : {true, false}) {
      const std::string directory = store().copy();
      fs::resize_file(directory + "/data.mdb", length);
      const std::string verdict = store().judge(directory, read_only);
      CAPTURE(length, size, read_only, verdict);
      CHECK((verdict == "corrupt" || verdict == "not_a_database" || verdict == "whole"));
      whole += verdict == "whole" ? 1 : 0;
    }
  }
  CHECK(static_cast<std::size_t>(whole) < lengths.size());
}

TEST_CASE("a journal segment cut at any of 200 lengths is corrupt or not needed",
          "[faults][files]") {
  std::mt19937_64 random(test::test_seed("cut segment"));
  const auto segments = store().segments();
  for (std::size_t i = 0; i < lengths_wanted(); ++i) {
    // Mostly the segment with the groups, and half of the time within them.
    const std::string name = segments[i % 4 == 3 ? segments.size() - 1 : 0];
    const std::string directory = store().copy();
    const std::uint64_t size = fs::file_size(directory + "/" + name);
    const std::uint64_t most = i % 2 == 0 ? size : 3 * kSegmentHeaderBytes;
    const std::uint64_t length = i == 0 ? 0 : random() % most;
    fs::resize_file(directory + "/" + name, length);
    const std::string verdict = store().judge(directory, false);
    CAPTURE(name, length, size, verdict);
    CHECK((verdict == "corrupt" || (name != segments[0] && verdict == "whole")));
  }
}

struct Content {
  const char* name;
  std::function<std::string()> make;
};

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

const std::vector<Content> kForeign = {
    {"nothing", [] { return std::string(); }},
    {"one byte", [] { return std::string(1, 'x'); }},
    {"a text", [] { return "SQLite format 3" + std::string(100'000, ' '); }},
    {"a page of zeros", [] { return std::string(4'096, '\0'); }},
    {"zeros", [] { return std::string(65'536, '\0'); }},
    {"noise", [] { return noise(65'536); }},
};

TEST_CASE("a foreign data file is not a database and is left as it was", "[faults][files]") {
  for (const Content& content : kForeign) {
    for (const bool read_only : {true, false}) {
      CAPTURE(content.name, read_only);
      const std::string directory = store().copy();
      write_file(directory + "/data.mdb", content.make());
      CHECK(store().judge(directory, read_only) == "not_a_database");
      CHECK((read_file(directory + "/data.mdb") == content.make()));
    }
  }
}

TEST_CASE("a foreign file in a journal segment's place is corrupt and is left as it was",
          "[faults][files]") {
  for (const std::string& name : store().segments()) {
    for (const Content& content : kForeign) {
      CAPTURE(name, content.name);
      const std::string directory = store().copy();
      write_file(directory + "/" + name, content.make());
      CHECK(store().judge(directory, false) == "corrupt");
      CHECK((read_file(directory + "/" + name) == content.make()));
    }
  }
}

TEST_CASE("another store's data file or journal is told apart", "[faults][files]") {
  const std::string segment = store().segments().front();
  std::string directory = store().copy();
  fs::copy_file(store().stranger() + "/" + segment, directory + "/" + segment,
                fs::copy_options::overwrite_existing);
  CHECK(store().judge(directory, false) == "other_store");
  directory = store().copy();
  fs::copy_file(store().stranger() + "/data.mdb", directory + "/data.mdb",
                fs::copy_options::overwrite_existing);
  CHECK(store().judge(directory, false) == "other_store");
}

TEST_CASE("a newer format of data file, LMDB or journal is a version", "[faults][files]") {
  SECTION("the store's format") {
    for (const bool read_only : {true, false}) {
      const std::string directory = store().copy();
      std::string content = read_file(directory + "/data.mdb");
      const std::string magic = "MILEPOST";
      std::size_t changed = 0;
      for (std::size_t at = content.find(magic); at != std::string::npos;
           at = content.find(magic, at + 1)) {
        content[at + magic.size() + 3] = '\x63';
        ++changed;
      }
      REQUIRE(changed > 0);
      write_file(directory + "/data.mdb", content);
      CHECK(store().judge(directory, read_only) == "version");
    }
  }
  SECTION("LMDB's format") {
    for (const bool read_only : {true, false}) {
      const std::string directory = store().copy();
      std::string content = read_file(directory + "/data.mdb");
      for (const std::size_t page : {0u, 4096u}) content[page + 20] = '\x63';
      write_file(directory + "/data.mdb", content);
      CHECK(store().judge(directory, read_only) == "version");
    }
  }
  SECTION("a segment's format") {
    for (const std::string& name : store().segments()) {
      const std::string directory = store().copy();
      std::string content = read_file(directory + "/" + name);
      content[8] = '\x63';
      const XXH64_hash_t checksum = XXH3_64bits(content.data(), 504);
      content.replace(504, sizeof checksum, reinterpret_cast<const char*>(&checksum),
                      sizeof checksum);
      write_file(directory + "/" + name, content);
      CHECK(store().judge(directory, false) == "version");
    }
  }
}

TEST_CASE("what an unfinished creation leaves behind is cleared away", "[faults][files]") {
  const std::string directory = store().copy();
  const std::string leftover = directory + "/.new-4711-0123456789abcdef";
  fs::create_directory(leftover);
  write_file(leftover + "/data.mdb", noise(5'000));
  write_file(leftover + "/lock.mdb", "");
  write_file(directory + "/journal/00000009.tmp", noise(70'000));
  CHECK(store().judge(directory, true) == "whole");
  CHECK(store().judge(directory, false) == "whole");
  CHECK_FALSE(fs::exists(leftover));
  CHECK_FALSE(fs::exists(directory + "/journal/00000009.tmp"));
}

TEST_CASE("a folder with leftovers only becomes a new store", "[faults][files]") {
  const test::TempDirectory folder;
  const std::string directory = folder / "store";
  fs::create_directory(directory);
  fs::permissions(directory, fs::perms::owner_all);
  fs::create_directory(directory + "/.new-4711-0123456789abcdef");
  write_file(directory + "/.new-4711-0123456789abcdef/data.mdb", noise(5'000));
  fs::create_directory(directory + "/journal");
  PuppetProcess puppet(directory);
  CHECK(code_of(puppet.ask("open ro")) == "not_found");
  CHECK(puppet.ask("open") == "ok");
  CHECK(puppet.ask("create 1") == "created");
}

TEST_CASE("a journal without its data file does not become a new store", "[faults][files]") {
  const std::string directory = store().copy();
  fs::rename(directory + "/data.mdb", directory + "/aside");
  CHECK(store().judge(directory, false) == "corrupt");
  CHECK_FALSE(fs::exists(directory + "/data.mdb"));
  CHECK(store().judge(directory, true) == "not_found");
  fs::rename(directory + "/aside", directory + "/data.mdb");
  CHECK(store().judge(directory, false) == "whole");
}

TEST_CASE("damaged lock files harm nothing", "[faults][files]") {
  for (const char* name : {"lock.mdb", "writer.lock"}) {
    for (const Content& content : kForeign) {
      for (const bool read_only : {true, false}) {
        CAPTURE(name, content.name, read_only);
        const std::string directory = store().copy();
        write_file(directory + "/" + name, content.make());
        CHECK(store().judge(directory, read_only) == "whole");
      }
    }
  }
}

TEST_CASE("things in the place of folders are refused", "[faults][files]") {
  std::string directory = store().copy();
  fs::rename(directory + "/journal", directory + "/aside");
  write_file(directory + "/journal", "no folder");
  const std::string verdict = store().judge(directory, false);
  CHECK((verdict == "invalid_argument" || verdict == "permission"));
  write_file(directory + "-file", "no folder");
  CHECK(store().judge(directory + "-file", false) == "invalid_argument");
  fs::remove(directory + "-file");
}

}  // namespace
}  // namespace milepost::faults
