// SPDX-License-Identifier: Apache-2.0
//
// One cursor, in hex: version 1, kind 1, store 8, question 8, organization 16, instant 8, run id
// 16, number 8, checksum 8 (XXH3-64 of all before it). Integers little-endian.
#include "core/cursor_text.hpp"

#define XXH_INLINE_ALL  // NOLINT(readability-identifier-naming): the library's own switch
#include <array>
#include <cstring>
#include <limits>
#include <span>
#include <xxhash.h>

#include "core/bytes.hpp"
#include "core/errors.hpp"
#include "core/text.hpp"

namespace milepost::core {
namespace {

constexpr std::uint8_t kCursorVersion = 1;
constexpr std::size_t kStoreAt = 2;
constexpr std::size_t kQuestionAt = 10;
constexpr std::size_t kOrganizationAt = 18;
constexpr std::size_t kInstantAt = 34;
constexpr std::size_t kRunIdAt = 42;
constexpr std::size_t kNumberAt = 58;
constexpr std::size_t kChecksumAt = 66;
constexpr std::size_t kSize = 74;

using CursorBytes = std::array<std::byte, kSize>;

std::uint64_t tag_of(const Uuid& store_id) noexcept {
  return XXH3_64bits(store_id.data, sizeof store_id.data);
}

std::uint64_t checksum(const CursorBytes& bytes) noexcept {
  return XXH3_64bits(bytes.data(), kChecksumAt);
}

/// The value of a lower-case hex digit, or 16.
unsigned digit_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  return 16;
}

bool read_hex(std::string_view text, CursorBytes& bytes) noexcept {
  if (text.size() != 2 * kSize) return false;
  for (std::size_t i = 0; i < kSize; ++i) {
    const unsigned high = digit_value(text[2 * i]);
    const unsigned low = digit_value(text[2 * i + 1]);
    if (high > 15 || low > 15) return false;
    bytes[i] = static_cast<std::byte>(high << 4 | low);
  }
  return true;
}

Error no_cursor(std::string_view text, std::string message) {
  return invalid_argument("cursor \"" + shown(text) + "\"", std::move(message),
                          "Pass `next` of the page before, with the same question, or begin anew.");
}

}  // namespace

std::string write_cursor(const CursorScope& scope, const CursorPlace& place) {
  CursorBytes bytes{};
  bytes[0] = std::byte{kCursorVersion};
  bytes[1] = static_cast<std::byte>(scope.kind);
  store_le(bytes.data() + kStoreAt, tag_of(scope.store_id));
  store_le(bytes.data() + kQuestionAt, scope.question);
  std::memcpy(bytes.data() + kOrganizationAt, place.organization_id.data, 16);
  const auto micros = place.instant.time_since_epoch().count();
  store_le(bytes.data() + kInstantAt, static_cast<std::uint64_t>(micros));
  std::memcpy(bytes.data() + kRunIdAt, place.run_id.data, 16);
  store_le(bytes.data() + kNumberAt, place.number);
  store_le(bytes.data() + kChecksumAt, checksum(bytes));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * kSize);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

Result<CursorPlace> read_cursor(const CursorScope& scope, std::string_view text) {
  CursorBytes bytes{};
  if (!read_hex(text, bytes) || bytes[0] != std::byte{kCursorVersion} ||
      load_le<std::uint64_t>(bytes.data() + kChecksumAt) != checksum(bytes)) {
    return no_cursor(text, "The text is not a cursor.");
  }
  if (load_le<std::uint64_t>(bytes.data() + kStoreAt) != tag_of(scope.store_id)) {
    Error error = no_cursor(text, "The cursor belongs to another store.");
    error.code = Errc::other_store;
    return error;
  }
  if (bytes[1] != static_cast<std::byte>(scope.kind) ||
      load_le<std::uint64_t>(bytes.data() + kQuestionAt) != scope.question) {
    return no_cursor(text, "The cursor belongs to another question.");
  }
  CursorPlace place;
  std::memcpy(place.organization_id.data, bytes.data() + kOrganizationAt, 16);
  place.instant = Instant(std::chrono::microseconds(
      static_cast<std::int64_t>(load_le<std::uint64_t>(bytes.data() + kInstantAt))));
  std::memcpy(place.run_id.data, bytes.data() + kRunIdAt, 16);
  place.number = load_le<std::uint64_t>(bytes.data() + kNumberAt);
  if (place.instant < kInstantMin || place.instant > kInstantMax) {
    return no_cursor(text, "The cursor stands at no possible instant.");
  }
  return place;
}

std::uint64_t digest_of(const RunFilter& filter, std::uint64_t more) {
  std::string bytes;
  const auto add_id = [&bytes](const Uuid& id) {
    bytes.append(reinterpret_cast<const char*>(id.data), sizeof id.data);
  };
  const auto add_optional_id = [&](const std::optional<Uuid>& id) {
    bytes += id ? '\1' : '\0';
    add_id(id.value_or(Uuid{}));
  };
  const auto add_optional_instant = [&](const std::optional<Instant>& instant) {
    bytes += instant ? '\1' : '\0';
    std::array<std::byte, 8> micros{};
    const auto count = instant.value_or(Instant{}).time_since_epoch().count();
    store_le(micros.data(), static_cast<std::uint64_t>(count));
    bytes.append(reinterpret_cast<const char*>(micros.data()), micros.size());
  };
  add_id(filter.organization_id);
  add_optional_id(filter.journey_id);
  add_optional_id(filter.profile_id);
  bytes += static_cast<char>(filter.statuses.bits());
  add_optional_instant(filter.triggered_from);
  add_optional_instant(filter.triggered_to);
  return digest_of(bytes, more);
}

std::uint64_t digest_of(std::string_view text, std::uint64_t more) {
  return XXH3_64bits_withSeed(text.data(), text.size(), more);
}

}  // namespace milepost::core
