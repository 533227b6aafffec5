// SPDX-License-Identifier: Apache-2.0
//
// Rounds of one cell taken together: medians, least and most, and ratios between engines taken
// round by round, so that what disturbed a whole round disturbs both sides of its ratio.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "bench/results.hpp"

namespace bench {

struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

/// Throws on an empty set.
[[nodiscard]] Spread spread_of(std::vector<double> values);

/// What is compared: a workload under its conditions.
struct Key {
  std::string workload;
  std::string durability;
  unsigned threads = 1;
  std::uint64_t runs = 0;

  friend bool operator==(const Key&, const Key&) = default;
  friend bool operator<(const Key& a, const Key& b) {
    return std::tie(a.workload, a.durability, a.runs, a.threads) <
           std::tie(b.workload, b.durability, b.runs, b.threads);
  }
};

using Metric = double Result::*;

class Summary {
 public:
  explicit Summary(const ResultFile& all);

  [[nodiscard]] const Setup& setup() const { return all_.setup; }
  [[nodiscard]] const ResultFile& all() const { return all_; }
  /// A single short round compares nothing, nor does a page that one is merged into.
  [[nodiscard]] bool claims_ratios() const;
  /// Keys of a workload, in order; of all workloads if it is empty.
  [[nodiscard]] std::vector<Key> keys(const std::string& workload = {}) const;
  /// Engines with a figure for the key, fastest first.
  [[nodiscard]] std::vector<std::string> engines(const Key& key) const;
  [[nodiscard]] std::optional<Spread> spread(const Key& key, const std::string& engine,
                                             Metric metric = &Result::ops_per_s) const;
  /// Metric of (key_a, engine_a) over that of (key_b, engine_b), by rounds both have.
  [[nodiscard]] std::optional<Spread> ratio(const Key& key_a, const std::string& engine_a,
                                            const Key& key_b, const std::string& engine_b,
                                            Metric metric = &Result::ops_per_s) const;
  /// The fastest engine that does all of the work by itself and keeps the same promise, ours apart.
  [[nodiscard]] std::optional<std::string> best_peer(const Key& key) const;
  /// The fastest whose concurrent callers the harness helps, where there are several callers.
  [[nodiscard]] std::optional<std::string> best_helped(const Key& key) const;
  /// `ours`, `peer`, `helped`, `floor` or `unsafe`.
  [[nodiscard]] std::string kind(const std::string& engine) const;
  /// A value of `extra`, its median over rounds.
  [[nodiscard]] std::optional<double> extra(const Key& key, const std::string& engine,
                                            const std::string& name) const;

 private:
  using Rounds = std::map<unsigned, const Result*>;
  [[nodiscard]] const Rounds* rounds(const Key& key, const std::string& engine) const;

  const ResultFile& all_;
  std::map<Key, std::map<std::string, Rounds>> cells_;
};

/// Three significant digits with a thousands unit: 1.23 M, 45.6 k, 789.
[[nodiscard]] std::string short_number(double value);
/// Microseconds as ns, us or ms.
[[nodiscard]] std::string short_time(double us);

}  // namespace bench
