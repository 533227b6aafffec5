// SPDX-License-Identifier: Apache-2.0
//
// What the server counts, a set a thread, added up when somebody asks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "problem.hpp"

namespace milepost::http {

/// Of one thread. Written by it alone, read by all.
struct alignas(64) ThreadCounters {
  std::array<std::atomic<std::uint64_t>, kStatuses.size()> answers{};
  std::atomic<std::uint64_t> bytes{0};
};

inline void add(std::atomic<std::uint64_t>& counter, std::uint64_t number) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + number, std::memory_order_relaxed);
}

/// Of the whole server.
struct Counters {
  explicit Counters(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) threads.push_back(std::make_unique<ThreadCounters>());
  }

  std::vector<std::unique_ptr<ThreadCounters>> threads;
  std::atomic<std::uint64_t> connections{0};  ///< Open.
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> turned_away{0};  ///< Over a cap.
  std::atomic<std::uint64_t> waiting{0};      ///< Requests that wait for a run to end.
};

/// As a page for Prometheus.
[[nodiscard]] std::string to_prometheus(const Counters& counters);

}  // namespace milepost::http
