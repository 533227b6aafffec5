// SPDX-License-Identifier: Apache-2.0
//
// A request as the server understands it. Views into the bytes it was read from.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "problem.hpp"

namespace milepost::http {

enum class Method : std::uint8_t { get, head, other };

enum class Route : std::uint8_t { unknown, run, health, metrics, openapi };

/// Lines of If-None-Match that are looked at; a client that sends more gets the whole response.
inline constexpr std::size_t kConditionLinesMax = 8;

struct Request {
  Method method = Method::other;
  Route route = Route::unknown;
  bool keep_alive = false;
  std::string_view method_text;
  std::string_view target;
  std::string_view run_id;  ///< As it stands in the path; only for Route::run.
  std::string_view api_key;
  std::size_t api_keys = 0;  ///< How many x-api-key headers there were.
  std::array<std::string_view, kConditionLinesMax> if_none_match{};
  std::size_t if_none_match_lines = 0;
  std::optional<std::chrono::seconds> wait;  ///< Of the first `Prefer: wait=`.
};

/// Understands a head that HeadScanner let through. `none`, or what is wrong with its framing.
[[nodiscard]] Problem parse_request(std::string_view head, Request& request);

/// Where a request target leads: the raw path, compared byte by byte, nothing decoded.
/// `bad_request` if it is no target at all.
[[nodiscard]] Problem parse_target(std::string_view target, Request& request) noexcept;

/// The first `wait` of a Prefer header in whole seconds, if it has a valid one (RFC 7240).
[[nodiscard]] std::optional<std::chrono::seconds> parse_wait(std::string_view value) noexcept;

/// Whether one line of If-None-Match names this entity tag (with its quotes) or `*`.
[[nodiscard]] bool names_tag(std::string_view line, std::string_view tag) noexcept;

}  // namespace milepost::http
