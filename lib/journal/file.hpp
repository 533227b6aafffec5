// SPDX-License-Identifier: Apache-2.0
//
// The few POSIX calls the journal needs, with errors as values. Invariants: every descriptor is
// close-on-exec and never follows a symbolic link in its last component; an interrupted call is
// repeated a bounded number of times; a failed sync is never repeated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "milepost/result.hpp"

namespace milepost::journal {

/// How often a call that only ever says EINTR is repeated before that counts as a failure.
inline constexpr int kInterruptsMax = 64;

/// Owns a descriptor. Plain move-only value.
class Fd {
 public:
  Fd() noexcept = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

/// A directory held open, with its path for messages.
struct Directory {
  Fd fd;
  std::string path;

  [[nodiscard]] std::string path_of(std::string_view name) const;
};

/// `what` (e.g. "cannot create the segment") failed with `error` on `subject`.
[[nodiscard]] Error system_error(int error, std::string subject, std::string_view what);

/// An error that no system call reported.
[[nodiscard]] Error make_error(Errc code, std::string subject, std::string message,
                               std::string advice);

/// Opens an existing directory; `not_found` if there is none.
[[nodiscard]] Result<Directory> open_directory(const std::string& path);

/// Makes the directory (0700) if absent, opens it, and syncs its parent, so that its name lasts.
[[nodiscard]] Result<Directory> make_directory(const std::string& path);

/// Opens a regular file that has one name. `flags` is O_RDONLY or O_RDWR.
[[nodiscard]] Result<Fd> open_file(const Directory& directory, const std::string& name, int flags);

[[nodiscard]] Result<std::uint64_t> size_of_file(const Fd& fd, const std::string& subject);
[[nodiscard]] Result<std::uint64_t> inode_of_file(const Fd& fd, const std::string& subject);

/// False if the directory's path names nothing or another one by now.
[[nodiscard]] bool still_names(const Directory& directory) noexcept;

/// Whether a write that ends there passes the process's file-size limit, even within the file: it
/// would not just fail, its signal by default ends the process.
[[nodiscard]] bool exceeds_size_limit(std::uint64_t end) noexcept;

/// Each returns 0 or an errno value. A short write is an error (EIO if the system gave no other).
[[nodiscard]] int write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) noexcept;
[[nodiscard]] int sync_data(int fd) noexcept;
[[nodiscard]] int sync_all(int fd) noexcept;

/// Reads until `out` is full or the file ends; yields the count.
[[nodiscard]] Result<std::size_t> read_at(int fd, std::span<std::byte> out, std::uint64_t offset,
                                          const std::string& subject);

}  // namespace milepost::journal
