// SPDX-License-Identifier: Apache-2.0
//
// A disk that can lose power; see crash_disk.hpp.
#include "crash_disk.hpp"

#include <algorithm>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>

#include "support.hpp"

namespace milepost::journal::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSector = 512;

void apply(std::string& image, std::uint64_t offset, std::string_view bytes) {
  if (image.size() < offset + bytes.size()) image.resize(offset + bytes.size());
  std::copy(bytes.begin(), bytes.end(), image.begin() + static_cast<std::ptrdiff_t>(offset));
}

struct stat status_of(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return status;
}

}  // namespace

std::shared_ptr<CrashDisk::File> CrashDisk::file_of(int fd) {
  auto& file = files_[status_of(fd).st_ino];
  if (!file) file = std::make_shared<File>();
  return file;
}

ssize_t CrashDisk::pwrite(int fd, const void* bytes, std::size_t count, off_t offset) {
  const ssize_t done = SystemCalls::pwrite(fd, bytes, count, offset);
  const std::lock_guard lock(mutex_);
  if (done > 0) {
    file_of(fd)->pending.push_back(
        {static_cast<std::uint64_t>(offset),
         std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(done))});
  }
  return done;
}

int CrashDisk::fdatasync(int fd) {
  if (lying) return 0;
  const std::lock_guard lock(mutex_);
  const auto file = file_of(fd);
  for (const Write& write : file->pending) apply(file->synced, write.offset, write.bytes);
  file->pending.clear();
  return 0;
}

int CrashDisk::fsync(int fd) {
  const auto status = status_of(fd);
  if (!S_ISDIR(status.st_mode)) return fdatasync(fd);
  struct stat ours {};
  if (::stat(folder_.c_str(), &ours) != 0 || ours.st_ino != status.st_ino || lying) return 0;
  const std::lock_guard lock(mutex_);
  synced_names_ = names_now();
  return 0;
}

CrashDisk::Names CrashDisk::names_now() {
  Names names;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    struct stat status {};
    if (::stat(entry.path().c_str(), &status) != 0) continue;
    auto& file = files_[status.st_ino];
    if (!file) file = std::make_shared<File>();
    names[entry.path().filename().string()] = file;
  }
  return names;
}

int CrashDisk::renameat(int from_folder, const char* from, int to_folder, const char* to) {
  ++segments_created;
  return SystemCalls::renameat(from_folder, from, to_folder, to);
}

int CrashDisk::unlinkat(int folder, const char* name, int flags) {
  const std::lock_guard lock(mutex_);
  struct stat status {};
  // The number may be given to another file; what synced names remember lives on.
  if (::fstatat(folder, name, &status, 0) == 0) files_.erase(status.st_ino);
  return SystemCalls::unlinkat(folder, name, flags);
}

std::string CrashDisk::survivor(const File& file, std::mt19937_64& random) {
  std::string image = file.synced;
  // Often nothing or everything arrives; in between each sector stops at a version of its own.
  const auto manner = random() % 4;
  if (manner == 0) return image;
  std::map<std::uint64_t, std::vector<std::string>> versions;
  std::string current = file.synced;
  for (const Write& write : file.pending) {
    apply(current, write.offset, write.bytes);
    const std::uint64_t last = (write.offset + write.bytes.size() - 1) / kSector;
    for (std::uint64_t sector = write.offset / kSector; sector <= last; ++sector) {
      versions[sector].push_back(current.substr(sector * kSector, kSector));
    }
  }
  if (manner == 1) return current;
  for (const auto& [sector, contents] : versions) {
    const std::size_t version = random() % (contents.size() + 1);
    if (version > 0) apply(image, sector * kSector, contents[version - 1]);
  }
  return image;
}

void CrashDisk::cut_power(std::mt19937_64& random) {
  const std::lock_guard lock(mutex_);
  const Names now = names_now();
  std::set<std::string> all;
  for (const auto& [name, file] : now) all.insert(name);
  for (const auto& [name, file] : synced_names_) all.insert(name);
  std::map<std::string, std::string> left;
  for (const std::string& name : all) {
    const Names& source = random() % 2 == 0 ? now : synced_names_;
    const auto found = source.find(name);
    if (found != source.end()) left[name] = survivor(*found->second, random);
  }
  for (const auto& entry : fs::directory_iterator(folder_)) fs::remove(entry.path());
  files_.clear();
  synced_names_.clear();
  for (const auto& [name, content] : left) write_file(folder_ / name, content);
  synced_names_ = names_now();
  for (const auto& [name, file] : synced_names_) file->synced = left[name];
}

}  // namespace milepost::journal::test
