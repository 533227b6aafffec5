// SPDX-License-Identifier: Apache-2.0
//
// HeadScanner: finds the end of a request's head as its bytes arrive, counts sizes while it reads,
// and refuses whatever two parsers might read differently: bare line feeds, folded headers, spaces
// before a colon, control bytes. What passes is left to Beast to understand.
#pragma once

#include <cstddef>
#include <string_view>

#include "problem.hpp"

namespace milepost::http {

class HeadScanner {
 public:
  enum class State { incomplete, complete, refused };

  /// Goes on where it stopped: `bytes` is all that arrived since the head's first byte.
  State scan(std::string_view bytes) noexcept;

  /// Of the complete head, the empty line with it.
  [[nodiscard]] std::size_t size() const noexcept { return line_; }
  [[nodiscard]] Problem problem() const noexcept { return problem_; }
  void reset() noexcept { *this = {}; }

 private:
  [[nodiscard]] Problem check_line(std::string_view line) noexcept;
  [[nodiscard]] Problem check_length(std::size_t line_size) const noexcept;
  State refuse(Problem problem) noexcept;

  std::size_t line_ = 0;     ///< Where the present line begins.
  std::size_t looked_ = 0;   ///< Up to here there is no line feed in it.
  std::size_t headers_ = 0;  ///< Where the headers begin; 0: still in the request line.
  std::size_t count_ = 0;
  Problem problem_ = Problem::none;
};

/// The characters of methods and header names.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

}  // namespace milepost::http
