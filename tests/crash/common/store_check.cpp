// SPDX-License-Identifier: Apache-2.0
//
// All that is compared follows from the rows of `runs`: what each index, the keys and the counters
// must hold is built anew, row by row, and must be there to the byte, and nothing else. The feed is
// replayed: whatever it says last of a run is what `runs` has.
#include "common/store_check.hpp"

#include <algorithm>
#include <cstring>
#include <lmdb.h>
#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/records.hpp"

namespace milepost::crash {
namespace {

constexpr std::string_view kMagic = "MILEPOST";

class Tables {
 public:
  explicit Tables(const std::string& directory) {
    mdb_env_create(&env_);
    mdb_env_set_maxdbs(env_, 32);
    const int error = mdb_env_open(env_, directory.c_str(), MDB_RDONLY, 0600);
    if (error != 0 || mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn_) != 0) {
      wrong_ = std::string("plain LMDB cannot open it: ") + mdb_strerror(error);
    }
  }
  ~Tables() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
    mdb_env_close(env_);
  }
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  std::string check() {
    if (wrong_.empty()) read_runs();
    if (wrong_.empty()) compare_indexes();
    if (wrong_.empty()) compare_keys();
    if (wrong_.empty()) recount();
    if (wrong_.empty()) read_meta();
    if (wrong_.empty()) replay_feed();
    return wrong_;
  }

 private:
  /// What a forget in the feed is about.
  struct Forgotten {
    std::uint64_t at;
    std::uint64_t made_before;
  };

