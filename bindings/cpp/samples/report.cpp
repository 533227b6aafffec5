// SPDX-License-Identifier: Apache-2.0
//
// Tables of plain text: no control characters, so they can go to a file or a pipe.
#include "report.hpp"

#include <array>
#include <cstdio>

#include "text.hpp"

namespace sample {
namespace {

using milepost::Counts;
using milepost::RunStatus;

constexpr std::array kAll = {RunStatus::queued, RunStatus::running, RunStatus::completed,
                             RunStatus::failed, RunStatus::exited};

std::string name_of(RunStatus status) { return std::string(milepost::to_string(status)); }

void print_rate(const char* what, std::uint64_t number, std::chrono::nanoseconds elapsed,
                const std::string& how) {
  std::printf("%-8s %12s %12s %14s   %s\n", what, with_separators(number).c_str(),
              seconds_text(elapsed).c_str(), rate_text(number, elapsed).c_str(), how.c_str());
}

}  // namespace

milepost::Result<std::string> example_of(const milepost::Tracker& tracker,
                                         const std::vector<milepost::Uuid>& organizations,
                                         RunStatus status) {
  for (const milepost::Uuid& organization : organizations) {
    const auto page = tracker.list_json(
        {.filter = {.organization_id = organization, .statuses = status}, .limit = 1});
    if (!page) return page.error();
    if (page->count == 1) return page->json.substr(1, page->json.size() - 2);  // Without [ and ].
  }
  return std::string();
}

Counts expected_counts(const Counts& before, const CreateTally& created,
                       const ExecuteTally& executed) {
  return {.queued = before.queued + created.created - executed.started,
          .running = before.running + executed.started - executed.finished(),
          .completed = before.completed + executed.completed,
          .failed = before.failed + executed.failed,
          .exited = before.exited + executed.exited};
}

void print_counts(const Counts& counts, const Counts& expected) {
  std::printf("\nstatus             runs     share\n---------  ------------  --------\n");
  for (const RunStatus status : kAll) {
    const double share = counts.total() == 0 ? 0.0
                                             : 100.0 * static_cast<double>(counts.of(status)) /
                                                   static_cast<double>(counts.total());
    std::printf("%-9s  %12s  %7.2f%%\n", name_of(status).c_str(),
                with_separators(counts.of(status)).c_str(), share);
  }
  std::printf("total      %12s\n", with_separators(counts.total()).c_str());
  if (counts == expected) {
    std::printf("The store holds exactly what it acknowledged.\n");
  } else {
    std::printf("The store does NOT hold what it acknowledged. Keep it; report it.\n");
  }
}

void print_rates(const Options& options, const CreateTally& created, const ExecuteTally& executed,
                 std::uint64_t repeats) {
  const std::string durability = options.relaxed ? "relaxed" : "durable";
  std::printf("\n               number         time           rate\n");
  print_rate("creates", created.created, created.elapsed,
             durability + ", batches of " + with_separators(options.batch));
  print_rate("steps", executed.steps(), executed.elapsed,
             durability + ", " + counted(options.workers, "worker"));
  if (created.there_before > 0) {
    std::printf("%s had their run before; nothing was made twice.\n",
                counted(created.there_before, "trigger").c_str());
  }
  if (created.skipped > 0) {
    std::printf("%s skipped; each was reported with its number.\n",
                counted(created.skipped, "malformed line").c_str());
  }
  if (created.refused > 0) {
    std::printf("%s refused; each was reported with its number.\n",
                counted(created.refused, "trigger").c_str());
  }
  if (repeats > 0) {
    std::printf("%s delivered twice; the store refused the later of the two %s times.\n",
                counted(repeats, "run").c_str(), with_separators(executed.refused).c_str());
  }
}

milepost::Result<void> print_examples(const milepost::Tracker& tracker,
                                      const std::vector<milepost::Uuid>& organizations,
                                      const std::string& queued_json,
                                      const std::string& running_json) {
  std::printf("\nOne run of each status, as the public response shows it:\n");
  for (const RunStatus status : kAll) {
    auto json = example_of(tracker, organizations, status);
    if (!json) return json.error();
    if (json->empty() && status == RunStatus::queued) *json = queued_json;
    if (json->empty() && status == RunStatus::running) *json = running_json;
    std::printf("  %-9s  %s\n", name_of(status).c_str(),
                json->empty() ? "(there was none)" : json->c_str());
  }
  return {};
}

}  // namespace sample
