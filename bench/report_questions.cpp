// SPDX-License-Identifier: Apache-2.0
//
// The parts of RESULTS.md that are not about operations per second: what a question costs as the
// store grows, and how many instructions the pieces of a step and of a read have.
#include <set>
#include <sstream>

#include "bench/report_tables.hpp"

namespace bench {
namespace {

constexpr const char* kOurs = "milepost";

const std::vector<std::pair<const char*, const char*>>& questions() {
  static const std::vector<std::pair<const char*, const char*>> all{
      {"list", "page of 100, by journey and status"}, {"list_profile", "page of 100, by profile"},
      {"list_status", "page of 100, by status"},      {"counts", "counts of a journey"},
      {"counts_all", "counts of all runs"},           {"changes", "1,000 changes"}};
  return all;
}

const std::vector<std::pair<const char*, const char*>>& pieces() {
  static const std::vector<std::pair<const char*, const char*>> all{
      {"decide_create", "decide a create"},
      {"decide_start", "decide a start"},
      {"decide_complete", "decide a complete"},
      {"decide_refused", "decide a refusal"},
      {"encode", "encode a record, checksum included"},
      {"decode", "decode a record, checksum verified"},
      {"render_queued", "render the JSON of a queued run"},
      {"render_completed", "render the JSON of a completed run"},
      {"render_failed", "render the JSON of a failed run"},
      {"get_recent", "`get_json` from the recent map"},
      {"get_recent_c", "the same through the C library"},
      {"get_stored", "`get_json` from LMDB, 20,000 runs"},
      {"get_many_100", "`get_many` of 100 from LMDB"},
      {"life", "a run's whole life: three durable steps, applied to every index"},
      {"ingest_run", "one run of a batch of 1,000, applied to every index"}};
  return all;
}

// Sizes that any question was asked at, with one caller.
std::set<std::uint64_t> sizes(const Summary& s) {
  std::set<std::uint64_t> found;
  for (const auto& [workload, title] : questions()) {
    for (const Key& key : s.keys(workload)) found.insert(key.runs);
  }
  return found;
}

std::string cell(const Summary& s, const Key& key, const std::string& engine) {
  const auto p50 = s.spread(key, engine, &Result::p50_us);
  const auto p99 = s.spread(key, engine, &Result::p99_us);
  if (!p50 || !p99) return "-";
  return short_time(p50->median) + " / " + short_time(p99->median);
}

void question_rows(std::ostream& out, const Summary& s, const char* workload, const char* title,
                   const std::set<std::uint64_t>& all) {
  std::set<std::string> engines;
  for (const Key& key : s.keys(workload)) {
    for (std::string& engine : s.engines(key)) engines.insert(std::move(engine));
  }
  // Ours first, then by name.
  std::vector<std::string> order;
  if (engines.erase(kOurs) != 0) order.emplace_back(kOurs);
  order.insert(order.end(), engines.begin(), engines.end());
  for (const std::string& engine : order) {
    out << "| " << (engine == order.front() ? title : "") << " | " << marked(s, engine) << " |";
    for (const std::uint64_t runs : all) {
      out << ' ' << cell(s, {workload, "durable", 1, runs}, engine) << " |";
    }
    out << '\n';
  }
}

}  // namespace

bool is_question(const std::string& workload) {
  for (const auto& [name, title] : questions()) {
    if (workload == name) return true;
  }
  return false;
}

std::string questions_text(const Summary& summary) {
  const std::set<std::uint64_t> all = sizes(summary);
  if (all.empty()) return "Not measured in this run.\n";
  std::ostringstream out;
  out << "p50 / p99 of one answer, medians over rounds, by runs in the store.\n\n| question | "
         "engine |";
  for (const std::uint64_t runs : all) {
    out << ' ' << short_number(static_cast<double>(runs)) << " runs |";
  }
  out << "\n| --- | --- |";
  for (std::size_t i = 0; i < all.size(); ++i) out << " ---: |";
  out << '\n';
  for (const auto& [workload, title] : questions()) {
    question_rows(out, summary, workload, title, all);
  }
  return out.str();
}

std::string instructions_text(const Summary& summary) {
  const Key key{"instructions", "durable", 1, 0};
  std::ostringstream out;
  for (const auto& [piece, title] : pieces()) {
    const auto count = summary.extra(key, kOurs, piece);
    if (count) out << "| " << title << " | " << static_cast<std::uint64_t>(*count) << " |\n";
  }
  if (out.str().empty()) return "Not counted in this run.\n";
  return "| piece | instructions |\n| --- | ---: |\n" + out.str();
}

}  // namespace bench
