// SPDX-License-Identifier: Apache-2.0
//
// Sums, as text.
#include "counters.hpp"

#include <string_view>

namespace milepost::http {
namespace {

void head(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
  text.append("# HELP milepost_http_").append(name).append(" ").append(help).append("\n");
  text.append("# TYPE milepost_http_").append(name).append(" ").append(type).append("\n");
}

void one(std::string& text, std::string_view name, std::string_view type, std::string_view help,
         std::uint64_t number) {
  head(text, name, type, help);
  text.append("milepost_http_").append(name).append(" ").append(std::to_string(number)) += '\n';
}

}  // namespace

std::string to_prometheus(const Counters& counters) {
  std::string text;
  head(text, "responses_total", "counter", "Responses by status.");
  for (std::size_t place = 0; place + 1 < kStatuses.size(); ++place) {
    std::uint64_t sum = 0;
    for (const auto& thread : counters.threads) {
      sum += thread->answers[place].load(std::memory_order_relaxed);
    }
    text.append("milepost_http_responses_total{status=\"").append(std::to_string(kStatuses[place]));
    text.append("\"} ").append(std::to_string(sum)) += '\n';
  }
  std::uint64_t bytes = 0;
  for (const auto& thread : counters.threads)
    bytes += thread->bytes.load(std::memory_order_relaxed);
  one(text, "response_bytes_total", "counter", "Bytes of all responses.", bytes);
  one(text, "connections", "gauge", "Connections open.", counters.connections.load());
  one(text, "connections_total", "counter", "Connections accepted.", counters.accepted.load());
  one(text, "connections_refused_total", "counter", "Connections turned away at a cap.",
      counters.turned_away.load());
  one(text, "waiting", "gauge", "Requests that wait for a run to end.", counters.waiting.load());
  return text;
}

}  // namespace milepost::http
