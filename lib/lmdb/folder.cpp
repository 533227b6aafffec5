// SPDX-License-Identifier: Apache-2.0
//
// Everything goes through the folder's descriptor, so that what was checked is what is used.
#include "lmdb/folder.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lmdb/errors.hpp"
#include "lmdb/types.hpp"

namespace milepost::lmdb {
namespace {

constexpr std::string_view kTemporaryPrefix = ".new-";
constexpr std::size_t kLeftoversMax = 1000;

Error refuse(std::string subject, std::string message, std::string advice) {
  return make_error(Errc::permission, std::move(subject), std::move(message), std::move(advice));
}

std::string octal(mode_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

Result<void> check_owner(const struct stat& info, const std::string& path) {
  if (info.st_uid == ::geteuid()) return {};
  return refuse(path,
                "it belongs to user " + std::to_string(info.st_uid) + " (mode " +
                    octal(info.st_mode) + ") but this process runs as user " +
                    std::to_string(::geteuid()),
                "Run as that user, or change the owner of the folder and all files in it.");
}

Result<void> sync_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return from_errno(errno, path, "open the folder");
  const int result = ::fsync(fd);
  const int number = errno;
  ::close(fd);
  if (result != 0) return from_errno(number, path, "sync the folder");
  return {};
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return from_errno(errno, path, "make the store's folder");
  }
  const std::size_t end = path.find_last_not_of('/');
  const std::size_t slash = end == std::string::npos ? end : path.rfind('/', end);
  return sync_path(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
}

bool all_of(std::string_view text, std::string_view alphabet) {
  return !text.empty() && text.find_first_not_of(alphabet) == std::string_view::npos;
}

// ".new-<digits>-<16 hex digits>", and nothing else: we delete only what we made.
bool is_temporary(std::string_view name) {
  if (!name.starts_with(kTemporaryPrefix)) return false;
  name.remove_prefix(kTemporaryPrefix.size());
  const std::size_t dash = name.find('-');
  return dash != std::string_view::npos && all_of(name.substr(0, dash), "0123456789") &&
         name.size() - dash == 17 && all_of(name.substr(dash + 1), "0123456789abcdef");
}

bool remove_temporary(int folder, const char* name) {
  const int fd = ::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return false;
  ::unlinkat(fd, kDataFile.data(), 0);
  ::unlinkat(fd, kLockFile.data(), 0);
  ::close(fd);
  return ::unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

}  // namespace

Folder& Folder::operator=(Folder&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
    id_ = other.id_;
  }
  return *this;
}

void Folder::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Folder> Folder::open(const std::string& path, bool create) {
  if (path.empty() || path.find('\0') != std::string::npos || path.size() >= PATH_MAX - 64) {
    return make_error(Errc::invalid_argument, path, "the folder's path is empty or not a path",
                      "Give the path of a folder.");
  }
  if (create) {
    if (const auto made = make_folder(path); !made) return made.error();
  }
  Folder folder;
  folder.fd_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder.fd_ < 0) {
    const int number = errno;
    if (number == ENOTDIR) {
      return make_error(Errc::invalid_argument, path, "the path is not a folder",
                        "Give the path of a folder.", number);
    }
    return from_errno(number, path, "open the store's folder");
  }
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (real == nullptr) return from_errno(errno, path, "resolve the folder's path");
  folder.path_ = real.get();
  struct stat info {};
  struct stat named {};
  if (::fstat(folder.fd_, &info) != 0 || ::stat(real.get(), &named) != 0) {
    return from_errno(errno, folder.path_, "look at the store's folder");
  }
  if (info.st_ino != named.st_ino || info.st_dev != named.st_dev) {
    return make_error(Errc::busy, folder.path_, "the folder is being replaced", "Try again.");
  }
  if (const auto owner = check_owner(info, folder.path_); !owner) return owner.error();
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refuse(folder.path_, "others may write to the folder (mode " + octal(info.st_mode) + ")",
                  "Run chmod go-w on it.");
  }
  folder.id_ = {info.st_dev, info.st_ino};
  return folder;
}

std::string Folder::path_of(std::string_view name) const { return path_ + "/" + std::string(name); }

