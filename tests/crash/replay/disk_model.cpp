// SPDX-License-Identifier: Apache-2.0
//
// What the disk may hold after each operation of a log.
#include "replay/disk_model.hpp"

#include <algorithm>
#include <stdexcept>

namespace milepost::crash {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSector = 512;

void put_bytes(std::string& bytes, std::uint64_t offset, std::span<const std::byte> data) {
  const auto at = static_cast<std::size_t>(offset);
  if (bytes.size() < at + data.size()) bytes.resize(at + data.size());
  std::copy_n(reinterpret_cast<const char*>(data.data()), data.size(), bytes.data() + at);
}

bool toss(std::mt19937_64& random) { return (random() & 1u) != 0; }

}  // namespace

const char* choice_name(Choice choice) {
  static constexpr const char* kNames[] = {"none", "all", "prefix", "pages", "sectors"};
  return kNames[static_cast<std::size_t>(choice)];
}

DiskModel::Parent DiskModel::parent_of(std::string_view path) const {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {0, std::string(path)};
  return {lookup(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

DiskModel::NodeId DiskModel::lookup(std::string_view path) const {
  NodeId node = 0;
  if (path == ".") return node;
  while (!path.empty() && node != kNoNode) {
    const std::size_t slash = path.find('/');
    const Names& names = nodes_[node].live_names;
    const auto found = names.find(path.substr(0, slash));
    node = found == names.end() ? kNoNode : found->second;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return node;
}

DiskModel::NodeId DiskModel::make_node(std::uint64_t inode, bool directory, std::string_view path) {
  Node node;
  node.directory = directory;
  node.ignore_syncs =
      !directory && ((ignored_.segments && (path.ends_with(".seg") || path.ends_with(".tmp"))) ||
                     (ignored_.data && path.ends_with("data.mdb")));
  nodes_.push_back(std::move(node));
  by_inode_[inode] = nodes_.size() - 1;
  return nodes_.size() - 1;
}

void DiskModel::add_name(Pending pending) {
  if (pending.erase_in != kNoNode) {
    nodes_[pending.erase_in].live_names.erase(pending.erase_name);
  }
  if (pending.set_node != kNoNode) {
    nodes_[pending.node].live_names[pending.set_name] = pending.set_node;
  }
  pending_.push_back(std::move(pending));
}

void DiskModel::follow_rename(const LogEntry& entry) {
  const LogHeader& header = entry.header;
  const Parent to = parent_of(entry.second_path);
  Pending pending{.kind = PendingKind::name,
                  .node = to.directory,
                  .id = header.id,
                  .set_name = to.name,
                  .set_node = lookup(entry.path)};
  if (header.kind == LogKind::rename) {
    const Parent from = parent_of(entry.path);
    pending.erase_in = from.directory;
    pending.erase_name = from.name;
  }
  if (pending.set_node == kNoNode || to.directory == kNoNode) {
    throw std::runtime_error("a rename of an unknown file: " + std::string(entry.path));
  }
  add_name(std::move(pending));
}

void DiskModel::follow(const LogEntry& entry) {
  const LogHeader& header = entry.header;
  const auto file = [&]() -> NodeId {
    const auto found = by_inode_.find(header.inode);
    return found == by_inode_.end() ? kNoNode : found->second;
  };
  switch (header.kind) {
    case LogKind::create:
    case LogKind::make_directory: {
      const Parent parent = parent_of(entry.path);
      if (parent.directory == kNoNode) throw std::runtime_error("a file in an unknown directory");
      const NodeId node =
          make_node(header.inode, header.kind == LogKind::make_directory, entry.path);
      add_name({.kind = PendingKind::name,
                .node = parent.directory,
                .id = header.id,
                .set_name = parent.name,
                .set_node = node});
      break;
    }
    case LogKind::rename:
    case LogKind::link:
      follow_rename(entry);
      break;
    case LogKind::remove: {
      const Parent parent = parent_of(entry.path);
      add_name({.kind = PendingKind::name,
                .node = parent.directory,
                .id = header.id,
                .erase_name = parent.name,
                .erase_in = parent.directory});
      break;
    }
    case LogKind::write:
    case LogKind::truncate:
    case LogKind::allocate: {
      if (file() == kNoNode) break;
      const PendingKind kind = header.kind == LogKind::write      ? PendingKind::bytes
                               : header.kind == LogKind::truncate ? PendingKind::size
                                                                  : PendingKind::size_at_least;
      pending_.push_back(
          {.kind = kind, .node = file(), .id = header.id, .offset = header.a, .data = entry.data});
      break;
    }
    case LogKind::sync_begin: {
      const NodeId node = entry.path == "." ? 0 : file();
      if (node != kNoNode) syncs_begun_[header.id] = node;
      break;
    }
    case LogKind::sync_end: {
      const auto begun = syncs_begun_.find(header.a);
      if (begun == syncs_begun_.end()) {
        sync_one(header.a);
      } else {
        sync(begun->second, header.a);
        syncs_begun_.erase(begun);
      }
      break;
    }
    case LogKind::process:
      syncs_begun_.clear();
      break;
    case LogKind::mark:
      break;
  }
}

// Ids of two processes do not compare, but the second one began after the first one's last entry,
// so "earlier in the log" is what counts: pending_ is in that order.
void DiskModel::sync(NodeId node, std::uint64_t before_id) {
  if (nodes_[node].ignore_syncs) return;
  const std::uint64_t process = before_id >> 32;
  const auto covered = [&](const Pending& pending) {
    return pending.node == node && ((pending.id >> 32) != process || pending.id < before_id);
  };
  for (const Pending& pending : pending_) {
    if (covered(pending)) commit(pending);
  }
  std::erase_if(pending_, covered);
}

void DiskModel::sync_one(std::uint64_t id) {
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [id](const Pending& pending) { return pending.id == id; });
  if (found == pending_.end() || nodes_[found->node].ignore_syncs) return;
  commit(*found);
  pending_.erase(found);
}

void DiskModel::commit(const Pending& pending) {
  Node& node = nodes_[pending.node];
  switch (pending.kind) {
    case PendingKind::bytes:
      put_bytes(node.synced_bytes, pending.offset, pending.data);
      break;
    case PendingKind::size:
      node.synced_bytes.resize(static_cast<std::size_t>(pending.offset));
      break;
    case PendingKind::size_at_least:
      if (node.synced_bytes.size() < pending.offset) {
        node.synced_bytes.resize(static_cast<std::size_t>(pending.offset));
      }
      break;
    case PendingKind::name:
      if (pending.erase_in != kNoNode) {
        nodes_[pending.erase_in].synced_names.erase(pending.erase_name);
        // A rename that lasts leaves no earlier name behind that could still arrive.
        if (pending.erase_in != pending.node) {
          for (Pending& other : pending_) {
            if (other.kind == PendingKind::name && other.node == pending.erase_in &&
                other.set_name == pending.erase_name && &other < &pending) {
              other.set_node = kNoNode;
            }
          }
        }
      }
      if (pending.set_node != kNoNode) node.synced_names[pending.set_name] = pending.set_node;
      break;
  }
}

void DiskModel::apply_name(const Pending& pending, std::vector<Names>& names) {
  if (pending.erase_in != kNoNode) names[pending.erase_in].erase(pending.erase_name);
  if (pending.set_node != kNoNode) names[pending.node][pending.set_name] = pending.set_node;
}

/// Pages or sectors by the toss of a coin; the size is that of what is there, or all of it.
void DiskModel::apply_bytes(const Pending& pending, Choice choice, std::mt19937_64& random,
                            std::string& bytes) {
  const std::size_t unit = choice == Choice::pages ? kPage : kSector;
  const std::uint64_t end = pending.offset + pending.data.size();
  for (std::uint64_t at = pending.offset; at < end;) {
    const std::uint64_t next = std::min<std::uint64_t>(end, (at / unit + 1) * unit);
    if (toss(random)) {
      put_bytes(bytes, at,
                pending.data.subspan(static_cast<std::size_t>(at - pending.offset),
                                     static_cast<std::size_t>(next - at)));
    }
    at = next;
  }
  if (bytes.size() < end && random() % 4 == 0) bytes.resize(static_cast<std::size_t>(end));
}

DiskState DiskModel::state(Choice choice, std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  std::vector<Names> names;
  std::vector<std::string> bytes;
  for (const Node& node : nodes_) {
    names.push_back(node.synced_names);
    bytes.push_back(node.synced_bytes);
  }
  std::size_t whole = 0;  // so many operations are there entirely
  if (choice == Choice::all) whole = pending_.size();
  if (choice == Choice::prefix && !pending_.empty()) whole = random() % pending_.size();
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const Pending& pending = pending_[i];
    const bool by_toss = choice == Choice::pages || choice == Choice::sectors;
    const bool torn = choice == Choice::prefix && i == whole;
    if (i >= whole && !by_toss && !torn) break;
    if (pending.kind == PendingKind::bytes && i >= whole) {
      apply_bytes(pending, choice, random, bytes[pending.node]);
      continue;
    }
    if (i >= whole && !toss(random)) continue;
    std::string& content = bytes[pending.node];
    const auto size = static_cast<std::size_t>(pending.offset);
    switch (pending.kind) {
      case PendingKind::bytes:
        put_bytes(content, pending.offset, pending.data);
        break;
      case PendingKind::size:
        content.resize(size);
        break;
      case PendingKind::size_at_least:
        if (content.size() < size) content.resize(size);
        break;
      case PendingKind::name:
        apply_name(pending, names);
        break;
    }
  }
  DiskState result;
  collect(0, "", names, bytes, result);
  return result;
}

void DiskModel::collect(NodeId directory, const std::string& prefix,
                        const std::vector<Names>& names, const std::vector<std::string>& bytes,
                        DiskState& out) const {
  for (const auto& [name, node] : names[directory]) {
    const std::string path = prefix + name;
    if (nodes_[node].directory) {
      out.directories.push_back(path);
      collect(node, path + "/", names, bytes, out);
    } else {
      out.files[path] = bytes[node];
    }
  }
}

}  // namespace milepost::crash
