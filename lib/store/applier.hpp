// SPDX-License-Identifier: Apache-2.0
//
// Applier: the one thread that moves effects to LMDB, in batches by count, bytes and age. It is
// given published effects, writes only those whose journal entry is synced, and tells the recent
// map and the journal what they may let go. A failing LMDB is tried again, slower and slower:
// what is handed over is safe in the journal meanwhile. Idle, it never wakes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "store/effect_block.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// Thread-safe.
class Applier {
 public:
  struct Options {
    std::size_t batch_effects_max = 24'000;
    std::size_t batch_bytes_max = 16u << 20;
    std::size_t pending_bytes_max = 96u << 20;  ///< Past it callers wait.
    std::chrono::milliseconds interval{100};    ///< The largest age of a pending effect.
  };
  struct Parts {
    /// Commits these to LMDB, in one transaction, with the last one's sequence. `use_reserve`:
    /// among them, or behind them, are effects that free space, so room kept for those may be used.
    std::function<Result<void>(std::span<const EffectPtr>, bool use_reserve)> write;
    /// After that commit: they may leave the recent map and the journal.
    std::function<void(std::span<const EffectPtr>)> applied;
    /// Whether the journal can take more before some of it is applied.
    std::function<bool()> journal_has_room;
    /// The last sequence known to be synced.
    std::function<std::uint64_t()> synced;
    /// Makes everything appended durable.
    std::function<Result<void>()> sync;
    std::function<void(LogLevel, std::string_view)> log;
  };

  Applier(Options options, Parts parts);
  ~Applier();
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  /// Leader only. Takes over effects in order of sequence.
  void hand_over(std::span<const EffectPtr> effects);

  /// Waits until less than `pending_bytes_max` is pending, the journal has room and the map is not
  /// full. `busy`, or the reason LMDB cannot take more (`disk_full`, `map_full`, `io`), at the
  /// deadline.
  [[nodiscard]] Result<void> wait_for_room(Deadline deadline);

  /// Waits until everything handed over before is committed to LMDB. Errors as wait_for_room, but
  /// `map_full` at once while nothing that frees space is on its way.
  [[nodiscard]] Result<void> publish(Deadline deadline);

  /// Writes what is pending, without retries, and ends the thread. An error leaves the rest to the
  /// journal. Idempotent.
  [[nodiscard]] Result<void> stop();

  [[nodiscard]] std::uint64_t pending_count() const;
  /// Why the last attempt failed, while it lasts.
  [[nodiscard]] std::optional<Error> trouble() const;

 private:
  void run();
  std::vector<EffectPtr> take_batch();
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool is_crowded() const;
  bool may_use_reserve(std::span<const EffectPtr> batch);
  bool write_batch(std::span<const EffectPtr> batch);
  void note_written(std::span<const EffectPtr> batch);
  void rest(Error error);
  bool back_off(Error error, unsigned attempt);
  Error late_error() const;

  const Options options_;
  const Parts parts_;

  mutable std::mutex mutex_;
  std::condition_variable work_;  ///< For the thread: something to do.
  std::condition_variable done_;  ///< For callers: something was done.
  std::deque<EffectPtr> pending_;
  std::size_t pending_bytes_ = 0;  ///< Of pending_ and of the batch being written.
  std::size_t writing_ = 0;        ///< Effects of the batch being written.
  Deadline oldest_since_{};
  std::uint64_t handed_over_ = 0;
  std::uint64_t applied_ = 0;
  std::uint64_t freeing_ = 0;       ///< The last effect handed over that frees space.
  std::uint64_t freeing_seen_ = 0;  ///< By the last attempt to write.
  std::uint64_t wanted_ = 0;        ///< Publish up to here without waiting for the interval.
  std::uint64_t failures_ = 0;      ///< Attempts to write that failed.
  bool try_now_ = false;            ///< Somebody waits for the next attempt.
  bool stopping_ = false;
  std::optional<Error> trouble_;      ///< Why the last attempt failed.
  std::atomic<bool> crowded_{false};  ///< Callers wait; set under the mutex.
  std::thread thread_;
};

}  // namespace milepost::store
