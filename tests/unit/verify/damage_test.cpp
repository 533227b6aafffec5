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
#include <memory>
#include <optional>
#include <random>

#include "anatomy.hpp"
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

/// A sound file, and what it was some commits before.
struct Base {
  explicit Base(std::uint64_t seed) : now(make(seed)) {}

  std::string earlier;
  Anatomy now;

 private:
  std::string make(std::uint64_t seed) {
    if (seed % 8 == 0) {
      earlier = sample_file().bytes();
      return sample_file().bytes();
    }
    const TempDirectory folder;
    const std::string path = folder / "data.mdb";
    std::string last;
    random_work(folder.path().string(), seed, 24 + static_cast<unsigned>(seed % 8) * 16,
                [&] { earlier = std::exchange(last, contents(path)); });
    return contents(path);
  }
};

struct Damaged {
  std::string bytes;
  bool must_find = false;
  std::string what;
};

using Random = std::mt19937_64;
using Damage = Damaged (*)(const Base&, Random&);

class Campaign {
 public:
  explicit Campaign(const char* name) : seed_(milepost::test::test_seed(name)), name_(name) {}

  void run(Damage damage) {
    const std::size_t files = milepost::test::test_count("MILEPOST_VERIFY_FILES", 400);
    std::unique_ptr<Base> base;
    for (std::size_t i = 0; i < files; ++i) {
      Random random(seed_ + i);
      if (i % kFilesPerBase == 0) base = std::make_unique<Base>(seed_ / 2 + i / kFilesPerBase);
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

std::string at_byte(std::size_t at, const Base& base) {
  return "byte " + std::to_string(at % base.now.page_size()) + " of page " +
         std::to_string(at / base.now.page_size());
}

// Any page, but mostly one that begins with a header.
std::uint64_t any_page(const Base& base, Random& random) {
  std::vector<std::uint64_t> pages;
  const bool all = random() % 4 == 0;
  for (std::uint64_t page = 0; page < base.now.pages(); ++page) {
    if (all || base.now.has_header(page)) pages.push_back(page);
  }
  return pages[random() % pages.size()];
}

// One byte becomes another; half of the time a byte of structure.
Damaged change_byte(const Base& base, std::size_t at, std::uint8_t value, const char* how) {
  Damaged damaged{base.now.bytes(), base.now.must_find(at, value),
                  how + (" at " + at_byte(at, base))};
  damaged.bytes[at] = static_cast<char>(value);
  return damaged;
}

Damaged flip_bit(const Base& base, Random& random) {
  std::size_t at = random() % base.now.bytes().size();
  if (random() % 2 == 0) {
    const std::vector<std::size_t> structure = base.now.structure();
    at = structure[random() % structure.size()];
  }
  const auto value = static_cast<std::uint8_t>(static_cast<std::uint8_t>(base.now.bytes()[at]) ^
                                               (1u << (random() % 8)));
  return change_byte(base, at, value, "a bit flipped");
}

Damaged change_meta(const Base& base, Random& random) {
  const std::size_t at = random() % 2 * base.now.page_size() + random() % 152;
  auto value = static_cast<std::uint8_t>(random());
  if (value == static_cast<std::uint8_t>(base.now.bytes()[at])) ++value;
  return change_byte(base, at, value, "a byte changed");
}

Damaged noise_in_header(const Base& base, Random& random) {
  const std::uint64_t page = any_page(base, random);
  Damaged damaged{base.now.bytes(), base.now.has_header(page),
                  "noise in the header of page " + std::to_string(page)};
  for (std::size_t i = 0; i < 16; ++i) {
    damaged.bytes[page * base.now.page_size() + i] = static_cast<char>(random());
  }
  return damaged;
}

Damaged zero_page(const Base& base, Random& random) {
  const std::uint64_t page = any_page(base, random);
  const std::size_t size = base.now.page_size();
  Damaged damaged{base.now.bytes(), base.now.has_header(page),
                  "page " + std::to_string(page) + " zeroed"};
  damaged.bytes.replace(page * size, size, size, '\0');
  return damaged;
}

Damaged misdirect_page(const Base& base, Random& random) {
  const std::uint64_t from = random() % base.now.pages();
  const std::uint64_t to = any_page(base, random);
  const std::size_t size = base.now.page_size();
  Damaged damaged{base.now.bytes(), from != to && base.now.has_header(to),
                  "page " + std::to_string(from) + " written over page " + std::to_string(to)};
  damaged.bytes.replace(to * size, size, base.now.bytes(), from * size, size);
  return damaged;
}

// Half of a page as it was some commits before. Whether that is damage at all only LMDB can tell;
// but a page that was no tree page of that number then must be noticed by its first half.
Damaged tear_page(const Base& base, Random& random) {
  const std::size_t size = base.now.page_size();
  const std::uint64_t page = any_page(base, random) % (base.earlier.size() / size);
  const std::size_t half = random() % 2 * (size / 2);
  Damaged damaged{base.now.bytes(), false, "half of page " + std::to_string(page) + " is old"};
  damaged.bytes.replace(page * size + half, size / 2, base.earlier, page * size + half, size / 2);
  if (half == 0 && base.now.has_header(page)) {
    const auto differs = [&](std::size_t from, std::size_t count) {
      return damaged.bytes.compare(page * size + from, count, base.now.bytes(), page * size + from,
                                   count) != 0;
    };
    damaged.must_find = differs(0, 8) || differs(10, 2) ||
                        (base.now.use(page) == PageUse::run_first && differs(12, 4));
  }
  return damaged;
}

Damaged cut_file(const Base& base, Random& random) {
  const std::size_t length = random() % base.now.bytes().size();
  Damaged damaged{base.now.bytes().substr(0, length), false,
                  "cut to " + std::to_string(length) + " bytes"};
  for (std::uint64_t page = length / base.now.page_size(); page < base.now.pages(); ++page) {
    damaged.must_find = damaged.must_find || base.now.reachable(page);
  }
  return damaged;
}

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
