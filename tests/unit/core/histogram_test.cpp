// SPDX-License-Identifier: Apache-2.0
//
// Buckets that leave no value out, and quantiles within their error.
#include "core/histogram.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include "support/catch.hpp"
#include "support/runs.hpp"

namespace milepost::core {
namespace {

constexpr std::size_t kLast = LatencyHistogram::kBuckets - 1;

TEST_CASE("each bucket begins where the one before ends", "[core][histogram]") {
  std::uint64_t begin = 0;
  for (std::size_t bucket = 0; bucket < kLast; ++bucket) {
    const std::uint64_t end = bucket_end(bucket);
    CAPTURE(bucket);
    REQUIRE(end > begin);
    REQUIRE(bucket_of(begin) == bucket);
    REQUIRE(bucket_of(end - 1) == bucket);
    REQUIRE(bucket_of(end) == bucket + 1);
    // One part in sixteen, or exact.
    REQUIRE((end - begin) * 16 <= std::max<std::uint64_t>(16, begin + 15));
    begin = end;
  }
}

TEST_CASE("what is longer than the last bucket counts there", "[core][histogram]") {
  CHECK(bucket_of(bucket_end(kLast)) == kLast);
  CHECK(bucket_of(~std::uint64_t{0}) == kLast);
  CHECK(bucket_end(kLast) == std::uint64_t{1} << 35);
}

TEST_CASE("an empty histogram has no quantiles", "[core][histogram]") {
  const LatencyHistogram none = LatencyRecorder().read();
  CHECK(none.count == 0);
  CHECK(none.quantile_ns(0.5) == 0);
  CHECK(none.quantile_ns(1) == 0);
}

TEST_CASE("count and sum are exact, quantiles within a sixteenth", "[core][histogram]") {
  std::mt19937_64 random(test::test_seed("histogram"));
  LatencyRecorder recorder;
  std::vector<std::uint64_t> values;
  std::uint64_t sum = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t value = random() >> (30 + random() % 30);
    values.push_back(value);
    sum += value;
    recorder.record(value);
  }
  const LatencyHistogram read = recorder.read();
  CHECK(read.count == values.size());
  CHECK(recorder.count() == values.size());
  CHECK(read.sum_ns == sum);
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    const std::uint64_t exact = values[std::max<std::size_t>(at, 1) - 1];
    const std::uint64_t told = read.quantile_ns(share);
    CAPTURE(share, exact, told);
    CHECK(told > exact);
    CHECK(told <= exact + exact / 16 + 1);
  }
  // The smallest value's own bucket.
  CHECK(read.quantile_ns(0) > values.front());
}

}  // namespace
}  // namespace milepost::core
