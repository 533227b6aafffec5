// SPDX-License-Identifier: Apache-2.0
//
// A stranger's reading of what the library stores: records of runs, blocks of the change feed, and
// the keys that follow from them. Written anew from the layouts (lib/core/record_codec.cpp,
// lib/store/schema.hpp, lib/store/feed_block.hpp), so that a fault there is not one here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace milepost::crash {

inline constexpr std::size_t kIdSize = 16;

/// What a record says. Ids are their 16 bytes.
struct StoredRun {
  std::string id;
  std::string organization;  ///< As in keys: one byte for nil, else 17.
  std::string_view journey;
  std::string_view profile;
  unsigned char status = 0;
  std::int64_t triggered_at = 0;
  std::optional<std::int64_t> completed_at;
  std::uint64_t created_sequence = 0;
  std::uint64_t sequence = 0;
  std::uint64_t epoch = 0;
  std::string_view key;  ///< The idempotency key; empty for none.

  [[nodiscard]] bool running() const noexcept { return status == 1; }
  [[nodiscard]] bool final() const noexcept { return status >= 2; }

  [[nodiscard]] std::string journey_row() const;
  [[nodiscard]] std::string profile_row() const;
  [[nodiscard]] std::string status_row() const;
  [[nodiscard]] std::string completed_row() const;
  [[nodiscard]] std::string running_row() const;
  [[nodiscard]] std::string key_row() const;
};

/// Nothing if the sizes do not add up. Checksums are the library's own business. Views `bytes`.
std::optional<StoredRun> read_run(std::string_view id, std::string_view bytes);

enum class StoredEffect : unsigned char { put = 1, purge, erase, forget, blank };

/// One effect of the feed. Views the block.
struct FeedEntry {
  std::uint64_t sequence = 0;
  StoredEffect kind = StoredEffect::put;
  std::string_view id;    ///< Of the run; of a forget the profile's.
  std::string_view rest;  ///< A put's record; what else a forget says.
};

/// Visits the effects of one block; false if it is none.
bool read_block(std::uint64_t first_sequence, std::string_view bytes,
                const std::function<void(const FeedEntry&)>& visit);

std::uint64_t big_endian(std::string_view bytes);
std::uint64_t little_endian(std::string_view bytes);

}  // namespace milepost::crash
