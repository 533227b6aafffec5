// SPDX-License-Identifier: Apache-2.0
//
// Which descriptors belong to files below the root. A slot is filled before its descriptor is
// returned to the program and emptied before it is closed, so nobody reads one that changes.
#include <array>
#include <atomic>
#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <signal.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/hooks.hpp"

namespace milepost::crash {
namespace {

constexpr std::size_t kDescriptorsMax = 4096;

std::array<std::atomic<TrackedFile*>, kDescriptorsMax>& slots() {
  static std::array<std::atomic<TrackedFile*>, kDescriptorsMax> all{};
  return all;
}

const std::string& root() {
  static const std::string value = setting("MILEPOST_SHIM_ROOT");
  return value;
}

std::string base_path(int base) {
  char buffer[PATH_MAX];
  if (base == AT_FDCWD) return ::getcwd(buffer, sizeof buffer) != nullptr ? buffer : "";
  const std::string link = "/proc/self/fd/" + std::to_string(base);
  const ssize_t size = ::readlink(link.c_str(), buffer, sizeof buffer);
  return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
}

/// Without empty parts, `.` and `..`.
std::string normal(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      const std::size_t slash = result.rfind('/');
      result.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    result.append("/").append(part);
  }
  return result;
}

std::string absolute(const std::string& relative) { return root() + "/" + relative; }

}  // namespace

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::uint64_t number_setting(const char* name, std::uint64_t fallback) {
  const std::string value = setting(name);
  return value.empty() ? fallback : std::strtoull(value.c_str(), nullptr, 10);
}

const char* op_name(Op op) {
  static constexpr std::array kNames{
      "open",      "read",      "pread",  "pwrite",          "write",
      "writev",    "fdatasync", "fsync",  "sync_file_range", "ftruncate",
      "fallocate", "rename",    "unlink", "mkdir",           "link",
      "mmap",      "fcntl",     "fstat"};
  return kNames[static_cast<std::size_t>(op)];
}

const char* kind_name(FileKind kind) {
  static constexpr std::array kNames{"segment",  "new-segment", "data",      "meta",
                                     "new-data", "lock",        "directory", "other",
                                     "backup",   "restore",     "replaced"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string path_below_root(int base, const char* path) {
  if (path == nullptr || root().empty()) return {};
  const std::string full =
      path[0] == '/' ? normal(path) : normal(base_path(base) + "/" + std::string(path));
  if (full == root()) return ".";
  if (full.size() <= root().size() + 1 || !full.starts_with(root()) || full[root().size()] != '/') {
    return {};
  }
  return full.substr(root().size() + 1);
}

FileKind kind_of_path(const std::string& path, bool synced_writes) {
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (path.find(".backup-") != std::string::npos) return FileKind::backup;
  if (path.find(".restore-") != std::string::npos) return FileKind::restore;
  if (name.ends_with(".replaced")) return FileKind::replaced;
  if (name.ends_with(".seg")) return FileKind::segment;
  if (name.ends_with(".tmp")) return FileKind::new_segment;
  if (name == "data.mdb") {
    if (path.find("/.new-") != std::string::npos) return FileKind::new_data;
    return synced_writes ? FileKind::meta : FileKind::data;
  }
  if (name == "lock.mdb" || name == "writer.lock") return FileKind::lock;
  return FileKind::other;
}

const TrackedFile* tracked(int fd) noexcept {
  if (fd < 0 || static_cast<std::size_t>(fd) >= kDescriptorsMax) return nullptr;
  return slots()[static_cast<std::size_t>(fd)].load(std::memory_order_acquire);
}

void track(int fd, const std::string& path, int flags) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= kDescriptorsMax) return;
  auto* file = new TrackedFile;
  file->path = path;
  file->synced_writes = (flags & O_DSYNC) != 0;
  struct stat info {};
  if (::syscall(SYS_newfstatat, fd, "", &info, AT_EMPTY_PATH) == 0) file->inode = info.st_ino;
  file->kind =
      S_ISDIR(info.st_mode) ? FileKind::directory : kind_of_path(path, file->synced_writes);
  slots()[static_cast<std::size_t>(fd)].store(file, std::memory_order_release);
}

void forget(int fd) noexcept {
  if (fd < 0 || static_cast<std::size_t>(fd) >= kDescriptorsMax) return;
  // Not freed: another thread may be inside a call on it. A test process opens few files.
  slots()[static_cast<std::size_t>(fd)].store(nullptr, std::memory_order_release);
}

void renamed(const std::string& from, const std::string& to) {
  for (auto& slot : slots()) {
    const TrackedFile* old = slot.load(std::memory_order_acquire);
    if (old == nullptr || old->path != from) continue;
    auto* file = new TrackedFile(*old);
    file->path = to;
    if (file->kind != FileKind::directory) file->kind = kind_of_path(to, file->synced_writes);
    slot.store(file, std::memory_order_release);
  }
}

namespace direct {

std::int64_t write_all(int fd, const iovec* parts, int count) {
  return ::syscall(SYS_writev, fd, parts, count);
}

bool exists(const std::string& path) {
  return ::syscall(SYS_faccessat, AT_FDCWD, absolute(path).c_str(), F_OK) == 0;
}

std::uint64_t inode_of(const std::string& path) {
  struct stat info {};
  if (::syscall(SYS_newfstatat, AT_FDCWD, absolute(path).c_str(), &info, AT_SYMLINK_NOFOLLOW) !=
      0) {
    return 0;
  }
  return info.st_ino;
}

void die() {
  for (;;) ::kill(::getpid(), SIGKILL);
}

}  // namespace direct
}  // namespace milepost::crash