  template <typename Visit>
  void each(const char* table, Visit visit) {
    MDB_dbi handle = 0;
    MDB_cursor* cursor = nullptr;
    if (mdb_dbi_open(txn_, table, 0, &handle) != 0 || mdb_cursor_open(txn_, handle, &cursor) != 0) {
      return complain(std::string("no table ") + table);
    }
    MDB_val key{};
    MDB_val value{};
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
      visit(std::string_view(static_cast<const char*>(key.mv_data), key.mv_size),
            std::string_view(static_cast<const char*>(value.mv_data), value.mv_size));
    }
    mdb_cursor_close(cursor);
  }

  void read_runs() {
    each("runs", [&](std::string_view key, std::string_view value) {
      auto run = read_run(key, value);
      if (!run) return complain("a record makes no sense");
      newest_ = std::max(newest_, run->sequence);
      epoch_ = std::max(epoch_, run->epoch);
      records_.emplace(run->id, value);
      runs_.push_back(std::move(*run));
    });
  }

  /// `expected` in any order; the table must have just these rows, without values.
  void compare(const char* table, std::vector<std::string>& expected) {
    std::sort(expected.begin(), expected.end());
    std::size_t at = 0;
    each(table, [&](std::string_view key, std::string_view value) {
      if (at >= expected.size() || expected[at] != key) {
        complain(std::string(table) + " has a row that does not follow from the runs");
      }
      if (!value.empty()) complain(std::string("a row of ") + table + " has a value");
      ++at;
    });
    if (at < expected.size()) complain(std::string(table) + " lacks the row of a run");
  }

  template <typename Wanted>
  void compare_index(const char* table, std::string (StoredRun::*row)() const, Wanted wanted) {
    std::vector<std::string> expected;
    for (const StoredRun& run : runs_) {
      if (wanted(run)) expected.push_back((run.*row)());
    }
    compare(table, expected);
  }

  void compare_indexes() {
    const auto every = [](const StoredRun&) { return true; };
    compare_index("by_journey", &StoredRun::journey_row, every);
    compare_index("by_status", &StoredRun::status_row, every);
    compare_index("by_profile", &StoredRun::profile_row, every);
    compare_index("by_completed", &StoredRun::completed_row,
                  [](const StoredRun& run) { return run.final(); });
    compare_index("running", &StoredRun::running_row,
                  [](const StoredRun& run) { return run.running(); });
  }

  /// A key for each run that has one, and each names a run that is there.
  void compare_keys() {
    std::map<std::string, std::string> expected;
    for (const StoredRun& run : runs_) {
      if (run.key.empty()) continue;
      if (!expected.emplace(run.key_row(), run.id).second) complain("two runs have one key");
    }
    each("keys", [&](std::string_view key, std::string_view value) {
      const auto found = expected.find(std::string(key));
      if (found == expected.end()) return complain("a key outlived its run");
      if (found->second != value) complain("a key names another run than its own");
      expected.erase(found);
    });
    if (!expected.empty()) complain("the key of a run is missing");
  }

  void recount() {
    std::map<std::string, std::int64_t> expected;
    for (const StoredRun& run : runs_) {
      const std::string status(1, static_cast<char>(run.status));
      ++expected[std::string(1, '\0') + status];
      ++expected["\1" + run.organization + status];
      ++expected["\2" + run.organization + std::string(run.journey) + status];
    }
    each("counters", [&](std::string_view key, std::string_view value) {
      std::int64_t count = 0;
      if (value.size() != sizeof count) return complain("a counter makes no sense");
      std::memcpy(&count, value.data(), sizeof count);
      const auto found = expected.find(std::string(key));
      if (found == expected.end() || found->second != count) {
        return complain("a counter differs from a recount");
      }
      expected.erase(found);
    });
    if (!expected.empty()) complain("a counter is missing");
  }

  void read_meta() {
    bool identity = false;
    std::uint64_t epoch = 0;
    each("meta", [&](std::string_view key, std::string_view value) {
      if (key == "identity") identity = value.starts_with(kMagic);
      if (key == "applied") applied_ = little_endian(value);
      if (key == "epoch") epoch = little_endian(value);
      if (key == "feed_floor") floor_ = little_endian(value);
    });
    if (!identity) complain("meta has no identity");
    if (applied_ < newest_) complain("a run is newer than what meta says is applied");
    if (epoch < epoch_) complain("a run has an epoch that never was");
  }

  /// Gapless, in order, to the last effect applied.
  void walk_feed(const std::function<void(const FeedEntry&)>& visit) {
    std::uint64_t next = 0;
    each("changes", [&](std::string_view key, std::string_view value) {
      const std::uint64_t first = big_endian(key);
      if (first < floor_) return;
      if (key.size() != 8 || (next != 0 && first != next)) complain("the feed has a gap");
      if (next == 0) feed_first_ = first;
      next = first;
      const bool good = read_block(first, value, [&](const FeedEntry& entry) {
        ++next;
        visit(entry);
      });
      if (!good) complain("a block of the feed makes no sense");
    });
    if (next != 0 && next != applied_ + 1) complain("the feed does not end with what is applied");
    if (next == 0 && floor_ == 0 && applied_ != 0) complain("the feed is empty");
  }

  void replay_feed() {
    walk_feed([&](const FeedEntry& entry) {
      if (entry.kind != StoredEffect::forget) return;
      const std::string who = std::string(entry.id) + std::string(entry.rest.substr(0, kIdSize));
      forgotten_[who].push_back({entry.sequence, little_endian(entry.rest.substr(kIdSize))});
    });
    std::unordered_map<std::string, FeedEntry> last;
    walk_feed([&](const FeedEntry& entry) {
      if (entry.kind == StoredEffect::blank || entry.kind == StoredEffect::forget) return;
      const std::string id(entry.id);
      if (entry.kind == StoredEffect::put) {
        const auto run = read_run(entry.id, entry.rest);
        if (!run || run->sequence != entry.sequence) return complain("a change makes no sense");
        follow(*run, last.find(id) == last.end() ? nullptr : &last.at(id));
        if (forgotten(*run, entry.sequence)) complain("the feed tells of a forgotten run");
      }
      last.insert_or_assign(id, entry);
    });
    for (const auto& [id, entry] : last) {
      const auto there = records_.find(id);
      const bool put = entry.kind == StoredEffect::put;
      if (put != (there != records_.end())) {
        complain(put ? "the feed has a run that is not there" : "a removed run is there");
      } else if (put && there->second != entry.rest) {
        complain("a run differs from what the feed says of it");
      }
    }
    for (const StoredRun& run : runs_) {
      if (feed_first_ != 0 && run.sequence >= feed_first_ && !last.contains(run.id)) {
        complain("a run is missing in the feed");
      }
      if (forgotten(run, applied_ + 1)) complain("a run of an erased profile is there");
    }
  }

  /// V2: after `before`, which the feed told of the run, comes `run`.
  void follow(const StoredRun& run, const FeedEntry* before) {
    const bool made = run.created_sequence == run.sequence;
    const bool first_known = before == nullptr;
    if (first_known) {
      if (!made && feed_first_ == 1) complain("a change of a run comes before its creation");
      return;
    }
    if (before->kind != StoredEffect::put) {
      if (!made) complain("a run goes on after its removal");
      return;
    }
    const auto old = read_run(before->id, before->rest);
    if (!old) return;
    if (made || old->final() || old->created_sequence != run.created_sequence ||
        run.status < old->status || (run.status == old->status && !run.running())) {
      complain("a run took a path that is none");
    }
  }

  /// Whether a forget behind `sequence` is about the run.
  [[nodiscard]] bool forgotten(const StoredRun& run, std::uint64_t sequence) const {
    if (forgotten_.empty()) return false;
    const bool nil = run.organization.size() == 1;
    const auto found = forgotten_.find(
        std::string(run.profile) + (nil ? std::string(kIdSize, '\0') : run.organization.substr(1)));
    if (found == forgotten_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](const Forgotten& one) {
      const bool behind = one.at > sequence || sequence > applied_;
      return behind && run.created_sequence < one.made_before;
    });
  }

  void complain(const std::string& text) {
    if (wrong_.empty()) wrong_ = text;
  }

  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  std::vector<StoredRun> runs_;
  std::unordered_map<std::string, std::string_view> records_;
  std::map<std::string, std::vector<Forgotten>> forgotten_;
  std::uint64_t newest_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t applied_ = 0;
  std::uint64_t floor_ = 0;
  std::uint64_t feed_first_ = 0;
  std::string wrong_;
};

}  // namespace

std::string check_tables(const std::string& directory) { return Tables(directory).check(); }

std::string verify_closed(const std::string& directory) {
  const auto verified = verify_directory(directory);
  if (!verified) return "cannot be verified: " + to_string(verified.error());
  if (verified->sound()) return {};
  const Finding& first = verified->findings.front();
  return "verify finds " + first.kind + " in " + first.where + ": " + first.text;
}

}  // namespace milepost::crash
