// SPDX-License-Identifier: Apache-2.0
//
// ResponseBuffer: one response, put together in memory that is kept. The body is written first, in
// its place, and the head right before it, so that nothing is copied or allocated.
#pragma once

#include <array>
#include <cstddef>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "milepost/run.hpp"

namespace milepost::http {

inline constexpr std::size_t kTagSize = 18;  ///< An entity tag: 16 hex digits in quotes.
using Tag = std::array<char, kTagSize>;

struct Head {
  int status = 200;
  bool body = true;  ///< False for HEAD and 304: the size is told, the body left out.
  bool keep_alive = true;
  std::string_view type = "application/json";
  std::string_view tag{};           ///< With its quotes.
  std::string_view allow{};         ///< For 405.
  std::string_view retry_after{};   ///< Seconds, in digits.
  std::string_view applied_wait{};  ///< Seconds that `Prefer: wait` got.
  bool challenge = false;           ///< For 401.
};

class ResponseBuffer {
 public:
  ResponseBuffer() : bytes_(kHeadRoom + kRunJsonSizeMax) {}

  /// Where a run's JSON goes.
  [[nodiscard]] std::span<char> run_body() noexcept {
    return std::span(bytes_).subspan(kHeadRoom, kRunJsonSizeMax);
  }
  void set_body(std::string_view body);

  /// The entity tag of the first `size` bytes of the body.
  [[nodiscard]] Tag tag(std::size_t size) const noexcept;

  /// The whole response, valid until the buffer is touched again.
  [[nodiscard]] std::string_view finish(const Head& head, std::size_t body_size);

 private:
  static constexpr std::size_t kHeadRoom = 512;

  /// `Thu, 07 Nov 2023 05:31:56 GMT`, made once a second.
  [[nodiscard]] std::string_view date();

  std::vector<char> bytes_;
  std::time_t date_of_ = 0;
  std::array<char, 29> date_{};
};

}  // namespace milepost::http
