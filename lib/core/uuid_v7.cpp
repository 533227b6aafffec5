// SPDX-License-Identifier: Apache-2.0
//
// UUIDv7 as in RFC 9562, section 6.2, method 2: within one millisecond, and while the clock stands
// behind, the 74 bits after the timestamp grow by a random step; when they run out, the timestamp
// moves on by itself. Random bits come from the kernel, a buffer at a time. A child process
// inherits neither the buffer nor the place in the sequence: both are dropped at fork.
#include "core/uuid_v7.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <pthread.h>
#include <sys/random.h>
#include <type_traits>

#include "core/text.hpp"

namespace milepost::core {
namespace {

constexpr std::uint64_t kHighMask = 0xfff;                        // 12 bits beside the version
constexpr std::uint64_t kLowMask = (std::uint64_t{1} << 62) - 1;  // 62 bits beside the variant

/// The three numbers of a UUIDv7.
struct Parts {
  std::uint64_t millis;
  std::uint64_t high;
  std::uint64_t low;
};

std::uint64_t load_big_endian(const std::uint8_t* from, std::size_t size) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | from[i];
  return value;
}

void store_big_endian(std::uint8_t* to, std::size_t size, std::uint64_t value) noexcept {
  for (std::size_t i = size; i-- > 0; value >>= 8) to[i] = static_cast<std::uint8_t>(value);
}

Parts parts_of(const Uuid& id) noexcept {
  return {load_big_endian(id.data, 6), load_big_endian(id.data + 6, 2) & kHighMask,
          load_big_endian(id.data + 8, 8) & kLowMask};
}

Uuid join(const Parts& parts) noexcept {
  Uuid id;
  store_big_endian(id.data, 6, parts.millis);
  store_big_endian(id.data + 6, 2, 0x7000u | parts.high);
  store_big_endian(id.data + 8, 8, std::uint64_t{2} << 62 | parts.low);
  return id;
}

std::uint64_t millis_of(Instant now) noexcept {
  const Instant within = std::clamp(now, Instant{}, kInstantMax);
  return static_cast<std::uint64_t>(within.time_since_epoch().count()) / 1000;
}

/// Random bytes of the kernel's, in stock. One thread at a time.
class RandomStock {
 public:
  std::uint64_t take(std::size_t size) noexcept {
    if (left_ < size) refill();
    std::uint64_t value = 0;
    std::memcpy(&value, bytes_.data() + (bytes_.size() - left_), size);
    left_ -= size;
    return value;
  }

  void drop() noexcept { left_ = 0; }

 private:
  void refill() noexcept {
    std::size_t filled = 0;
    while (filled < bytes_.size()) {
      const ssize_t got = ::getrandom(bytes_.data() + filled, bytes_.size() - filled, 0);
      if (got > 0) {
        filled += static_cast<std::size_t>(got);
      } else if (errno != EINTR) {
        break;
      }
    }
    if (filled < bytes_.size()) improvise(filled);
    left_ = bytes_.size();
  }

  /// Where the kernel gives nothing (a sandbox without the call): clocks and an address, mixed.
  /// Ids stay unique within the process by their order, and elsewhere very probably.
  void improvise(std::size_t from) noexcept {
    std::uint64_t state = salt_ ^ reinterpret_cast<std::uintptr_t>(&from);
    state ^=
        static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    state ^= static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count())
             << 20;
    for (; from < bytes_.size(); ++from) {
      state += 0x9e3779b97f4a7c15u;
      std::uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
      bytes_[from] = static_cast<std::uint8_t>((mixed ^ (mixed >> 31)) >> 24);
    }
    salt_ = state;
  }

  std::array<std::uint8_t, 1024> bytes_{};
  std::size_t left_ = 0;
  std::uint64_t salt_ = 0;
};

/// The process's one generator. Never destroyed: threads may outlive static destruction.
class Generator {
 public:
  static Generator& instance() noexcept {
    static Generator& generator = []() -> Generator& {
      static Generator made;
      // Held across fork, so that the child finds it unlocked and whole.
      ::pthread_atfork([] { made.mutex_.lock(); }, [] { made.mutex_.unlock(); },
                       [] { made.become_child(); });
      return made;
    }();
    return generator;
  }

  void make(Instant now, std::span<Uuid> out) {
    const std::lock_guard lock(mutex_);
    for (Uuid& id : out) {
      last_ = next_uuid_v7(last_, now, stock_.take(2), stock_.take(8));
      id = last_;
    }
  }

 private:
  void become_child() noexcept {
    stock_.drop();
    // Every id left in this millisecond belongs to the parent.
    const Parts last = parts_of(last_);
    if (!last_.is_nil()) last_ = join({last.millis, kHighMask, kLowMask});
    mutex_.unlock();
  }

  std::mutex mutex_;
  Uuid last_{};
  RandomStock stock_;
};

static_assert(std::is_trivially_destructible_v<Generator>);

}  // namespace

Uuid next_uuid_v7(const Uuid& last, Instant now, std::uint64_t random_hi,
                  std::uint64_t random_lo) noexcept {
  const Parts before = parts_of(last);
  const Parts fresh{millis_of(now), random_hi & kHighMask, random_lo & kLowMask};
  if (fresh.millis > before.millis) return join(fresh);

  const std::uint64_t step = (random_lo & 0xffffffffu) + 1;
  const std::uint64_t low = before.low + step;
  const std::uint64_t high = before.high + (low >> 62);
  if (high > kHighMask) return join({before.millis + 1, fresh.high, fresh.low});
  return join({before.millis, high, low & kLowMask});
}

Uuid fresh_run_id(Instant now) {
  Uuid id;
  Generator::instance().make(now, {&id, 1});
  return id;
}

void fresh_run_ids(Instant now, std::span<Uuid> out) { Generator::instance().make(now, out); }

}  // namespace milepost::core
