// SPDX-License-Identifier: Apache-2.0
//
// Ids and contents of the benchmark's runs.
#include "bench/data.hpp"

#include <algorithm>

namespace bench {
namespace {

constexpr std::int64_t kFirstMs = 1'704'067'200'000;  // 2024-01-01T00:00:00Z
// Cells lie a day apart in their runs' ids, so that none overlaps another.
constexpr std::int64_t kCellMs = 86'400'000;

Uuid make_id(std::uint64_t high, std::uint64_t low, unsigned version) noexcept {
  high = (high & ~0xF000ull) | (static_cast<std::uint64_t>(version) << 12);
  low = (low & ~(3ull << 62)) | (2ull << 62);
  Uuid id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.data[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    id.data[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return id;
}

Uuid make_id(IdKind kind, std::int64_t ms, std::uint64_t random) noexcept {
  const std::uint64_t low = mix(random);
  if (kind == IdKind::v4) return make_id(random, low, 4);
  return make_id((static_cast<std::uint64_t>(ms) << 16) | (random & 0xFFF), low, 7);
}

}  // namespace

Data::Data(std::uint64_t seed, IdKind kind, std::uint64_t runs)
    : seed_(mix(seed)),
      kind_(kind),
      runs_(runs),
      profiles_(std::max<std::uint64_t>(1, runs / kRunsPerProfile)),
      busy_profiles_(std::max<std::uint64_t>(1, runs / kBusyShare / kRunsPerBusyProfile)) {}

Uuid Data::journey(std::uint64_t j) const noexcept {
  return make_id(IdKind::v4, 0, mix(seed_ ^ (0x10'0000'0000ull + j)));
}

Uuid Data::busy_profile(std::uint64_t p) const noexcept {
  return make_id(IdKind::v4, 0, mix(seed_ ^ (0x30'0000'0000ull + p)));
}

NewRun Data::fill(const Uuid& id, std::uint64_t random, std::int64_t ms) const noexcept {
  const std::uint64_t draw = mix(random + 1);
  const bool busy = draw % kBusyShare == 0;
  return {.run_id = id,
          .journey_id = journey(random % kJourneys),
          .profile_id =
              busy ? busy_profile(draw / kBusyShare % busy_profiles_)
                   : make_id(IdKind::v4, 0, mix(seed_ ^ (0x20'0000'0000ull + draw % profiles_))),
          .triggered_us = 1000 * ms};
}

Uuid Data::run_id(std::uint64_t i) const noexcept {
  return make_id(kind_, kFirstMs + static_cast<std::int64_t>(i), mix(seed_ + i));
}

NewRun Data::run(std::uint64_t i) const noexcept {
  return fill(run_id(i), mix(seed_ + i), kFirstMs + static_cast<std::int64_t>(i));
}

NewRun Data::live_run(std::uint64_t cell, std::uint64_t caller, std::uint64_t k) const noexcept {
  const std::int64_t ms =
      kFirstMs + static_cast<std::int64_t>(cell + 1) * kCellMs + static_cast<std::int64_t>(k);
  const std::uint64_t random = mix(seed_ ^ mix(cell + 1) ^ mix(~caller) ^ mix(k << 20));
  return fill(make_id(kind_, ms, random), random, ms);
}

}  // namespace bench
