// SPDX-License-Identifier: Apache-2.0
//
// Wall clocks that go back, jump ahead, stand still: given by the host, and the system's own moved
// under a running process. Order is by sequence; within a run time never goes backwards; fresh ids
// only grow; waits and intervals do not care.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <random>
#include <sstream>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

#include "puppet_process.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::id;
using test::ok;

OpenOptions clocked(const std::string& directory, const test::ManualClock& clock) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = kMapSizeMin;
  options.journal_segment_bytes = kJournalSegmentBytesMin;
  options.journal_bytes_max = kJournalSegmentsMin * kJournalSegmentBytesMin;
  options.clock = clock;
  return options;
}

CreateCommand fresh() {
  CreateCommand command;
  command.journey_id = test::kJourney;
  command.profile_id = test::kProfile;
  return command;
}

void check_order(const Run& run) {
  CAPTURE(to_json(run).value());
  if (run.started_at) CHECK(run.triggered_at <= *run.started_at);
  if (run.completed_at) {
    CHECK(run.triggered_at <= *run.completed_at);
    if (run.started_at) CHECK(*run.started_at <= *run.completed_at);
  }
  // What is shown can be read back.
  CHECK(to_string(run.triggered_at).has_value());
}

struct Jump {
  const char* name;
  std::function<Instant(Instant)> to;
};

