// SPDX-License-Identifier: Apache-2.0
//
// The engine in a process of its own, for stores that were damaged. `store_probe SOUND SCRATCH`
// learns from a copy of the sound store what ever was true of each run, then obeys lines:
//
//   verify DIR          "sound", "found KIND COUNT" or "error CODE"
//   whole ro|rw DIR     opens it and compares everything: "whole", or "earlier" if it is whole but
//                       of a moment before the one it should be of, "refused CODE", "wrong ..."
//   careful ro|rw DIR   opens what verify refuses and reads on past errors: what it yields must
//                       have been so once. "fine RUNS STALE ERRORS" or "wrong ..."
//
// An alarm ends it when an answer takes long.
#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "support/runs.hpp"

#include "milepost/milepost.hpp"

namespace milepost::verify::test {
namespace {

namespace fs = std::filesystem;
using Moment = std::map<Uuid, Run>;

constexpr unsigned kSecondsMax = 60;
constexpr std::size_t kPagesMax = 5'000;

/// Something that is not as it should be; ends the reading.
struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void expect(bool holds, const std::string& what) {
  if (!holds) throw Wrong(what);
}

OpenOptions options_for(const std::string& directory, bool read_only) {
  OpenOptions options{.directory = directory};
  // A store whose damage keeps effects from being applied answers `busy` at the deadline.
  options.wait_max = std::chrono::seconds(5);
  options.read_only = read_only;
  options.map_size_start = kMapSizeMin;
  options.journal_segment_bytes = kJournalSegmentBytesMin;
  options.journal_bytes_max = 16 * kJournalSegmentBytesMin;
  options.publish_interval = std::chrono::hours(1);
  return options;
}

/// What ever was true: the feed of the sound store, which keeps everything.
struct History {
  std::vector<Change> changes;
  std::map<Uuid, std::vector<Run>> versions;
  std::set<Uuid> organizations;
  std::uint64_t published = 0;

