// SPDX-License-Identifier: Apache-2.0
//
// Tables of plain text: no control characters, so they can go to a file or a pipe.
#include "report.hpp"

#include <cstdio>
#include <unordered_map>

#include "text.hpp"

namespace sample {
namespace {

using milepost::RunStatus;

constexpr std::array<RunStatus, kStatuses> kAll = {RunStatus::queued, RunStatus::running,
                                                   RunStatus::completed, RunStatus::failed,
                                                   RunStatus::exited};

std::string name_of(RunStatus status) { return std::string(milepost::to_string(status)); }

void print_rate(const char* what, std::uint64_t number, std::chrono::nanoseconds elapsed,
                const std::string& how) {
  std::printf("%-8s %12s %12s %14s   %s\n", what, with_separators(number).c_str(),
              seconds_text(elapsed).c_str(), rate_text(number, elapsed).c_str(), how.c_str());
}

}  // namespace

milepost::Result<Standing> read_standing(const milepost::Tracker& tracker, const RunList& list,
                                         const std::vector<milepost::Run>& runs,
                                         const std::vector<RunStatus>& acknowledged_status) {
  std::unordered_map<milepost::Uuid, RunStatus, boost::hash<milepost::Uuid>> acknowledged;
  for (std::size_t i = 0; i < acknowledged_status.size(); ++i) {
    acknowledged.emplace(runs[i].run_id, acknowledged_status[i]);
  }
  Standing standing;
  std::array<milepost::Run, kStatuses> examples;
  auto read = for_each_run(tracker, list, [&](const milepost::Run& run) {
    const auto status = static_cast<std::size_t>(run.status);
    if (standing.runs.at(status)++ == 0) examples.at(status) = run;
    ++standing.total;
    const auto found = acknowledged.find(run.run_id);
    if (found == acknowledged.end()) return;
    if (found->second != run.status) ++standing.not_as_acknowledged;
    acknowledged.erase(found);
  });
  if (!read) return read.error();
  standing.not_as_acknowledged += acknowledged.size();  // Acknowledged, and not there.
  for (std::size_t i = 0; i < kStatuses; ++i) {
    if (standing.runs.at(i) == 0) continue;
    auto json =
        tracker.get_json(examples.at(i).run_id,
                         milepost::GetOptions{.organization_id = examples.at(i).organization_id});
    if (!json) return json.error();
    standing.json.at(i) = std::move(*json);
  }
  return standing;
}

void print_counts(const Standing& standing) {
  std::printf("\nstatus             runs     share\n---------  ------------  --------\n");
  for (const RunStatus status : kAll) {
    const double share = standing.total == 0 ? 0.0
                                             : 100.0 * static_cast<double>(standing.of(status)) /
                                                   static_cast<double>(standing.total);
    std::printf("%-9s  %12s  %7.2f%%\n", name_of(status).c_str(),
                with_separators(standing.of(status)).c_str(), share);
  }
  std::printf("total      %12s\n", with_separators(standing.total).c_str());
  if (standing.not_as_acknowledged == 0) {
    std::printf("Read back with get_many: every run is as it was acknowledged.\n");
  } else {
    std::printf("Read back with get_many: %s NOT as acknowledged. Keep the store; report it.\n",
                counted(standing.not_as_acknowledged, "run").c_str());
  }
}

void print_rates(const Options& options, const CreateTally& created, const ExecuteTally& executed) {
  const std::string durability = options.relaxed ? "relaxed" : "durable";
  std::printf("\n               number         time           rate\n");
  print_rate("creates", created.created, created.elapsed,
             durability + ", batches of " + with_separators(options.batch));
  print_rate("steps", executed.steps, executed.elapsed,
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
  if (executed.repeats > 0) {
    std::printf("%s delivered twice; the store refused the later of the two %s times.\n",
                counted(executed.repeats, "run").c_str(),
                with_separators(executed.refused).c_str());
  }
}

void print_examples(const Standing& standing, const ExecuteTally& executed) {
  std::printf("\nOne run of each status, as the public response shows it:\n");
  for (const RunStatus status : kAll) {
    const std::string* json = &standing.json.at(static_cast<std::size_t>(status));
    if (json->empty() && status == RunStatus::queued) json = &executed.queued_json;
    if (json->empty() && status == RunStatus::running) json = &executed.running_json;
    if (json->empty()) {
      std::printf("  %-9s  (there was none)\n", name_of(status).c_str());
    } else {
      std::printf("  %-9s  %s\n", name_of(status).c_str(), json->c_str());
    }
  }
}

}  // namespace sample
