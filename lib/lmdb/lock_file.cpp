// SPDX-License-Identifier: Apache-2.0
//
// Blocks for lock.mdb by fallocate, which neither changes bytes nor, asked so, the size: another
// process may have the file mapped.
#include "lmdb/lock_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lmdb/errors.hpp"

namespace milepost::lmdb {
namespace {

// LMDB 0.9 on 64 bits: one cache line a reader, and a few for the header.
constexpr std::uint64_t kReaderBytes = 64;
constexpr std::uint64_t kHeaderBytes = 512;

int reserve(int fd, std::uint32_t readers) noexcept {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return errno;
  const std::uint64_t wanted = kHeaderBytes + kReaderBytes * readers;
  const std::uint64_t size = std::max(wanted, static_cast<std::uint64_t>(info.st_size));
  int result = 0;
  do {
    result = ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  if (result == 0 || errno == EOPNOTSUPP || errno == ENOSYS) return 0;
  return errno;
}

}  // namespace

Result<void> reserve_lock_file(const std::string& path, std::uint32_t readers) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0) return from_errno(errno == ELOOP ? EPERM : errno, path, "open the lock file");
  const int error = reserve(fd, readers);
  ::close(fd);
  if (error != 0) return from_errno(error, path, "find room for the lock file");
  return {};
}

}  // namespace milepost::lmdb
