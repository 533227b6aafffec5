// SPDX-License-Identifier: Apache-2.0
//
// How tests look at results: `ok`, `code_of`, and names instead of numbers in what Catch2 prints.
#pragma once

#include <ostream>
#include <string>

#include "support/catch.hpp"

#include "milepost/changes.hpp"
#include "milepost/command.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost {

inline std::ostream& operator<<(std::ostream& out, Errc code) {
  return out << (static_cast<int>(code) == 0 ? std::string_view("no error") : to_string(code));
}
inline std::ostream& operator<<(std::ostream& out, OutcomeKind kind) {
  return out << to_string(kind);
}
inline std::ostream& operator<<(std::ostream& out, RunStatus status) {
  return out << to_string(status);
}
inline std::ostream& operator<<(std::ostream& out, ChangeKind kind) {
  return out << to_string(kind);
}

namespace test {

/// Whether there is a value; if not, what went wrong stands in the test's output.
template <typename T>
[[nodiscard]] bool ok(const Result<T>& result) {
  if (!result.has_value()) UNSCOPED_INFO(to_string(result.error()));
  return result.has_value();
}

/// The error's code; `no error` (0) if there is none.
template <typename T>
[[nodiscard]] Errc code_of(const Result<T>& result) noexcept {
  return result.has_value() ? Errc{} : result.error().code;
}

}  // namespace test
}  // namespace milepost
