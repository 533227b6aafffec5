// SPDX-License-Identifier: Apache-2.0
//
// What each process of the kill loop does until it ends or is killed.
#include "kill_children.hpp"

#include <cstdio>
#include <map>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "common/upkeep_work.hpp"
#include "common/workload.hpp"

namespace milepost::crash {
namespace {

constexpr unsigned kThreads = 8;
constexpr std::uint32_t kSlotsPerRound = 300;
constexpr std::uint64_t kGone = ~0ull;

Durability mode_of(const std::string& mode) {
  return mode == "relaxed" ? Durability::relaxed : Durability::durable;
}

WorkloadOptions work_of(const Options& options, Oracle& oracle) {
  WorkloadOptions work;
  work.seed = options.number("seed", 1);
  work.threads = kThreads;
  work.error_size_max = 1'500;
  const std::uint32_t used = oracle.slots_used;
  work.first_slot = (used + kCohortSize - 1) / kCohortSize * kCohortSize;
  work.slots = static_cast<std::uint32_t>(options.number("slots", kSlotsPerRound));
  work.note = [&oracle](const Note& note) { oracle.apply(note); };
  const std::uint64_t kind = mix(work.seed + work.first_slot) % 4;
  work.upkeep = options.has("upkeep") || kind >= 2;
  work.batches = !work.upkeep && kind == 0;
  work.feed = true;
  work.store = options.text("store");
  work.copies_from = oracle.copies_used;
  work.copies_end = std::min<std::uint32_t>(work.copies_from + 1, kCopiesMax);
  return work;
}

std::string deal_with_old(Workload& workload, const Oracle& oracle, std::uint64_t choice) {
  if (auto wrong = workload.repeat_keyed(oracle); !wrong.empty()) return wrong;
  if (auto wrong = workload.take_orphans(oracle); !wrong.empty()) return wrong;
  if (choice % 3 == 0) {
    if (auto wrong = workload.purge_old(oracle); !wrong.empty()) return wrong;
  }
  return workload.finish_old(oracle);
}

/// What the read-only reader knows of the runs.
class Watcher {
 public:
  explicit Watcher(const Oracle& oracle) : oracle_(oracle) {}

  std::string look(const Tracker& reader, std::uint32_t slot) {
    const SlotRecord& record = oracle_.slots[slot];
    if (record.id_known.load(std::memory_order_acquire) == 0) return {};
    const auto run = reader.get(record.run_id, {.organization_id = record.organization_id});
    if (!run) return "get: " + to_string(run.error());
    const std::uint64_t sequence = *run ? (*run)->sequence : 0;
    std::uint64_t& seen = seen_[slot];
    const std::string who = "slot " + std::to_string(slot);
    if (seen == kGone && sequence != 0) return who + " is back after it was gone";
    if (sequence == 0 && seen != 0) {
      // A removal is noted before it is asked for.
      if (record.step(Step::remove).state == StepState::none) return who + " is gone";
      seen = kGone;
    } else if (sequence < seen) {
      return who + " went back from sequence " + std::to_string(seen) + " to " +
             std::to_string(sequence);
    } else {
      seen = sequence;
    }
    return {};
  }

  /// The feed goes on without gaps over the deaths of writers.
  std::string follow(Tracker& reader) {
    if (!feed_) {
      auto subscribed = reader.subscribe();
      if (!subscribed) return "subscribe: " + to_string(subscribed.error());
      feed_.emplace(std::move(*subscribed));
    }
    std::uint64_t last = feed_->position();
    const auto changes =
        feed_->next(std::chrono::steady_clock::now() + std::chrono::milliseconds(2));
    if (!changes) {
      if (changes.error().code == Errc::too_old) feed_.reset();
      const bool fine = changes.error().code == Errc::too_old || changes.error().code == Errc::busy;
      return fine ? std::string() : "following the feed: " + to_string(changes.error());
    }
    for (const Change& change : *changes) {
      if (change.sequence != ++last) return "the feed has a gap";
    }
    return {};
  }

 private:
  const Oracle& oracle_;
  std::map<std::uint32_t, std::uint64_t> seen_{};
  std::optional<Subscription> feed_{};
};

}  // namespace

int run_writer(const Options& options) {
  Oracle& oracle = *map_oracle(options.text("oracle"));
  const std::string store = options.text("store");
  const auto fail = [&](const std::string& text) {
    oracle.fail(text);
    return 3;
  };
  const WorkloadOptions work = work_of(options, oracle);
  if (auto wrong = judge_copies(store, oracle, true); !wrong.empty()) return fail(wrong);
  auto tracker = Tracker::open(upkeep_store(store, mode_of(options.text("mode")), work.seed));
  if (!tracker) return fail("open: " + to_string(tracker.error()));
  if (auto wrong = judge(*tracker, oracle, {}, true); !wrong.empty()) return fail(wrong);
  Workload workload(*tracker, work);
  if (auto wrong = deal_with_old(workload, oracle, mix(work.first_slot)); !wrong.empty()) {
    return fail(wrong);
  }
  if (auto wrong = workload.run(); !wrong.empty()) return fail(wrong);
  if (auto closed = tracker->close(); !closed) return fail("close: " + to_string(closed.error()));
  return 0;
}

int run_survivor(const Options& options) {
  Oracle& oracle = *map_oracle(options.text("oracle"));
  OpenOptions open_options = small_store(options.text("store"), Durability::durable);
  open_options.read_only = true;
  auto reader = Tracker::open(open_options);
  const auto fail = [&](const std::string& text) {
    oracle.fail("survivor: " + text);
    return 3;
  };
  if (!reader) return fail("open: " + to_string(reader.error()));
  Watcher watcher(oracle);
  const pid_t parent = ::getppid();
  while (::getppid() == parent) {
    for (std::uint32_t slot = 0; slot < oracle.slots_used; ++slot) {
      if (auto wrong = watcher.look(*reader, slot); !wrong.empty()) return fail(wrong);
    }
    if (auto behind = reader->unpublished(); !behind && behind.error().code != Errc::busy) {
      return fail("unpublished: " + to_string(behind.error()));
    }
    if (auto wrong = watcher.follow(*reader); !wrong.empty()) return fail(wrong);
  }
  return 0;
}

int run_rival(const Options& options) {
  auto tracker = Tracker::open(small_store(options.text("store"), Durability::durable));
  if (tracker) return 4;
  if (tracker.error().code == Errc::locked) return 0;
  std::fprintf(stderr, "rival: %s\n", to_string(tracker.error()).c_str());
  return 5;
}

int run_restorer(const Options& options) {
  Oracle& oracle = *map_oracle(options.text("oracle"));
  const std::string to = options.text("to");
  struct stat info {};
  const bool replace = ::lstat(to.c_str(), &info) == 0;
  auto report = restore_backup(options.text("copy"), to, {.replace = replace});
  if (report) return 0;
  oracle.fail("restore: " + to_string(report.error()));
  return 3;
}

}  // namespace milepost::crash
