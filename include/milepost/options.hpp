// SPDX-License-Identifier: Apache-2.0
//
// Options: one plain aggregate per verb, every default in its declaration.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "milepost/run.hpp"

namespace milepost {

/// What an acknowledgement means.
enum class Durability : std::uint8_t {
  /// Acknowledged effects survive a crash of the process, of the machine, and a cut of power.
  durable = 0,
  /// They survive a crash of the process; a power cut may take the last stretch, at most
  /// `relaxed_delay_max` or `relaxed_bytes_max` of it. Always a suffix; the store stays whole.
  relaxed = 1,
};

enum class LogLevel : std::uint8_t { debug = 0, info = 1, warning = 2, error = 3 };

/// By when a call must have begun its work. It bounds waiting, not a sync under way.
using Deadline = std::chrono::steady_clock::time_point;

inline constexpr std::size_t kBatchCommandsMax = 10'000;  ///< Commands in one `apply`.
inline constexpr std::size_t kBatchBytesMax = 16u << 20;  ///< Bytes of one `apply`, encoded.
inline constexpr std::size_t kGetManyMax = 10'000;        ///< Ids in one `get_many`.
inline constexpr std::uint64_t kMapSizeMin = 1u << 20;    ///< Smallest `map_size_start`.
inline constexpr std::uint32_t kReadersMin = 16;          ///< Smallest `readers_max`.
inline constexpr std::uint32_t kReadersMax = 65'536;      ///< Largest `readers_max`.
inline constexpr std::uint64_t kMapSizeMax = 1ull << 46;  ///< Largest `map_size_max`.
inline constexpr std::uint64_t kJournalSegmentBytesMin = 64u << 10;  ///< `journal_segment_bytes`
inline constexpr std::uint64_t kJournalSegmentBytesMax = 1u << 30;   ///< and its largest value.
inline constexpr std::uint64_t kJournalSegmentsMin = 4;              ///< In `journal_bytes_max`.
inline constexpr std::uint64_t kJournalBytesMax = 1ull << 40;        ///< Largest of those.

/// How to open a store. `Tracker::open({.directory = "runs"})` is a good start.
struct OpenOptions {
  /// The store's folder; made (0700) when absent, unless read-only or `create` is false.
  std::string directory{};
  /// Make the store when the directory holds none.
  bool create = true;
  /// Read what another process publishes; any number may. Every command is `read_only`.
  bool read_only = false;
  Durability durability = Durability::durable;

  /// How long a call waits for its turn when it names no deadline of its own.
  std::chrono::milliseconds wait_max{30'000};

  /// The map's first size in bytes; it doubles by itself. Sparse: it costs no disk.
  std::uint64_t map_size_start = 1ull << 30;
  /// The map never grows past this; then writes are `map_full`.
  std::uint64_t map_size_max = 256ull << 30;
  /// Slots for concurrent readers, over all processes.
  std::uint32_t readers_max = 1024;

  /// Memory for runs in the recent map: those not yet in LMDB, and as a cache those lately written.
  std::size_t recent_bytes_max = 64u << 20;
  /// How far other processes may lag behind: the largest age of an unpublished effect.
  std::chrono::milliseconds publish_interval{100};
  /// Bytes of one journal segment.
  std::uint64_t journal_segment_bytes = 64u << 20;
  /// Bytes of all journal segments; past it callers wait for the applier.
  std::uint64_t journal_bytes_max = 1ull << 30;

  /// Relaxed mode only: the oldest effect not yet synced is never older than this.
  std::chrono::milliseconds relaxed_delay_max{50};
  /// Relaxed mode only: never more than this many bytes are not yet synced.
  std::size_t relaxed_bytes_max = 16u << 20;

  /// Open on a network or user-space file system at your own risk.
  bool allow_unsupported_filesystem = false;

  /// The wall clock; default: the system's. Called from any thread, must not throw.
  std::function<Instant()> clock{};
  /// Receives what an operator should know. Called from any thread, must not throw or call back.
  std::function<void(LogLevel, std::string_view)> log{};
};

/// For any call that may wait.
struct CallOptions {
  std::optional<Deadline> deadline{};  ///< Default: now + `OpenOptions::wait_max`.
};

struct StartOptions {
  std::string_view owner{};  ///< Who takes the run; at most kOwnerSizeMax bytes of UTF-8.
  Uuid organization_id{};
  std::optional<Deadline> deadline{};
};

/// For complete, fail and exit.
struct FinishOptions {
  std::string_view owner{};                      ///< If given, must be the run's owner.
  std::optional<std::uint64_t> fencing_token{};  ///< If given, must be the run's token.
  Uuid organization_id{};
  std::optional<Deadline> deadline{};
};

/// For get, get_json and get_many.
struct GetOptions {
  Uuid organization_id{};
};

static_assert(std::is_aggregate_v<OpenOptions> && std::is_aggregate_v<CallOptions> &&
              std::is_aggregate_v<StartOptions> && std::is_aggregate_v<FinishOptions> &&
              std::is_aggregate_v<GetOptions>);

}  // namespace milepost
