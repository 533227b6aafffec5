// SPDX-License-Identifier: Apache-2.0
//
// Stores of every released format (format-*/, made by ./make), opened by today's library: what is
// in them is told in lines and compared with lines that were written by hand. `closed` was closed
// in an orderly way; `killed` published the same and has a tail in the journal beyond it.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/lists.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost {
namespace {

namespace fs = std::filesystem;
using test::id;
using test::ok;

const Uuid kOther = id(1, 0xaa);
constexpr std::uint64_t kRunsEnd = 200;  ///< No run of these stores has a larger number.

using Lines = std::vector<std::string>;

// --- what is in a store, in lines ----------------------------------------------------------------

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string number_of(const Uuid& run_id) {
  for (std::uint64_t number = 0; number < kRunsEnd; ++number) {
    if (run_id == id(number)) return std::to_string(number);
  }
  return run_id == Uuid{} ? "null" : in_quotes(to_string(run_id));
}

/// A long text of one character becomes that character and how often it is there.
std::string shortened(std::string text) {
  constexpr std::size_t kLong = 100;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t end = std::min(text.find_first_not_of(text[at], at), text.size());
    if (end - at >= kLong) text.replace(at + 1, end - at - 1, "*" + std::to_string(end - at));
  }
  return text;
}

std::string line_of(const Run& run) {
  const std::string started =
      run.started_at ? in_quotes(to_string(*run.started_at).value()) : std::string("null");
  return "{\"run\":" + shortened(to_json(run).value()) +
         ",\"organizationId\":" + in_quotes(to_string(run.organization_id)) +
         ",\"startedAt\":" + started + ",\"owner\":" + in_quotes(run.owner) +
         ",\"fencingToken\":" + std::to_string(run.fencing_token) +
         ",\"sequence\":" + std::to_string(run.sequence) + "}";
}

void tell_runs(const Tracker& tracker, Lines& lines) {
  for (std::uint64_t number = 0; number < kRunsEnd; ++number) {
    for (const Uuid& organization : {Uuid{}, kOther}) {
      const auto run = tracker.get(id(number), {.organization_id = organization}).value();
      if (run) lines.push_back(line_of(*run));
    }
  }
}

std::string numbers_of(const std::vector<Run>& runs) {
  std::string numbers;
  for (const Run& run : runs) numbers += (numbers.empty() ? "" : ",") + number_of(run.run_id);
  return "[" + numbers + "]";
}

void tell_lists(const Tracker& tracker, Lines& lines) {
  const auto tell = [&](const std::string& name, const ListOptions& options) {
    lines.push_back("{\"list\":" + in_quotes(name) +
                    ",\"runs\":" + numbers_of(test::walk(tracker, options)) + "}");
  };
  tell("all", {.limit = 4});
  for (const std::uint64_t journey : {1u, 2u}) {
    tell("journey " + std::to_string(journey),
         {.filter = {.journey_id = id(journey, 1)}, .limit = 3});
  }
  for (const std::uint64_t profile : {1u, 2u, 3u, 4u}) {
    tell("profile " + std::to_string(profile) + ", oldest first",
         {.filter = {.profile_id = id(profile, 2)}, .order = Order::oldest_first, .limit = 7});
  }
  for (const RunStatus status : test::kStatuses) {
    tell(std::string(to_string(status)), {.filter = {.statuses = status}});
  }
  tell("the other organization's", {.filter = {.organization_id = kOther}});
}

void tell_counts(const Tracker& tracker, Lines& lines) {
  const auto tell = [&](const std::string& name, const CountOptions& options) {
    const Counts counts = tracker.counts(options).value();
    std::string line = "{\"counts\":" + in_quotes(name);
    for (const RunStatus status : test::kStatuses) {
      line += "," + in_quotes(to_string(status)) + ":" + std::to_string(counts.of(status));
    }
    lines.push_back(line + "}");
  };
  tell("everybody", {});
  tell("organization nil", {.organization_id = Uuid{}});
  tell("the other organization", {.organization_id = kOther});
  tell("journey 1", {.journey_id = id(1, 1)});
  tell("journey 2", {.journey_id = id(2, 1)});
}

void tell_changes(const Tracker& tracker, Lines& lines) {
  for (std::uint64_t after = 0;;) {
    const ChangesPage page = tracker.changes({.after = after, .limit = 9}).value();
    for (const Change& change : page.changes) {
      lines.push_back("{\"change\":" + std::to_string(change.sequence) +
                      ",\"kind\":" + in_quotes(to_string(change.kind)) +
                      ",\"run\":" + number_of(change.run.run_id) + "}");
    }
    if (page.changes.empty()) return;
    after = page.next;
  }
}

/// What only a writer can tell. Another request under a key names the run that has it.
void tell_the_writers(Tracker& tracker, Lines& lines) {
  std::vector<Run> orphans = tracker.orphans().value().runs;
  std::sort(orphans.begin(), orphans.end(),
            [](const Run& a, const Run& b) { return a.run_id < b.run_id; });
  lines.push_back("{\"orphans\":" + numbers_of(orphans) + "}");
  std::uint64_t fresh = 9'000;
  for (const char* key : {"order-1", "order-4", "order-13"}) {
    for (const Uuid& organization : {Uuid{}, kOther}) {
      const CreateCommand another{.journey_id = id(9, 9),
                                  .profile_id = id(9, 9),
                                  .run_id = id(++fresh),
                                  .organization_id = organization,
                                  .idempotency_key = key};
      const Outcome told = tracker.create(another).value();
      if (told.kind == OutcomeKind::created) continue;
      CHECK(told.kind == OutcomeKind::conflict);
      lines.push_back("{\"key\":" + in_quotes(key) +
                      ",\"organization\":" + in_quotes(organization == kOther ? "other" : "nil") +
                      ",\"run\":" + number_of(told.run.run_id) + "}");
    }
  }
}