  [[nodiscard]] Moment at(std::uint64_t sequence) const {
    Moment moment;
    for (std::uint64_t i = 0; i < sequence; ++i) {
      const Change& change = changes[i];
      if (change.kind == ChangeKind::purged) {
        moment.erase(change.run.run_id);
      } else {
        moment[change.run.run_id] = change.run;
      }
    }
    return moment;
  }
  [[nodiscard]] bool was_once(const Run& run) const {
    const auto known = versions.find(run.run_id);
    return known != versions.end() &&
           std::find(known->second.begin(), known->second.end(), run) != known->second.end();
  }
};

History learn(const std::string& sound, const std::string& scratch) {
  History history;
  fs::remove_all(scratch);
  fs::copy(sound, scratch, fs::copy_options::recursive);
  {
    const Tracker reader = Tracker::open(options_for(scratch, true)).value();
    history.published = reader.snapshot().value().sequence();
  }
  const Tracker tracker = Tracker::open(options_for(scratch, false)).value();
  history.changes = tracker.changes({.limit = kChangesLimitMax}).value().changes;
  for (const Change& change : history.changes) {
    if (change.kind == ChangeKind::purged) continue;
    history.versions[change.run.run_id].push_back(change.run);
    history.organizations.insert(change.run.organization_id);
  }
  return history;
}

// --- everything, compared ------------------------------------------------------------------------

/// The lists that are asked for: an organization's by everything there is an index for.
std::vector<ListOptions> questions(const History& history) {
  std::vector<ListOptions> all;
  for (const Uuid& organization : history.organizations) {
    for (const Order order : {Order::newest_first, Order::oldest_first}) {
      const auto ask = [&](RunFilter filter) {
        filter.organization_id = organization;
        all.push_back({.filter = filter, .order = order, .limit = 50});
      };
      ask({});
      ask({.journey_id = milepost::test::id(1, 1)});
      ask({.profile_id = milepost::test::id(2, 2)});
      ask({.statuses = {RunStatus::queued, RunStatus::failed}});
    }
  }
  return all;
}

bool fits(const RunFilter& filter, const Run& run) {
  return run.organization_id == filter.organization_id &&
         (!filter.journey_id || *filter.journey_id == run.journey_id) &&
         (!filter.profile_id || *filter.profile_id == run.profile_id) &&
         filter.statuses.contains(run.status);
}

std::vector<Run> expected_list(const Moment& moment, const ListOptions& question) {
  std::vector<Run> runs;
  for (const auto& [run_id, run] : moment) {
    if (fits(question.filter, run)) runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end(), [&](const Run& a, const Run& b) {
    const bool less = std::pair(a.triggered_at, a.run_id) < std::pair(b.triggered_at, b.run_id);
    return question.order == Order::oldest_first ? less : !less && a.run_id != b.run_id;
  });
  return runs;
}

/// All pages of a list, as far as they go without an error.
std::vector<Run> walk(const Tracker& tracker, ListOptions question, std::size_t& errors) {
  std::vector<Run> runs;
  std::string cursor;
  for (std::size_t pages = 0;; ++pages) {
    expect(pages < kPagesMax, "a list that does not end");
    question.cursor = cursor;
    const auto page = tracker.list(question);
    if (!page) {
      ++errors;
      return runs;
    }
    runs.insert(runs.end(), page->runs.begin(), page->runs.end());
    cursor = page->next;
    if (cursor.empty()) return runs;
  }
}

Counts recount(const Moment& moment, const std::optional<Uuid>& organization) {
  std::array<std::uint64_t, 5> counts{};
  for (const auto& [run_id, run] : moment) {
    if (organization && run.organization_id != *organization) continue;
    ++counts[static_cast<std::size_t>(run.status)];
  }
  return {counts[0], counts[1], counts[2], counts[3], counts[4]};
}

void compare_runs(const Tracker& tracker, const History& history, const Moment& moment) {
  for (const auto& [run_id, versions] : history.versions) {
    const GetOptions of{.organization_id = versions.front().organization_id};
    const auto run = tracker.get(run_id, of).value();
    const auto should = moment.find(run_id);
    expect(run.has_value() == (should != moment.end()), "a run is missing or too many");
    if (!run) continue;
    expect(*run == should->second, "get differs");
    expect(tracker.get_json(run_id, of).value() == to_json(*run).value(), "get_json differs");
  }
}

void compare_everything(const Tracker& tracker, const History& history, std::uint64_t sequence) {
  const Moment moment = history.at(sequence);
  compare_runs(tracker, history, moment);
  std::size_t errors = 0;
  for (const ListOptions& question : questions(history)) {
    expect(walk(tracker, question, errors) == expected_list(moment, question), "a list differs");
  }
  expect(errors == 0, "a list fails");
  expect(tracker.counts().value() == recount(moment, {}), "the counts differ");
  for (const Uuid& organization : history.organizations) {
    expect(
        tracker.counts({.organization_id = organization}).value() == recount(moment, organization),
        "an organization's counts differ");
  }
  const auto changes = tracker.changes({.limit = kChangesLimitMax}).value().changes;
  expect(changes.size() == sequence, "the feed has another length");
  expect(std::equal(changes.begin(), changes.end(), history.changes.begin()), "the feed differs");
}

std::string whole(const History& history, bool read_only, const std::string& directory) {
  auto opened = Tracker::open(options_for(directory, read_only));
  if (!opened) return "refused " + std::string(to_string(opened.error().code));
  Tracker tracker = std::move(*opened);
  const std::uint64_t sequence = tracker.snapshot().value().sequence();
  const std::uint64_t should = read_only ? history.published : history.changes.size();
  expect(sequence <= should, "it is ahead of what was written");
  compare_everything(tracker, history, sequence);
  if (!read_only) {
    expect(sequence == should, "effects are lost");
    CreateCommand create{.journey_id = milepost::test::id(1, 1),
                         .profile_id = milepost::test::id(2, 2)};
    expect(tracker.create(create).value().applied(), "it takes no write");
    expect(tracker.verify().value().sound(), "it is not sound after a write");
    tracker.close().value();
  }
  return sequence == should ? "whole" : "earlier";
}

// --- as much as can be read ----------------------------------------------------------------------

class Careful {
 public:
  Careful(const History& history, Tracker& tracker) : history_(history), tracker_(tracker) {}

