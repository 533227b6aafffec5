// SPDX-License-Identifier: Apache-2.0
//
// Line by line; each byte is looked at once.
#include "head_scanner.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "milepost/http/server.hpp"

namespace milepost::http {
namespace {

constexpr std::string_view kTokenBytes =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (const char c : kTokenBytes) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kIsToken = make_token_table();

bool is_value_byte(unsigned char byte) noexcept {
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

bool is_line_byte(unsigned char byte) noexcept { return byte >= 0x20 && byte < 0x7f; }

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kIsToken[static_cast<unsigned char>(c)];
  });
}

HeadScanner::State HeadScanner::refuse(Problem problem) noexcept {
  problem_ = problem;
  return State::refused;
}

Problem HeadScanner::check_length(std::size_t line_size) const noexcept {
  if (headers_ == 0) {
    return line_size > kRequestLineMax ? Problem::uri_too_long : Problem::none;
  }
  const bool large = line_size > kHeaderLineMax || line_ + line_size - headers_ > kHeadersSizeMax;
  return large ? Problem::headers_too_large : Problem::none;
}

/// `line` without its end.
Problem HeadScanner::check_line(std::string_view line) noexcept {
  if (headers_ == 0) {
    const bool good = std::all_of(line.begin(), line.end(), [](char c) {
      return is_line_byte(static_cast<unsigned char>(c));
    });
    return good && !line.empty() ? Problem::none : Problem::bad_request;
  }
  const std::size_t colon = line.find(':');
  // A folded header begins with a space, which no name may hold.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return Problem::bad_request;
  }
  const bool good =
      std::all_of(line.begin() + static_cast<std::ptrdiff_t>(colon) + 1, line.end(),
                  [](char c) { return is_value_byte(static_cast<unsigned char>(c)); });
  if (!good) return Problem::bad_request;
  return ++count_ > kHeadersMax ? Problem::headers_too_large : Problem::none;
}

HeadScanner::State HeadScanner::scan(std::string_view bytes) noexcept {
  if (problem_ != Problem::none) return State::refused;
  // What does not begin like a method is no HTTP: said at once, not when the time is up.
  if (!bytes.empty() && !kIsToken[static_cast<unsigned char>(bytes[0])]) {
    return refuse(Problem::bad_request);
  }
  for (;;) {
    const std::size_t feed = bytes.find('\n', looked_);
    if (feed == std::string_view::npos) {
      looked_ = bytes.size();
      const Problem problem = check_length(bytes.size() - line_);
      return problem == Problem::none ? State::incomplete : refuse(problem);
    }
    if (const Problem problem = check_length(feed + 1 - line_); problem != Problem::none) {
      return refuse(problem);
    }
    if (feed == line_ || bytes[feed - 1] != '\r') return refuse(Problem::bad_request);
    const std::string_view line = bytes.substr(line_, feed - 1 - line_);
    const bool ends = headers_ != 0 && line.empty();
    if (!ends) {
      if (const Problem problem = check_line(line); problem != Problem::none) {
        return refuse(problem);
      }
      if (headers_ == 0) headers_ = feed + 1;
    }
    line_ = looked_ = feed + 1;
    if (ends) return State::complete;
  }
}

}  // namespace milepost::http
