// SPDX-License-Identifier: Apache-2.0
//
// One JSON object on one line, its members in the order they were added. Runs go in as the exact
// bytes of the public response.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "milepost/list.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace cli {

class JsonLine {
 public:
  JsonLine& text(std::string_view name, std::string_view value);
  JsonLine& number(std::string_view name, std::uint64_t value);
  JsonLine& boolean(std::string_view name, bool value);
  /// `value` is JSON already.
  JsonLine& raw(std::string_view name, std::string_view value);
  /// The text, or null if it is empty.
  JsonLine& text_or_null(std::string_view name, std::string_view value);
  JsonLine& instant_or_null(std::string_view name, const std::optional<milepost::Instant>& value);

  /// Closes the object; without a newline.
  [[nodiscard]] std::string done() const { return body_ + "}"; }

 private:
  void name(std::string_view name);

  std::string body_ = "{";
};

/// An instant's text; one that is out of range cannot come out of a store.
[[nodiscard]] std::string instant_text(milepost::Instant instant);
[[nodiscard]] std::string quoted(std::string_view text);
/// The exact public response.
[[nodiscard]] std::string public_json(const milepost::Run& run);
[[nodiscard]] std::string counts_json(const milepost::Counts& counts);
[[nodiscard]] std::string error_json(const milepost::Error& error);

}  // namespace cli
