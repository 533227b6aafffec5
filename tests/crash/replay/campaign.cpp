// SPDX-License-Identifier: Apache-2.0
//
// Walks through a log and has every permitted disk state judged.
#include "replay/campaign.hpp"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace milepost::crash {
namespace {

std::vector<Cut> plan(const std::vector<LogEntry>& entries, std::uint64_t states,
                      std::mt19937_64& random) {
  std::vector<Cut> cuts;
  const auto add = [&](std::size_t position, unsigned choice) {
    cuts.push_back({position, static_cast<Choice>(choice), random()});
  };
  // Every entry of the creation of a store, which is where directories matter most, in every way.
  std::size_t creation = 0;
  while (creation < entries.size() && entries[creation].header.kind != LogKind::mark) ++creation;
  for (std::size_t i = 1; i <= creation && cuts.size() < states / 4; ++i) {
    for (unsigned choice = 0; choice < kChoiceCount; ++choice) add(i, choice);
  }
  const std::uint64_t rest = states - std::min<std::uint64_t>(states, cuts.size());
  for (std::uint64_t i = 0; i < rest; ++i) {
    const double at = (static_cast<double>(i) + static_cast<double>(random() % 1000) / 1000.0) /
                      static_cast<double>(rest);
    const auto position =
        1 + static_cast<std::size_t>(at * static_cast<double>(entries.size() - 1));
    add(position, static_cast<unsigned>(random() % kChoiceCount));
  }
  std::stable_sort(cuts.begin(), cuts.end(),
                   [](const Cut& a, const Cut& b) { return a.position < b.position; });
  return cuts;
}

void write_file(const std::string& path, const std::string& bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) throw std::runtime_error("cannot make " + path);
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t size = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (size <= 0) break;
    at += static_cast<std::size_t>(size);
  }
  ::close(fd);
  if (at != bytes.size()) throw std::runtime_error("cannot write " + path);
}

class Walk {
 public:
  Walk(const Campaign& campaign, const LogReader& log, CheckerProcess& checker,
       CampaignReport& report)
      : campaign_(campaign),
        log_(log),
        checker_(checker),
        report_(report),
        model_(campaign.ignored) {}

  void run(const std::vector<Cut>& cuts) {
    for (const Cut& cut : cuts) {
      while (at_ < std::min(cut.position, log_.entries().size())) {
        const LogEntry& entry = log_.entries()[at_++];
        model_.follow(entry);
        if (entry.header.kind == LogKind::mark && campaign_.on_mark) campaign_.on_mark(entry);
        fresh_ = true;
      }
      // With nothing pending all choices are one state.
      if (!model_.anything_pending() && !fresh_ && !campaign_.only) continue;
      fresh_ = false;
      try_cut(cut);
      if (campaign_.until && std::chrono::steady_clock::now() > *campaign_.until) return;
    }
  }

 private:
  void try_cut(const Cut& cut) {
    build_state(model_.state(cut.choice, cut.seed), campaign_.state_folder);
    if (campaign_.before_check && at_ > 0) campaign_.before_check(log_.entries()[at_ - 1]);
    const std::string wrong = checker_.check(campaign_.state_folder);
    const auto choice = static_cast<std::size_t>(cut.choice);
    ++report_.states;
    ++report_.by_choice[choice];
    if (wrong.empty()) return;
    if (report_.failed == 0) {
      report_.first_failure = wrong;
      report_.first_failed_cut = cut;
    }
    ++report_.failed;
    ++report_.failed_by_choice[choice];
    if (report_.failed > campaign_.failures_shown) return;
    std::printf("  cut after entry %zu (%s, state seed %llu): %s\n", cut.position,
                choice_name(cut.choice), static_cast<unsigned long long>(cut.seed), wrong.c_str());
    std::fflush(stdout);
  }

  const Campaign& campaign_;
  const LogReader& log_;
  CheckerProcess& checker_;
  CampaignReport& report_;
  DiskModel model_;
  std::size_t at_ = 0;
  bool fresh_ = true;
};

}  // namespace

void build_state(const DiskState& state, const std::string& folder) {
  remove_tree(folder);
  if (::mkdir(folder.c_str(), 0700) != 0) throw std::runtime_error("cannot make " + folder);
  for (const std::string& directory : state.directories) {
    ::mkdir((folder + "/" + directory).c_str(), 0700);
  }
  for (const auto& [path, bytes] : state.files) write_file(folder + "/" + path, bytes);
}

CampaignReport run_campaign(const Campaign& campaign, CheckerProcess& checker,
                            const std::function<void()>& forget_marks) {
  const LogReader log(campaign.log_path);
  if (log.entries().empty()) throw std::runtime_error("nothing was recorded");
  CampaignReport report;
  std::mt19937_64 random(campaign.seed);
  do {
    if (forget_marks) forget_marks();
    const std::vector<Cut> cuts = campaign.only ? std::vector<Cut>(campaign.repeat, *campaign.only)
                                                : plan(log.entries(), campaign.states, random);
    Walk(campaign, log, checker, report).run(cuts);
  } while (campaign.until && std::chrono::steady_clock::now() < *campaign.until);
  return report;
}

}  // namespace milepost::crash
