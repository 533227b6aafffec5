// SPDX-License-Identifier: Apache-2.0
//
// Exports: what is written and in which order, and every way in which one ends early.
#include <atomic>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/transfer.hpp"

namespace milepost {
namespace {

using test::at;
using test::bring;
using test::code_of;
using test::DirectoryBed;
using test::exported;
using test::id;
using test::into;
using test::line_of;
using test::MemoryBed;
using test::ok;
using test::queued_line;

constexpr std::size_t kPage = 256;  ///< Of the library: the tests straddle it.

void create_queued(Tracker& tracker, std::size_t count) {
  std::vector<Command> commands;
  for (std::size_t i = 1; i <= count; ++i) commands.emplace_back(test::request(id(i)));
  (void)tracker.apply(commands).value();
}

TEMPLATE_TEST_CASE("an export is a line a run, in order of run ids", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  const Uuid other = id(7, 9);
  std::string expected;
  std::string of_other;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    // Made in falling order of ids, exported in rising.
    bed.clock.step(std::chrono::microseconds(1'500));
    bring(bed.tracker(), id(6 - i), test::kStatuses[i - 1],
          {.organization = i % 2 == 0 ? other : Uuid{}, .error = "full\n\"\xc3\xa9\""});
  }
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const Uuid organization = i % 2 == 0 ? other : Uuid{};
    const Run run = bed.tracker().get(id(i), {.organization_id = organization}).value().value();
    const std::string line =
        line_of(run, run.status == RunStatus::failed ? "\"full\\n\\\"\xc3\xa9\\\"\"" : "null");
    expected += line;
    if (organization == other) of_other += line;
  }
  CHECK(exported(bed.tracker()) == expected);
  CHECK(exported(bed.tracker(), {.organization_id = other}) == of_other);
  CHECK(exported(bed.tracker(), {.organization_id = id(1, 1)}).empty());
  bed.reopen(true);
  CHECK(exported(bed.tracker()) == expected);
}

TEMPLATE_TEST_CASE("an empty store exports nothing", "[api][transfer]", MemoryBed, DirectoryBed) {
  TestType bed;
  int calls = 0;
  auto done = bed.tracker().export_runs([&](std::string_view) -> Result<void> {
    ++calls;
    return {};
  });
  REQUIRE(ok(done));
  CHECK(done->lines == 0);
  CHECK(done->bytes == 0);
  CHECK(calls == 0);
}

TEMPLATE_TEST_CASE("an export comes in whole lines and says how far it is", "[api][transfer]",
                   MemoryBed, DirectoryBed) {
  for (const std::size_t count : {kPage - 1, kPage, kPage + 1, 2 * kPage + 1}) {
    INFO(count);
    TestType bed;
    create_queued(bed.tracker(), count);
    std::vector<TransferProgress> told;
    std::string text;
    std::size_t pages = 0;
    auto done = bed.tracker().export_runs(
        [&](std::string_view lines) -> Result<void> {
          CHECK(lines.ends_with("}\n"));
          text += lines;
          ++pages;
          return {};
        },
        {.progress = [&](const TransferProgress& progress) {
          CHECK(progress.bytes == text.size());
          told.push_back(progress);
          return true;
        }});
    REQUIRE(ok(done));
    std::string expected;
    for (std::size_t i = 1; i <= count; ++i) expected += queued_line(id(i));
    CHECK(text == expected);
    CHECK(pages == (count + kPage - 1) / kPage);
    REQUIRE(told.size() == pages);
    CHECK(told.back().lines == count);
    CHECK(done->lines == count);
    CHECK(done->bytes == text.size());
  }
}

TEMPLATE_TEST_CASE("a sink's error ends an export and comes back as it is", "[api][transfer]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  create_queued(bed.tracker(), 2 * kPage);
  const Error full{.code = Errc::disk_full,
                   .system = 28,
                   .applied = Applied::unknown,
                   .retry_safe = true,
                   .subject = "/dev/full",
                   .message = "No room.",
                   .advice = "Make some."};
  int calls = 0;
  auto done = bed.tracker().export_runs([&](std::string_view) -> Result<void> {
    if (++calls == 2) return full;
    return {};
  });
  REQUIRE_FALSE(done.has_value());
  CHECK(calls == 2);
  CHECK(to_string(done.error()) == to_string(full));
  CHECK(done.error().system == 28);
  CHECK(done.error().applied == Applied::unknown);
  CHECK(done.error().retry_safe);
}

TEMPLATE_TEST_CASE("the progress hook ends an export", "[api][transfer]", MemoryBed, DirectoryBed) {
  TestType bed;
  create_queued(bed.tracker(), 3 * kPage);
  std::string text;
  auto done = bed.tracker().export_runs(
      into(text), {.progress = [](const TransferProgress& far) { return far.lines < 2 * kPage; }});
  CHECK(code_of(done) == Errc::cancelled);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2 * kPage);
}

TEMPLATE_TEST_CASE("an export sees what happens to runs meanwhile, but no new ones",
                   "[api][transfer]", MemoryBed, DirectoryBed) {
  TestType bed;
  Tracker& tracker = bed.tracker();
  create_queued(tracker, kPage + 2);
  std::string text;
  auto done = tracker.export_runs([&](std::string_view lines) -> Result<void> {
    if (text.empty()) {
      (void)tracker.fail(id(kPage + 1), "meanwhile").value();
      (void)tracker.erase_profile({.profile_id = id(1, 1)}).value();
      (void)tracker.create(test::request(id(kPage + 3))).value();
      (void)tracker.create({.journey_id = test::kJourney, .profile_id = id(1, 1)}).value();
      (void)tracker.flush().value();
    }
    text += lines;
    return {};
  });
  REQUIRE(ok(done));
  std::string expected;
  for (std::size_t i = 1; i <= kPage; ++i) expected += queued_line(id(i));
  expected += line_of(tracker.get(id(kPage + 1)).value().value(), "\"meanwhile\"");
  expected += queued_line(id(kPage + 2));
  CHECK(text == expected);
}

TEST_CASE("an export of what is published does not wait for the rest", "[api][transfer]") {
  DirectoryBed bed([](OpenOptions& options) { options.publish_interval = std::chrono::hours(1); });
  create_queued(bed.tracker(), 1);
  (void)bed.tracker().flush().value();
  (void)bed.tracker().create(test::request(id(2))).value();
  CHECK(exported(bed.tracker(), {.freshness = Freshness::published}) == queued_line(id(1)));
  CHECK(exported(bed.tracker()) == queued_line(id(1)) + queued_line(id(2)));
}

TEST_CASE("the age of snapshots bounds a page of an export, not the export", "[api][transfer]") {
  std::atomic<int> hours{0};
  std::atomic<int> jumps{0};  // As often as that each look at the clock is an hour later.
  DirectoryBed bed([&](OpenOptions& options) {
    options.steady_clock = [&] {
      if (jumps > 0) {
        --jumps;
        ++hours;
      }
      return std::chrono::steady_clock::time_point(std::chrono::hours(hours));
    };
  });
  create_queued(bed.tracker(), 3 * kPage);
  std::string text;
  auto done = bed.tracker().export_runs([&](std::string_view lines) -> Result<void> {
    ++hours;     // a slow sink
    jumps = 20;  // and a machine that is suspended between begin and scan
    text += lines;
    return {};
  });
  REQUIRE(ok(done));
  CHECK(std::count(text.begin(), text.end(), '\n') == 3 * kPage);
}

TEMPLATE_TEST_CASE("an export refuses what it cannot serve", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  CHECK(code_of(bed.tracker().export_runs({})) == Errc::invalid_argument);
  std::string text;
  REQUIRE(ok(bed.tracker().close()));
  CHECK(code_of(bed.tracker().export_runs(into(text))) == Errc::closed);
  const Tracker moved = std::move(bed.tracker());
  CHECK(code_of(bed.tracker().export_runs(into(text))) == Errc::closed);
}

TEST_CASE("a deadline in the past lets an export go on that need not wait", "[api][transfer]") {
  DirectoryBed bed([](OpenOptions& options) { options.publish_interval = std::chrono::hours(1); });
  create_queued(bed.tracker(), 2 * kPage);
  (void)bed.tracker().flush().value();
  const Deadline past = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  CHECK_FALSE(exported(bed.tracker(), {.deadline = past}).empty());
}

}  // namespace
}  // namespace milepost
