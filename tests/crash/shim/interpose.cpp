// SPDX-License-Identifier: Apache-2.0
//
// The calls the shim stands in front of. Each finds the next definition in line (which is the
// sanitizer's in a sanitized program), and takes the plain way unless a hook is active and the
// file is below the root. The shim's own work is hidden from its hooks by a thread-local flag.
#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "shim/hooks.hpp"

namespace milepost::crash {
namespace {

thread_local bool t_inside = false;
Hook* g_hook = nullptr;

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// Runs before main, after the C library is ready.
__attribute__((constructor)) void choose_hook() {
  t_inside = true;
  const std::string wanted = setting("MILEPOST_SHIM");
  if (wanted == "record") g_hook = make_recorder().release();
  if (wanted == "kill") g_hook = make_killer().release();
  if (wanted == "fault") g_hook = make_fault_injector().release();
  t_inside = false;
}

class Inside {
 public:
  Inside() { t_inside = true; }
  ~Inside() { t_inside = false; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
};

/// Runs `real` (given whether to write only half) between the hook's before and after.
template <typename Real>
auto guarded(Call& call, Real real) -> decltype(real(false)) {
  using Value = decltype(real(false));
  Verdict verdict;
  {
    const Inside inside;
    verdict = g_hook->before(call);
  }
  Value result = static_cast<Value>(-1);
  int error = verdict.error;
  if (error == 0 || verdict.late) {
    errno = 0;
    result = real(verdict.shorten);
    if (!verdict.late) error = errno;
  }
  if (verdict.late) result = static_cast<Value>(-1);
  {
    const Inside inside;
    g_hook->after(call, static_cast<std::int64_t>(result));
  }
  errno = error;
  return result;
}

const TrackedFile* watched(int fd) noexcept {
  return g_hook != nullptr && !t_inside ? tracked(fd) : nullptr;
}

std::string watched_path(int base, const char* path) {
  if (g_hook == nullptr || t_inside) return {};
  const Inside inside;
  return path_below_root(base, path);
}

int open_any(int base, const char* path, int flags, mode_t mode) {
  static const auto real = next<int (*)(int, const char*, int, ...)>("openat");
  const std::string below = watched_path(base, path);
  if (below.empty()) return real(base, path, flags, mode);
  Call call{.op = Op::open, .path = below, .flags = flags};
  call.kind = kind_of_path(below, (flags & O_DSYNC) != 0);
  if ((flags & O_DIRECTORY) != 0) call.kind = FileKind::directory;
  return guarded(call, [&](bool) {
    const int fd = real(base, path, flags, mode);
    if (fd >= 0) {
      const Inside inside;
      track(fd, below, flags);
      call.file = tracked(fd);
    }
    return fd;
  });
}

Call on(const TrackedFile* file, Op op) {
  return Call{.op = op, .file = file, .path = file->path, .kind = file->kind};
}

template <typename Real>
ssize_t write_call(const TrackedFile* file, Op op, const iovec* parts, int count,
                   std::uint64_t offset, Real real) {
  Call call = on(file, op);
  call.offset = offset;
  call.parts = parts;
  call.part_count = count;
  for (int i = 0; i < count; ++i) call.length += parts[i].iov_len;
  return guarded(call, real);
}

/// The first half of the bytes of `parts`.
std::vector<iovec> first_half(const iovec* parts, int count, std::size_t total) {
  std::vector<iovec> half;
  std::size_t left = total / 2;
  for (int i = 0; i < count && left > 0; ++i) {
    half.push_back({parts[i].iov_base, std::min(left, parts[i].iov_len)});
    left -= half.back().iov_len;
  }
  return half;
}

std::size_t total_of(const iovec* parts, int count) {
  std::size_t total = 0;
  for (int i = 0; i < count; ++i) total += parts[i].iov_len;
  return total;
}

std::uint64_t position(int fd) {
  const off_t at = ::lseek(fd, 0, SEEK_CUR);
  return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}

template <typename Real>
int two_paths(Op op, int base, const char* path, int second_base, const char* second_path,
              Real real) {
  const std::string from = watched_path(base, path);
  const std::string to = watched_path(second_base, second_path);
  if (from.empty() && to.empty()) return real();
  Call call{.op = op, .path = from, .second_path = to, .kind = kind_of_path(to, false)};
  // What a copy is called while it is made says more than the name it gets.
  const FileKind before = kind_of_path(from, false);
  if (before == FileKind::backup || before == FileKind::restore) call.kind = before;
  return guarded(call, [&](bool) {
    const int result = real();
    if (result == 0 && op == Op::rename) {
      const Inside inside;
      renamed(from, to);
    }
    return result;
  });
}

template <typename Real>
int one_path(Op op, int base, const char* path, Real real) {
  const std::string below = watched_path(base, path);
  if (below.empty()) return real();
  Call call{.op = op, .path = below, .kind = kind_of_path(below, false)};
  return guarded(call, [&](bool) { return real(); });
}

template <typename Real>
int on_descriptor(int fd, Op op, std::uint64_t size, Real real) {
  const TrackedFile* file = watched(fd);
  if (file == nullptr) return real();
  Call call = on(file, op);
  call.offset = size;
  return guarded(call, [&](bool) { return real(); });
}

}  // namespace

Hook* active_hook() noexcept { return g_hook; }

}  // namespace milepost::crash

using namespace milepost::crash;  // NOLINT: the C functions below stand outside

extern "C" {

__attribute__((visibility("default"))) void milepost_crash_mark(const void* data,
                                                                std::size_t size) {
  if (active_hook() == nullptr) return;
  const Inside inside;
  active_hook()->mark(data, size);
}

#define MILEPOST_OPEN_MODE(flags, mode)                 \
  mode_t mode = 0;                                      \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {         \
    va_list arguments;                                  \
    va_start(arguments, flags);                         \
    mode = static_cast<mode_t>(va_arg(arguments, int)); \
    va_end(arguments);                                  \
  }

int open(const char* path, int flags, ...) {
  MILEPOST_OPEN_MODE(flags, mode)
  return open_any(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MILEPOST_OPEN_MODE(flags, mode)
  return open_any(AT_FDCWD, path, flags, mode);
}
int openat(int base, const char* path, int flags, ...) {
  MILEPOST_OPEN_MODE(flags, mode)
  return open_any(base, path, flags, mode);
}
int openat64(int base, const char* path, int flags, ...) {
  MILEPOST_OPEN_MODE(flags, mode)
  return open_any(base, path, flags, mode);
}
int __open_2(const char* path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
int __openat_2(int base, const char* path, int flags) { return open_any(base, path, flags, 0); }
int __openat64_2(int base, const char* path, int flags) { return open_any(base, path, flags, 0); }

int close(int fd) {
  static const auto real = next<int (*)(int)>("close");
  if (!t_inside) forget(fd);
  return real(fd);
}

ssize_t read(int fd, void* buffer, size_t size) {
  static const auto real = next<ssize_t (*)(int, void*, size_t)>("read");
  const TrackedFile* file = watched(fd);
  if (file == nullptr) return real(fd, buffer, size);
  Call call = on(file, Op::read);
  return guarded(call, [&](bool half) { return real(fd, buffer, half ? size / 2 : size); });
}
ssize_t __read_chk(int fd, void* buffer, size_t size, size_t) { return read(fd, buffer, size); }

ssize_t pread(int fd, void* buffer, size_t size, off_t offset) {
  static const auto real = next<ssize_t (*)(int, void*, size_t, off_t)>("pread");
  const TrackedFile* file = watched(fd);
  if (file == nullptr) return real(fd, buffer, size, offset);
  Call call = on(file, Op::pread);
  return guarded(call, [&](bool half) { return real(fd, buffer, half ? size / 2 : size, offset); });
}
ssize_t pread64(int fd, void* buffer, size_t size, off_t offset) {
  return pread(fd, buffer, size, offset);
}
ssize_t __pread_chk(int fd, void* buffer, size_t size, off_t offset, size_t) {
  return pread(fd, buffer, size, offset);
}
ssize_t __pread64_chk(int fd, void* buffer, size_t size, off_t offset, size_t) {
  return pread(fd, buffer, size, offset);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  const TrackedFile* file = watched(fd);
  if (file == nullptr) return real(fd, bytes, size, offset);
  const iovec part{const_cast<void*>(bytes), size};
  return write_call(file, Op::pwrite, &part, 1, static_cast<std::uint64_t>(offset),
                    [&](bool half) { return real(fd, bytes, half ? size / 2 : size, offset); });
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t offset) {
  return pwrite(fd, bytes, size, offset);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  const TrackedFile* file = watched(fd);
  if (file == nullptr) return real(fd, bytes, size);
  const iovec part{const_cast<void*>(bytes), size};
  return write_call(file, Op::write, &part, 1, position(fd),
                    [&](bool half) { return real(fd, bytes, half ? size / 2 : size); });
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
  const TrackedFile* file = watched(fd);
  if (file == nullptr) return real(fd, parts, count);
  return write_call(file, Op::writev, parts, count, position(fd), [&](bool half) {
    if (!half) return real(fd, parts, count);
    const auto some = first_half(parts, count, total_of(parts, count));
    return real(fd, some.data(), static_cast<int>(some.size()));
  });
}

ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  static const auto real = next<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
  const TrackedFile* file = watched(fd);
  if (file == nullptr) return real(fd, parts, count, offset);
  return write_call(file, Op::writev, parts, count, static_cast<std::uint64_t>(offset),
                    [&](bool half) {
                      if (!half) return real(fd, parts, count, offset);
                      const auto some = first_half(parts, count, total_of(parts, count));
                      return real(fd, some.data(), static_cast<int>(some.size()), offset);
                    });
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off_t offset) {
  return pwritev(fd, parts, count, offset);
}

int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  return on_descriptor(fd, Op::fdatasync, 0, [&] { return real(fd); });
}
int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  return on_descriptor(fd, Op::fsync, 0, [&] { return real(fd); });
}
int sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags) {
  static const auto real = next<int (*)(int, off64_t, off64_t, unsigned)>("sync_file_range");
  return on_descriptor(fd, Op::sync_file_range, 0, [&] { return real(fd, offset, size, flags); });
}
int ftruncate(int fd, off_t size) {
  static const auto real = next<int (*)(int, off_t)>("ftruncate");
  return on_descriptor(fd, Op::ftruncate, static_cast<std::uint64_t>(size),
                       [&] { return real(fd, size); });
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
int fallocate(int fd, int mode, off_t offset, off_t size) {
  static const auto real = next<int (*)(int, int, off_t, off_t)>("fallocate");
  return on_descriptor(fd, Op::fallocate, static_cast<std::uint64_t>(offset + size),
                       [&] { return real(fd, mode, offset, size); });
}
int fallocate64(int fd, int mode, off_t offset, off_t size) {
  return fallocate(fd, mode, offset, size);
}
int posix_fallocate(int fd, off_t offset, off_t size) {
  static const auto real = next<int (*)(int, off_t, off_t)>("posix_fallocate");
  const int result = on_descriptor(fd, Op::fallocate, static_cast<std::uint64_t>(offset + size),
                                   [&] { return real(fd, offset, size); });
  return result == -1 ? errno : result;  // This one does not report by errno.
}

int rename(const char* from, const char* to) {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return two_paths(Op::rename, AT_FDCWD, from, AT_FDCWD, to, [&] { return real(from, to); });
}
int renameat(int base, const char* from, int second_base, const char* to) {
  static const auto real = next<int (*)(int, const char*, int, const char*)>("renameat");
  return two_paths(Op::rename, base, from, second_base, to,
                   [&] { return real(base, from, second_base, to); });
}
int renameat2(int base, const char* from, int second_base, const char* to, unsigned flags) {
  static const auto real = next<int (*)(int, const char*, int, const char*, unsigned)>("renameat2");
  return two_paths(Op::rename, base, from, second_base, to,
                   [&] { return real(base, from, second_base, to, flags); });
}
int link(const char* from, const char* to) {
  static const auto real = next<int (*)(const char*, const char*)>("link");
  return two_paths(Op::link, AT_FDCWD, from, AT_FDCWD, to, [&] { return real(from, to); });
}
int linkat(int base, const char* from, int second_base, const char* to, int flags) {
  static const auto real = next<int (*)(int, const char*, int, const char*, int)>("linkat");
  return two_paths(Op::link, base, from, second_base, to,
                   [&] { return real(base, from, second_base, to, flags); });
}
int unlink(const char* path) {
  static const auto real = next<int (*)(const char*)>("unlink");
  return one_path(Op::unlink, AT_FDCWD, path, [&] { return real(path); });
}
int unlinkat(int base, const char* path, int flags) {
  static const auto real = next<int (*)(int, const char*, int)>("unlinkat");
  return one_path(Op::unlink, base, path, [&] { return real(base, path, flags); });
}
int rmdir(const char* path) {
  static const auto real = next<int (*)(const char*)>("rmdir");
  return one_path(Op::unlink, AT_FDCWD, path, [&] { return real(path); });
}
int mkdir(const char* path, mode_t mode) {
  static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
  return one_path(Op::mkdir, AT_FDCWD, path, [&] { return real(path, mode); });
}
int mkdirat(int base, const char* path, mode_t mode) {
  static const auto real = next<int (*)(int, const char*, mode_t)>("mkdirat");
  return one_path(Op::mkdir, base, path, [&] { return real(base, path, mode); });
}

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  static const auto real = next<void* (*)(void*, size_t, int, int, int, off_t)>("mmap");
  const TrackedFile* file = fd >= 0 ? watched(fd) : nullptr;
  if (file == nullptr) return real(address, size, protection, flags, fd, offset);
  Call call = on(file, Op::mmap);
  return reinterpret_cast<void*>(guarded(call, [&](bool) {
    return reinterpret_cast<std::intptr_t>(real(address, size, protection, flags, fd, offset));
  }));
}

int fcntl(int fd, int command, ...) {
  static const auto real = next<int (*)(int, int, ...)>("fcntl");
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  return on_descriptor(fd, Op::fcntl, 0, [&] { return real(fd, command, argument); });
}
int fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  return fcntl(fd, command, argument);
}

int fstat(int fd, struct stat* out) {
  static const auto real = next<int (*)(int, struct stat*)>("fstat");
  return on_descriptor(fd, Op::fstat, 0, [&] { return real(fd, out); });
}
int __fxstat(int version, int fd, struct stat* out) {
  static const auto real = next<int (*)(int, int, struct stat*)>("__fxstat");
  return on_descriptor(fd, Op::fstat, 0, [&] { return real(version, fd, out); });
}

}  // extern "C"
