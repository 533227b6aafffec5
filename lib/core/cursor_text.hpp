// SPDX-License-Identifier: Apache-2.0
//
// Cursors as hosts hold them: opaque texts that say where a page ended. A text carries a checksum,
// the store it belongs to and a digest of the question it continues, so that one that was damaged,
// made up, or handed to another list is refused. What is in it is a place in an order and nothing
// else: even a forged one shows nobody a run that its question would not show.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "milepost/command.hpp"
#include "milepost/list.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost::core {

/// Which kind of question a cursor continues.
enum class CursorKind : std::uint8_t { list = 1, orphans = 2, purge = 3, bulk = 4 };

/// A place. What a kind does not need stays at its default.
struct CursorPlace {
  Uuid organization_id{};
  Instant instant{};
  Uuid run_id{};
  std::uint64_t number = 0;

  friend bool operator==(const CursorPlace&, const CursorPlace&) = default;
};

/// What a cursor belongs to.
struct CursorScope {
  CursorKind kind = CursorKind::list;
  Uuid store_id{};
  std::uint64_t question = 0;  ///< A digest of filter and order.
};

[[nodiscard]] std::string write_cursor(const CursorScope& scope, const CursorPlace& place);

/// `invalid_argument` for what is no cursor of this question, `other_store` for another store's.
[[nodiscard]] Result<CursorPlace> read_cursor(const CursorScope& scope, std::string_view text);

/// Digests of questions.
[[nodiscard]] std::uint64_t digest_of(const RunFilter& filter, std::uint64_t more);
[[nodiscard]] std::uint64_t digest_of(std::string_view text, std::uint64_t more);

}  // namespace milepost::core
