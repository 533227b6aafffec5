// SPDX-License-Identifier: Apache-2.0
//
// The probe's own pwrite, writev and fdatasync, which LMDB in its shared library then calls: they
// fail on request, so that tests see failed meta writes and syncs without any privilege.
#include "probe_faults.hpp"

#include <cerrno>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace milepost::lmdb::test {

std::atomic<int> g_meta_write_error{0};
std::atomic<int> g_data_write_error{0};
std::atomic<int> g_sync_error{0};
std::atomic<int> g_fsync_to_fail{0};

}  // namespace milepost::lmdb::test

namespace {

constexpr off_t kMetaPagesEnd = 8192;

ssize_t faulty_pwrite(int fd, const void* from, size_t size, off_t offset) {
  using namespace milepost::lmdb::test;
  const int error = offset < kMetaPagesEnd ? g_meta_write_error.load() : g_data_write_error.load();
  if (error != 0) {
    errno = error;
    return -1;
  }
  return ::syscall(SYS_pwrite64, fd, from, size, offset);
}

}  // namespace

extern "C" {

[[gnu::visibility("default")]] ssize_t pwrite(int fd, const void* from, size_t size, off_t at) {
  return faulty_pwrite(fd, from, size, at);
}
[[gnu::visibility("default")]] ssize_t pwrite64(int fd, const void* from, size_t size, off_t at) {
  return faulty_pwrite(fd, from, size, at);
}
[[gnu::visibility("default")]] ssize_t writev(int fd, const iovec* from, int count) {
  if (const int error = milepost::lmdb::test::g_data_write_error.load(); error != 0) {
    errno = error;
    return -1;
  }
  return ::syscall(SYS_writev, fd, from, count);
}
[[gnu::visibility("default")]] int fdatasync(int fd) {
  if (const int error = milepost::lmdb::test::g_sync_error.load(); error != 0) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

[[gnu::visibility("default")]] int fsync(int fd) {
  auto& left = milepost::lmdb::test::g_fsync_to_fail;
  if (left.load() > 0 && left.fetch_sub(1) == 1) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

}  // extern "C"
