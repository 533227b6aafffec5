// SPDX-License-Identifier: Apache-2.0
//
// Medians and ratios over rounds, and numbers for people.
#include "bench/summary.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench/engine.hpp"

namespace bench {
namespace {

std::string significant(double value, const char* unit) {
  const int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f%s", digits, value, unit);
  return text;
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  if (values.empty()) fail("no values to take a median of");
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {median, values.front(), values.back()};
}

Summary::Summary(const ResultFile& all) : all_(all) {
  for (const Result& r : all.results) {
    if (!r.error.empty()) continue;
    cells_[{r.workload, r.durability, r.threads, r.runs}][r.engine][r.round] = &r;
  }
}

bool Summary::claims_ratios() const {
  const auto compares = [](const Setup& s) { return s.mode != "quick" && s.mode != "smoke"; };
  return compares(all_.setup) && std::all_of(all_.more.begin(), all_.more.end(), compares);
}

std::vector<Key> Summary::keys(const std::string& workload) const {
  std::vector<Key> found;
  for (const auto& [key, engines] : cells_) {
    if (workload.empty() || key.workload == workload) found.push_back(key);
  }
  return found;
}

std::vector<std::string> Summary::engines(const Key& key) const {
  std::vector<std::pair<double, std::string>> ranked;
  const auto cell = cells_.find(key);
  if (cell == cells_.end()) return {};
  for (const auto& [engine, rounds] : cell->second) {
    ranked.emplace_back(-spread(key, engine)->median, engine);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> names;
  names.reserve(ranked.size());
  for (auto& [value, name] : ranked) names.push_back(std::move(name));
  return names;
}

const Summary::Rounds* Summary::rounds(const Key& key, const std::string& engine) const {
  const auto cell = cells_.find(key);
  if (cell == cells_.end()) return nullptr;
  const auto found = cell->second.find(engine);
  return found == cell->second.end() ? nullptr : &found->second;
}

std::optional<Spread> Summary::spread(const Key& key, const std::string& engine,
                                      Metric metric) const {
  const Rounds* const found = rounds(key, engine);
  if (found == nullptr) return std::nullopt;
  std::vector<double> values;
  for (const auto& [round, result] : *found) values.push_back(result->*metric);
  return spread_of(std::move(values));
}

std::optional<Spread> Summary::ratio(const Key& key_a, const std::string& engine_a,
                                     const Key& key_b, const std::string& engine_b,
                                     Metric metric) const {
  const Rounds* const a = rounds(key_a, engine_a);
  const Rounds* const b = rounds(key_b, engine_b);
  if (a == nullptr || b == nullptr) return std::nullopt;
  std::vector<double> values;
  for (const auto& [round, result] : *a) {
    const auto other = b->find(round);
    if (other == b->end() || other->second->*metric == 0) continue;
    values.push_back(result->*metric / (other->second->*metric));
  }
  if (values.empty()) return std::nullopt;
  return spread_of(std::move(values));
}

std::string Summary::kind(const std::string& engine) const {
  for (const auto& row : all_.setup.engines) {
    if (row.size() >= 4 && row[0] == engine) return row[3];
  }
  return "peer";
}

std::optional<std::string> Summary::best_peer(const Key& key) const {
  for (const std::string& engine : engines(key)) {
    if (kind(engine) == "peer" || (kind(engine) == "helped" && key.threads == 1)) return engine;
  }
  return std::nullopt;
}

std::optional<std::string> Summary::best_helped(const Key& key) const {
  for (const std::string& engine : engines(key)) {
    if (kind(engine) == "helped" && key.threads > 1) return engine;
  }
  return std::nullopt;
}

std::optional<double> Summary::extra(const Key& key, const std::string& engine,
                                     const std::string& name) const {
  const Rounds* const found = rounds(key, engine);
  if (found == nullptr) return std::nullopt;
  std::vector<double> values;
  for (const auto& [round, result] : *found) {
    const auto value = result->extra.find(name);
    if (value != result->extra.end()) values.push_back(value->second);
  }
  if (values.empty()) return std::nullopt;
  return spread_of(std::move(values)).median;
}

std::string short_number(double value) {
  if (value >= 1e6) return significant(value / 1e6, " M");
  if (value >= 1e3) return significant(value / 1e3, " k");
  return significant(value, "");
}

std::string short_time(double us) {
  if (us >= 1e6) return significant(us / 1e6, " s");
  if (us >= 1e3) return significant(us / 1e3, " ms");
  if (us >= 1) return significant(us, " us");
  return significant(us * 1e3, " ns");
}

}  // namespace bench
