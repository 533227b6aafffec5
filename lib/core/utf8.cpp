// SPDX-License-Identifier: Apache-2.0
//
// UTF-8: is it well formed, and if an error text is not, which parts of it to replace. Parts are
// counted as the Unicode Standard recommends: each maximal piece that begins a well-formed
// sequence but does not finish one, and else each byte, is one part.
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/text.hpp"

namespace milepost::core {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

/// What stands at one place of a text: a whole sequence, or an ill-formed part to replace.
struct Part {
  std::size_t size;
  bool well_formed;
};

/// A lead byte's bounds: how many bytes follow it, and what the first of them may be.
struct Lead {
  std::size_t following;
  unsigned char low;
  unsigned char high;
};

constexpr Lead lead_of(unsigned char byte) noexcept {
  if (byte < 0x80) return {0, 0, 0};
  if (byte >= 0xc2 && byte <= 0xdf) return {1, 0x80, 0xbf};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};  // below: overlong
  if (byte == 0xed) return {2, 0x80, 0x9f};  // above: surrogates
  if (byte >= 0xe1 && byte <= 0xef) return {2, 0x80, 0xbf};
  if (byte == 0xf0) return {3, 0x90, 0xbf};  // below: overlong
  if (byte >= 0xf1 && byte <= 0xf3) return {3, 0x80, 0xbf};
  if (byte == 0xf4) return {3, 0x80, 0x8f};  // above: past U+10FFFF
  return {0, 1, 0};                          // never a lead
}

/// Precondition: text is not empty.
Part part_at(std::string_view text) noexcept {
  const auto byte_at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Lead lead = lead_of(byte_at(0));
  if (lead.following == 0) return {1, lead.low == 0};
  unsigned char low = lead.low;
  unsigned char high = lead.high;
  for (std::size_t i = 1; i <= lead.following; ++i) {
    if (i == text.size() || byte_at(i) < low || byte_at(i) > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {lead.following + 1, true};
}

/// How many bytes at the front are surely ASCII, found eight at a time.
std::size_t ascii_prefix(std::string_view text) noexcept {
  std::size_t size = 0;
  for (; text.size() - size >= 8; size += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data() + size, sizeof eight);
    if ((eight & 0x8080808080808080u) != 0) break;
  }
  return size;
}

/// Cuts to the last code point that leaves room for the closing mark. `text` is well-formed.
void cut_with_ellipsis(std::string& text) {
  std::size_t size = kErrorTextSizeMax - kEllipsis.size();
  while ((static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  text.resize(size);
  text += kEllipsis;
}

}  // namespace

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    text.remove_prefix(ascii_prefix(text));
    // A few parts one by one, then eight at a time again.
    for (int i = 0; i < 8 && !text.empty(); ++i) {
      const Part part = part_at(text);
      if (!part.well_formed) return false;
      text.remove_prefix(part.size);
    }
  }
  return true;
}

std::string_view clean_error_text(std::string_view text, std::string& storage) {
  if (text.size() <= kErrorTextSizeMax && is_valid_utf8(text)) return text;
  std::string clean;
  // The longest text that is kept, and one more part to tell that it was too long.
  clean.reserve(kErrorTextSizeMax + 4);
  while (!text.empty() && clean.size() <= kErrorTextSizeMax) {
    const Part part = part_at(text);
    clean += part.well_formed ? text.substr(0, part.size) : kReplacement;
    text.remove_prefix(part.size);
  }
  if (clean.size() > kErrorTextSizeMax) cut_with_ellipsis(clean);
  storage = std::move(clean);
  return storage;
}

}  // namespace milepost::core
