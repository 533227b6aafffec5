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
inline constexpr std::size_t kListLimitMax = 1'000;       ///< Runs in one page of a list.
inline constexpr std::size_t kChangesLimitMax = 10'000;   ///< Changes in one page of the feed.
inline constexpr std::size_t kRemoveLimitMax = 10'000;    ///< Runs one purge or bulk step takes.
inline constexpr std::size_t kListScanMax = 10'000;     ///< Rows one page looks at, see RunFilter.
inline constexpr std::uint64_t kMapSizeMin = 1u << 20;  ///< Smallest `map_size_start`.
inline constexpr std::uint32_t kReadersMin = 16;        ///< Smallest `readers_max`.
inline constexpr std::uint32_t kReadersMax = 65'536;    ///< Largest `readers_max`.
inline constexpr std::uint64_t kMapSizeMax = 1ull << 46;             ///< Largest `map_size_max`.
inline constexpr std::uint64_t kJournalSegmentBytesMin = 64u << 10;  ///< `journal_segment_bytes`
inline constexpr std::uint64_t kJournalSegmentBytesMax = 1u << 30;   ///< and its largest value.
inline constexpr std::uint64_t kJournalSegmentsMin = 4;              ///< In `journal_bytes_max`.
inline constexpr std::uint64_t kJournalBytesMax = 1ull << 40;        ///< Largest of those.

inline constexpr std::uint64_t kFeedRetentionMax = 1ull << 40;          ///< `feed_retention`
inline constexpr std::chrono::seconds kKeyLifetimeMax{315'360'000};     ///< Ten years.
inline constexpr std::chrono::milliseconds kLeaseMin{1};                ///< Shortest lease.
inline constexpr std::chrono::milliseconds kLeaseMax{86'400'000};       ///< Longest lease: a day.
inline constexpr std::chrono::milliseconds kSnapshotAgeMin{10};         ///< `snapshot_age_max`
inline constexpr std::chrono::milliseconds kSnapshotAgeMax{3'600'000};  ///< and its largest value.
inline constexpr std::size_t kSnapshotsMax = 128;  ///< Snapshots of one tracker alive at once.

/// Which moment a read of many runs is of.
enum class Freshness : std::uint8_t {
  /// Everything acknowledged before the call: what is pending is published first. In a read-only
  /// tracker the same as `published`.
  latest = 0,
  /// What is published already, at most one `publish_interval` plus one commit behind. Never waits.
  published = 1,
};

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

  /// How many changes the feed keeps, at least; older ones are `too_old`. 0 keeps none.
  std::uint64_t feed_retention = 1'000'000;
  /// How long an idempotency key answers for its run; zero: as long as the run is kept.
  std::chrono::seconds idempotency_key_lifetime{0};
  /// A snapshot older than this is `snapshot_expired`: it would keep old pages from being reused.
  std::chrono::milliseconds snapshot_age_max{10'000};

  /// Open on a network or user-space file system at your own risk.
  bool allow_unsupported_filesystem = false;

  /// The wall clock; default: the system's. Called from any thread, must not throw.
  std::function<Instant()> clock{};
  /// Measures leases and ages of snapshots; default: the system's. As `clock` otherwise.
  std::function<std::chrono::steady_clock::time_point()> steady_clock{};
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
  std::optional<std::chrono::milliseconds> lease{};  ///< See StartCommand.
};

/// For adopt; see AdoptCommand.
struct AdoptOptions {
  std::string_view owner{};
  std::optional<std::uint64_t> fencing_token{};
  std::optional<std::chrono::milliseconds> lease{};
  Uuid organization_id{};
  bool only_if_expired = false;
  std::optional<Deadline> deadline{};
};

/// For heartbeat; see HeartbeatCommand.
struct HeartbeatOptions {
  std::string_view owner{};
  std::optional<std::uint64_t> fencing_token{};
  Uuid organization_id{};
  std::optional<Deadline> deadline{};
};

/// For complete, fail and exit.
struct FinishOptions {
  std::string_view owner{};                      ///< If given, must be the run's owner.
  std::optional<std::uint64_t> fencing_token{};  ///< If given, must be the run's token.
  Uuid organization_id{};
  std::optional<Deadline> deadline{};
  bool only_if_expired = false;  ///< For fail: see FailCommand. Without meaning elsewhere.
};

/// For wait.
struct WaitOptions {
  Uuid organization_id{};
  std::optional<Deadline> deadline{};  ///< Default: now + `OpenOptions::wait_max`.
};

/// For get, get_json and get_many.
struct GetOptions {
  Uuid organization_id{};
};

static_assert(std::is_aggregate_v<OpenOptions> && std::is_aggregate_v<CallOptions> &&
              std::is_aggregate_v<StartOptions> && std::is_aggregate_v<FinishOptions> &&
              std::is_aggregate_v<GetOptions> && std::is_aggregate_v<AdoptOptions> &&
              std::is_aggregate_v<HeartbeatOptions> && std::is_aggregate_v<WaitOptions>);

}  // namespace milepost
