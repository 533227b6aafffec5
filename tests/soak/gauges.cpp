// SPDX-License-Identifier: Apache-2.0
//
// Gauges out of /proc/self and out of a tracker's stats.
#include "gauges.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace milepost::soak {
namespace {

namespace fs = std::filesystem;

std::uint64_t own_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == "RssAnon:" && status >> kib) return kib << 10;
  }
  return 0;
}

std::uint64_t open_descriptors() {
  const fs::directory_iterator all("/proc/self/fd");
  return static_cast<std::uint64_t>(std::distance(fs::begin(all), fs::end(all)));
}

struct Gauge {
  const char* name;
  std::uint64_t Sample::*value;
  std::uint64_t slack;  ///< Beside 5 %: what a small number may differ by.
};

constexpr Gauge kGauges[] = {{"memory", &Sample::memory, 1u << 20},
                             {"descriptors", &Sample::descriptors, 1},
                             {"reader slots", &Sample::readers, 1},
                             {"data file", &Sample::data, 64u << 10},
                             {"journal", &Sample::journal, 0}};

std::uint64_t median(const std::vector<Sample>& samples, std::size_t first, std::size_t end,
                     std::uint64_t Sample::*value) {
  std::vector<std::uint64_t> values;
  for (std::size_t i = first; i < end; ++i) values.push_back(samples[i].*value);
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Sample look(const Stats& stats) {
  return {.memory = own_memory(),
          .descriptors = open_descriptors(),
          .readers = stats.readers,
          .data = stats.data_bytes,
          .journal = stats.journal_bytes};
}

std::vector<Growth> growths(const std::vector<Sample>& samples) {
  const std::size_t warm = samples.size() / 3;
  const std::size_t part = (samples.size() - warm) / 3;
  std::vector<Growth> all;
  for (const Gauge& gauge : kGauges) {
    const std::uint64_t early = median(samples, warm, warm + part, gauge.value);
    const std::uint64_t late = median(samples, samples.size() - part, samples.size(), gauge.value);
    all.push_back({gauge.name, early, late, early + early / 20 + gauge.slack});
  }
  return all;
}

}  // namespace milepost::soak
