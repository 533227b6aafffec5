// SPDX-License-Identifier: Apache-2.0
//
// RawStore: a store made through plain LMDB, as another program would, and the shapes of healthy
// files that the page reader has to find nothing in. What goes wrong here throws.
#pragma once

#include <functional>
#include <lmdb.h>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace milepost::verify::test {

/// Throws if `rc` is not 0.
void must(int rc);

/// One environment in a folder that exists. One write transaction at a time.
class RawStore {
 public:
  explicit RawStore(const std::string& folder, unsigned flags = 0);
  ~RawStore();
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  [[nodiscard]] MDB_env* env() const noexcept { return env_; }

  void begin();
  void commit();
  void abort();
  void begin_nested();
  void end_nested(bool keep);

  /// An empty name is the main table.
  MDB_dbi table(const std::string& name, unsigned flags = MDB_CREATE);
  void put(MDB_dbi table, std::string_view key, std::string_view value, unsigned flags = 0);
  /// False if there was none.
  bool erase(MDB_dbi table, std::string_view key);
  void drop(MDB_dbi table, bool remove);
  [[nodiscard]] MDB_txn* txn() const noexcept { return nested_ != nullptr ? nested_ : txn_; }

 private:
  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  MDB_txn* nested_ = nullptr;
};

/// A key that sorts by number.
[[nodiscard]] std::string numbered(std::uint64_t number);

/// Table names and what they hold; the empty name is the main table's plain records.
using Content = std::map<std::string, std::map<std::string, std::string>>;

/// Everything LMDB sees in the folder.
[[nodiscard]] Content content_of(const std::string& folder);

/// A healthy store of a certain shape, made in a folder that exists and is empty.
struct Shape {
  const char* name;
  std::function<void(const std::string& folder)> make;
};
[[nodiscard]] const std::vector<Shape>& shapes();

/// Random work on a store: `commits` transactions of puts, replacements and deletes of all sizes
/// in several tables, with drops, aborts, nested transactions and readers that hold on to pages.
/// `after_commit` is called every now and then.
void random_work(const std::string& folder, std::uint64_t seed, unsigned commits,
                 const std::function<void()>& after_commit);

}  // namespace milepost::verify::test