Result<std::optional<FileInfo>> Folder::look_at(std::string_view name) const {
  struct stat info {};
  if (::fstatat(fd_, name.data(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::optional<FileInfo>{};
    return from_errno(errno, path_of(name), "look at the file");
  }
  const std::string path = path_of(name);
  if (!S_ISREG(info.st_mode)) {
    return refuse(path, S_ISLNK(info.st_mode) ? "it is a symbolic link" : "it is not a plain file",
                  "Put the file itself there; the folder may be a link, its files may not.");
  }
  if (const auto owner = check_owner(info, path); !owner) return owner.error();
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refuse(path, "others may write to the file (mode " + octal(info.st_mode) + ")",
                  "Run chmod go-w on it.");
  }
  return std::optional<FileInfo>(FileInfo{{info.st_dev, info.st_ino}, info.st_nlink});
}

std::optional<FileId> Folder::identity_of(std::string_view name) const noexcept {
  // Without a look at the times: a kernel that was asked for those makes the next sync of the file
  // dearer.
  const auto identity = [](int base, const char* path, int flags) -> std::optional<FileId> {
    struct statx info {};
    if (::statx(base, path, flags, STATX_INO, &info) != 0) return std::nullopt;
    return FileId{::makedev(info.stx_dev_major, info.stx_dev_minor), info.stx_ino};
  };
  if (identity(AT_FDCWD, path_.c_str(), 0) != id_) return std::nullopt;
  return identity(fd_, name.data(), AT_SYMLINK_NOFOLLOW);
}

Result<void> Folder::sync() const {
  if (::fsync(fd_) != 0) return from_errno(errno, path_, "sync the folder");
  return {};
}

Result<std::string> Folder::make_temporary() const {
  for (int i = 0; i < 16; ++i) {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) continue;
    char name[64];
    std::snprintf(name, sizeof name, "%s%ld-%016llx", kTemporaryPrefix.data(),
                  static_cast<long>(::getpid()), static_cast<unsigned long long>(number));
    if (::mkdirat(fd_, name, 0700) == 0) return path_of(name);
    if (errno != EEXIST) return from_errno(errno, path_of(name), "make a folder");
  }
  return make_error(Errc::io, path_, "no unused name for a temporary folder was found",
                    "Look for leftovers named .new-* in the folder.");
}

std::size_t Folder::remove_leftovers() const {
  const int fd = ::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return 0;
  DIR* const listing = ::fdopendir(fd);
  if (listing == nullptr) {
    ::close(fd);
    return 0;
  }
  std::size_t removed = 0;
  while (const dirent* entry = ::readdir(listing)) {
    if (is_temporary(entry->d_name) && remove_temporary(fd_, entry->d_name)) ++removed;
    if (removed >= kLeftoversMax) break;
  }
  ::closedir(listing);
  return removed;
}

std::optional<std::string_view> unsupported_filesystem(std::int64_t type) noexcept {
  struct Kind {
    std::int64_t type;
    std::string_view name;
  };
  static constexpr std::array kKinds = {
      Kind{0x6969, "NFS"},         Kind{0x517B, "SMB"},        Kind{0xFE534D42, "SMB2"},
      Kind{0xFF534D42, "CIFS"},    Kind{0x65735546, "FUSE"},   Kind{0x01021997, "9P"},
      Kind{0x5346414F, "AFS"},     Kind{0x6B414653, "kAFS"},   Kind{0x73757245, "Coda"},
      Kind{0x00C36400, "Ceph"},    Kind{0x564C, "NCP"},        Kind{0x0BD00BD0, "Lustre"},
      Kind{0x47504653, "GPFS"},    Kind{0x01161970, "GFS2"},   Kind{0x7461636F, "OCFS2"},
      Kind{0x786F4256, "vboxsf"},  Kind{0xBACBACBC, "vmhgfs"}, Kind{0x19830326, "BeeGFS"},
      Kind{0x20030528, "OrangeFS"}};
  // Some kernels hand the number over sign-extended.
  for (const Kind& kind : kKinds) {
    if ((type & 0xFFFFFFFF) == kind.type) return kind.name;
  }
  return std::nullopt;
}

Result<void> check_filesystem(const Folder& folder, bool allow_unsupported,
                              const std::function<std::int64_t(int)>& probe) {
  std::int64_t type = 0;
  if (probe) {
    type = probe(folder.fd());
  } else {
    struct statfs info {};
    if (::fstatfs(folder.fd(), &info) != 0) {
      return from_errno(errno, folder.path(), "ask for the file system");
    }
    type = static_cast<std::int64_t>(info.f_type);
  }
  if (const auto name = unsupported_filesystem(type); name && !allow_unsupported) {
    return make_error(Errc::unsupported_filesystem, folder.path(),
                      "the folder is on " + std::string(*name) +
                          ", where shared memory maps and locks cannot be relied on",
                      "Put the store on a local disk, or set allow_unsupported_filesystem at your "
                      "own risk.");
  }
  struct statvfs flags {};
  if (::fstatvfs(folder.fd(), &flags) == 0 && (flags.f_flag & ST_RDONLY) != 0) {
    return refuse(folder.path(), "the file system is mounted read-only",
                  "Readers too register themselves in lock.mdb: mount it writable.");
  }
  return {};
}

}  // namespace milepost::lmdb
