// SPDX-License-Identifier: Apache-2.0
//
// Fresh run ids: the bits of RFC 9562, and their order under every clock.
#include "core/uuid_v7.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

using test::at;
using test::kMicros;

constexpr std::uint64_t kAllOnes = ~std::uint64_t{0};

std::uint64_t millis_in(const Uuid& id) {
  std::uint64_t millis = 0;
  for (std::size_t i = 0; i < 6; ++i) millis = millis << 8 | id.data[i];
  return millis;
}

bool is_v7(const Uuid& id) { return id.data[6] >> 4 == 7 && (id.data[8] & 0xc0) == 0x80; }

}  // namespace

TEST_CASE("a fresh id holds the millisecond, the version, the variant and 74 random bits",
          "[core][uuid7]") {
  // The example of RFC 9562, appendix A.6.
  const Uuid id = next_uuid_v7(Uuid{}, at(1'645'557'742'000'999), 0xCC3, 0x18C4DC0C0C07398Fu);
  CHECK(to_string(id) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  CHECK(to_string(next_uuid_v7(Uuid{}, at(1'000), 0, 0)) == "00000000-0001-7000-8000-000000000000");
  CHECK(to_string(next_uuid_v7(Uuid{}, at(1'000), kAllOnes, kAllOnes)) ==
        "00000000-0001-7fff-bfff-ffffffffffff");
}

TEST_CASE("within a millisecond and behind it ids grow by a random step", "[core][uuid7]") {
  const Uuid first = next_uuid_v7(Uuid{}, at(5'000), 0x123, 1'000);
  for (const Instant now : {at(5'000), at(5'999), at(4'000), at(0), at(-1), Instant::min()}) {
    CHECK(to_string(next_uuid_v7(first, now, 0xfff, 0)) == "00000000-0005-7123-8000-0000000003e9");
    CHECK(to_string(next_uuid_v7(first, now, 0xfff, kAllOnes)) ==
          "00000000-0005-7123-8000-0001000003e8");
  }
}

TEST_CASE("a full low part carries into the high one", "[core][uuid7]") {
  const Uuid full = next_uuid_v7(Uuid{}, at(5'000), 0x123, kAllOnes);
  CHECK(to_string(next_uuid_v7(full, at(5'000), 0, 4)) == "00000000-0005-7124-8000-000000000004");
}

TEST_CASE("when the counter overflows the timestamp moves on by itself", "[core][uuid7]") {
  const Uuid greatest = next_uuid_v7(Uuid{}, at(5'000), kAllOnes, kAllOnes);
  const Uuid after = next_uuid_v7(greatest, at(5'000), 0x456, 7);
  CHECK(to_string(after) == "00000000-0006-7456-8000-000000000007");
  CHECK(greatest < after);
  // and the clock catches up without a collision
  CHECK(after < next_uuid_v7(after, at(6'000), 0, 0));
}

TEST_CASE("clocks outside all years still give increasing ids", "[core][uuid7]") {
  Uuid last{};
  for (const Instant now :
       {Instant::min(), at(-5), at(0), at(kMicros), kInstantMax, Instant::max(), Instant::min()}) {
    for (int i = 0; i < 3; ++i) {
      const Uuid id = next_uuid_v7(last, now, kAllOnes, kAllOnes);
      CHECK(last < id);
      CHECK(is_v7(id));
      last = id;
    }
  }
  CHECK(millis_in(last) >= 253'402'300'799'999u);
  CHECK(millis_in(last) < 253'402'300'800'100u);
}

TEST_CASE("each id is greater than the last, whatever clock and chance say", "[core][uuid7]") {
  test::check_property(
      [](const std::vector<std::tuple<std::int32_t, std::uint64_t, std::uint64_t>>& calls) {
        Uuid last{};
        for (const auto& [millis, high, low] : calls) {
          // Few milliseconds and extreme bits, so that steps back and overflows do happen.
          const Instant now = at(std::int64_t{millis % 4} * 1'000);
          const bool extreme = high % 2 == 0;
          const Uuid id =
              next_uuid_v7(last, now, extreme ? kAllOnes : high, extreme ? kAllOnes : low);
          RC_ASSERT(last < id);
          RC_ASSERT(is_v7(id));
          RC_ASSERT(millis_in(id) >= millis_in(last));
          last = id;
        }
      });
}

TEST_CASE("ids made by eight threads with jumping clocks all differ and increase",
          "[core][uuid7]") {
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kEach = 100'000;
  std::vector<std::vector<Uuid>> made(kThreads);
  std::vector<std::thread> threads;
  std::atomic<std::size_t> ready{0};
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&made, &ready, t] {
      ready.fetch_add(1);
      while (ready.load() < kThreads) std::this_thread::yield();
      made[t].resize(kEach);
      for (std::size_t i = 0; i < kEach; ++i) {
        // Each thread's clock goes its own way, some of them backwards.
        const auto step = static_cast<std::int64_t>(i) * (t % 2 == 0 ? 100 : -100);
        const Instant now = at(kMicros + step);
        if (i % 100 == 0) {
          const std::size_t count = std::min<std::size_t>(10, kEach - i);
          fresh_run_ids(now, std::span(made[t]).subspan(i, count));
          i += count - 1;
        } else {
          made[t][i] = fresh_run_id(now);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::vector<Uuid> all;
  for (const auto& ids : made) {
    CHECK(std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end());
    CHECK(std::all_of(ids.begin(), ids.end(), is_v7));
    all.insert(all.end(), ids.begin(), ids.end());
  }
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("an id is greater than every one made before it in any thread", "[core][uuid7]") {
  Uuid last = fresh_run_id(at(kMicros));
  for (int i = 0; i < 200; ++i) {
    Uuid other{};
    std::thread([&other] { other = fresh_run_id(at(0)); }).join();
    CHECK(last < other);
    last = fresh_run_id(at(kMicros - i * 1'000));
    CHECK(other < last);
  }
}

TEST_CASE("the random bits of fresh ids look random", "[core][uuid7]") {
  // Of 74 bits each must be seen set and unset in 400 ids of 400 milliseconds.
  std::vector<Uuid> ids;
  std::uint64_t future = kMicros + 1'000'000'000;
  for (int i = 0; i < 400; ++i, future += 1'000) {
    ids.push_back(fresh_run_id(at(static_cast<std::int64_t>(future))));
  }
  for (std::size_t byte = 6; byte < 16; ++byte) {
    unsigned ones = 0;
    unsigned zeros = 0;
    for (const Uuid& id : ids) {
      ones |= id.data[byte];
      zeros |= ~static_cast<unsigned>(id.data[byte]) & 0xffu;
    }
    const unsigned mask = byte == 6 ? 0x0fu : byte == 8 ? 0x3fu : 0xffu;
    CHECK((ones & mask) == mask);
    CHECK((zeros & mask) == mask);
  }
}

TEST_CASE("no ids wanted, none made", "[core][uuid7]") {
  fresh_run_ids(at(kMicros), {});
  SUCCEED();
}

}  // namespace milepost::core
