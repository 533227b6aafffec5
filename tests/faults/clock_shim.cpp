// SPDX-License-Identifier: Apache-2.0
//
// Preloaded in front of a puppet: the wall clock stands off by the seconds in MILEPOST_CLOCK_FILE
// (a signed 64-bit number, mapped, so that a test moves it under the running process). Clocks that
// only ever go forward are left alone, as the kernel leaves them.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

std::int64_t offset_seconds() noexcept {
  static const auto* const offset = []() -> const std::atomic<std::int64_t>* {
    const char* path = std::getenv("MILEPOST_CLOCK_FILE");
    const int fd = path != nullptr ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return nullptr;
    void* memory = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    return memory != MAP_FAILED ? static_cast<const std::atomic<std::int64_t>*>(memory) : nullptr;
  }();
  return offset != nullptr ? offset->load() : 0;
}

bool is_wall_clock(clockid_t clock) noexcept {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

}  // namespace

extern "C" {

[[gnu::visibility("default")]] int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && is_wall_clock(clock)) now->tv_sec += offset_seconds();
  return static_cast<int>(result);
}

[[gnu::visibility("default")]] int gettimeofday(timeval* now, void*) noexcept {
  timespec precise{};
  const int result = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return result;
}

[[gnu::visibility("default")]] time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
