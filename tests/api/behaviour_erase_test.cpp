// SPDX-License-Identifier: Apache-2.0
//
// Erasing a profile, on any store: every run of it, what the feed said of it, and nothing else; and
// on the disk, down to the bytes.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

using test::at;
using test::code_of;
using test::DirectoryBed;
using test::id;
using test::MemoryBed;
using test::ok;

const Uuid kPerson = id(1, 8);

CreateCommand run_of(std::uint64_t run, const Uuid& profile, const Uuid& organization = {}) {
  CreateCommand create = test::request(id(run), organization);
  create.profile_id = profile;
  return create;
}

std::uint64_t count_kind(Tracker& tracker, ChangeKind kind) {
  const auto changes = tracker.changes({.limit = kChangesLimitMax}).value().changes;
  return static_cast<std::uint64_t>(std::count_if(
      changes.begin(), changes.end(), [&](const Change& change) { return change.kind == kind; }));
}

TEMPLATE_TEST_CASE("every run of the profile goes, finished or not, and nobody else's",
                   "[api][erase]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  for (std::uint64_t run = 1; run <= 20; ++run) {
    tracker.create(run_of(run, run % 2 == 0 ? kPerson : id(2, 8))).value().require_applied();
    if (run % 3 == 0) tracker.start(id(run)).value().require_applied();
    if (run % 5 == 0) tracker.fail(id(run), "no").value().require_applied();
  }
  tracker.create(run_of(50, kPerson, id(7, 7))).value().require_applied();
  const auto receipt = tracker.erase_profile({.profile_id = kPerson}).value();
  CHECK(receipt.runs == 10);
  CHECK(receipt.changes_blanked == 10 + 3 + 2);
  CHECK(receipt.sequence == tracker.changes().value().newest);
  for (std::uint64_t run = 1; run <= 20; ++run) {
    CHECK(tracker.get(id(run)).value().has_value() == (run % 2 != 0));
  }
  CHECK(tracker.get(id(50), {id(7, 7)}).value().has_value());
  CHECK(tracker.counts().value().total() == 11);
  CHECK(tracker.list({.filter = {.profile_id = kPerson}}).value().runs.empty());
  CHECK(count_kind(tracker, ChangeKind::blanked) == 15);
  CHECK(count_kind(tracker, ChangeKind::erased) == 10);
  CHECK(count_kind(tracker, ChangeKind::profile_erased) == 1);
  bed.reopen();
  CHECK(bed.tracker().counts().value().total() == 11);
  CHECK(count_kind(bed.tracker(), ChangeKind::blanked) == 15);
}

TEMPLATE_TEST_CASE("what retention took of the profile before is blanked as well", "[api][erase]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  tracker.create(run_of(1, kPerson)).value().require_applied();
  tracker.exit(id(1)).value().require_applied();
  REQUIRE(tracker.purge({.completed_before = at("2100-01-01T00:00:00Z")}).value().removed == 1);
  const auto receipt = tracker.erase_profile({.profile_id = kPerson}).value();
  CHECK(receipt.runs == 0);
  CHECK(receipt.changes_blanked == 2);
  CHECK(count_kind(tracker, ChangeKind::blanked) == 2);
}

TEMPLATE_TEST_CASE("erasing once more, or nobody, is told as such", "[api][erase]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  tracker.create(run_of(1, kPerson)).value().require_applied();
  REQUIRE(tracker.erase_profile({.profile_id = kPerson}).value().runs == 1);
  const auto again = tracker.erase_profile({.profile_id = kPerson}).value();
  CHECK(again.runs == 0);
  CHECK(again.changes_blanked == 0);
  CHECK(again.sequence == 4);  // noted all the same: readers of the feed may have copies
  CHECK(tracker.erase_profile({.profile_id = id(99)}).value().runs == 0);
}

TEMPLATE_TEST_CASE("a profile may come back, and what it does then stands in the feed",
                   "[api][erase]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  tracker.create(run_of(1, kPerson)).value().require_applied();
  (void)tracker.erase_profile({.profile_id = kPerson}).value();
  tracker.create(run_of(2, kPerson)).value().require_applied();
  const Change last = tracker.changes().value().changes.back();
  CHECK(last.kind == ChangeKind::created);
  CHECK(last.run.profile_id == kPerson);
  CHECK(tracker.get(id(2)).value().has_value());
}

TEMPLATE_TEST_CASE("more runs than one page are erased by one call", "[api][erase]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  constexpr std::uint64_t kRuns = 2 * kListLimitMax + 3;
  std::vector<Command> batch;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    batch.emplace_back(run_of(run, kPerson));
    if (batch.size() < 500 && run + 1 < kRuns) continue;
    (void)tracker.apply(batch).value();
    batch.clear();
  }
  const auto receipt = tracker.erase_profile({.profile_id = kPerson}).value();
  CHECK(receipt.runs == kRuns);
  CHECK(receipt.changes_blanked == kRuns);
  CHECK(tracker.counts().value().total() == 0);
}

TEST_CASE("readers only are refused, and the receipt says where traces may remain",
          "[api][erase]") {
  DirectoryBed bed;
  bed.tracker().create(run_of(1, kPerson)).value().require_applied();
  const auto receipt = bed.tracker().erase_profile({.profile_id = kPerson}).value();
  const auto stats = bed.tracker().stats().value();
  CHECK(receipt.journal_bytes == stats.journal_bytes);
  CHECK(receipt.journal_bytes > 0);
  CHECK(receipt.free_bytes > 0);
  CHECK(stats.sequence_published >= receipt.sequence);
  bed.reopen(true);
  CHECK(code_of(bed.tracker().erase_profile({.profile_id = kPerson})) == Errc::read_only);
}

/// Whether a live page or free page of the data file holds the text.
bool file_holds(const std::string& path, const std::string& text) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  return bytes.find(text) != std::string::npos;
}

TEST_CASE("after an erasure and some work on it the data file holds no byte of it",
          "[api][erase][disk]") {
  DirectoryBed bed;
  const std::string secret = "the secret of a person";
  bed.tracker().create(run_of(1, kPerson)).value().require_applied();
  bed.tracker().fail(id(1), secret).value().require_applied();
  REQUIRE(ok(bed.tracker().flush()));
  const std::string data = bed.options().directory + "/data.mdb";
  REQUIRE(file_holds(data, secret));
  (void)bed.tracker().erase_profile({.profile_id = kPerson}).value();
  // Free pages, the receipt says, are overwritten as they are used again.
  for (std::uint64_t run = 100; run < 200; ++run) {
    test::bring(bed.tracker(), id(run), RunStatus::exited);
    REQUIRE(ok(bed.tracker().flush()));
  }
  CHECK_FALSE(file_holds(data, secret));
}

}  // namespace
}  // namespace milepost
