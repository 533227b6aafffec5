// SPDX-License-Identifier: Apache-2.0
//
// Imports: what is made of good lines, what is said of bad ones, and every way in which an import
// ends early. The words for single lines are those of the core's tests.
#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/transfer.hpp"

namespace milepost {
namespace {

using test::code_of;
using test::DirectoryBed;
using test::exported;
using test::from;
using test::id;
using test::imported;
using test::MemoryBed;
using test::note_in;
using test::ok;
using test::queued_line;
using test::Told;

using Problems = std::vector<std::string>;

/// A line of a run in any status, its completion a second after its trigger.
std::string line_in(RunStatus status, std::uint64_t number, std::string_view error = "null") {
  Run run;
  run.run_id = id(number);
  run.journey_id = test::kJourney;
  run.profile_id = test::kProfile;
  run.organization_id = id(number % 2, 9);
  run.status = status;
  run.triggered_at = test::at("2023-11-07T05:31:56.000001Z");
  const bool open = status == RunStatus::queued || status == RunStatus::running;
  if (!open) run.completed_at = run.triggered_at + std::chrono::seconds(1);
  return test::line_of(run, status == RunStatus::failed && error == "null" ? "\"\"" : error);
}

TEMPLATE_TEST_CASE("an export imported into an empty store exports the same", "[api][transfer]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  std::string lines;
  for (std::uint64_t i = 0; i < 5; ++i) lines += line_in(test::kStatuses[i], i);
  lines += line_in(RunStatus::failed, 5,
                   R"("\u0000\u001f\"\\\b\f\n\r\t/)"
                   "\xf0\x9f\x98\x80\"");
  const Told first = imported(bed.tracker(), lines);
  CHECK(first.problems.empty());
  CHECK(first.report.lines == 6);
  CHECK(first.report.created == 6);
  CHECK(exported(bed.tracker()) == lines);
  const Told again = imported(bed.tracker(), lines);
  CHECK(again.problems.empty());
  CHECK(again.report.created == 0);
  CHECK(again.report.unchanged == 6);
  bed.reopen();
  CHECK(exported(bed.tracker()) == lines);
  CHECK(imported(bed.tracker(), lines).report.unchanged == 6);
  // A store's own lines are unchanged in it, whatever they leave out.
  const Counts counts = bed.tracker().counts().value();
  CHECK(counts.running == 1);
  CHECK(counts.failed == 2);
  const Page orphans = bed.tracker().orphans().value();
  REQUIRE(orphans.runs.size() == 1);
  CHECK(orphans.runs[0].run_id == id(1));
}

TEMPLATE_TEST_CASE("a store takes its own lines as unchanged", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  for (std::uint64_t i = 0; i < 5; ++i) {
    test::bring(bed.tracker(), id(i), test::kStatuses[i], {.owner = "worker-7"});
  }
  const std::string lines = exported(bed.tracker());
  const std::uint64_t sequence = bed.tracker().stats().value().sequence;
  CHECK(imported(bed.tracker(), lines).report.unchanged == 5);
  CHECK(bed.tracker().stats().value().sequence == sequence);
}

TEMPLATE_TEST_CASE("bad lines are told by number and reason, in order, and spoil nothing",
                   "[api][transfer]", MemoryBed, DirectoryBed) {
  TestType bed;
  (void)bed.tracker().create(test::request(id(50))).value();
  const std::string good = queued_line(id(1));
  const std::string text = good +                                             // 1
                           "\n" +                                             // 2
                           "not json\n" +                                     // 3
                           " \t\r\n" +                                        // 4
                           queued_line(id(2)).substr(0, 100) + "\n" +         // 5
                           good.substr(0, good.size() - 1) + "\r\n" +         // 6
                           std::string(kImportLineSizeMax + 1, 'x') + "\n" +  // 7
                           queued_line(id(50), id(1, 1)) +                    // 8
                           std::string("\0\n", 2) +                           // 9
                           line_in(RunStatus::running, 1) +                   // 10
                           queued_line(id(2)) +                               // 11
                           "{}";                                              // 12
  const Problems expected{
      "3: not JSON: syntax error at column 1, near \"not json\"",
      "5: not JSON: incomplete JSON at column 101",
      "7: longer than 65536 bytes",
      "8: run " + to_string(id(50)) + " is there already, in another organization",
      "9: not JSON: syntax error at column 1, near \"\\x00\"",
      "10: run " + to_string(id(1)) + " is there already, in another organization",
      "12: runId is missing"};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    INFO(piece);
    const Told told = imported(bed.tracker(), text, piece);
    CHECK(told.problems == expected);
    CHECK(told.report.lines == 10);
    CHECK(told.report.created + told.report.unchanged == 3);
    CHECK(told.report.created == (piece == 1 ? 2 : 0));
    CHECK(told.report.refused == expected.size());
  }
  CHECK(bed.tracker().counts().value().total() == 3);
}

TEMPLATE_TEST_CASE("a conflict names the first member that differs", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  Run run;
  run.run_id = id(1);
  run.journey_id = test::kJourney;
  run.profile_id = test::kProfile;
  run.status = RunStatus::failed;
  run.triggered_at = test::at("2023-11-07T05:31:56Z");
  run.completed_at = test::at("2023-11-07T05:31:57Z");
  const std::string lines = test::line_of(run, "\"full\"");
  REQUIRE(imported(bed.tracker(), lines).report.created == 1);
  const auto told_of = [&](const std::function<void(Run&)>& change,
                           std::string_view error = "\"full\"") {
    Run changed = run;
    change(changed);
    const Told told = imported(bed.tracker(), test::line_of(changed, error));
    return told.problems.size() == 1 ? told.problems[0] : "(none)";
  };
  const std::string who = "1: run " + to_string(id(1)) + " is there already with another ";
  CHECK(told_of([](Run& r) { r.journey_id = id(2); }) ==
        who + "journeyId: " + to_string(test::kJourney) + ", not " + to_string(id(2)));
  CHECK(told_of([](Run& r) { r.profile_id = id(2); }) ==
        who + "profileId: " + to_string(test::kProfile) + ", not " + to_string(id(2)));
  CHECK(told_of([](Run& r) { r.status = RunStatus::exited; }, "null") ==
        who + "status: failed, not exited");
  CHECK(told_of([](Run& r) { r.triggered_at -= std::chrono::microseconds(1); }) ==
        who + "triggeredAt: 2023-11-07T05:31:56Z, not 2023-11-07T05:31:55.999999Z");
  CHECK(told_of([](Run& r) { *r.completed_at += std::chrono::hours(1); }) ==
        who + "completedAt: 2023-11-07T05:31:57Z, not 2023-11-07T06:31:57Z");
  CHECK(told_of([](Run&) {}, "\"empty\\u001b[2J\"") == who + "error: full, not empty\\x1b[2J");
  CHECK(told_of([](Run& r) { r.organization_id = id(3); }) ==
        "1: run " + to_string(id(1)) + " is there already, in another organization");
  CHECK(told_of([](Run&) {}) == "(none)");
  CHECK(exported(bed.tracker()) == lines);
}

TEMPLATE_TEST_CASE("a line may have 65,536 bytes and not one more", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  const std::string good = queued_line(id(1));
  const std::string bare = good.substr(0, good.size() - 1);
  const std::string pad(kImportLineSizeMax - bare.size(), ' ');
  for (const char* end : {"", "\n"}) {
    const Told fits = imported(bed.tracker(), pad + bare + end);
    CHECK(fits.problems.empty());
    CHECK(fits.report.lines == 1);
    for (const std::size_t piece : {std::size_t{1'000}, SIZE_MAX}) {
      const Told too_long = imported(bed.tracker(), pad + bare + " " + end, piece);
      CHECK(too_long.problems == Problems{"1: longer than 65536 bytes"});
    }
  }
}

TEMPLATE_TEST_CASE("of a line without an end only its number is kept", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  std::size_t left = 64u << 20;
  std::string rest = "\n" + queued_line(id(1));
  std::size_t largest_room = 0;
  const ImportSource source = [&](char* buffer, std::size_t room) -> Result<std::size_t> {
    largest_room = std::max(largest_room, room);
    const std::size_t size = std::min(left, room);
    if (size == 0) {
      const std::string last = std::exchange(rest, {});
      return last.copy(buffer, room);
    }
    std::fill_n(buffer, size, '[');
    left -= size;
    return size;
  };
  Told told;
  told.report = bed.tracker().import_runs(source, {.problem = note_in(told)}).value();
  CHECK(told.problems == Problems{"1: longer than 65536 bytes"});
  CHECK(told.report.created == 1);
  CHECK(largest_room <= 64u << 10);
}

TEMPLATE_TEST_CASE("nothing depends on where the source cuts", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  const std::string text = queued_line(id(1)) + "\r\n{\"runId\":5}\n" +
                           line_in(RunStatus::failed, 2, "\"\xc3\xa9\"") + "\n" +
                           queued_line(id(3)).substr(0, queued_line(id(3)).size() - 1);
  TestType bed;
  const Told whole = imported(bed.tracker(), text);
  CHECK(whole.problems == Problems{"3: runId is a number (5), not a string"});
  CHECK(whole.report.created == 3);
  const std::string lines = exported(bed.tracker());
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    INFO(cut);
    Told told;
    std::size_t sent = 0;
    const ImportSource source = [&](char* buffer, std::size_t room) -> Result<std::size_t> {
      const std::size_t size = std::min(room, (sent < cut ? cut : text.size()) - sent);
      std::copy_n(text.data() + sent, size, buffer);
      sent += size;
      return size;
    };
    told.report = bed.tracker().import_runs(source, {.problem = note_in(told)}).value();
    CHECK(told.problems == whole.problems);
    CHECK(told.report.unchanged == 3);
    CHECK(told.report.created == 0);
  }
  CHECK(exported(bed.tracker()) == lines);
}

TEMPLATE_TEST_CASE("where the source fails, the whole lines before it are imported",
                   "[api][transfer]", MemoryBed, DirectoryBed) {
  const std::string text = queued_line(id(1)) + "{}\n" + queued_line(id(2));
  TestType bed;
  const Error broken{.code = Errc::io,
                     .system = 5,
                     .subject = "tape",
                     .message = "It tore.",
                     .advice = "Glue it."};
  std::uint64_t there = 0;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    INFO(cut);
    Told told;
    std::string_view rest = std::string_view(text).substr(0, cut);
    const ImportSource source = [&](char* buffer, std::size_t room) -> Result<std::size_t> {
      if (rest.empty()) return broken;
      const std::size_t size = rest.copy(buffer, std::min<std::size_t>(room, 100));
      rest.remove_prefix(size);
      return size;
    };
    auto done = bed.tracker().import_runs(source, {.problem = note_in(told)});
    REQUIRE_FALSE(done.has_value());
    CHECK(to_string(done.error()) == to_string(broken));
    const std::uint64_t now = bed.tracker().counts().value().total();
    CHECK((done.error().applied == Applied::yes) == (now > there));
    const auto lines = std::count(text.begin(), text.begin() + static_cast<long>(cut), '\n');
    CHECK(now == (lines == 0 ? 0u : lines < 3 ? 1u : 2u));
    CHECK(told.problems.size() == (lines < 2 ? 0u : 1u));
    there = now;
  }
}

TEMPLATE_TEST_CASE("the progress hook ends an import; repeating it goes on", "[api][transfer]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  std::string text;
  for (std::uint64_t i = 0; i < 2'500; ++i) text += queued_line(id(i));
  std::vector<TransferProgress> told;
  auto done = bed.tracker().import_runs(from(text), {.progress = [&](const TransferProgress& far) {
                                          told.push_back(far);
                                          return far.bytes < text.size() / 2;
                                        }});
  REQUIRE(code_of(done) == Errc::cancelled);
  CHECK(done.error().applied == Applied::yes);
  const std::uint64_t first = bed.tracker().counts().value().total();
  CHECK(first > 0);
  CHECK(first < 2'500);
  CHECK(told.back().bytes >= text.size() / 2);
  CHECK(told.back().bytes < text.size());
  CHECK(told.back().lines >= first);
  told.clear();
  auto rest = bed.tracker().import_runs(from(text), {.progress = [&](const TransferProgress& far) {
                                          told.push_back(far);
                                          return true;
                                        }});
  REQUIRE(ok(rest));
  CHECK(rest->unchanged == first);
  CHECK(rest->created == 2'500 - first);
  REQUIRE_FALSE(told.empty());
  CHECK(told.back().bytes == text.size());
  CHECK(told.back().lines == 2'500);
}

TEMPLATE_TEST_CASE("an import can be ended before it has seen a whole line", "[api][transfer]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  const ImportSource endless = [](char* buffer, std::size_t room) -> Result<std::size_t> {
    std::fill_n(buffer, room, 'x');
    return room;
  };
  auto done = bed.tracker().import_runs(
      endless, {.progress = [](const TransferProgress& far) { return far.bytes < 1u << 20; }});
  REQUIRE(code_of(done) == Errc::cancelled);
  CHECK(done.error().applied == Applied::no);
}

TEMPLATE_TEST_CASE("an import goes in batches, each one commit", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  std::string text;
  for (std::uint64_t i = 0; i < 2'001; ++i) text += queued_line(id(i)) + "{}\n";
  const Told told = imported(bed.tracker(), text);
  CHECK(told.report.lines == 4'002);
  CHECK(told.report.created == 2'001);
  CHECK(told.problems.size() == 2'001);
  CHECK(told.problems[2'000] == "4002: runId is missing");
  const ChangesPage page = bed.tracker().changes({.limit = 10'000}).value();
  REQUIRE(page.changes.size() == 2'001);
  CHECK(page.changes[0].kind == ChangeKind::created);
  if (std::is_same_v<TestType, DirectoryBed>) {
    CHECK(bed.tracker().stats().value().groups == 5);  // 4,002 lines by 1,000
  }
}

TEST_CASE("a batch of long error texts is no larger than the store takes", "[api][transfer]") {
  DirectoryBed bed([](OpenOptions& options) {
    options.journal_segment_bytes = kJournalSegmentBytesMin;
    options.journal_bytes_max = 8 * kJournalSegmentBytesMin;
  });
  std::string text;
  for (std::uint64_t i = 0; i < 200; ++i) {
    text += line_in(RunStatus::failed, i, "\"" + std::string(9'000, 'x') + "\"");
  }
  const Told told = imported(bed.tracker(), text);
  CHECK(told.problems.empty());
  CHECK(told.report.created == 200);
  CHECK(imported(bed.tracker(), text).report.unchanged == 200);
  CHECK(bed.tracker().get(id(0), {.organization_id = id(0, 9)}).value()->error->size() ==
        kErrorTextSizeMax);
}

TEMPLATE_TEST_CASE("one file may name a run again", "[api][transfer]", MemoryBed, DirectoryBed) {
  TestType bed;
  const std::string line = line_in(RunStatus::queued, 2);
  const Told told = imported(bed.tracker(), line + line + line_in(RunStatus::exited, 2) + line);
  CHECK(told.report.created == 1);
  CHECK(told.report.unchanged == 2);
  CHECK(told.problems == Problems{"3: run " + to_string(id(2)) +
                                  " is there already with another status: queued, not exited"});
}

TEMPLATE_TEST_CASE("an import without runs changes nothing", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  TestType bed;
  for (const std::string& text : {std::string(), std::string("\n"), std::string(" "),
                                  std::string(100'000, '\n'), std::string("\r\n\r\n\t")}) {
    const Told told = imported(bed.tracker(), text);
    CHECK(told.problems.empty());
    CHECK(told.report.lines == 0);
  }
  CHECK(bed.tracker().stats().value().sequence == 0);
}

TEMPLATE_TEST_CASE("an import refuses what it cannot serve, before it reads", "[api][transfer]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  CHECK(code_of(bed.tracker().import_runs({})) == Errc::invalid_argument);
  bool read = false;
  const ImportSource source = [&](char*, std::size_t) -> Result<std::size_t> {
    read = true;
    return std::size_t{0};
  };
  bed.reopen(true);
  CHECK(code_of(bed.tracker().import_runs(source)) == Errc::read_only);
  bed.reopen();
  REQUIRE(ok(bed.tracker().close()));
  CHECK(code_of(bed.tracker().import_runs(source)) == Errc::closed);
  const Tracker moved = std::move(bed.tracker());
  CHECK(code_of(bed.tracker().import_runs(source)) == Errc::closed);
  CHECK_FALSE(read);
}

TEMPLATE_TEST_CASE("a source that claims more than it had room for is refused", "[api][transfer]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  const ImportSource liar = [](char*, std::size_t room) -> Result<std::size_t> { return room + 1; };
  auto done = bed.tracker().import_runs(liar);
  REQUIRE(code_of(done) == Errc::invalid_argument);
  CHECK(done.error().subject == "source");
}

TEMPLATE_TEST_CASE("an import ends where the store fails, and says that a part is there",
                   "[api][transfer]", MemoryBed, DirectoryBed) {
  TestType bed;
  std::string text;
  for (std::uint64_t i = 0; i < 1'500; ++i) text += queued_line(id(i));
  std::string_view rest = text;
  const ImportSource source = [&](char* buffer, std::size_t room) -> Result<std::size_t> {
    // The store is closed under the import once the first batch is in.
    if (rest.size() < text.size() / 4) (void)bed.tracker().close();
    const std::size_t size = rest.copy(buffer, room);
    rest.remove_prefix(size);
    return size;
  };
  auto done = bed.tracker().import_runs(source);
  REQUIRE(code_of(done) == Errc::closed);
  CHECK(done.error().applied == Applied::yes);
  bed.reopen();
  CHECK(bed.tracker().counts().value().total() == 1'000);
  CHECK(imported(bed.tracker(), text).report.created == 500);
}

}  // namespace
}  // namespace milepost