const std::vector<Jump>& jumps() {
  static const std::vector<Jump> all = {
      {"nowhere", [](Instant now) { return now; }},
      {"a microsecond back", [](Instant now) { return now - microseconds(1); }},
      {"a millisecond back", [](Instant now) { return now - milliseconds(1); }},
      {"an hour back", [](Instant now) { return now - hours(1); }},
      {"ten years back", [](Instant now) { return now - hours(87'660); }},
      {"to the epoch", [](Instant) { return Instant{}; }},
      {"before the epoch", [](Instant) { return Instant{} - hours(1); }},
      {"before all years", [](Instant) { return Instant::min(); }},
      {"a millisecond ahead", [](Instant now) { return now + milliseconds(1); }},
      {"a century ahead", [](Instant now) { return now + hours(876'600); }},
      {"to the last year", [](Instant) { return test::at("9999-12-31T23:59:59.999999Z"); }},
      {"past all years", [](Instant) { return Instant::max(); }},
  };
  return all;
}

TEST_CASE("a clock that jumps anywhere between the steps of a run keeps its times in order",
          "[faults][clock]") {
  const test::TempDirectory folder;
  test::ManualClock clock(test::at("2023-11-07T05:31:56Z"));
  Tracker tracker = Tracker::open(clocked(folder / "store", clock)).value();
  Uuid last_id{};
  std::uint64_t last_sequence = 0;
  const auto take = [&](const Result<Outcome>& outcome) {
    REQUIRE(ok(outcome));
    REQUIRE(outcome->applied());
    CHECK(outcome->run.sequence == ++last_sequence);
    check_order(outcome->run);
    return outcome->run.run_id;
  };
  for (const Jump& first : jumps()) {
    for (const Jump& second : jumps()) {
      CAPTURE(first.name, second.name);
      clock.set(test::at("2023-11-07T05:31:56Z"));
      const Uuid run = take(tracker.create(fresh()));
      CHECK(last_id < run);
      last_id = run;
      clock.set(first.to(clock()));
      take(tracker.start(run));
      clock.set(second.to(clock()));
      take(first.name == second.name ? tracker.fail(run, "clock") : tracker.complete(run));
      // And the jump met by the next creation.
      const Uuid next = take(tracker.create(fresh()));
      CHECK(last_id < next);
      last_id = next;
      take(tracker.exit(next));
    }
  }
  REQUIRE(ok(tracker.flush()));
}

TEST_CASE("a run triggered in the future or the far past starts and ends in order",
          "[faults][clock]") {
  const test::TempDirectory folder;
  test::ManualClock clock(test::at("2023-11-07T05:31:56Z"));
  Tracker tracker = Tracker::open(clocked(folder / "store", clock)).value();
  for (const char* when :
       {"1400-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "2023-11-07T05:31:56.000001Z",
        "2100-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"}) {
    CreateCommand command = fresh();
    command.triggered_at = test::at(when);
    const Run run = tracker.create(command).value().run;
    CHECK(run.triggered_at == test::at(when));
    check_order(tracker.start(run.run_id).value().run);
    check_order(tracker.complete(run.run_id).value().run);
  }
}

TEST_CASE("steps at one instant are told apart by their sequence", "[faults][clock]") {
  const test::TempDirectory folder;
  const test::ManualClock clock(test::at("2023-11-07T05:31:56Z"));
  Tracker tracker = Tracker::open(clocked(folder / "store", clock)).value();
  Uuid last{};
  std::vector<Run> runs;
  for (int i = 0; i < 500; ++i) {
    runs.push_back(tracker.create(fresh()).value().run);
    CHECK(last < runs.back().run_id);
    last = runs.back().run_id;
    CHECK(runs.back().triggered_at == runs.front().triggered_at);
    CHECK(runs.back().sequence == static_cast<std::uint64_t>(i) + 1);
  }
  const Run ended = tracker.exit(runs[250].run_id).value().run;
  CHECK(ended.completed_at == ended.triggered_at);
  CHECK(ended.sequence == 501);
}

TEST_CASE("a reopened store goes on behind its last step though the clock went back",
          "[faults][clock]") {
  const test::TempDirectory folder;
  test::ManualClock clock(test::at("2023-11-07T05:31:56Z"));
  Uuid old{};
  {
    Tracker tracker = Tracker::open(clocked(folder / "store", clock)).value();
    old = tracker.create(fresh()).value().run.run_id;
    tracker.start(old).value().require_applied();
  }
  for (const Jump& jump : jumps()) {
    CAPTURE(jump.name);
    clock.set(jump.to(test::at("2023-11-07T05:31:56Z")));
    Tracker tracker = Tracker::open(clocked(folder / "store", clock)).value();
    const Run before = tracker.get(old).value().value();
    const Run run = tracker.create(fresh()).value().run;
    CHECK(run.sequence > before.sequence);
    CHECK(old < run.run_id);
    check_order(tracker.complete(old).value().run);
    old = run.run_id;
    tracker.start(old).value().require_applied();
  }
}

TEST_CASE("a clock that runs wild under eight threads harms no order", "[faults][clock]") {
  const test::TempDirectory folder;
  const std::uint64_t seed = test::test_seed("wild clock");
  test::ManualClock clock(test::at("2023-11-07T05:31:56Z"));
  Tracker tracker = Tracker::open(clocked(folder / "store", clock)).value();
  std::atomic<int> wrong{0};
  std::atomic<int> working{8};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      Uuid last{};
      for (int i = 0; i < 100; ++i) {
        const Run made = tracker.create(fresh()).value().run;
        if (!(last < made.run_id)) ++wrong;
        last = made.run_id;
        const Run started = tracker.start(last).value().run;
        const Run ended = tracker.complete(last).value().run;
        if (!(made.sequence < started.sequence && started.sequence < ended.sequence)) ++wrong;
        if (!(ended.triggered_at <= *ended.started_at)) ++wrong;
        if (!(*ended.started_at <= *ended.completed_at)) ++wrong;
      }
      --working;
    });
  }
  std::mt19937_64 random(seed);
  while (working > 0) {
    const auto by = static_cast<std::int64_t>(random() % 2'000'000'000'000);
    clock.set(test::at("2023-11-07T05:31:56Z") + microseconds(by - 1'000'000'000'000));
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

/// The offset that the preloaded shim adds to the system's clock.
class SystemClock {
 public:
  explicit SystemClock(const std::string& path) : path_(path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(::ftruncate(fd, sizeof(std::int64_t)) == 0);
    void* memory = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    REQUIRE(memory != MAP_FAILED);
    offset_ = static_cast<std::atomic<std::int64_t>*>(memory);
  }
  ~SystemClock() { ::munmap(offset_, sizeof(std::int64_t)); }
  SystemClock(const SystemClock&) = delete;
  SystemClock& operator=(const SystemClock&) = delete;

  void move_by(std::int64_t by) { offset_->fetch_add(by); }
  [[nodiscard]] std::vector<std::string> environment() const {
    return {std::string("LD_PRELOAD=") + MILEPOST_CLOCK_SHIM, "MILEPOST_CLOCK_FILE=" + path_};
  }

 private:
  std::string path_;
  std::atomic<std::int64_t>* offset_ = nullptr;
};

std::array<std::int64_t, 3> times_of(PuppetProcess& puppet, const std::string& run) {
  std::array<std::int64_t, 3> times{};
  std::istringstream stream(puppet.ask("times " + run));
  for (std::int64_t& time : times) stream >> time;
  return times;
}

TEST_CASE("the system's clock set back or ahead under a running tracker", "[faults][clock]") {
  if (test::kSanitizer) {
    WARN("not run: preloading in front of a sanitizer's runtime has not been tried");
    return;
  }
  // An hour, a day, three years, a century; seconds keep within what a time_t-minded host sets.
  const std::int64_t by = GENERATE(0, -1, 1, -3'600, 3'600, -86'400, 86'400, -94'672'800,
                                   94'672'800, 3'155'760'000, -1'700'000'000, -3'000'000'000);
  CAPTURE(by);
  const test::TempDirectory folder;
  SystemClock clock(folder / "clock");
  PuppetProcess puppet(folder / "store", clock.environment());
  REQUIRE(puppet.ask("open interval=20") == "ok");
  REQUIRE(puppet.ask("create 1") == "created");
  const std::string first = puppet.ask("fresh");
  clock.move_by(by);
  REQUIRE(puppet.ask("start 1") == "applied");
  REQUIRE(puppet.ask("create 2") == "created");
  const std::string second = puppet.ask("fresh");
  clock.move_by(-by / 2);
  REQUIRE(puppet.ask("complete 1") == "applied");
  REQUIRE(puppet.ask("exit 2") == "applied");
  const std::string third = puppet.ask("fresh");
  // As texts they sort as ids do.
  CHECK(first < second);
  CHECK(second < third);
  const auto [triggered, started, completed] = times_of(puppet, "1");
  CHECK(triggered <= started);
  CHECK(started <= completed);
  // The clock really moved.
  const auto moved = times_of(puppet, "2")[0] - triggered;
  CHECK(std::abs(moved - std::clamp<std::int64_t>(by, -4'000'000'000, 4'000'000'000) * 1'000'000) <
        60'000'000);
  // Publication goes by another clock.
  PuppetProcess reader(folder / "store", clock.environment());
  REQUIRE(reader.ask("open ro") == "ok");
  std::string seen = "none";
  while (seen != "exited") seen = reader.ask("get 2");  // ends, or the test's time limit does it
  CHECK(puppet.ask("close") == "ok");
}

}  // namespace
}  // namespace milepost::faults
