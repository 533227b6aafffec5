// SPDX-License-Identifier: Apache-2.0
//
// Files and locks by plain system calls.
#include "key_file.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace milepost::http {
namespace {

constexpr std::chrono::seconds kLockWaitMax{5};
constexpr std::chrono::milliseconds kLockWaitStep{5};
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::int64_t ns_of(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * kNsPerSecond + time.tv_nsec;
}

/// What failed, as the project's codes have it.
Error system_error(const std::string& file, int number, std::string_view what) {
  Error error{
      .code = Errc::io,
      .system = number,
      .subject = file,
      .message = "The key file cannot be " + std::string(what) + ": " + std::strerror(number) + ".",
      .advice = "See to the file and its folder, then try again."};
  if (number == ENOENT || number == ENOTDIR) error.code = Errc::not_found;
  if (number == EACCES || number == EPERM || number == ELOOP) error.code = Errc::permission;
  if (number == ENOSPC || number == EDQUOT) error.code = Errc::disk_full;
  return error;
}

Error refused(const std::string& file, std::string_view why) {
  return {.code = Errc::permission,
          .subject = file,
          .message = "The key file " + std::string(why) + ".",
          .advice =
              "It must be a regular file of this user with mode 0600 and one name; check who "
              "could read or change it, then chmod 600."};
}

Result<void> check_trusted(const std::string& file, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return refused(file, "is not a regular file");
  if (status.st_uid != ::geteuid()) return refused(file, "belongs to another user");
  if ((status.st_mode & 0177) != 0) return refused(file, "is open to others than its owner");
  if (status.st_nlink > 1) return refused(file, "has more than one name");
  return {};
}

/// A file descriptor that closes itself.
class Fd {
 public:
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Later than the version before, even where the clock's ticks are coarse or it was set back.
bool set_modified(int fd, const FileVersion* before) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return false;
  if (before == nullptr || ns_of(status.st_mtim) > before->modified_ns) return true;
  const std::int64_t wanted = before->modified_ns + 1;
  timespec times[2] = {};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = wanted / kNsPerSecond;
  times[1].tv_nsec = wanted % kNsPerSecond;
  return ::futimens(fd, times) == 0;
}

}  // namespace

FileVersion version_of(const struct stat& status) noexcept {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .modified_ns = ns_of(status.st_mtim),
          .changed_ns = ns_of(status.st_ctim),
          .size = status.st_size};
}

Result<KeyFile> read_key_file(const std::string& file) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (fd.get() < 0) return system_error(file, errno, "opened");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error(file, errno, "examined");
  if (auto trusted = check_trusted(file, status); !trusted) return trusted.error();
  std::string text(kKeyFileSizeMax + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(file, errno, "read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kKeyFileSizeMax) {
    return Error{.code = Errc::corrupt,
                 .subject = file,
                 .message = "The key file is larger than any this program writes.",
                 .advice = "Check that the path names a key file."};
  }
  text.resize(size);
  auto keys = parse_keys(text);
  if (!keys) {
    Error error = keys.error();
    error.subject = file;
    return error;
  }
  return KeyFile{std::move(*keys), version_of(status)};
}

Result<void> write_key_file(const std::string& file, const std::vector<StoredKey>& keys,
                            const FileVersion* before) {
  const std::string fresh = file + ".new";
  ::unlink(fresh.c_str());  // left by somebody who was killed: we hold the lock
  {
    const Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd.get() < 0) return system_error(fresh, errno, "made");
    if (!write_all(fd.get(), format_keys(keys)) || ::fchmod(fd.get(), 0600) != 0 ||
        !set_modified(fd.get(), before) || ::fsync(fd.get()) != 0) {
      const int number = errno;
      ::unlink(fresh.c_str());
      return system_error(fresh, number, "written");
    }
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) {
    const int number = errno;
    ::unlink(fresh.c_str());
    return system_error(file, number, "replaced");
  }
  const Fd folder(::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) {
    Error error = system_error(file, errno, "made to last");
    error.applied = Applied::unknown;
    return error;
  }
  return {};
}

Result<FolderLock> FolderLock::take(const std::string& file) {
  const std::string folder = folder_of(file);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_error(folder, errno, "reached");
  FolderLock lock(fd);
  const auto deadline = std::chrono::steady_clock::now() + kLockWaitMax;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return system_error(folder, errno, "locked");
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{
          .code = Errc::busy,
          .subject = folder,
          .message = "Another process is changing keys in this folder.",
          .advice = "Try again; if it does not end, see which process has the folder open."};
    }
    std::this_thread::sleep_for(kLockWaitStep);
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace milepost::http