  std::string read() {
    const auto snapshot = tracker_.snapshot();
    if (!snapshot) return "refused " + std::string(to_string(snapshot.error().code));
    const auto sequence = std::min<std::uint64_t>(snapshot->sequence(), history_.changes.size());
    moment_ = history_.at(sequence);
    read_runs();
    for (const ListOptions& question : questions(history_)) {
      for (const Run& run : walk(tracker_, question, errors_)) judge(run);
    }
    for (const Uuid& organization : history_.organizations) {
      if (!tracker_.counts({.organization_id = organization})) ++errors_;
    }
    read_changes();
    if (!tracker_.orphans()) ++errors_;
    if (!tracker_.verify({.level = VerifyLevel::records})) ++errors_;
    return "fine " + std::to_string(runs_) + " " + std::to_string(stale_) + " " +
           std::to_string(errors_);
  }

  /// Answers and errors alike are right, as long as they come.
  void write() {
    for (const auto& [run_id, versions] : history_.versions) {
      const FinishOptions of{.organization_id = versions.front().organization_id};
      if (!tracker_.exit(run_id, of)) ++errors_;
    }
    (void)tracker_.create({.journey_id = milepost::test::id(1, 1)});
    (void)tracker_.purge({.completed_before = milepost::test::at("9999-01-01T00:00:00Z")});
    (void)tracker_.flush({std::chrono::steady_clock::now() + std::chrono::milliseconds(200)});
  }

 private:
  void judge(const Run& run) {
    ++runs_;
    expect(history_.was_once(run), "a run that never was so: " + to_string(run.run_id));
    const auto now = moment_.find(run.run_id);
    if (now == moment_.end() || now->second != run) ++stale_;
  }

  void read_runs() {
    for (const auto& [run_id, versions] : history_.versions) {
      const GetOptions of{.organization_id = versions.front().organization_id};
      const auto run = tracker_.get(run_id, of);
      if (!run) {
        ++errors_;
      } else if (*run) {
        expect((*run)->run_id == run_id, "another run than the one asked for");
        judge(**run);
        const auto json = tracker_.get_json(run_id, of);
        expect(json && *json == to_json(**run).value(), "get_json differs from get");
      }
    }
  }

  void read_changes() {
    for (std::uint64_t after = 0;;) {
      const auto page = tracker_.changes({.after = after, .limit = 100});
      if (!page) {
        ++errors_;
        return;
      }
      for (const Change& change : page->changes) {
        expect(change.sequence == ++after, "a gap in the feed");
        if (change.sequence > history_.changes.size()) return;  // Written by this process.
        expect(change == history_.changes[change.sequence - 1], "a change that never was");
      }
      if (page->changes.empty()) return;
    }
  }

  const History& history_;
  Tracker& tracker_;
  Moment moment_;
  std::size_t runs_ = 0;
  std::size_t stale_ = 0;
  std::size_t errors_ = 0;
};

std::string careful(const History& history, bool read_only, const std::string& directory) {
  auto opened = Tracker::open(options_for(directory, read_only));
  if (!opened) return "refused " + std::string(to_string(opened.error().code));
  Tracker tracker = std::move(*opened);
  Careful reader(history, tracker);
  const std::string answer = reader.read();
  if (!read_only) reader.write();
  return answer;
}

std::string verify(const std::string& directory) {
  const auto report = verify_directory(directory);
  if (!report) return "error " + std::string(to_string(report.error().code));
  if (report->sound()) return "sound";
  expect(!report->findings.empty(), "neither sound nor a finding");
  return "found " + report->findings.front().kind + " " + std::to_string(report->findings_count);
}

std::string obey(const History& history, std::istringstream line) {
  std::string verb;
  std::string mode;
  std::string directory;
  line >> verb;
  if (verb != "verify") line >> mode;
  line >> directory;
  try {
    if (verb == "verify") return verify(directory);
    if (verb == "whole") return whole(history, mode == "ro", directory);
    if (verb == "careful") return careful(history, mode == "ro", directory);
    return "wrong command";
  } catch (const std::exception& error) {
    return std::string("wrong ") + error.what();
  }
}

}  // namespace
}  // namespace milepost::verify::test

int main(int count, char** arguments) {
  using namespace milepost::verify::test;
  if (count != 3) return 2;
  const History history = learn(arguments[1], arguments[2]);
  for (std::string line; std::getline(std::cin, line);) {
    ::alarm(kSecondsMax);
    std::cout << obey(history, std::istringstream(line)) << std::endl;
    ::alarm(0);
  }
  return 0;
}
