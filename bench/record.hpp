// SPDX-License-Identifier: Apache-2.0
//
// The record that key-value peers keep of a run, with the same contents and the same kind of
// checksum as ours, its index keys, its transitions and its public response. Written apart from
// the library on purpose: it is also what the library's answers are checked against.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bench/engine.hpp"

namespace bench {

inline constexpr std::int64_t kNoTime = INT64_MIN;

struct Record {
  Uuid organization_id{};
  Uuid journey_id{};
  Uuid profile_id{};
  RunStatus status = RunStatus::queued;
  std::int64_t triggered_us = 0;
  std::int64_t started_us = kNoTime;
  std::int64_t completed_us = kNoTime;
  std::uint64_t token = 0;
  std::string_view error{};
};

[[nodiscard]] Record make_record(const NewRun& run);

/// Applies a step as the state machine says. The error text must outlive the record.
[[nodiscard]] Answer apply_step(Record& record, Step step, std::int64_t now,
                                std::string_view error);

/// Status before which, and after which, a step leads.
[[nodiscard]] RunStatus target(Step step);

// Encoded: little-endian fields at fixed places, so that a script on a server can patch them.
inline constexpr std::size_t kStatusAt = 1;
inline constexpr std::size_t kTriggeredAt = 8;
inline constexpr std::size_t kStartedAt = 16;
inline constexpr std::size_t kCompletedAt = 24;
inline constexpr std::size_t kTokenAt = 32;
inline constexpr std::size_t kIdsAt = 40;
inline constexpr std::size_t kChecksumAt = 88;
inline constexpr std::size_t kErrorAt = 96;
inline constexpr std::size_t kRecordMax = kErrorAt + milepost::kErrorTextSizeMax;

using RecordBytes = std::array<char, kRecordMax>;

/// Writes the record and its XXH3 over the id and every other byte; yields the bytes used.
[[nodiscard]] std::string_view encode(const Uuid& run_id, const Record& record, RecordBytes& out);

enum class Verify : std::uint8_t { no, yes };

/// Throws if the checksum does not hold. The error text points into `bytes`.
[[nodiscard]] Record decode(const Uuid& run_id, std::string_view bytes, Verify verify);

/// The seven members; yields the size.
[[nodiscard]] std::size_t render(const Uuid& run_id, const Record& record, std::span<char> out);

/// Bytes whose memcmp order is the index order. One type for all four, so `bytes[size]`.
struct IndexKey {
  std::array<char, 58> bytes{};
  std::size_t size = 0;
  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
};

/// organization, journey, status, triggeredAt, run.
[[nodiscard]] IndexKey journey_key(const Uuid& run_id, const Record& record);
/// organization, profile, triggeredAt, run.
[[nodiscard]] IndexKey profile_key(const Uuid& run_id, const Record& record);
/// organization, status, triggeredAt, run.
[[nodiscard]] IndexKey status_key(const Uuid& run_id, const Record& record);
/// organization, completedAt, run: of finished runs only.
[[nodiscard]] IndexKey completed_key(const Uuid& run_id, const Record& record);
/// Where a page begins, and how many bytes of the key all runs of the query share.
struct ListRange {
  IndexKey from;  ///< The first key of the query's index after its position.
  std::size_t prefix = 0;
};
[[nodiscard]] ListRange list_range(const ListQuery& query);
/// The run that an index key of any kind leads to: its last 16 bytes.
[[nodiscard]] Uuid run_of_key(std::string_view key);

[[nodiscard]] inline std::string_view view(const Uuid& id) {
  return {reinterpret_cast<const char*>(id.data), sizeof id.data};
}
[[nodiscard]] Uuid uuid_from(std::string_view bytes);

}  // namespace bench
