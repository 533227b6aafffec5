// SPDX-License-Identifier: Apache-2.0
//
// What handles stand for, and use(): from a handle to its object for the length of one call.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/fork_stamp.hpp"
#include "capi/handle_table.hpp"
#include "capi/log_hook.hpp"
#include "capi/manual_clock.hpp"
#include "capi/stepper.hpp"
#include "capi/work_list.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {

struct TrackerObject {
  TrackerObject(Tracker opened, std::shared_ptr<ManualClock> its_clock,
                std::chrono::milliseconds its_wait_max) noexcept
      : tracker(std::move(opened)), clock(std::move(its_clock)), wait_max(its_wait_max) {}

  Tracker tracker;
  std::shared_ptr<ManualClock> clock;  ///< Null for a real one.
  std::chrono::milliseconds wait_max;  ///< For calls that take no default of the engine's.
  WorkList works{};                    ///< That hold a moment of the store between their steps.
};

/// Values that own what the C structs beside them point to.
struct RunsObject {
  std::vector<Run> values;
  std::vector<milepost_run> items;
  std::string next{};
};

struct OutcomesObject {
  std::vector<Outcome> values;
  std::vector<milepost_outcome> items;
};

struct ChangesObject {
  std::vector<Change> values;
  std::vector<milepost_change> items;
  milepost_feed_position position{};
};

struct JsonPageObject {
  JsonPage page;
};

struct StatsObject {
  Stats stats;
  std::string prometheus;
};

inline constexpr unsigned kTrackerStripes = 16;
using TrackerTable = HandleTable<TrackerObject, Kind::tracker, kTrackerStripes>;

/// Refuses a second thread while a first one is in.
class OneThread {
 public:
  class Turn {
   public:
    explicit Turn(OneThread& whose) noexcept
        : whose_(whose), mine_(!whose.taken_.exchange(true, std::memory_order_acquire)) {}
    ~Turn() {
      if (mine_) whose_.taken_.store(false, std::memory_order_release);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    [[nodiscard]] bool mine() const noexcept { return mine_; }

   private:
    OneThread& whose_;
    bool mine_;
  };

 private:
  std::atomic<bool> taken_{false};
};

// What hangs on a tracker pins it: the C++ objects must not outlive theirs. Members die in reverse
// order, the pin last.

struct SnapshotObject {
  TrackerTable::Pin tracker;
  ForkStamp made{};
  OneThread one_thread{};
  OwnedHere<Snapshot> snapshot;
};

struct SubscriptionObject {
  TrackerTable::Pin tracker;
  ForkStamp made{};
  OneThread one_thread{};
  OwnedHere<Subscription> subscription;
  std::unique_ptr<ChangesObject> undelivered{};  ///< Taken, but memory ran out on the way.
};

struct ExportObject {
  explicit ExportObject(TrackerTable::Pin whose) : tracker(std::move(whose)) {}

  TrackerTable::Pin tracker;
  ForkStamp made{};
  OneThread one_thread{};
  TransferProgress progress{};
  std::string_view lines{};          ///< Of the call, which sleeps while they are read.
  std::optional<Stepper> stepper{};  ///< Ends before what its thread uses.
};

struct ImportObject {
  explicit ImportObject(TrackerTable::Pin whose) : tracker(std::move(whose)) {}

  TrackerTable::Pin tracker;
  ForkStamp made{};
  OneThread one_thread{};
  std::string begun{};           ///< The front of a line whose end has not come yet.
  bool skips = false;            ///< Within a line that was refused as too long.
  bool ended = false;            ///< The last bytes have come.
  std::uint64_t lines_seen = 0;  ///< Newlines so far.
  ImportReport report{};
  std::vector<ImportProblem> problems{};  ///< Of the last step.
};

/// A call that makes its report in steps.
struct WorkObject : WorkList::Work {
  explicit WorkObject(TrackerTable::Pin whose) : tracker(std::move(whose)) {
    if (tracker) tracker->works.add(*this);
  }
  /// Ends the call while everything that it uses is there.
  ~WorkObject() override {
    if (!made.is_here()) return;
    if (tracker) tracker->works.remove(*this);
    end();
  }
  WorkObject(const WorkObject&) = delete;
  WorkObject& operator=(const WorkObject&) = delete;

