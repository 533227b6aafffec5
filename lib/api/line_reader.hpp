// SPDX-License-Identifier: Apache-2.0
//
// LineReader: lines out of the bytes that an import's source yields. Holds one line and one buffer,
// whatever comes: of a line that is too long only its number is kept. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milepost/transfer.hpp"

namespace milepost::api {

/// A line without its newline. Valid until the next call.
struct Line {
  std::uint64_t number = 0;  ///< Counted from 1.
  std::string_view text{};
  bool too_long = false;  ///< More than kImportLineSizeMax bytes; then `text` is empty.
};

class LineReader {
 public:
  /// Room for the source's bytes.
  static constexpr std::size_t kBufferSize = 64u << 10;

  /// `source` must outlive the reader. Called before each read but the first, `progress` may end
  /// the reading with `cancelled`; it may be empty.
  LineReader(const ImportSource& source, const TransferProgressHook& progress);

  /// The next line, or nothing at the end; a last line needs no newline. An error of the source
  /// comes back as it is, and the line it fell into is not a line.
  [[nodiscard]] Result<std::optional<Line>> next();

  /// Whether next() failed because the progress hook said so.
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

 private:
  [[nodiscard]] Result<void> fill();

  const ImportSource& source_;
  const TransferProgressHook& progress_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< What the buffer holds and no line took yet.
  std::size_t end_ = 0;
  bool at_end_ = false;
  bool cancelled_ = false;
  std::string begun_{};  ///< The front of a line that the buffer cut.
  TransferProgress read_{};
};

}  // namespace milepost::api
