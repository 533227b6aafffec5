// SPDX-License-Identifier: Apache-2.0
//
// Opened with O_NONBLOCK, so that a pipe put in the file's place is refused and not waited for.
#include "verify/page_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace milepost::verify {
namespace {

Error make_error(Errc code, std::string subject, std::string message, std::string advice,
                 int number = 0) {
  Error error;
  error.code = code;
  error.system = number;
  error.subject = std::move(subject);
  error.message = std::move(message);
  error.advice = std::move(advice);
  return error;
}

Error open_error(int number, std::string path) {
  const std::string message = "could not open the file: " + std::generic_category().message(number);
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return make_error(Errc::not_found, std::move(path), message, "Check the path.", number);
    case EACCES:
    case EPERM:
      return make_error(Errc::permission, std::move(path), message,
                        "Run as a user who may read the file.", number);
    case ELOOP:
      return make_error(Errc::permission, std::move(path),
                        "the path is a symbolic link, which is not followed",
                        "Name the file itself.", number);
    case EMFILE:
    case ENFILE:
      return make_error(Errc::io, std::move(path), message, "Raise the limit (ulimit -n).", number);
    default:
      return make_error(Errc::io, std::move(path), message, "Check the disk and the system log.",
                        number);
  }
}

}  // namespace

PageFile::~PageFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<PageFile> PageFile::open(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return make_error(Errc::invalid_argument, path, "the path is empty or not a path",
                      "Give the path of a data file.");
  }
  std::string name = path;  // Nothing may be thrown between the open and its owner.
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return open_error(errno, path);
  return adopt(fd, std::move(name));
}

Result<PageFile> PageFile::adopt(int fd, std::string name) {
  PageFile file(fd, std::move(name));
  struct stat info {};
  if (::fstat(fd, &info) != 0) return open_error(errno, file.name_);
  if (!S_ISREG(info.st_mode)) {
    return make_error(Errc::not_a_database, file.name_, "it is not a regular file",
                      "Name a data file (data.mdb), not a folder, pipe or device.");
  }
  file.size_ = static_cast<std::uint64_t>(info.st_size);
  return file;
}

Read PageFile::read(std::uint64_t offset, std::span<std::byte> to) noexcept {
  if (offset > size_ || to.size() > size_ - offset) return Read::past_end;
  std::byte* at = to.data();
  std::size_t left = to.size();
  while (left > 0) {
    const ssize_t got = ::pread(fd_, at, left, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      last_errno_ = errno;
      return Read::failed;
    }
    if (got == 0) return Read::past_end;  // Cut while we read.
    at += got;
    offset += static_cast<std::uint64_t>(got);
    left -= static_cast<std::size_t>(got);
    bytes_read_ += static_cast<std::uint64_t>(got);
  }
  return Read::whole;
}

void PageFile::prefetch(std::uint64_t offset, std::uint64_t size) noexcept {
  if (offset >= size_) return;
  size = std::min(size, size_ - offset);
  ::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_WILLNEED);
}

}  // namespace milepost::verify
