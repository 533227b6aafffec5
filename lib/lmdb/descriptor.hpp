// SPDX-License-Identifier: Apache-2.0
//
// Descriptor: owns a file descriptor for as long as a function needs it, whatever is thrown
// meanwhile.
#pragma once

#include <unistd.h>
#include <utility>

namespace milepost::lmdb {

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  [[nodiscard]] int get() const noexcept { return fd_; }
  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Gives it away.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace milepost::lmdb
