// SPDX-License-Identifier: Apache-2.0
//
// Names, syncs and renames of folders.
#include "store/directories.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <new>
#include <random>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "lmdb/descriptor.hpp"
#include "lmdb/types.hpp"

namespace milepost::store {
namespace {

Error system_error(int number, std::string path, std::string_view what) {
  Errc code = Errc::io;
  if (number == EACCES || number == EPERM || number == EROFS) code = Errc::permission;
  if (number == ENOENT || number == ENOTDIR) code = Errc::not_found;
  if (number == ENOSPC || number == EDQUOT) code = Errc::disk_full;
  return Error{.code = code,
               .system = number,
               .subject = std::move(path),
               .message = std::string(what) + ": " + std::strerror(number) + ".",
               .advice = "Check the path, its permissions and the disk."};
}

Error exists_error(const std::string& path) {
  return Error{.code = Errc::invalid_argument,
               .system = EEXIST,
               .subject = path,
               .message = "The name is taken already.",
               .advice = "Choose another one, or move away what is there."};
}

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Result<void> sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_error(errno, path, "The folder cannot be opened");
  const int number = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (number != 0) return system_error(number, path, "The folder cannot be synced");
  return {};
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

std::string data_file_in(const std::string& directory) {
  return directory + "/" + std::string(lmdb::kDataFile);
}

Result<void> check_absent(const std::string& path) {
  struct stat info {};
  if (::lstat(without_slashes(path).c_str(), &info) == 0) return exists_error(path);
  if (errno == ENOENT) return {};
  return system_error(errno, path, "The place cannot be looked at");
}

Result<void> move_directory(const std::string& from, const std::string& to) {
  const std::string source = without_slashes(from);
  const std::string target = without_slashes(to);
  const std::string parent = parent_of(target);
  if (::renameat2(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST || errno == ENOTEMPTY) return exists_error(to);
    return system_error(errno, to, "The folder cannot be renamed to this");
  }
  return sync_folder(parent);
}

Result<NewDirectory> NewDirectory::make(const std::string& place, const char* what) {
  const std::string target = without_slashes(place);
  if (target.empty() || target.find('\0') != std::string::npos) {
    return Error{.code = Errc::invalid_argument,
                 .subject = "\"\"",
                 .message = "No folder was named.",
                 .advice = "Name one that does not exist."};
  }
  std::random_device random;
  std::array<char, 64> suffix{};
  std::snprintf(suffix.data(), suffix.size(), ".%s-%ld-%08x", what, static_cast<long>(::getpid()),
                static_cast<unsigned>(random()));
  NewDirectory made(target, target + suffix.data());
  if (::mkdir(made.path_.c_str(), 0700) != 0) {
    return system_error(errno, std::exchange(made.path_, {}), "The folder cannot be made");
  }
  return made;
}

NewDirectory::~NewDirectory() {
  if (path_.empty()) return;
  try {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
    if (!error) return;
  } catch (const std::bad_alloc&) {  // What follows needs no memory.
  }
  // Then by the names that a copy under way may have.
  const lmdb::Descriptor folder(
      ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (const auto name : {lmdb::kDataFile, lmdb::kLockFile, lmdb::kWriterLockFile}) {
    ::unlinkat(folder.get(), name.data(), 0);
  }
  ::rmdir(path_.c_str());
}

Error NewDirectory::unfinished(Error error) {
  if (error.code != Errc::needs_reopen) return error;
  error.code = Errc::io;
  error.applied = Applied::no;
  error.advice = "Check the disk, then try again; nothing was changed.";
  return error;
}

Result<void> NewDirectory::put_in_place() {
  if (auto synced = sync_folder(path_); !synced) return synced;
  auto moved = move_directory(path_, place_);
  if (moved) path_.clear();
  return moved;
}

}  // namespace milepost::store
