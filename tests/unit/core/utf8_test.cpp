// SPDX-License-Identifier: Apache-2.0
//
// UTF-8: the tables of the Unicode Standard, a second decoder that works by arithmetic, and every
// edge of the cut.
#include <random>

#include "core/text.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";
const std::string kEllipsis = "\xE2\x80\xA6";

/// Replaces every R by U+FFFD.
std::string with_replacements(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == 'R') {
      result += kReplacement;
    } else {
      result += c;
    }
  }
  return result;
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

std::string cleaned(std::string_view text) {
  std::string storage;
  return std::string(clean_error_text(text, storage));
}

/// Well-formed by the definition: shortest form of a scalar value. Nothing is shared with the
/// code under test.
bool is_well_formed_by_arithmetic(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80       ? 1
                             : lead >> 5 == 6  ? 2
                             : lead >> 4 == 14 ? 3
                             : lead >> 3 == 30 ? 4
                                               : 0;
    if (size == 0 || text.size() - i < size) return false;
    std::uint32_t value = size == 1 ? lead : lead & (0x7fu >> size);
    for (std::size_t k = 1; k < size; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xc0) != 0x80) return false;
      value = value << 6 | (byte & 0x3fu);
    }
    const std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < smallest[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
      return false;
    }
    i += size;
  }
  return true;
}

}  // namespace

TEST_CASE("UTF-8 is told from what is not, all texts of up to two bytes", "[core][utf8]") {
  CHECK(is_valid_utf8(""));
  for (unsigned first = 0; first < 256; ++first) {
    const std::string one(1, static_cast<char>(first));
    REQUIRE(is_valid_utf8(one) == is_well_formed_by_arithmetic(one));
    for (unsigned second = 0; second < 256; ++second) {
      const std::string two = one + static_cast<char>(second);
      REQUIRE(is_valid_utf8(two) == is_well_formed_by_arithmetic(two));
    }
  }
}

TEST_CASE("UTF-8 is told from what is not, longer sequences at every edge", "[core][utf8]") {
  constexpr unsigned kEdges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2,
                                 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
  for (const unsigned a : kEdges) {
    for (const unsigned b : kEdges) {
      for (const unsigned c : kEdges) {
        for (const unsigned d : kEdges) {
          const char bytes[] = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c),
                                static_cast<char>(d)};
          const std::string_view four(bytes, 4);
          REQUIRE(is_valid_utf8(four) == is_well_formed_by_arithmetic(four));
          REQUIRE(is_valid_utf8(four.substr(1)) == is_well_formed_by_arithmetic(four.substr(1)));
        }
      }
    }
  }
}

TEST_CASE("one bad byte is found at any place of a long text", "[core][utf8]") {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t bad = 0; bad < size; ++bad) {
      std::string text(size, 'a');
      REQUIRE(is_valid_utf8(text));
      text[bad] = '\x80';
      REQUIRE_FALSE(is_valid_utf8(text));
    }
  }
}

TEST_CASE("a fine error text is handed back itself", "[core][utf8]") {
  const std::string texts[] = {"", "mailbox full", std::string(kErrorTextSizeMax, 'x'),
                               "Zo\xC3\xAB \xF0\x9F\x98\x80", std::string("a\0b\x7f", 4)};
  for (const std::string& text : texts) {
    std::string storage = "untouched";
    const std::string_view clean = clean_error_text(text, storage);
    CHECK(clean.data() == text.data());
    CHECK(clean == text);
    CHECK(storage == "untouched");
  }
}

TEST_CASE("each maximal ill-formed part becomes one U+FFFD", "[core][utf8]") {
  struct Row {
    std::string_view text;
    std::string_view clean;  ///< R stands for U+FFFD.
  };
  const Row rows[] = {
      // The Unicode Standard's tables 3-8 to 3-11.
      {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", "RRRRRRRRA"},
      {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "RRRRRRRRA"},
      {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "RRRRRARRB"},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "RRRRA"},
      // Cut off at the end of the text.
      {"a\xC3", "aR"},
      {"a\xE2\x80", "aR"},
      {"a\xF0\x9F\x98", "aR"},
      {"a\xF0\x9F", "aR"},
      {"\xF0", "R"},
      // Bytes that are never part of UTF-8, and lone trailing bytes.
      {"\xFE\xFF", "RR"},
      {"\x80\x80", "RR"},
      {"\xF5\x80\x80\x80", "RRRR"},
      {"\xC1\xBF", "RR"},
      // What is well-formed around them stays.
      {"Zo\xC3\xAB\xEB!", "Zo\xC3\xABR!"},
      {"\xE2\x82\xAC\xE2\x82\xE2\x82\xAC", "\xE2\x82\xACR\xE2\x82\xAC"},
  };
  for (const Row& row : rows) {
    CHECK(cleaned(row.text) == with_replacements(row.clean));
  }
}

