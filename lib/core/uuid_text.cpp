// SPDX-License-Identifier: Apache-2.0
//
// UUIDs in and out. Reading takes exactly what the public pattern matches: 36 characters, version
// digit 1 to 8, variant digit 8 to b, or the nil UUID, or the max UUID in lower case.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/text.hpp"

namespace milepost::core {
namespace {

constexpr std::string_view kMaxText = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/// Where each byte's two digits stand in the text.
constexpr std::array<std::uint8_t, 16> kDigitAt{0,  2,  4,  6,  9,  11, 14, 16,
                                                19, 21, 24, 26, 28, 30, 32, 34};
constexpr std::array<std::uint8_t, 4> kDashAt{8, 13, 18, 23};

constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> make_digit_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i < 6; ++i) {
    values['a' + i] = static_cast<std::uint8_t>(10 + i);
    values['A' + i] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}
constexpr auto kDigitValues = make_digit_values();

constexpr std::array<char, 512> make_digit_pairs() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = kDigits[byte >> 4];
    pairs[2 * byte + 1] = kDigits[byte & 0xf];
  }
  return pairs;
}
constexpr auto kDigitPairs = make_digit_pairs();

constexpr bool has_known_version_and_variant(const Uuid& id) noexcept {
  const unsigned version = id.data[6] >> 4;
  return version >= 1 && version <= 8 && (id.data[8] & 0xc0u) == 0x80u;
}

}  // namespace

std::optional<Uuid> read_uuid(std::string_view text) noexcept {
  if (text.size() != kUuidTextSize) return std::nullopt;
  for (const std::uint8_t at : kDashAt) {
    if (text[at] != '-') return std::nullopt;
  }
  Uuid id;
  unsigned bad = 0;
  for (std::size_t i = 0; i < kDigitAt.size(); ++i) {
    const unsigned high = kDigitValues[static_cast<unsigned char>(text[kDigitAt[i]])];
    const unsigned low = kDigitValues[static_cast<unsigned char>(text[kDigitAt[i] + 1u])];
    bad |= (high | low) & 0xf0u;
    id.data[i] = static_cast<std::uint8_t>(high << 4 | (low & 0xfu));
  }
  if (bad != 0) return std::nullopt;
  if (has_known_version_and_variant(id) || id.is_nil() || text == kMaxText) return id;
  return std::nullopt;
}

char* write_uuid(const Uuid& id, char* out) noexcept {
  for (std::size_t i = 0; i < kDigitAt.size(); ++i) {
    std::memcpy(out + kDigitAt[i], kDigitPairs.data() + std::size_t{2} * id.data[i], 2);
  }
  for (const std::uint8_t at : kDashAt) out[at] = '-';
  return out + kUuidTextSize;
}

}  // namespace milepost::core
