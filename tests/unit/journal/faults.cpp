// SPDX-License-Identifier: Apache-2.0
//
// The wrapped system calls; see faults.hpp.
#include "faults.hpp"

#include <atomic>

extern "C" {
ssize_t __real_pwrite(int fd, const void* bytes, std::size_t count, off_t offset);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_renameat(int from_folder, const char* from, int to_folder, const char* to);
int __real_unlinkat(int folder, const char* name, int flags);
}

namespace milepost::journal::test {
namespace {

std::atomic<SystemCalls*> calls_in_place{nullptr};

}  // namespace

ssize_t SystemCalls::pwrite(int fd, const void* bytes, std::size_t count, off_t offset) {
  return __real_pwrite(fd, bytes, count, offset);
}
int SystemCalls::fdatasync(int fd) { return __real_fdatasync(fd); }
int SystemCalls::fsync(int fd) { return __real_fsync(fd); }
int SystemCalls::renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return __real_renameat(from_folder, from, to_folder, to);
}
int SystemCalls::unlinkat(int folder, const char* name, int flags) {
  return __real_unlinkat(folder, name, flags);
}

Interception::Interception(SystemCalls& calls) noexcept { calls_in_place.store(&calls); }
Interception::~Interception() { calls_in_place.store(nullptr); }

}  // namespace milepost::journal::test

using milepost::journal::test::calls_in_place;

extern "C" {

ssize_t __wrap_pwrite(int fd, const void* bytes, std::size_t count, off_t offset);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_renameat(int from_folder, const char* from, int to_folder, const char* to);
int __wrap_unlinkat(int folder, const char* name, int flags);

ssize_t __wrap_pwrite(int fd, const void* bytes, std::size_t count, off_t offset) {
  auto* calls = calls_in_place.load();
  return calls ? calls->pwrite(fd, bytes, count, offset) : __real_pwrite(fd, bytes, count, offset);
}

int __wrap_fdatasync(int fd) {
  auto* calls = calls_in_place.load();
  return calls ? calls->fdatasync(fd) : __real_fdatasync(fd);
}

int __wrap_fsync(int fd) {
  auto* calls = calls_in_place.load();
  return calls ? calls->fsync(fd) : __real_fsync(fd);
}

int __wrap_renameat(int from_folder, const char* from, int to_folder, const char* to) {
  auto* calls = calls_in_place.load();
  return calls ? calls->renameat(from_folder, from, to_folder, to)
               : __real_renameat(from_folder, from, to_folder, to);
}

int __wrap_unlinkat(int folder, const char* name, int flags) {
  auto* calls = calls_in_place.load();
  return calls ? calls->unlinkat(folder, name, flags) : __real_unlinkat(folder, name, flags);
}

}  // extern "C"