TEST_CASE("a text over 4096 bytes is cut at a code point and closed", "[core][utf8]") {
  static_assert(kErrorTextSizeMax == 4096);
  CHECK(cleaned(std::string(4096, 'x')) == std::string(4096, 'x'));
  CHECK(cleaned(std::string(4097, 'x')) == std::string(4093, 'x') + kEllipsis);
  CHECK(cleaned(std::string(1'000'000, 'x')) == std::string(4093, 'x') + kEllipsis);

  // Two bytes each: 2048 fit exactly, one more is too many, and 4093 is odd.
  CHECK(cleaned(repeated("\xC3\xAB", 2048)) == repeated("\xC3\xAB", 2048));
  CHECK(cleaned(repeated("\xC3\xAB", 2049)) == repeated("\xC3\xAB", 2046) + kEllipsis);
  CHECK(cleaned("x" + repeated("\xC3\xAB", 2048)) == "x" + repeated("\xC3\xAB", 2046) + kEllipsis);
  // Three bytes each.
  CHECK(cleaned(repeated("\xE2\x82\xAC", 1365)) == repeated("\xE2\x82\xAC", 1365));
  CHECK(cleaned(repeated("\xE2\x82\xAC", 1366)) == repeated("\xE2\x82\xAC", 1364) + kEllipsis);
  // Four bytes each, at every offset.
  for (std::size_t before = 0; before < 4; ++before) {
    const std::string text = std::string(before, 'x') + repeated("\xF0\x9F\x98\x80", 1025);
    const std::size_t kept = (4093 - before) / 4;
    CHECK(cleaned(text) ==
          std::string(before, 'x') + repeated("\xF0\x9F\x98\x80", kept) + kEllipsis);
  }
}

TEST_CASE("bad bytes are replaced before the text is measured", "[core][utf8]") {
  CHECK(cleaned(repeated("\xFF", 1365)) == repeated(kReplacement, 1365));  // 4095 bytes
  CHECK(cleaned(repeated("\xFF", 1365) + "x") == repeated(kReplacement, 1365) + "x");
  CHECK(cleaned(repeated("\xFF", 1365) + "xy") == repeated(kReplacement, 1364) + kEllipsis);
  CHECK(cleaned(repeated("\xFF", 1366)) == repeated(kReplacement, 1364) + kEllipsis);
  CHECK(cleaned(repeated("\xFF", 1'000'000)) == repeated(kReplacement, 1364) + kEllipsis);
  // A replaced part may also be longer than what replaces it: 4098 bytes in, 4096 kept.
  CHECK(cleaned(std::string(4093, 'x') + "\xF0\x9F\x98" + "!").size() == 4096);
  CHECK(cleaned(std::string(4093, 'x') + "\xF0\x9F\x98") == std::string(4093, 'x') + kReplacement);
  CHECK(cleaned(std::string(4094, 'x') + "\xF0\x9F\x98") == std::string(4093, 'x') + kEllipsis);
}

TEST_CASE("a text may be cleaned in its own storage", "[core][utf8]") {
  std::string storage = "bad \xFF byte";
  CHECK(clean_error_text(storage, storage) == "bad " + kReplacement + " byte");
}

TEST_CASE("whatever comes in, a clean text is UTF-8, short enough and stays as it is",
          "[core][utf8]") {
  MILEPOST_SHOW_SEED();
  std::mt19937_64 random(test::test_seed());
  const std::string_view parts[] = {"a",        "\xC3\xAB", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                    "\xFF",     "\xE2\x82", "\xF0\x9F",     "\x80",
                                    "abcdefgh", "\xED\xA0"};
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    const std::size_t size = random() % (i % 4 == 0 ? 6'000 : 60);
    while (text.size() < size) text += parts[random() % std::size(parts)];
    const std::string clean = cleaned(text);
    REQUIRE(is_well_formed_by_arithmetic(clean));
    REQUIRE(is_valid_utf8(text) == is_well_formed_by_arithmetic(text));
    REQUIRE(clean.size() <= kErrorTextSizeMax);
    REQUIRE(cleaned(clean) == clean);
    const bool fine = text.size() <= kErrorTextSizeMax && is_well_formed_by_arithmetic(text);
    REQUIRE((clean == text) == fine);
  }
}

}  // namespace milepost::core
