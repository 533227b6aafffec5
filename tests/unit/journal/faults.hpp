// SPDX-License-Identifier: Apache-2.0
//
// Lets a test stand between the journal and the system calls by which it writes. The test program
// is linked with --wrap for them, so the library itself has no seam.
#pragma once

#include <cstddef>
#include <sys/types.h>

namespace milepost::journal::test {

/// Overrides get the call and may hand it on. Thread-safe if the overrides are.
class SystemCalls {
 public:
  virtual ~SystemCalls() = default;
  virtual ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t offset);
  virtual int fdatasync(int fd);
  virtual int fsync(int fd);
  virtual int renameat(int from_folder, const char* from, int to_folder, const char* to);
  virtual int unlinkat(int folder, const char* name, int flags);
};

/// Syncs that cost nothing, for tests of many steps in which the disk is not on trial.
class FreeSyncs : public SystemCalls {
 public:
  int fdatasync(int) override { return 0; }
  int fsync(int) override { return 0; }
};

/// While it lives, the calls go to `calls`.
class Interception {
 public:
  explicit Interception(SystemCalls& calls) noexcept;
  ~Interception();
  Interception(const Interception&) = delete;
  Interception& operator=(const Interception&) = delete;
};

}  // namespace milepost::journal::test
