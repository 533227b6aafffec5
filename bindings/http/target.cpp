// SPDX-License-Identifier: Apache-2.0
//
// Request targets and the small languages inside header values.
#include <algorithm>
#include <charconv>

#include "request.hpp"

namespace milepost::http {
namespace {

constexpr std::string_view kRunPrefix = "/api/v1/public/journeys/runs/";
constexpr std::string_view kHex = "0123456789abcdefABCDEF";
constexpr std::string_view kWhite = " \t";
constexpr std::string_view kScheme = "http://";
constexpr std::string_view kWait = "wait";

bool same_letters(std::string_view text, std::string_view lower) noexcept {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
         });
}

std::string_view trim(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhite) + 1 - first);
}

/// The characters RFC 3986 lets stand in a path or query, and percent signs before two hex digits.
bool is_target_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c <= 0x20 || c >= 0x7f) return false;
    if (std::string_view("\"<>\\^`{|}#").find(c) != std::string_view::npos) return false;
    if (c != '%') continue;
    if (i + 2 >= text.size() || kHex.find(text[i + 1]) == std::string_view::npos ||
        kHex.find(text[i + 2]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

Problem parse_target(std::string_view target, Request& request) noexcept {
  request.target = target;
  if (!is_target_text(target)) return Problem::bad_request;
  std::string_view path = target;
  if (path.size() > kScheme.size() && same_letters(path.substr(0, kScheme.size()), kScheme)) {
    path.remove_prefix(kScheme.size());
    const std::size_t end = std::min(path.find_first_of("/?"), path.size());
    if (end == 0) return Problem::bad_request;
    if (path.substr(0, end).find('@') != std::string_view::npos) return Problem::bad_request;
    path.remove_prefix(end);
  } else if (path != "*" && path.substr(0, 1) != "/") {
    return Problem::bad_request;
  }
  path = path.substr(0, path.find('?'));
  if (path == "/healthz") {
    request.route = Route::health;
  } else if (path == "/metrics") {
    request.route = Route::metrics;
  } else if (path == "/openapi.json") {
    request.route = Route::openapi;
  } else if (path.substr(0, kRunPrefix.size()) == kRunPrefix) {
    request.run_id = path.substr(kRunPrefix.size());
    const bool one_segment = !request.run_id.empty() && request.run_id != "." &&
                             request.run_id != ".." &&
                             request.run_id.find('/') == std::string_view::npos;
    if (one_segment) request.route = Route::run;
  }
  return Problem::none;
}

std::optional<std::chrono::seconds> parse_wait(std::string_view value) noexcept {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    std::string_view one = value.substr(0, comma);
    value.remove_prefix(std::min(comma + 1, value.size()));
    one = trim(one.substr(0, one.find(';')));
    const std::size_t sign = one.find('=');
    if (sign == std::string_view::npos || !same_letters(trim(one.substr(0, sign)), kWait)) continue;
    std::string_view digits = trim(one.substr(sign + 1));
    if (digits.size() >= 2 && digits.front() == '"' && digits.back() == '"') {
      digits = digits.substr(1, digits.size() - 2);
    }
    std::uint32_t seconds = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) return std::nullopt;
    return std::chrono::seconds(seconds);
  }
  return std::nullopt;
}

bool names_tag(std::string_view line, std::string_view tag) noexcept {
  if (trim(line) == "*") return true;
  for (;;) {
    line = line.substr(std::min(line.find_first_not_of(" \t,"), line.size()));
    if (line.substr(0, 2) == "W/") line.remove_prefix(2);
    if (line.empty() || line.front() != '"') return false;
    const std::size_t end = line.find('"', 1);
    if (end == std::string_view::npos) return false;
    if (line.substr(0, end + 1) == tag) return true;
    line.remove_prefix(end + 1);
  }
}

}  // namespace milepost::http
