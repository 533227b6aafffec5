// SPDX-License-Identifier: Apache-2.0
//
// Texts for people. No locale is involved: the output is the same everywhere.
#include "text.hpp"

#include <cmath>
#include <cstdio>

namespace sample {

std::string with_separators(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string counted(std::uint64_t number, std::string_view singular) {
  std::string text = with_separators(number);
  text += ' ';
  text += singular;
  if (number != 1) text += 's';
  return text;
}

std::string seconds_text(std::chrono::nanoseconds duration) {
  char text[40];
  std::snprintf(text, sizeof text, "%.2f s", std::chrono::duration<double>(duration).count());
  return text;
}

std::string rate_text(std::uint64_t number, std::chrono::nanoseconds duration) {
  if (number == 0 || duration.count() <= 0) return "-";
  const double rate = static_cast<double>(number) / std::chrono::duration<double>(duration).count();
  return with_separators(static_cast<std::uint64_t>(std::llround(rate))) + "/s";
}

std::string printable(std::string_view text, std::size_t size_max) {
  std::string safe;
  const auto escape = [&safe](unsigned char byte) {
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    safe += escaped;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // At a cut, bytes that continue a code point are let through so that none is split.
    if (safe.size() >= size_max && (byte & 0xc0) != 0x80) return safe + "...";
    if (byte < 0x20 || byte == 0x7f) {
      escape(byte);
    } else if (byte == 0xc2 && i + 1 < text.size() &&
               static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      escape(byte);  // U+0080 to U+009F drive terminals too.
      escape(static_cast<unsigned char>(text[++i]));
    } else {
      safe += text[i];
    }
  }
  return safe;
}

}  // namespace sample
