// SPDX-License-Identifier: Apache-2.0
//
// UUID text: a table by hand, and the public pattern itself as the judge of random mutations.
#include <random>
#include <regex>

#include "core/text.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

constexpr std::string_view kExample = "3c90c3cc-0d44-4b50-8888-8dd25736052a";

const std::regex& pattern() {
  static const std::regex regex(
      "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|"
      "00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$");
  return regex;
}

std::string written(const Uuid& id) {
  char text[kUuidTextSize];
  CHECK(write_uuid(id, text) == text + kUuidTextSize);
  return std::string(text, kUuidTextSize);
}

}  // namespace

TEST_CASE("a UUID is read in RFC byte order and written in lower case", "[core][uuid]") {
  const auto id = read_uuid("3C90c3cc-0D44-4b50-8888-8dD25736052A");
  REQUIRE(id);
  const Uuid expected{{0x3c, 0x90, 0xc3, 0xcc, 0x0d, 0x44, 0x4b, 0x50, 0x88, 0x88, 0x8d, 0xd2, 0x57,
                       0x36, 0x05, 0x2a}};
  CHECK(*id == expected);
  CHECK(written(*id) == kExample);
  CHECK(to_string(*id) == kExample);
}

TEST_CASE("what the UUID pattern matches is read", "[core][uuid]") {
  for (const char* text : {
           "3c90c3cc-0d44-4b50-8888-8dd25736052a",
           "3C90C3CC-0D44-4B50-8888-8DD25736052A",
           "00000000-0000-0000-0000-000000000000",
           "ffffffff-ffff-ffff-ffff-ffffffffffff",
           "00000000-0000-1000-8000-000000000000",
           "FFFFFFFF-FFFF-8FFF-BFFF-FFFFFFFFFFFF",
           "c232ab00-9414-11ec-b3c8-9f6bdeced846",
           "00000000-0000-4000-9000-000000000000",
           "00000000-0000-4000-a000-000000000000",
           "00000000-0000-4000-A000-000000000000",
           "00000000-0000-4000-B000-000000000000",
       }) {
    CAPTURE(text);
    CHECK(read_uuid(text).has_value());
    CHECK(parse_uuid(text).has_value());
  }
  for (const char version : {'1', '2', '3', '4', '5', '6', '7', '8'}) {
    std::string text(kExample);
    text[14] = version;
    CHECK(read_uuid(text).has_value());
  }
}

TEST_CASE("what the UUID pattern does not match is refused", "[core][uuid]") {
  using namespace std::string_view_literals;
  for (const std::string_view text : {
           ""sv,
           "3c90c3cc-0d44-4b50-8888-8dd25736052"sv,
           "3c90c3cc-0d44-4b50-8888-8dd25736052a0"sv,
           "3c90c3cc-0d44-4b50-8888-8dd25736052a\n"sv,
           "3c90c3cc-0d44-4b50-8888-8dd25736052\n"sv,
           " 3c90c3cc-0d44-4b50-8888-8dd25736052a"sv,
           "3c90c3cc-0d44-4b50-8888-8dd25736052a "sv,
           "3c90c3cc-0d44-4b50-8888-8dd25736052\0"sv,
           "3c90c3cc-0d44-4b50-8888-8dd25736052a\0"sv,
           "{3c90c3cc-0d44-4b50-8888-8dd25736052a}"sv,
           "{c90c3cc-0d44-4b50-8888-8dd25736052a}"sv,
           "3c90c3cc0d444b5088888dd25736052a"sv,
           "3c90c3cc0d444b5088888dd25736052a----"sv,
           "3c90c3cc+0d44-4b50-8888-8dd25736052a"sv,
           "3c90c3cc-0d44+4b50-8888-8dd25736052a"sv,
           "3c90c3cc-0d44-4b50+8888-8dd25736052a"sv,
           "3c90c3cc-0d44-4b50-8888+8dd25736052a"sv,
           "3c90c3c-c0d44-4b50-8888-8dd25736052a"sv,
           "3c90c3cg-0d44-4b50-8888-8dd25736052a"sv,
           "3c90c3cc-0d44-4b50-8888-8dd25736052\xc3"sv,
           "3c90c3cc-0d44-0b50-8888-8dd25736052a"sv,
           "3c90c3cc-0d44-9b50-8888-8dd25736052a"sv,
           "3c90c3cc-0d44-ab50-8888-8dd25736052a"sv,
           "3c90c3cc-0d44-fb50-8888-8dd25736052a"sv,
           "3c90c3cc-0d44-4b50-7888-8dd25736052a"sv,
           "3c90c3cc-0d44-4b50-c888-8dd25736052a"sv,
           "3c90c3cc-0d44-4b50-0888-8dd25736052a"sv,
           "3c90c3cc-0d44-4b50-f888-8dd25736052a"sv,
           "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"sv,
           "ffffffff-ffff-ffff-ffff-fffffffffffF"sv,
           "00000000-0000-0000-0000-000000000001"sv,
           "00000000-0000-0000-8000-000000000000"sv,
           "ffffffff-ffff-ffff-ffff-fffffffffffe"sv,
           "0x000000-0000-4000-8000-000000000000"sv,
           "urn:uuid:3c90c3cc-0d44-4b50-8888-8dd25736052a"sv,
       }) {
    CAPTURE(text);
    CHECK_FALSE(read_uuid(text).has_value());
  }
}

TEST_CASE("a refused UUID is named in the error, safely", "[core][uuid]") {
  const auto id = parse_uuid("evil\n\"x\\" + std::string(1'000, 'y'));
  REQUIRE(id.has_error());
  CHECK(id.error().code == Errc::invalid_argument);
  CHECK(id.error().applied == Applied::no);
  CHECK(id.error().subject == "uuid \"evil\\x0a\"x\\x5c" + std::string(56, 'y') + "...\"");
  CHECK_FALSE(id.error().message.empty());
  CHECK_FALSE(id.error().advice.empty());
}

TEST_CASE("reading UUIDs agrees with the pattern on random mutations", "[core][uuid]") {
  MILEPOST_SHOW_SEED();
  std::mt19937_64 random(test::test_seed());
  const std::string_view bases[] = {kExample, "00000000-0000-0000-0000-000000000000",
                                    "ffffffff-ffff-ffff-ffff-ffffffffffff"};
  constexpr std::string_view kAlphabet = "00011789abcdefABCDEFFfg-- \n{}Zz\xff";
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text(bases[random() % 3]);
    for (std::uint64_t edits = random() % 4; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random() % text.size();
      const char with = kAlphabet[random() % kAlphabet.size()];
      const auto kind = random() % 12;
      if (kind == 0) {
        text.erase(at, 1);
      } else if (kind == 1) {
        text.insert(at, 1, with);
      } else {
        text[at] = with;
      }
    }
    const bool matches = std::regex_match(text, pattern());
    const auto id = read_uuid(text);
    CAPTURE(text);
    REQUIRE(id.has_value() == matches);
    if (!id) continue;
    ++accepted;
    for (char& c : text) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    REQUIRE(written(*id) == text);
  }
  CHECK(accepted > 1'000);
}

TEST_CASE("any version and variant digit is judged as the pattern does", "[core][uuid]") {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  for (const char version : kHex) {
    for (const char variant : kHex) {
      std::string text(kExample);
      text[14] = version;
      text[19] = variant;
      CAPTURE(text);
      REQUIRE(read_uuid(text).has_value() == std::regex_match(text, pattern()));
    }
  }
}

}  // namespace milepost::core
