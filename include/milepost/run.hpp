// SPDX-License-Identifier: Apache-2.0
//
// The values a host sees: a run, its status, its ids and instants, and their text forms.
// Everything here is a plain value.
#pragma once

#include <boost/uuid/uuid.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "milepost/export.hpp"
#include "milepost/result.hpp"

namespace milepost {

/// 16 bytes in RFC 9562 order. The nil UUID is a valid id.
using Uuid = boost::uuids::uuid;

/// Microseconds since the Unix epoch, UTC.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;

/// Where a run stands. The numbers are those on disk, in C and in every binding.
enum class RunStatus : std::uint8_t {
  queued = 0,
  running = 1,
  completed = 2,  ///< final
  failed = 3,     ///< final, carries an error text
  exited = 4,     ///< final
};

/// The name in the public response, e.g. `queued`. Never fails.
[[nodiscard]] MILEPOST_EXPORT std::string_view to_string(RunStatus status) noexcept;

/// The status of that name, or nothing. Exact and case-sensitive.
[[nodiscard]] MILEPOST_EXPORT std::optional<RunStatus> parse_status(std::string_view text) noexcept;

/// A run as it was at one moment. A copy: it does not follow the store. Plain value.
struct Run {
  Uuid run_id{};
  Uuid journey_id{};
  Uuid profile_id{};
  Uuid organization_id{};  ///< Nil unless the host uses organizations.
  RunStatus status = RunStatus::queued;
  Instant triggered_at{};
  std::optional<Instant> started_at;    ///< Set by start.
  std::optional<Instant> completed_at;  ///< Set by the command that entered a final state.
  std::optional<std::string> error;     ///< Set exactly while `status` is failed.
  std::string owner;                    ///< Who started the run; may be empty.
  std::uint64_t fencing_token = 0;      ///< Grows with each owner; 0 until started.
  std::uint64_t sequence = 0;           ///< Sequence number of the last effect on the run.

  friend bool operator==(const Run&, const Run&) = default;
};

/// Size of a UUID's text form, without a terminating NUL.
inline constexpr std::size_t kUuidTextSize = 36;

/// Largest size of an instant's text form, `2023-11-07T05:31:56.123456Z`.
inline constexpr std::size_t kInstantTextSizeMax = 27;

/// Error texts longer than this many bytes are cut at a code point and closed with U+2026.
inline constexpr std::size_t kErrorTextSizeMax = 4096;

/// An owner is 1 to this many bytes of UTF-8.
inline constexpr std::size_t kOwnerSizeMax = 255;

/// An idempotency key is 1 to this many bytes.
inline constexpr std::size_t kIdempotencyKeySizeMax = 255;

/// The size of the largest public JSON of any run: six bytes for each byte of the longest error
/// text, and everything around it.
inline constexpr std::size_t kRunJsonSizeMax = 24'843;

/// Reads the 36-character text form, either case; the max UUID in lower case only.
/// Anything else is `invalid_argument`.
[[nodiscard]] MILEPOST_EXPORT Result<Uuid> parse_uuid(std::string_view text);

/// The lower-case text form.
[[nodiscard]] MILEPOST_EXPORT std::string to_string(const Uuid& id);

/// Reads an RFC 3339 UTC instant (`Z`; seconds and fraction optional); digits past microseconds
/// are cut. Anything else, an impossible date, or a year outside 1400-9999 is `invalid_argument`.
[[nodiscard]] MILEPOST_EXPORT Result<Instant> parse_instant(std::string_view text);

/// The text form with seconds and the fewest of 0, 3 or 6 fraction digits that lose nothing.
/// An instant outside the years 1400-9999 is `invalid_argument`.
[[nodiscard]] MILEPOST_EXPORT Result<std::string> to_string(Instant instant);

/// The exact public response for a run, written to `out`; yields the size. Allocates nothing on
/// success. `invalid_argument` if `out` is too small (kRunJsonSizeMax always suffices).
[[nodiscard]] MILEPOST_EXPORT Result<std::size_t> to_json(const Run& run, std::span<char> out);

/// The same as a string.
[[nodiscard]] MILEPOST_EXPORT Result<std::string> to_json(const Run& run);

}  // namespace milepost
