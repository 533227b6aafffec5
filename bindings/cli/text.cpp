// SPDX-License-Identifier: Apache-2.0
//
// One decoder of UTF-8, strict as the Unicode standard has it, and what is done with its output.
#include "text.hpp"

#include <array>
#include <cstdio>
#include <cwchar>

namespace cli {
namespace {

constexpr char32_t kIllFormed = 0xFFFFFFFF;

/// Takes one code point, or one byte that is none, off the front of text.
char32_t take(std::string_view& text, std::string_view& taken) {
  const auto byte = [&](std::size_t at) -> unsigned {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
  };
  const auto yield = [&](std::size_t size, char32_t point) {
    taken = text.substr(0, size);
    text.remove_prefix(size);
    return point;
  };
  const auto tail = [&](std::size_t at) { return (byte(at) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return yield(1, first);
  if (first >= 0xC2 && first <= 0xDF && tail(1))
    return yield(2, ((first & 0x1Fu) << 6) | (byte(1) & 0x3Fu));
  if ((first & 0xF0u) == 0xE0 && tail(1) && tail(2)) {
    const char32_t point = ((first & 0x0Fu) << 12) | ((byte(1) & 0x3Fu) << 6) | (byte(2) & 0x3Fu);
    if (point >= 0x800 && (point < 0xD800 || point > 0xDFFF)) return yield(3, point);
  }
  if (first >= 0xF0 && first <= 0xF4 && tail(1) && tail(2) && tail(3)) {
    const char32_t point = ((first & 0x07u) << 18) | ((byte(1) & 0x3Fu) << 12) |
                           ((byte(2) & 0x3Fu) << 6) | (byte(3) & 0x3Fu);
    if (point >= 0x10000 && point <= 0x10FFFF) return yield(4, point);
  }
  return yield(1, kIllFormed);
}

struct Range {
  char32_t first;
  char32_t last;
};

// Controls, marks of direction, separators of lines, and what nobody can see.
constexpr std::array<Range, 15> kHidden = {{{0x00, 0x1F},
                                            {0x7F, 0x9F},
                                            {0xAD, 0xAD},
                                            {0x61C, 0x61C},
                                            {0x115F, 0x1160},
                                            {0x180E, 0x180E},
                                            {0x200B, 0x200F},
                                            {0x2028, 0x202E},
                                            {0x2060, 0x206F},
                                            {0x3164, 0x3164},
                                            {0xFEFF, 0xFEFF},
                                            {0xFFF0, 0xFFFB},
                                            {0xFDD0, 0xFDEF},
                                            {0xE0000, 0xE0FFF},
                                            {0xF0000, 0x10FFFF}}};

bool hidden(char32_t point) {
  for (const Range& range : kHidden)
    if (point >= range.first && point <= range.last) return true;
  return false;
}

std::string escaped(char32_t point) {
  switch (point) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  std::array<char, 16> buffer{};
  const auto* format = point < 0x80 ? "\\x%02x" : "\\u{%x}";
  std::snprintf(buffer.data(), buffer.size(), format, static_cast<unsigned>(point));
  return buffer.data();
}

std::size_t columns_of(char32_t point) {
  const int columns = ::wcwidth(static_cast<wchar_t>(point));
  return columns < 0 ? 1 : static_cast<std::size_t>(columns);
}

}  // namespace

std::string for_terminal(std::string_view text) {
  std::string shown;
  std::string_view taken;
  while (!text.empty()) {
    const char32_t point = take(text, taken);
    if (point == kIllFormed) {
      std::array<char, 8> buffer{};
      std::snprintf(buffer.data(), buffer.size(), "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(taken[0])));
      shown += buffer.data();
    } else if (hidden(point)) {
      shown += escaped(point);
    } else {
      shown += taken;
    }
  }
  return shown;
}

std::string well_formed(std::string_view text) {
  std::string formed;
  std::string_view taken;
  while (!text.empty()) {
    if (take(text, taken) == kIllFormed) {
      formed += "\xEF\xBF\xBD";
    } else {
      formed += taken;
    }
  }
  return formed;
}

std::size_t width_of(std::string_view text) {
  std::size_t columns = 0;
  std::string_view taken;
  while (!text.empty()) columns += columns_of(take(text, taken));
  return columns;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns) return std::string(text);
  std::string kept;
  std::size_t used = 0;
  std::string_view taken;
  while (!text.empty()) {
    const std::size_t more = columns_of(take(text, taken));
    if (used + more + 1 > columns) break;
    used += more;
    kept += taken;
  }
  return columns == 0 ? kept : kept + "\xE2\x80\xA6";
}

}  // namespace cli
