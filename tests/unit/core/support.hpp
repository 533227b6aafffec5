// SPDX-License-Identifier: Apache-2.0
//
// What the core's tests share: a seed that replays random tests, and sample values.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <rapidcheck.h>
#include <sstream>
#include <string>
#include <utility>

#include "core/record.hpp"
#include "core/text.hpp"
#include "support/catch.hpp"

namespace milepost::core::test {

/// MILEPOST_TEST_SEED if set, else one random seed for the whole program.
inline std::uint64_t test_seed() {
  static const std::uint64_t seed = [] {
    if (const char* given = std::getenv("MILEPOST_TEST_SEED")) {
      return static_cast<std::uint64_t>(std::strtoull(given, nullptr, 10));
    }
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
  }();
  return seed;
}

/// Put this first in a random test: a failure then says how to replay it.
#define MILEPOST_SHOW_SEED() \
  INFO("replay with MILEPOST_TEST_SEED=" << ::milepost::core::test::test_seed())

/// Runs a rapidcheck property; its counterexample is the failure's text.
template <typename Property>
void check_property(Property&& property, int cases = 500) {
  MILEPOST_SHOW_SEED();
  rc::detail::TestParams params;
  params.seed = test_seed();
  params.maxSuccess = cases;
  const auto result = rc::detail::checkTestable(std::forward<Property>(property),
                                                rc::detail::TestMetadata{}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  CHECK(result.template is<rc::detail::SuccessResult>());
}

/// An id that is easy to tell apart: the last byte is `number`.
inline Uuid id_of(std::uint8_t number) {
  Uuid id{{0x3c, 0x90, 0xc3, 0xcc, 0x0d, 0x44, 0x4b, 0x50, 0x88, 0x88, 0x8d, 0xd2, 0x57, 0x36, 0x05,
           number}};
  return id;
}

constexpr Instant at(std::int64_t micros) { return Instant(std::chrono::microseconds(micros)); }

/// 2023-11-07T05:31:56Z
inline constexpr std::int64_t kMicros = 1'699'335'116'000'000;

/// A whole record in the status, made at kMicros, started and ended a second later each.
inline RecordView record_in(RunStatus status) {
  RecordView record;
  record.run_id = id_of(1);
  record.journey_id = id_of(2);
  record.profile_id = id_of(3);
  record.status = status;
  record.triggered_at = at(kMicros);
  record.created_sequence = 10;
  record.sequence = 10;
  if (status != RunStatus::queued) {
    record.started_at = at(kMicros + 1'000'000);
    record.owner = "worker-7";
    record.fencing_token = 1;
    record.epoch = 5;
    record.sequence = 11;
  }
  if (status != RunStatus::queued && status != RunStatus::running) {
    record.completed_at = at(kMicros + 2'000'000);
    record.sequence = 12;
  }
  if (status == RunStatus::failed) record.error = "mailbox full";
  return record;
}

}  // namespace milepost::core::test

namespace Catch {

template <>
struct StringMaker<boost::uuids::uuid> {
  static std::string convert(const boost::uuids::uuid& id) { return milepost::to_string(id); }
};

}  // namespace Catch
