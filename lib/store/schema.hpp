// SPDX-License-Identifier: Apache-2.0
//
// What stands where in LMDB: names of tables and layout of keys. Keys sort by memcmp; integers are
// big-endian, instants with the sign bit flipped. No duplicate-key tables.
//
//   runs          run id                                            -> record
//   by_journey    organization, journey, status, triggered, run id  -> nothing
//   by_profile    bucket, organization, profile, triggered, run id  -> nothing
//   by_status     organization, status, triggered, run id           -> nothing
//   by_completed  organization, completed, run id                   -> nothing
//   running       epoch, run id                                     -> nothing
//   keys          organization, idempotency key                     -> run id
//   counters      scope, [organization, [journey,]] status          -> count
//   changes       first sequence                                    -> effects, see feed_block.hpp
//   meta          "identity", "applied", "epoch", "feed_floor"
//
// by_profile would be one random page an insert once it outgrows a batch; its bucket, the run's
// creation sequence >> kProfileBucketShift, keeps inserts in one warm region, and a lookup probes
// each bucket.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/record.hpp"

namespace milepost::store {

/// What the identity record of every store says.
inline constexpr std::array<char, 8> kStoreMagic{'M', 'I', 'L', 'E', 'P', 'O', 'S', 'T'};
inline constexpr std::uint32_t kFormatVersion = 1;

enum class Table : std::uint8_t {
  runs = 0,
  by_journey = 1,
  by_profile = 2,
  by_status = 3,
  by_completed = 4,
  running = 5,
  keys = 6,
  counters = 7,
  changes = 8,
};

inline constexpr std::array kTableNames{"runs",      "by_journey",   "by_profile",
                                        "by_status", "by_completed", "running",
                                        "keys",      "counters",     "changes"};
/// Whose rows have no value and follow from the runs alone.
inline constexpr std::array kIndexTables{Table::by_journey, Table::by_profile, Table::by_status,
                                         Table::by_completed, Table::running};

inline constexpr const char* kMetaApplied = "applied";
inline constexpr const char* kMetaEpoch = "epoch";
/// Rows of `changes` below this sequence do not count; absent: all do.
inline constexpr const char* kMetaFeedFloor = "feed_floor";

inline constexpr unsigned kProfileBucketShift = 18;

/// A key of an index or of counters, in place.
class Key {
 public:
  static constexpr std::size_t kSizeMax = 63;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_.data(), size_}; }

  Key& byte(std::uint8_t value) noexcept;
  Key& big_endian(std::uint32_t value) noexcept;
  Key& big_endian(std::uint64_t value) noexcept;
  Key& instant(Instant value) noexcept;
  Key& uuid(const Uuid& value) noexcept;
  /// One byte for the nil organization, seventeen for any other; no code is another's prefix.
  Key& organization(const Uuid& value) noexcept;

  friend std::strong_ordering operator<=>(const Key& a, const Key& b) noexcept {
    const std::size_t common = a.size_ < b.size_ ? a.size_ : b.size_;
    const int order = std::memcmp(a.data_.data(), b.data_.data(), common);
    if (order != 0) return order <=> 0;
    return a.size_ <=> b.size_;
  }
  friend bool operator==(const Key& a, const Key& b) noexcept { return (a <=> b) == 0; }

 private:
  std::array<std::byte, kSizeMax> data_;
  std::uint8_t size_ = 0;
};

static_assert(sizeof(Key) == 64);

[[nodiscard]] Key journey_key(const core::RecordView& run) noexcept;
[[nodiscard]] Key profile_key(const core::RecordView& run) noexcept;
[[nodiscard]] Key status_key(const core::RecordView& run) noexcept;
/// Precondition: the run is completed.
[[nodiscard]] Key completed_key(const core::RecordView& run) noexcept;

/// Precondition: the run is running.
[[nodiscard]] Key running_key(const core::RecordView& run) noexcept;

[[nodiscard]] constexpr std::uint32_t profile_bucket(std::uint64_t created_sequence) noexcept {
  return static_cast<std::uint32_t>(created_sequence >> kProfileBucketShift);
}

/// Whether the run has a row in the index.
[[nodiscard]] bool is_in(Table index, const core::RecordView& run) noexcept;
/// Its key there.
[[nodiscard]] Key index_key(Table index, const core::RecordView& run) noexcept;

/// The key of a row of `keys`; the one key here whose size varies.
class KeyRow {
 public:
  KeyRow(const Uuid& organization_id, std::string_view idempotency_key) noexcept;
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_.data(), size_}; }

 private:
  static constexpr std::size_t kSizeMax = 17 + kIdempotencyKeySizeMax;
  std::array<std::byte, kSizeMax> data_;
  std::size_t size_ = 0;
};

enum class CounterScope : std::uint8_t { everything = 0, organization = 1, journey = 2 };

[[nodiscard]] Key counter_key(CounterScope scope, const Uuid& organization_id,
                              const Uuid& journey_id, RunStatus status) noexcept;

}  // namespace milepost::store
