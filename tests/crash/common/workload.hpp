// SPDX-License-Identifier: Apache-2.0
//
// The work that gets interrupted: lifecycles of runs through the public API, noting every call
// before and after. Ids and texts follow from a seed and a slot number, so that a judge knows what
// an unanswered call wanted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/oracle.hpp"

namespace milepost::crash {

struct WorkloadOptions {
  std::uint64_t seed = 1;
  unsigned threads = 1;
  std::uint32_t first_slot = 0;
  std::uint32_t slots = 100;  ///< So many runs.
  bool batches = false;       ///< By apply() instead of call by call.
  bool upkeep = false;        ///< Cohorts with keys, leases, imports, purges: see upkeep_work.hpp.
  bool feed = false;          ///< A further thread follows the change feed.
  std::string store{};        ///< Where to put copies, see copy_path; empty: makes none.
  std::uint32_t copies_from = 0;  ///< The number of the first one.
  std::uint32_t copies_end = 0;
  std::size_t error_size_max = 0;
  std::function<void(const Note&)> note;
};

/// Store options with everything small, so that segments recycle and the map grows.
OpenOptions small_store(const std::string& directory, Durability durability);

/// The same for stores with upkeep. Whether the feed keeps all, so that it can be replayed from its
/// beginning, or is trimmed as it goes, follows from the seed.
OpenOptions upkeep_store(const std::string& directory, Durability durability, std::uint64_t seed);

/// The id a slot's run is given, unless it takes a fresh one.
Uuid slot_id(std::uint64_t seed, std::uint32_t slot);

/// An id from two numbers.
Uuid uuid_of(std::uint64_t high, std::uint64_t low);

class Workload {
 public:
  Workload(Tracker& tracker, WorkloadOptions options);

  /// Works until all slots are used or something is wrong. Empty if all went well.
  std::string run();

  /// Reads every run of the slots before the first one and notes what was seen.
  std::string read_all(std::uint32_t end);

  /// Deals with what the process before left running: all of it is found as orphans, and failed,
  /// adopted or left. For a process that works alone, as the next ones.
  std::string take_orphans(const Oracle& oracle);

  /// Purges the older of the finished runs, of every organization.
  std::string purge_old(const Oracle& oracle);

  /// Repeats creates with an idempotency key that nobody was answered.
  std::string repeat_keyed(const Oracle& oracle);

  /// Ends runs of earlier sessions that are still open. `oracle` knows their ids.
  std::string finish_old(const Oracle& oracle);

 private:
  friend class Cohort;
  void thread_main(unsigned index);
  void feed_main();
  void fail_orphans(const Oracle& oracle, const std::map<Uuid, std::uint32_t>& running);
  std::string complain_of(const char* what, const Error& error);
  void lifecycle(std::uint32_t slot, unsigned index);
  void batch(std::uint32_t slot, std::uint32_t count);
  void help_a_neighbour(unsigned index, std::uint64_t random);
  void check_read(std::uint32_t slot, const Uuid& id, std::uint64_t at_least);
  void flush_now();
  /// Notes, calls, notes. Yields the answer's sequence, 0 if there is none.
  std::uint64_t step(Note note, const std::function<Result<Outcome>()>& call, Uuid* id = nullptr);
  Note begun(std::uint32_t slot, Step step, RunStatus target, std::size_t bytes) const;
  void answer(Note& note, const Outcome& outcome);
  void complain(const std::string& what, const Error& error);
  void complain(const std::string& text);
  [[nodiscard]] bool stopped() const { return failed_.load(std::memory_order_relaxed); }

  Tracker& tracker_;
  WorkloadOptions options_;
  std::atomic<std::uint32_t> next_;
  std::atomic<std::uint64_t> answered_max_{0};
  std::vector<std::atomic<std::uint32_t>> offers_;  ///< Slot + 1 of a run just made, by thread.
  std::atomic<std::uint32_t> next_copy_;
  std::atomic<bool> finished_{false};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::string failure_;
};

/// The judge's last question: does the store take the next write, after everything it has?
std::string next_write(Tracker& tracker, std::uint64_t seed);

}  // namespace milepost::crash
