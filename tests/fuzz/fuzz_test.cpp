// SPDX-License-Identifier: Apache-2.0
//
// Every fuzz target over its seeds and some thousand inputs made of them, in a few seconds: no
// search, but none of them rots, and what a fuzzer found once stays mended where it is a seed.
#include "fuzz/fuzz.hpp"

#include <random>
#include <stdexcept>

#include "support/catch.hpp"
#include "support/runs.hpp"

namespace milepost::fuzz {
namespace {

std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

/// Changes inputs the way fuzzers do.
class Mutator {
 public:
  Mutator(std::uint64_t seed, const Seeds& seeds, std::size_t size_max)
      : random_(seed), seeds_(seeds), size_max_(size_max) {}

  std::string next() {
    std::string input = pick();
    for (std::size_t i = 1 + random_() % 4; i > 0; --i) change(input);
    if (input.size() > size_max_) input.resize(size_max_);
    return input;
  }

 private:
  [[nodiscard]] std::string pick() {
    return seeds_.empty() ? std::string() : seeds_[random_() % seeds_.size()];
  }
  [[nodiscard]] std::size_t place(const std::string& in) { return random_() % (in.size() + 1); }
  [[nodiscard]] char interesting() {
    constexpr std::string_view kBytes("\0\x01\x7f\x80\xff\xc3\x28\"\\\r\n: \x30\x41\x61", 16);
    return random_() % 2 == 0 ? kBytes[random_() % kBytes.size()] : static_cast<char>(random_());
  }
  void change(std::string& input) {
    const std::size_t at = place(input);
    switch (random_() % 7) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random_() % 8));
        break;
      case 1:
        if (at < input.size()) input[at] = interesting();
        break;
      case 2:
        input.insert(at, 1 + random_() % 8, interesting());
        break;
      case 3:
        input.erase(at, 1 + random_() % 16);
        break;
      case 4:
        input.resize(at);
        break;
      case 5:
        input.insert(at, pick().substr(0, 1 + random_() % 256));
        break;
      default:
        for (std::size_t i = at; i < std::min(input.size(), at + 8); ++i) input[i] = interesting();
    }
  }

  std::mt19937_64 random_;
  const Seeds& seeds_;
  const std::size_t size_max_;
};

std::string hex(const std::string& input) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : input.substr(0, 2'000)) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

void try_input(const Target& target, const std::string& input) {
  try {
    target.run(input_of(input));
  } catch (const std::exception& thrown) {
    FAIL_CHECK(target.name << ": " << thrown.what() << "\nthe input: " << hex(input));
  }
}

}  // namespace

const std::vector<Target>& all_targets() { return targets(); }

bool add_target(const Target& target) {
  targets().push_back(target);
  return true;
}

void require(bool holds, const char* what, const char* file, int line) {
  if (holds) return;
  throw std::logic_error(std::string(file) + ":" + std::to_string(line) +
                         " does not hold: " + what);
}

TEST_CASE("every fuzz target takes its seeds and what is made of them", "[fuzz]") {
  const std::uint64_t seed = test::test_seed("fuzz targets");
  INFO("MILEPOST_TEST_SEED=" << seed);
  REQUIRE(all_targets().size() >= 10);
  for (const Target& target : all_targets()) {
    INFO(target.name);
    const Seeds seeds = target.seeds();
    CHECK_FALSE(seeds.empty());
    try_input(target, {});
    for (const std::string& each : seeds) try_input(target, each);
    Mutator mutator(seed, seeds, target.size_max);
    for (std::size_t i = 0; i < target.usual_inputs; ++i) {
      const std::string input = mutator.next();
      INFO(hex(input));
      try_input(target, input);
    }
  }
}

}  // namespace milepost::fuzz
