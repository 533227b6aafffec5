// SPDX-License-Identifier: Apache-2.0
//
// Lines are views of the buffer where they lie in it whole, else they are put together.
#include "api/line_reader.hpp"

#include <algorithm>

#include "core/errors.hpp"

namespace milepost::api {

LineReader::LineReader(const ImportSource& source, const TransferProgressHook& progress)
    : source_(source), progress_(progress), buffer_(kBufferSize) {}

Result<void> LineReader::fill() {
  if (read_.bytes > 0 && progress_ && !progress_(read_)) {
    cancelled_ = true;
    return Error{.code = Errc::cancelled,
                 .retry_safe = true,
                 .message = "The progress hook ended the import.",
                 .advice = "Import the same lines again to go on; what is there is unchanged."};
  }
  auto size = source_(buffer_.data(), buffer_.size());
  if (!size) return size.error();
  if (*size > buffer_.size()) {
    return core::invalid_argument("source",
                                  "It yielded " + std::to_string(*size) +
                                      " bytes where there was room for " +
                                      std::to_string(buffer_.size()) + ".",
                                  "Yield at most as many bytes as there is room for.");
  }
  begin_ = 0;
  end_ = *size;
  at_end_ = *size == 0;
  read_.bytes += *size;
  return {};
}

Result<std::optional<Line>> LineReader::next() {
  begun_.clear();
  bool too_long = false;
  for (bool any = false;; any = true) {
    if (begin_ == end_ && !at_end_) {
      if (auto filled = fill(); !filled) return filled.error();
    }
    if (at_end_) {
      if (!any) return std::optional<Line>();
      break;
    }
    std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const std::size_t newline = rest.find('\n');
    const bool ended = newline != std::string_view::npos;
    rest = rest.substr(0, newline);
    begin_ += rest.size() + (ended ? 1 : 0);
    too_long = too_long || begun_.size() + rest.size() > kImportLineSizeMax;
    if (ended && !any && !too_long) {
      return std::optional<Line>(Line{.number = ++read_.lines, .text = rest});
    }
    if (!too_long) begun_ += rest;
    if (ended) break;
  }
  if (too_long) return std::optional<Line>(Line{.number = ++read_.lines, .too_long = true});
  return std::optional<Line>(Line{.number = ++read_.lines, .text = begun_});
}

}  // namespace milepost::api
