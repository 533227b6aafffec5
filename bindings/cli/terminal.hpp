// SPDX-License-Identifier: Apache-2.0
//
// The two streams the program writes to, and what may be sent to them: colours and cursor movements
// to a terminal only. Whoever reads a pipe may leave: that ends the output, and is no error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "milepost/run.hpp"

namespace cli {

enum class Style : std::uint8_t { plain, bold, dim, red, green, yellow, blue, magenta };

/// The colour of a status.
[[nodiscard]] Style style_of(milepost::RunStatus status) noexcept;

/// One stream. One thread at a time.
class Stream {
 public:
  explicit Stream(int descriptor);

  /// Whether it is a terminal.
  [[nodiscard]] bool terminal() const noexcept { return terminal_; }
  /// Whether lines may be drawn over.
  [[nodiscard]] bool movable() const noexcept { return movable_; }
  [[nodiscard]] std::size_t columns() const;
  [[nodiscard]] std::size_t rows() const;
  /// The text in that colour, or as it is where there are none.
  [[nodiscard]] std::string styled(Style style, std::string_view text) const;

  /// Kept until flush(), or until there is much of it.
  void write(std::string_view text);
  void line(std::string_view text);
  void flush();

  /// Whether nobody reads any more. Then write() does nothing.
  [[nodiscard]] bool gone() const noexcept { return gone_; }
  /// errno of a write that failed for another reason; 0: none.
  [[nodiscard]] int failed() const noexcept { return failed_; }
  /// Whether more output makes sense.
  [[nodiscard]] bool open() const noexcept { return !gone_ && failed_ == 0; }

 private:
  int descriptor_;
  bool terminal_;
  bool movable_;
  bool colours_;
  bool gone_ = false;
  int failed_ = 0;
  std::string pending_;
};

}  // namespace cli
