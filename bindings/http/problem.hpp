// SPDX-License-Identifier: Apache-2.0
//
// What can be wrong with a request, each with its status and its fixed body.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace milepost::http {

enum class Problem : std::uint8_t {
  none,
  bad_request,
  validation_failed,
  unauthorized,
  needs_journeys_read,
  needs_metrics_read,
  not_found,
  method_not_allowed,
  request_timeout,
  payload_too_large,
  uri_too_long,
  rate_limited,
  headers_too_large,
  internal,
  unavailable,
  version_not_supported,
};

struct ProblemText {
  int status;
  std::string_view body;
};

[[nodiscard]] const ProblemText& text_of(Problem problem) noexcept;

/// The reason phrase, e.g. `Not Found`.
[[nodiscard]] std::string_view reason_of(int status) noexcept;

/// Every status this server answers with, in order.
inline constexpr std::array<int, 16> kStatuses = {200, 304, 400, 401, 403, 404, 405, 408,
                                                  413, 414, 429, 431, 500, 503, 505, 0};

/// The place of a status in kStatuses; the last one for any other.
[[nodiscard]] constexpr std::size_t status_place(int status) noexcept {
  for (std::size_t i = 0; i + 1 < kStatuses.size(); ++i) {
    if (kStatuses[i] == status) return i;
  }
  return kStatuses.size() - 1;
}

}  // namespace milepost::http
