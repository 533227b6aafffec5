// SPDX-License-Identifier: Apache-2.0
//
// Damage campaigns over files that LMDB made: flipped bits, noise in headers, zeroed pages, pages
// in the wrong place, wrong bytes in meta pages, torn pages, cut files. Two judges: the anatomy
// says what must be found; and what the page reader lets pass, LMDB must be able to read and to
// write on, after which it must pass again. Everything happens in other processes.
//
// MILEPOST_VERIFY_FILES files each (400), MILEPOST_TEST_SEED replays.
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <utility>

#include "damages.hpp"
#include "file_maker.hpp"
#include "raw_store.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

using namespace milepost::verify::test;
using milepost::test::ChildProcess;
using milepost::test::TempDirectory;

namespace {

constexpr std::size_t kFilesPerBase = 25;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A small file made by hand, or one that random work on LMDB left behind.
Base make_base(std::uint64_t seed) {
  if (seed % 8 == 0) return {sample_file().bytes(), Anatomy(sample_file().bytes())};
  const TempDirectory folder;
  const std::string path = folder / "data.mdb";
  std::string earlier;
  std::string last;
  random_work(folder.path().string(), seed, 24 + static_cast<unsigned>(seed % 8) * 16,
              [&] { earlier = std::exchange(last, contents(path)); });
  return {earlier, Anatomy(contents(path))};
}

class Campaign {
 public:
  explicit Campaign(const char* name) : seed_(milepost::test::test_seed(name)), name_(name) {}

  void run(Damage damage) {
    const std::size_t files = milepost::test::test_count("MILEPOST_VERIFY_FILES", 400);
    std::optional<Base> base;
    for (std::size_t i = 0; i < files; ++i) {
      Random random(seed_ + i);
      if (i % kFilesPerBase == 0) base = make_base(seed_ / 2 + i / kFilesPerBase);
      judge(damage(*base, random), i);
    }
    std::cout << name_ << ": " << files << " files, " << had_to_ << " had to be found, " << found_
              << " were; LMDB worked on the other " << files - found_ << std::endl;
    CHECK(had_to_ > 0);
  }

 private:
  std::string ask(const std::string& request) {
    child_.write_line(request);
    const std::optional<std::string> answer = child_.read_line();
    if (!answer) FAIL("the child ended: " << child_.wait());
    return *answer;
  }

  void judge(const Damaged& damaged, std::size_t number) {
    INFO(name_ << ", file " << number << ": " << damaged.what);
    const std::string path = folder_ / "data.mdb";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged.bytes;
    const std::string answer = ask("check " + path);
    const bool sound = answer == "sound";
    if (!sound) REQUIRE(answer.substr(0, 6) == "found ");
    if (damaged.must_find) {
      ++had_to_;
      CHECK_FALSE(sound);
    }
    if (!sound) {
      ++found_;
      return;
    }
    CHECK(ask("work " + folder_.path().string()) == "ok");
    CHECK(ask("check " + path) == "sound");
  }

  const std::uint64_t seed_;
  const std::string name_;
  const TempDirectory folder_;
  ChildProcess child_{{MILEPOST_VERIFY_PROBE}};
  std::size_t had_to_ = 0;
  std::size_t found_ = 0;
};

}  // namespace

TEST_CASE("flipped bits: damage of structure is found, all else is harmless", "[verify][damage]") {
  Campaign("flipped bits").run(flip_bit);
}

TEST_CASE("noise in page headers is found", "[verify][damage]") {
  Campaign("noise in headers").run(noise_in_header);
}

TEST_CASE("zeroed pages are found", "[verify][damage]") { Campaign("zeroed pages").run(zero_page); }

TEST_CASE("pages in the place of others are found", "[verify][damage]") {
  Campaign("misdirected pages").run(misdirect_page);
}

TEST_CASE("wrong bytes in meta pages are found", "[verify][damage]") {
  Campaign("bytes of meta pages").run(change_meta);
}

TEST_CASE("torn pages are found or harmless", "[verify][damage]") {
  Campaign("torn pages").run(tear_page);
}

TEST_CASE("cut files are found unless all they lack is free", "[verify][damage]") {
  Campaign("cut files").run(cut_file);
}
