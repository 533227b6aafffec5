// SPDX-License-Identifier: Apache-2.0
//
// fcntl(F_OFD_SETLK) on writer.lock. A child of fork closes its copy of the descriptor at once
// (fork_guard), and release unlocks before it closes, so no copy can keep the lock alive.
#include "lmdb/writer_lock.hpp"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lmdb/descriptor.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/fork_guard.hpp"
#include "lmdb/types.hpp"

namespace milepost::lmdb {
namespace {

constexpr int kReplacedTriesMax = 8;

bool set_lock(int fd, short kind) noexcept {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  int result = 0;
  do {
    result = ::fcntl(fd, F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

std::string owner_text() {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  char when[32] = "unknown";
  if (::gmtime_r(&now, &parts) != nullptr) {
    std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
  }
  return "pid " + std::to_string(::getpid()) + " on host " + host + " since " + when + "\n";
}

// Best effort: the text informs, the lock decides.
void write_owner(int fd) {
  const std::string text = owner_text();
  if (::ftruncate(fd, 0) != 0) return;
  const ssize_t written = ::pwrite(fd, text.data(), text.size(), 0);
  static_cast<void>(written);
}

std::string read_owner(int fd) {
  char buffer[512];
  const ssize_t got = ::pread(fd, buffer, sizeof buffer, 0);
  std::string text;
  for (ssize_t i = 0; i < got && buffer[i] != '\n'; ++i) {
    const auto byte = static_cast<unsigned char>(buffer[i]);
    text += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '?';
  }
  return text.empty() ? "a process that has not said who it is" : text;
}

// Opens the file and lists it for closing in children in one step, so that no fork can fall
// between the two.
int open_listed(int directory_fd) {
  const std::lock_guard lock(process_mutex());
  Descriptor file(::openat(directory_fd, kWriterLockFile.data(),
                           O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (file.get() >= 0) close_in_child(file.get());
  return file.release();
}

void close_listed(int fd) noexcept {
  const std::lock_guard lock(process_mutex());
  forget_in_child(fd);
  ::close(fd);
}

}  // namespace

WriterLock& WriterLock::operator=(WriterLock&& other) noexcept {
  if (this != &other) {
    release();
    fd_ = std::exchange(other.fd_, -1);
    generation_ = other.generation_;
    id_ = other.id_;
  }
  return *this;
}

Result<WriterLock> WriterLock::acquire(int directory_fd, const std::string& directory) {
  const std::string path = directory + "/" + std::string(kWriterLockFile);
  for (int i = 0; i < kReplacedTriesMax; ++i) {
    const int fd = open_listed(directory_fd);
    if (fd < 0) {
      const int number = errno == ELOOP ? EPERM : errno;
      return from_errno(number, path, "open the writer's lock file");
    }
    WriterLock lock;
    lock.fd_ = fd;
    lock.generation_ = fork_generation();
    struct stat mine {};
    struct stat named {};
    if (::fstat(fd, &mine) != 0) return from_errno(errno, path, "look at the writer's lock file");
    if (!S_ISREG(mine.st_mode) || mine.st_uid != ::geteuid() || mine.st_nlink > 1) {
      return make_error(Errc::permission, path, "the lock file is not a plain file of this user",
                        "Remove it while no process has the store open.");
    }
    if (!set_lock(fd, F_WRLCK)) {
      const int number = errno;
      if (number != EAGAIN && number != EACCES) {
        return from_errno(number, path, "lock the store for writing");
      }
      return make_error(Errc::locked, directory,
                        "another process writes to the store: " + read_owner(fd),
                        "Stop that process, or open the store read-only.", number);
    }
    // Locking a file that was deleted meanwhile protects nothing: take the one that is there now.
    if (::fstatat(directory_fd, kWriterLockFile.data(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        named.st_ino == mine.st_ino && named.st_dev == mine.st_dev) {
      lock.id_ = {mine.st_dev, mine.st_ino};
      write_owner(fd);
      return lock;
    }
  }
  return make_error(Errc::busy, path, "the lock file is being replaced all the time",
                    "Find out which program deletes files in the store's folder, and stop it.");
}

void WriterLock::release() noexcept {
  if (fd_ < 0) return;
  const int fd = std::exchange(fd_, -1);
  // In a child the descriptor is closed already and its number may be somebody else's.
  if (generation_ != fork_generation()) return;
  static_cast<void>(set_lock(fd, F_UNLCK));
  close_listed(fd);
}

}  // namespace milepost::lmdb
