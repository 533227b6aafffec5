// SPDX-License-Identifier: Apache-2.0
//
// Import and export at random and at length: stores full of anything that come out as they went
// in, lines with bytes changed at random, exports beside writers, a million runs in little memory.
#include <fstream>
#include <limits>
#include <random>
#include <set>
#include <thread>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/threads.hpp"
#include "support/transfer.hpp"

namespace milepost {
namespace {

using test::DirectoryBed;
using test::exported;
using test::id;
using test::imported;
using test::MemoryBed;
using test::queued_line;

using Random = std::mt19937_64;

std::uint64_t below(Random& random, std::uint64_t bound) { return random() % bound; }

Uuid any_uuid(Random& random) {
  Uuid made = id(random(), static_cast<std::uint8_t>(random()));
  if (below(random, 20) == 0) made = Uuid{};
  if (below(random, 20) == 0) std::fill_n(made.data, 16, std::uint8_t{0xff});
  return made;
}

Instant any_instant(Random& random, Instant from) {
  const Instant last = test::at("9999-12-31T23:59:59.999999Z");
  const auto room = static_cast<std::uint64_t>((last - from).count()) + 1;
  const std::uint64_t scale = std::uint64_t{1} << below(random, 60);
  return from + std::chrono::microseconds(below(random, std::min(room, scale)));
}

/// Code points of every size, those that JSON escapes among them.
std::string any_text(Random& random) {
  const std::vector<std::string_view> pieces{std::string_view("\0", 1),
                                             "\x1f",
                                             "\x7f",
                                             "\"",
                                             "\\",
                                             "/",
                                             "\n",
                                             "a",
                                             "\xc2\x80",
                                             "\xe2\x82\xac",
                                             "\xef\xbf\xbd",
                                             "\xf0\x9f\x98\x80"};
  std::string text;
  const std::size_t size = below(random, 10) == 0 ? below(random, 6'000) : below(random, 40);
  while (text.size() < size) text += pieces[below(random, pieces.size())];
  return text;
}

/// A tracker's own way to a run of any kind: an import, or a create and steps.
void make_any_run(Random& random, Tracker& tracker, const Uuid& run_id, const Uuid& organization) {
  const RunStatus status = test::kStatuses[below(random, 5)];
  const std::string text = any_text(random);
  if (below(random, 2) == 0) {
    (void)tracker
        .create({.journey_id = any_uuid(random),
                 .profile_id = any_uuid(random),
                 .run_id = run_id,
                 .organization_id = organization})
        .value();
    const FinishOptions finish{.organization_id = organization};
    if (status == RunStatus::queued) return;
    if (status == RunStatus::failed) return (void)tracker.fail(run_id, text, finish).value();
    (void)tracker.start(run_id, {.owner = "ann", .organization_id = organization}).value();
    if (status == RunStatus::completed) (void)tracker.complete(run_id, finish).value();
    if (status == RunStatus::exited) (void)tracker.exit(run_id, finish).value();
    return;
  }
  ImportCommand command{.run_id = run_id,
                        .journey_id = any_uuid(random),
                        .profile_id = any_uuid(random),
                        .organization_id = organization,
                        .status = status};
  command.triggered_at = any_instant(random, test::at("1400-01-01T00:00:00Z"));
  if (status != RunStatus::queued && status != RunStatus::running) {
    command.completed_at = any_instant(random, command.triggered_at);
  }
  if (status == RunStatus::failed) command.error = text;
  const Command one = command;
  (void)tracker.apply({&one, 1}).value();
}

TEMPLATE_TEST_CASE("whatever a store holds goes out and in again", "[api][transfer]", MemoryBed,
                   DirectoryBed) {
  Random random(test::test_seed("whatever a store holds goes out and in again"));
  for (int round = 0; round < 5; ++round) {
    TestType bed;
    TestType other;
    const std::size_t count = below(random, 600);
    for (std::size_t i = 0; i < count; ++i) {
      make_any_run(random, bed.tracker(), id(random()), any_uuid(random));
    }
    const std::string lines = exported(bed.tracker());
    const std::size_t piece = 1 + below(random, 5'000);
    const test::Told told = imported(other.tracker(), lines, piece);
    CHECK(told.problems.empty());
    CHECK(told.report.created ==
          static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n')));
    CHECK(exported(other.tracker()) == lines);
    CHECK(imported(other.tracker(), lines, piece).report.unchanged == told.report.created);
    CHECK(imported(bed.tracker(), lines, piece).report.unchanged == told.report.created);
  }
}

TEST_CASE("a line with bytes changed at random is a run or refused, and never both",
          "[api][transfer]") {
  Random random(test::test_seed("a line with bytes changed at random"));
  constexpr std::string_view kBytes("\0\x01\t\n\r \"\\{}[],:0129eE+-.TZnuqx\x7f\x80\xc3\xff", 32);
  MemoryBed bed;
  const std::string good = queued_line(id(1), id(2));
  for (int round = 0; round < 20'000; ++round) {
    std::string line = good;
    for (std::uint64_t i = 0; i <= below(random, 3); ++i) {
      const std::size_t at = below(random, line.size());
      const char byte = kBytes[below(random, kBytes.size())];
      switch (below(random, 4)) {
        case 0:
          line[at] = byte;
          break;
        case 1:
          line.insert(at, 1, byte);
          break;
        case 2:
          line.erase(at, 1 + below(random, 3));
          break;
        default:
          line.insert(at, line, below(random, line.size()), below(random, 40));
      }
    }
    const std::string before = exported(bed.tracker());
    const test::Told told = imported(bed.tracker(), line);
    INFO(line);
    CHECK(told.report.refused == told.problems.size());
    CHECK(told.report.created + told.report.unchanged + told.report.refused == told.report.lines);
    const std::string after = exported(bed.tracker());
    CHECK((after == before) == (told.report.created == 0));
    for (const std::string& problem : told.problems) {
      CHECK(std::all_of(problem.begin(), problem.end(),
                        [](char c) { return c >= 0x20 && c < 0x7f; }));
    }
    // Few runs are kept, so that each round stays quick.
    if (before.size() > 5'000) bed = MemoryBed();
  }
}

TEST_CASE("an export beside writers holds each run once, in order",
          "[api][transfer][concurrency]") {
  DirectoryBed bed;
  Tracker& tracker = bed.tracker();
  constexpr std::uint64_t kRuns = 3'000;
  std::vector<Command> commands;
  for (std::uint64_t i = 0; i < kRuns; ++i) commands.emplace_back(test::request(id(i * 2)));
  (void)tracker.apply(commands).value();
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    for (std::uint64_t i = 0; !done; ++i) {
      (void)tracker.create(test::request(id((i % kRuns) * 2 + 1))).value();
      (void)tracker.exit(id((i * 7 % kRuns) * 2)).value();
    }
  });
  for (int round = 0; round < 5; ++round) {
    const std::string lines = exported(tracker);
    std::set<std::string> ids;
    std::string last;
    std::size_t old = 0;
    for (std::size_t begin = 0, end; (end = lines.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const std::string run = lines.substr(begin + 10, kUuidTextSize);
      CHECK(last < run);
      last = run;
      old += std::stoull(run.substr(35), nullptr, 16) % 2 == 0 ? 1 : 0;
    }
    CHECK(old == kRuns);
  }
  done = true;
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || test::kThreadSanitizer;
#else
constexpr bool kSanitized = test::kThreadSanitizer;
#endif

/// Bytes of this process's memory that belong to no file.
std::size_t anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "RssAnon:") continue;
    std::size_t kib = 0;
    status >> kib;
    return kib << 10;
  }
  return 0;
}

TEST_CASE("many runs go in and out in little memory", "[api][transfer][slow]") {
  // 1,000,000 by hand: MILEPOST_TRANSFER_RUNS.
  const std::size_t count = test::test_count("MILEPOST_TRANSFER_RUNS", 50'000);
  DirectoryBed bed([](OpenOptions& options) {
    options.map_size_start = 64u << 20;
    options.journal_segment_bytes = 16u << 20;
    options.journal_bytes_max = 256u << 20;
    options.feed_retention = 1'000;
  });
  std::size_t made = 0;
  std::string line;
  std::size_t most = 0;
  const std::size_t before = anonymous_bytes();
  const auto watch = [&](const TransferProgress&) {
    most = std::max(most, anonymous_bytes());
    return true;
  };
  const ImportSource source = [&](char* buffer, std::size_t room) -> Result<std::size_t> {
    std::size_t size = 0;
    while (made < count && size + 400 < room) {
      line = queued_line(id(made++));
      size += line.copy(buffer + size, line.size());
    }
    return size;
  };
  const ImportReport report = bed.tracker().import_runs(source, {.progress = watch}).value();
  CHECK(report.created == count);
  const std::size_t for_import = most - std::min(most, before);
  const std::size_t between = anonymous_bytes();
  most = 0;
  std::uint64_t seen = 0;
  bool same = true;
  const auto done = bed.tracker().export_runs(
      [&](std::string_view lines) -> Result<void> {
        for (; !lines.empty(); ++seen) {
          line = queued_line(id(seen));
          same = same && lines.starts_with(line);
          lines.remove_prefix(std::min(lines.size(), line.size()));
        }
        return {};
      },
      {.progress = watch});
  REQUIRE(test::ok(done));
  CHECK(same);
  CHECK(seen == count);
  CHECK(done->lines == count);
  const std::size_t for_export = most - std::min(most, between);
  std::cout << count << " runs: import " << (for_import >> 20) << " MiB, export "
            << (for_export >> 10) << " KiB of anonymous memory\n";
  // Sanitizers keep freed memory for a while.
  if (!kSanitized) CHECK(for_export < 8u << 20);
}

}  // namespace
}  // namespace milepost
