// SPDX-License-Identifier: Apache-2.0
//
// POSIX calls with errors as values; see file.hpp.
#include "journal/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace milepost::journal {
namespace {

struct Meaning {
  Errc code;
  std::string_view advice;
};

Meaning meaning_of(int error) noexcept {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {Errc::disk_full, "Free space or raise the quota or file size limit, then retry."};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Errc::permission, "Give this user read and write access to the store's folder."};
    case ELOOP:
    case EMLINK:
      return {Errc::permission, "The journal only opens plain files with a single name."};
    case ENOTDIR:
      return {Errc::invalid_argument, "Name a folder, not a file or a symbolic link."};
    case ENOENT:
      return {Errc::not_found, "Check that nothing removes files from the store's folder."};
    case ENOMEM:
      return {Errc::out_of_memory, "Free memory, then retry."};
    case EMFILE:
    case ENFILE:
      return {Errc::io, "Raise the limit of open files, then retry."};
    default:
      return {Errc::io, "Check the disk and the system's log."};
  }
}

int open_flags(const Directory& directory, const std::string& name, int flags, Fd& out) noexcept {
  // O_NONBLOCK: a fifo in a segment's place must not hang the host.
  const int fd = ::openat(directory.fd.get(), name.c_str(),
                          flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return errno;
  out = Fd(fd);
  return 0;
}

template <typename Call>
int repeat_interrupted(Call call) noexcept {
  for (int attempt = 0;; ++attempt) {
    if (call() == 0) return 0;
    if (errno != EINTR || attempt == kInterruptsMax) return errno;
  }
}

}  // namespace

void Fd::reset() noexcept {
  // Not repeated on EINTR: Linux has released the descriptor by then.
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string Directory::path_of(std::string_view name) const {
  std::string result = path;
  if (!result.empty() && result.back() != '/') result += '/';
  return result.append(name);
}

Error system_error(int error, std::string subject, std::string_view what) {
  const Meaning meaning = meaning_of(error);
  Error result;
  result.code = meaning.code;
  result.system = error;
  result.retry_safe = meaning.code != Errc::invalid_argument;
  result.subject = std::move(subject);
  result.message = std::string(what) + ": " + std::generic_category().message(error) + ".";
  result.advice = meaning.advice;
  return result;
}

Error make_error(Errc code, std::string subject, std::string message, std::string advice) {
  Error result;
  result.code = code;
  result.subject = std::move(subject);
  result.message = std::move(message);
  result.advice = std::move(advice);
  return result;
}

Result<Directory> open_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return system_error(errno, path, "Cannot open the journal's folder");
  return Directory{Fd(fd), path};
}

Result<Directory> make_directory(const std::string& path) {
  const bool made = ::mkdir(path.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) {
    return system_error(errno, path, "Cannot make the journal's folder");
  }
  auto directory = open_directory(path);
  if (!directory) return directory;
  // Always, not only when just made: a predecessor may have died before its sync.
  const int parent = ::openat(directory->fd.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) {
    if (!made && errno == EACCES) return directory;
    return system_error(errno, path, "Cannot open the folder above the journal's");
  }
  const Fd owner(parent);
  if (const int error = sync_all(parent); error != 0) {
    return system_error(error, path, "Cannot sync the folder above the journal's");
  }
  return directory;
}

Result<Fd> open_file(const Directory& directory, const std::string& name, int flags) {
  Fd fd;
  if (const int error = open_flags(directory, name, flags, fd); error != 0) {
    return system_error(error, directory.path_of(name), "Cannot open the journal segment");
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    return system_error(errno, directory.path_of(name), "Cannot inspect the journal segment");
  }
  if (!S_ISREG(status.st_mode)) {
    return make_error(Errc::permission, directory.path_of(name),
                      "A journal segment is not a regular file.",
                      "Remove what stands in its place.");
  }
  if (status.st_nlink > 1) {
    return make_error(Errc::permission, directory.path_of(name),
                      "A journal segment has " + std::to_string(status.st_nlink) + " names.",
                      "Remove the other hard links; a segment's bytes are overwritten in place.");
  }
  return fd;
}

Result<std::uint64_t> size_of_file(const Fd& fd, const std::string& subject) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    return system_error(errno, subject, "Cannot inspect the journal segment");
  }
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::uint64_t> inode_of_file(const Fd& fd, const std::string& subject) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    return system_error(errno, subject, "Cannot inspect the journal segment");
  }
  return static_cast<std::uint64_t>(status.st_ino);
}

bool still_names(const Directory& directory) noexcept {
  struct stat open {};
  struct stat named {};
  if (::fstat(directory.fd.get(), &open) != 0) return true;  // Nothing can be told.
  if (::stat(directory.path.c_str(), &named) != 0) return errno != ENOENT && errno != ENOTDIR;
  return named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

bool exceeds_size_limit(std::uint64_t end) noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
         end > limit.rlim_cur;
}

int write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) noexcept {
  for (int attempt = 0;; ++attempt) {
    errno = 0;
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count == static_cast<ssize_t>(bytes.size())) return 0;
    if (count >= 0) return EIO;  // Short: a regular file does so only when something is wrong.
    if (errno != EINTR || attempt == kInterruptsMax) return errno;
  }
}

int sync_data(int fd) noexcept {
  // EINTR says nothing was tried or the wait was cut short; an I/O error would have been reported
  // in its place. EIO is never repeated: the system has marked the lost pages clean.
  return repeat_interrupted([fd] { return ::fdatasync(fd); });
}

int sync_all(int fd) noexcept {
  return repeat_interrupted([fd] { return ::fsync(fd); });
}

Result<std::size_t> read_at(int fd, std::span<std::byte> out, std::uint64_t offset,
                            const std::string& subject) {
  std::size_t done = 0;
  int interrupts = 0;
  while (done < out.size()) {
    const ssize_t count =
        ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (count == 0) {
      break;
    } else if (errno != EINTR || interrupts++ == kInterruptsMax) {
      return system_error(errno, subject, "Cannot read the journal segment");
    }
  }
  return done;
}

}  // namespace milepost::journal
