// SPDX-License-Identifier: Apache-2.0
//
// One writing process at a time. The kernel's lock on writer.lock decides (an open-file lock: it
// goes with the process, however that dies, and no other descriptor of the process can drop it);
// the text in the file only tells a refused caller who has it.
#pragma once

#include <string>
#include <utility>

#include "lmdb/registry.hpp"

#include "milepost/result.hpp"

namespace milepost::lmdb {

/// Held while it lives. Move-only, one thread at a time.
class WriterLock {
 public:
  WriterLock() = default;
  WriterLock(WriterLock&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), generation_(other.generation_), id_(other.id_) {}
  WriterLock& operator=(WriterLock&& other) noexcept;
  ~WriterLock() { release(); }

  /// `directory_fd` is the open folder, `directory` its path for messages. `locked` names the
  /// process that holds it; `permission` if writer.lock is not a plain file of ours.
  [[nodiscard]] static Result<WriterLock> acquire(int directory_fd, const std::string& directory);

  /// Gives the lock up, also where a forked child still holds a copy of the descriptor.
  void release() noexcept;
  [[nodiscard]] bool held() const noexcept { return fd_ >= 0; }
  /// The file that is locked, to compare with what the path names later.
  [[nodiscard]] FileId file() const noexcept { return id_; }

 private:
  int fd_ = -1;
  unsigned int generation_ = 0;
  FileId id_;
};

}  // namespace milepost::lmdb
