// SPDX-License-Identifier: Apache-2.0
//
// The runs' statuses are taken from by_status, whose keys end in status, instant and run id (see
// the layout in the store's schema): each run must have exactly one row there, and the counters
// must add up to those rows. All runs of these tests belong to the nil organization.
#include "common/store_check.hpp"

#include <array>
#include <cstring>
#include <lmdb.h>
#include <map>
#include <set>
#include <string_view>

namespace milepost::crash {
namespace {

constexpr std::size_t kIdSize = 16;
constexpr std::size_t kInstantSize = 8;
constexpr unsigned char kFirstFinalStatus = 2;
constexpr std::size_t kStatusCount = 5;

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
    if (!wrong_.empty()) return wrong_;
    std::set<std::string> runs;
    each("runs", [&](std::string_view key, std::string_view) { runs.emplace(key); });
    std::map<std::string, unsigned char> statuses;
    std::array<std::int64_t, kStatusCount> counts{};
    each("by_status", [&](std::string_view key, std::string_view) {
      const std::size_t tail = kIdSize + kInstantSize + 1;
      if (key.size() < tail) return complain("a key of by_status is too short");
      const auto status = static_cast<unsigned char>(key[key.size() - tail]);
      if (status >= kStatusCount) return complain("a key of by_status has no status");
      if (!statuses.emplace(key.substr(key.size() - kIdSize), status).second) {
        return complain("a run is twice in by_status");
      }
      ++counts[status];
    });
    std::set<std::string> finished;
    for (const auto& [id, status] : statuses) {
      if (status >= kFirstFinalStatus) finished.insert(id);
    }
    if (statuses.size() != runs.size()) complain("by_status and runs differ in size");
    for (const auto& [id, status] : statuses) {
      if (!runs.contains(id)) complain("by_status has a run that is not there");
    }
    compare("by_journey", runs);
    compare("by_profile", runs);
    compare("by_completed", finished);
    recount(counts);
    return wrong_;
  }

 private:
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

  void compare(const char* table, const std::set<std::string>& expected) {
    std::set<std::string> found;
    each(table, [&](std::string_view key, std::string_view) {
      if (key.size() < kIdSize || !found.emplace(key.substr(key.size() - kIdSize)).second) {
        complain(std::string("a run is twice in ") + table);
      }
    });
    if (found != expected) {
      complain(std::string(table) + " has " + std::to_string(found.size()) + " runs, not " +
               std::to_string(expected.size()) + ", or others");
    }
  }

  /// Each scope's counters add up to the same counts.
  void recount(const std::array<std::int64_t, kStatusCount>& counts) {
    std::map<unsigned char, std::array<std::int64_t, kStatusCount>> sums;
    each("counters", [&](std::string_view key, std::string_view value) {
      const auto status = static_cast<unsigned char>(key.empty() ? '\xff' : key.back());
      std::int64_t count = 0;
      if (status >= kStatusCount || value.size() != sizeof count) {
        return complain("a counter makes no sense");
      }
      std::memcpy(&count, value.data(), sizeof count);
      sums[static_cast<unsigned char>(key.front())][status] += count;
    });
    for (const auto& [scope, sum] : sums) {
      if (sum != counts) {
        complain("the counters of scope " + std::to_string(scope) + " differ from a recount");
      }
    }
    std::int64_t all = 0;
    for (const std::int64_t count : counts) all += count;
    if (all > 0 && sums.size() != 3) complain("a scope of counters is missing");
  }

  void complain(const std::string& text) {
    if (wrong_.empty()) wrong_ = text;
  }

  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  std::string wrong_;
};

}  // namespace

std::string check_tables(const std::string& directory) { return Tables(directory).check(); }

}  // namespace milepost::crash
