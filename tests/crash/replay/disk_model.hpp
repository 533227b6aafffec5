// SPDX-License-Identifier: Apache-2.0
//
// DiskModel: what a disk may hold after a power cut. It follows a recorded log and knows, at every
// entry, what is surely on the disk and which operations are pending. A state is then any choice
// of pending operations:
//  - bytes: each sector (512 bytes) of an unsynced write may be there or not;
//  - sizes: an unsynced extension may be there without its bytes (zeros);
//  - names: a create, rename, link or remove not followed by a sync of the directory that holds
//    the (new) name may be there or not, each for itself; a rename is never half done.
// Files are inodes: a name that survives without its file's bytes is an empty file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "replay/log_reader.hpp"

namespace milepost::crash {

/// How the pending operations of a state are chosen.
enum class Choice : std::uint8_t {
  none = 0,     ///< Only what was synced.
  all = 1,      ///< As if the machine had stopped after writing everything back.
  prefix = 2,   ///< The first few, the last of them torn.
  pages = 3,    ///< Each page of 4,096 bytes and each name by the toss of a coin.
  sectors = 4,  ///< Each sector and each name by the toss of a coin.
};

inline constexpr unsigned kChoiceCount = 5;
const char* choice_name(Choice choice);

/// Which syncs to disregard, for controls that must be caught.
struct IgnoredSyncs {
  bool segments = false;
  bool data = false;  ///< Of data.mdb, O_DSYNC included.

  [[nodiscard]] bool any() const noexcept { return segments || data; }
};

struct DiskState {
  std::map<std::string, std::string> files;  ///< Path -> bytes.
  std::vector<std::string> directories;      ///< Parents before children.
};

class DiskModel {
 public:
  explicit DiskModel(IgnoredSyncs ignored = {}) : ignored_(ignored) {}

  void follow(const LogEntry& entry);

  /// Whether anything is pending: if not, all choices yield one state.
  [[nodiscard]] bool anything_pending() const noexcept { return !pending_.empty(); }
  [[nodiscard]] std::size_t pending_count() const noexcept { return pending_.size(); }

  [[nodiscard]] DiskState state(Choice choice, std::uint64_t seed) const;

 private:
  void follow_rename(const LogEntry& entry);
  using NodeId = std::size_t;
  static constexpr NodeId kNoNode = ~NodeId{0};
  using Names = std::map<std::string, NodeId, std::less<>>;

  struct Node {
    bool directory = false;
    bool ignore_syncs = false;
    std::string synced_bytes;
    Names synced_names;
    Names live_names;
  };

  enum class PendingKind : std::uint8_t { bytes, size, size_at_least, name };

  struct Pending {
    PendingKind kind = PendingKind::bytes;
    NodeId node = kNoNode;     ///< The file; for names the directory whose sync makes it last.
    std::uint64_t id = 0;      ///< Of the log entry.
    std::uint64_t offset = 0;  ///< Of bytes; the size.
    std::span<const std::byte> data{};
    std::string set_name{};  ///< Names: set this ...
    NodeId set_node = kNoNode;
    std::string erase_name{};  ///< ... and erase that, of `erase_in`.
    NodeId erase_in = kNoNode;
  };

  struct Parent {
    NodeId directory;
    std::string name;
  };

  [[nodiscard]] Parent parent_of(std::string_view path) const;
  [[nodiscard]] NodeId lookup(std::string_view path) const;
  NodeId make_node(std::uint64_t inode, bool directory, std::string_view path);
  void add_name(Pending pending);
  void sync(NodeId node, std::uint64_t before_id);
  void sync_one(std::uint64_t id);
  void commit(const Pending& pending);
  static void apply_name(const Pending& pending, std::vector<Names>& names);
  static void apply_bytes(const Pending& pending, Choice choice, std::mt19937_64& random,
                          std::string& bytes);
  void collect(NodeId directory, const std::string& prefix, const std::vector<Names>& names,
               const std::vector<std::string>& bytes, DiskState& out) const;

  IgnoredSyncs ignored_;
  std::vector<Node> nodes_{Node{.directory = true}};  ///< The first is the root.
  std::map<std::uint64_t, NodeId> by_inode_;
  std::vector<Pending> pending_;  ///< In the order of the log.
  std::map<std::uint64_t, NodeId> syncs_begun_;
};

}  // namespace milepost::crash
