// SPDX-License-Identifier: Apache-2.0
//
// Ids and instants as text, into caller buffers, exactly as the public pattern has them; and the
// rules for error texts. Pure, no allocation except where a std::string is returned.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "milepost/run.hpp"

namespace milepost::core {

/// Strict reading; nothing for anything the public pattern does not match.
[[nodiscard]] std::optional<Uuid> read_uuid(std::string_view text) noexcept;

/// Writes exactly kUuidTextSize lower-case characters; returns the end.
char* write_uuid(const Uuid& id, char* out) noexcept;

/// Strict reading; nothing for anything the pattern does not match or years outside 1400-9999.
[[nodiscard]] std::optional<Instant> read_instant(std::string_view text) noexcept;

/// The earliest and latest instants that have a text form: 1400-01-01T00:00:00Z and
/// 9999-12-31T23:59:59.999999Z.
inline constexpr Instant kInstantMin{std::chrono::microseconds{-17'987'443'200'000'000}};
inline constexpr Instant kInstantMax{std::chrono::microseconds{253'402'300'799'999'999}};

/// Writes at most kInstantTextSizeMax characters; returns the end.
/// Precondition: kInstantMin <= instant <= kInstantMax.
char* write_instant(Instant instant, char* out) noexcept;

[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

/// An error text as it is kept: ill-formed UTF-8 replaced, one U+FFFD per maximal ill-formed part,
/// then cut to kErrorTextSizeMax bytes, a closing U+2026 included. Returns `text` itself when it
/// is fine as it is, else a view of `storage`.
[[nodiscard]] std::string_view clean_error_text(std::string_view text, std::string& storage);

}  // namespace milepost::core