  TrackerTable::Pin tracker;  ///< Empty for work on a folder.
  ForkStamp made{};
  OneThread one_thread{};
  milepost_progress progress{};
  milepost_work_report report{};
  std::vector<Finding> findings{};
};

inline constinit TrackerTable trackers;
inline constinit HandleTable<SnapshotObject, Kind::snapshot> snapshots;
inline constinit HandleTable<SubscriptionObject, Kind::subscription> subscriptions;
inline constinit HandleTable<ExportObject, Kind::export_operation> exports;
inline constinit HandleTable<ImportObject, Kind::import_operation> imports;
inline constinit HandleTable<WorkObject, Kind::work> works;
inline constinit HandleTable<RunsObject, Kind::runs> runs_results;
inline constinit HandleTable<OutcomesObject, Kind::outcomes> outcomes_results;
inline constinit HandleTable<ChangesObject, Kind::changes> changes_results;
inline constinit HandleTable<JsonPageObject, Kind::json_page> json_pages;
inline constinit HandleTable<StatsObject, Kind::stats> stats_results;

// From a handle's type to its table.
inline auto& table_of(milepost_tracker) noexcept { return trackers; }
inline auto& table_of(milepost_snapshot) noexcept { return snapshots; }
inline auto& table_of(milepost_subscription) noexcept { return subscriptions; }
inline auto& table_of(milepost_export) noexcept { return exports; }
inline auto& table_of(milepost_import) noexcept { return imports; }
inline auto& table_of(milepost_work) noexcept { return works; }
inline auto& table_of(milepost_runs) noexcept { return runs_results; }
inline auto& table_of(milepost_outcomes) noexcept { return outcomes_results; }
inline auto& table_of(milepost_changes) noexcept { return changes_results; }
inline auto& table_of(milepost_json_page) noexcept { return json_pages; }
inline auto& table_of(milepost_stats) noexcept { return stats_results; }

[[nodiscard]] Error used_by_two_threads();
[[nodiscard]] Error no_such_index(std::size_t index, std::size_t size);

/// Calls `body` with the object, which stays until it returns.
template <typename Handle, typename Body>
[[nodiscard]] Result<void> use(Handle handle, Body&& body) {
  const auto pin = table_of(handle).pin(handle.value);
  if (!pin) return table_of(handle).refusal(handle.value);
  if (hook_threads.has_this_thread()) return called_by_hook();
  if constexpr (requires { pin->made; }) {
    if (!pin->made.is_here()) return forked_error();
  }
  return body(*pin);
}

/// The same for objects that one thread at a time may use.
template <typename Handle, typename Body>
[[nodiscard]] Result<void> use_alone(Handle handle, Body&& body) {
  return use(handle, [&](auto& object) -> Result<void> {
    const OneThread::Turn turn(object.one_thread);
    if (!turn.mine()) return used_by_two_threads();
    return body(object);
  });
}

/// use() and use_alone() for calls that make a handle: it is zero until they have.
template <typename Handle, typename Made, typename Body>
[[nodiscard]] Result<void> use_to_make(Handle handle, Made* made, Body&& body) {
  if (made == nullptr) return null_argument("handle to be made");
  made->value = 0;
  return use(handle, std::forward<Body>(body));
}
template <typename Handle, typename Made, typename Body>
[[nodiscard]] Result<void> use_alone_to_make(Handle handle, Made* made, Body&& body) {
  if (made == nullptr) return null_argument("handle to be made");
  made->value = 0;
  return use_alone(handle, std::forward<Body>(body));
}

/// What every _free does. A stale or foreign handle is nobody's loss.
template <typename Handle>
void release(Handle handle) noexcept {
  (void)table_of(handle).retire(handle.value);
}

/// Makes a handle of an object and hands it out. The object stays where it is if that throws.
template <typename Handle, typename Object>
void hand_out(Handle* out, std::unique_ptr<Object>& object) {
  out->value = table_of(*out).insert(object);
}
template <typename Handle, typename Object>
void hand_out(Handle* out, std::unique_ptr<Object>&& object) {
  hand_out(out, object);
}

}  // namespace milepost::capi
