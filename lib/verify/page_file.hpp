// SPDX-License-Identifier: Apache-2.0
//
// PageFile: a file that is only ever read with pread, never mapped and never written. It says how
// long the file was when it was opened; a file that shrinks meanwhile gives short reads, no signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "milepost/result.hpp"

namespace milepost::verify {

/// How a read ended.
enum class Read : std::uint8_t {
  whole,     ///< Every byte is there.
  past_end,  ///< The file ends before.
  failed,    ///< The operating system said no; see PageFile::last_errno().
};

/// Move-only; one thread at a time.
class PageFile {
 public:
  /// Opens a regular file for reading. A symbolic link in the last component is refused, and so is
  /// whatever is no regular file. May fail with `invalid_argument`, `not_found`, `permission`,
  /// `not_a_database` or `io`.
  [[nodiscard]] static Result<PageFile> open(const std::string& path);

  /// Takes an open descriptor, which is closed with the object, whether or not this succeeds.
  /// `name` stands for it in errors.
  [[nodiscard]] static Result<PageFile> adopt(int fd, std::string name);

  PageFile(PageFile&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        size_(other.size_),
        bytes_read_(other.bytes_read_),
        last_errno_(other.last_errno_),
        name_(std::move(other.name_)) {}
  PageFile& operator=(PageFile&&) = delete;
  PageFile(const PageFile&) = delete;
  PageFile& operator=(const PageFile&) = delete;
  ~PageFile();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The file's length when it was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Bytes read so far.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  [[nodiscard]] int last_errno() const noexcept { return last_errno_; }

  /// Fills `to` from `offset`. Any offset is fine.
  [[nodiscard]] Read read(std::uint64_t offset, std::span<std::byte> to) noexcept;

  /// Tells the kernel that these bytes will be read soon. Does not wait, cannot fail.
  void prefetch(std::uint64_t offset, std::uint64_t size) noexcept;

 private:
  explicit PageFile(int fd, std::string name) noexcept : fd_(fd), name_(std::move(name)) {}

  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t bytes_read_ = 0;
  int last_errno_ = 0;
  std::string name_;
};

}  // namespace milepost::verify
