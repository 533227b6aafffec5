// SPDX-License-Identifier: Apache-2.0
//
// The registry behind a mutex that is held for moments; an entry, not the mutex, is what lasts
// from before the open until after the close.
#include "lmdb/registry.hpp"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <vector>

#include "lmdb/descriptor.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/fork_guard.hpp"

namespace milepost::lmdb {
namespace {

struct Entry {
  std::uint64_t id = 0;
  std::uint32_t generation = 0;  // Entries of a parent stay, but do not count.
  FileId folder;
  std::optional<FileId> data;
};

struct Entries {
  std::vector<Entry> list;
  std::uint64_t last_id = 0;
};

Entries& entries() {
  static Entries* const instance = new Entries;
  return *instance;
}

bool claimed(const Entries& all, std::uint64_t but, const std::optional<FileId>& folder,
             const std::optional<FileId>& data) {
  return std::any_of(all.list.begin(), all.list.end(), [&](const Entry& entry) {
    if (entry.id == but || entry.generation != fork_generation()) return false;
    return (folder && entry.folder == *folder) || (data && entry.data == data);
  });
}

// One line of /proc/self/maps: "start-end perms offset major:minor inode   path".
bool line_matches(const std::string& line, FileId file, const std::string& path) {
  unsigned int major_number = 0;
  unsigned int minor_number = 0;
  std::uint64_t inode = 0;
  int path_at = 0;
  const int fields = std::sscanf(line.c_str(), "%*x-%*x %*s %*x %x:%x %" SCNu64 " %n",
                                 &major_number, &minor_number, &inode, &path_at);
  if (fields < 3 || inode == 0) return false;
  if (inode == file.inode && major_number == major(file.device) &&
      minor_number == minor(file.device)) {
    return true;
  }
  return path_at > 0 &&
         line.compare(static_cast<std::size_t>(path_at), std::string::npos, path) == 0;
}

}  // namespace

Error already_open_error(const std::string& directory, std::string_view how) {
  return make_error(Errc::already_open, directory,
                    "this process already has the store open" + std::string(how),
                    "Share the one handle, or close it first.");
}

Claim& Claim::operator=(Claim&& other) noexcept {
  if (this != &other) {
    release();
    id_ = std::exchange(other.id_, 0);
  }
  return *this;
}

Result<Claim> Claim::take(const std::string& directory, FileId folder, std::optional<FileId> data) {
  const std::lock_guard lock(process_mutex());
  Entries& all = entries();
  if (claimed(all, 0, folder, data)) return already_open_error(directory, "");
  Entry entry;
  entry.id = ++all.last_id;
  entry.generation = fork_generation();
  entry.folder = folder;
  entry.data = data;
  all.list.push_back(entry);
  return Claim(entry.id);
}

Result<void> Claim::add_data(const std::string& directory, FileId data) {
  const std::lock_guard lock(process_mutex());
  Entries& all = entries();
  if (claimed(all, id_, std::nullopt, data)) return already_open_error(directory, "");
  for (Entry& entry : all.list) {
    if (entry.id == id_) entry.data = data;
  }
  return {};
}

void Claim::release() noexcept {
  if (id_ == 0) return;
  const std::lock_guard lock(process_mutex());
  auto& list = entries().list;
  // A child keeps its parent's entries: the parent's maps are still in its memory.
  list.erase(std::remove_if(list.begin(), list.end(),
                            [&](const Entry& entry) {
                              return entry.id == id_ && entry.generation == fork_generation();
                            }),
             list.end());
  id_ = 0;
}

bool inherited_open(FileId data) {
  const std::lock_guard lock(process_mutex());
  const auto& list = entries().list;
  return std::any_of(list.begin(), list.end(), [&](const Entry& entry) {
    return entry.generation != fork_generation() && entry.data == data;
  });
}

Result<bool> mapped_in_process(FileId file, const std::string& path) {
  const Descriptor maps(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
  if (maps.get() < 0) return false;  // No /proc here: the registry still guards against ourselves.
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(maps.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (line_matches(text.substr(at, end - at), file, path)) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace milepost::lmdb