Lines told_of(const Tracker& tracker) {
  Lines lines;
  tell_runs(tracker, lines);
  tell_lists(tracker, lines);
  tell_counts(tracker, lines);
  tell_changes(tracker, lines);
  return lines;
}

bool is_the_writers(const std::string& line) {
  return line.rfind("{\"key\"", 0) == 0 || line.rfind("{\"orphans\"", 0) == 0;
}

void compare(const Lines& told, const Lines& expected) {
  for (std::size_t i = 0; i < std::max(told.size(), expected.size()); ++i) {
    CAPTURE(i + 1);
    REQUIRE((i < told.size() ? told[i] : "nothing") ==
            (i < expected.size() ? expected[i] : "nothing"));
  }
}

// --- the stores ----------------------------------------------------------------------------------

struct OldStore {
  fs::path format;  ///< format-N
  std::string end;  ///< closed or killed

  [[nodiscard]] Lines expected(bool whole) const {
    std::ifstream file(format / (whole ? "whole.jsonl" : "published.jsonl"));
    Lines lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    REQUIRE_FALSE(lines.empty());
    return lines;
  }

  /// Effects that only its journal holds.
  [[nodiscard]] std::uint64_t journaled() const { return end == "killed" ? 45 : 0; }

  [[nodiscard]] std::string unpack(const test::TempDirectory& folder) const {
    test::ChildProcess tar({"tar", "--extract", "--gzip", "--no-same-owner", "--file",
                            (format / (end + ".tar.gz")).string(), "--directory",
                            folder.path().string()});
    REQUIRE(tar.wait() == 0);
    return folder / "store";
  }
};

std::vector<OldStore> old_stores() {
  std::vector<OldStore> stores;
  for (const auto& entry : fs::directory_iterator(MILEPOST_OLD_STORES)) {
    if (entry.path().filename().string().rfind("format-", 0) != 0) continue;
    for (const char* end : {"closed", "killed"}) stores.push_back({entry.path(), end});
  }
  REQUIRE(stores.size() >= 2);
  return stores;
}

/// Of the newest format that is kept.
OldStore newest(const char* end) {
  const auto number = [](const OldStore& store) {
    return std::stoi(store.format.filename().string().substr(std::string("format-").size()));
  };
  const std::vector<OldStore> all = old_stores();
  const auto last =
      std::max_element(all.begin(), all.end(),
                       [&](const OldStore& a, const OldStore& b) { return number(a) < number(b); });
  return {last->format, end};
}

void check_verified(const std::string& directory, std::uint64_t journaled) {
  const auto report = verify_directory(directory);
  REQUIRE(ok(report));
  for (const Finding& finding : report->findings) UNSCOPED_INFO(finding.kind << finding.text);
  CHECK(report->sound());
  CHECK(report->journaled == journaled);
}

/// A reader sees what was published, and changes nothing.
void read_only(const OldStore& store, const std::string& directory) {
  Tracker tracker = Tracker::open({.directory = directory, .read_only = true}).value();
  Lines expected = store.expected(false);
  std::erase_if(expected, is_the_writers);
  compare(told_of(tracker), expected);
  CHECK(tracker.unpublished().value() == store.journaled());
}

/// A writer sees everything, and goes on from there.
void writing(const OldStore& store, const std::string& directory) {
  const Lines expected = store.expected(store.end == "killed");
  Tracker tracker = Tracker::open({.directory = directory}).value();
  Lines told = told_of(tracker);
  const std::uint64_t last = tracker.stats().value().sequence;
  CHECK(last == 26 + store.journaled());
  tell_the_writers(tracker, told);
  compare(told, expected);
  const Outcome made = tracker.create(test::request(id(9'500))).value();
  CHECK(made.kind == OutcomeKind::created);
  CHECK(made.run.sequence > last);
  CHECK(tracker.adopt(id(10), {.owner = "today"}).value().applied());
  CHECK(tracker.complete(id(10), {.fencing_token = 2}).value().applied());
  const auto report = tracker.verify();
  REQUIRE(ok(report));
  CHECK(report->sound());
  REQUIRE(ok(tracker.close()));
}

TEST_CASE("stores of every released format are read and written as they were left", "[old]") {
  for (const OldStore& store : old_stores()) {
    INFO(store.format.filename() << ", " << store.end);
    const test::TempDirectory folder;
    const std::string directory = store.unpack(folder);
    check_verified(directory, store.journaled());
    read_only(store, directory);
    check_verified(directory, store.journaled());
    writing(store, directory);
    check_verified(directory, 0);
    Tracker again = Tracker::open({.directory = directory}).value();
    CHECK(again.get(id(10)).value()->status == RunStatus::completed);
  }
}

TEST_CASE("the store that would be kept of today's format is the one that is", "[old]") {
  for (const char* end : {"closed", "killed"}) {
    const test::TempDirectory folder;
    const std::string directory = folder / "store";
    test::ChildProcess maker({MILEPOST_MAKE_OLD_STORE, directory, end});
    const bool killed = std::string(end) == "killed";
    CHECK(maker.wait() == (killed ? -9 : 0));
    const OldStore store = newest(end);
    read_only(store, directory);
    writing(store, directory);
  }
}

}  // namespace
}  // namespace milepost
