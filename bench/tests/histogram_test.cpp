// SPDX-License-Identifier: Apache-2.0
//
// The histogram against sorted samples.
#include "bench/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "bench/data.hpp"
#include "bench/tests/catch.hpp"

namespace {

using bench::Histogram;

std::uint64_t nearest_rank(const std::vector<std::uint64_t>& sorted, double q) {
  const double exact = std::ceil(q * static_cast<double>(sorted.size()));
  const auto rank = static_cast<std::size_t>(std::max(1.0, exact));
  return sorted[std::min(rank, sorted.size()) - 1];
}

}  // namespace

TEST_CASE("every bucket begins where the one before it ends", "[bench][histogram]") {
  for (std::size_t bucket = 0; bucket < 2'000; ++bucket) {
    const std::uint64_t upper = Histogram::upper(bucket);
    REQUIRE(Histogram::index(upper) == bucket);
    REQUIRE(Histogram::index(upper + 1) == bucket + 1);
  }
}

TEST_CASE("a quantile is never below the sorted sample's and at most 1/64 above", "[bench]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  bench::Random random(seed);
  for (const unsigned bits : {3u, 7u, 12u, 20u, 33u, 39u}) {
    auto histogram = std::make_unique<Histogram>();
    std::vector<std::uint64_t> samples;
    for (int i = 0; i < 5'000; ++i) {
      // Magnitudes as mixed as latencies are.
      samples.push_back(random.next() >> (64 - 1 - random.below(bits)));
      histogram->record(samples.back());
    }
    std::sort(samples.begin(), samples.end());
    REQUIRE(histogram->count() == samples.size());
    REQUIRE(histogram->max() == samples.back());
    for (const double q : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const std::uint64_t right = nearest_rank(samples, q);
      REQUIRE(histogram->quantile(q) >= right);
      REQUIRE(histogram->quantile(q) <= right + right / 64);
    }
  }
}

TEST_CASE("merged histograms are as one that saw everything", "[bench][histogram]") {
  auto all = std::make_unique<Histogram>();
  auto odd = std::make_unique<Histogram>();
  auto even = std::make_unique<Histogram>();
  bench::Random random(7);
  for (int i = 0; i < 4'000; ++i) {
    const std::uint64_t value = random.below(10'000'000);
    all->record(value);
    (i % 2 == 0 ? even : odd)->record(value);
  }
  even->merge(*odd);
  REQUIRE(even->count() == all->count());
  REQUIRE(even->max() == all->max());
  for (const double q : {0.1, 0.5, 0.99}) REQUIRE(even->quantile(q) == all->quantile(q));
}

TEST_CASE("an empty histogram answers 0, one too large a value the largest", "[bench][histogram]") {
  auto histogram = std::make_unique<Histogram>();
  REQUIRE(histogram->quantile(0.5) == 0);
  histogram->record(UINT64_MAX);
  REQUIRE(histogram->quantile(0.5) == Histogram::kValueMax);
}
