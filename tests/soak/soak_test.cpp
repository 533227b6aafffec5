// SPDX-License-Identifier: Apache-2.0
//
// The soak: a mixed load with retention, beside it a reading process that is killed now and then,
// backups that are verified, reopenings and a wall clock that jumps. Whatever is acknowledged must
// come through the feed and be there in the end, and after a warm-up nothing may grow: not memory,
// descriptors, reader slots or files.
//
// MILEPOST_SOAK_SECONDS (3; 120 is a sensible least for growth, which shorter runs do not judge) or
// MILEPOST_LONG_SECONDS. In memory unless MILEPOST_TEST_DIR says where.
#include <filesystem>
#include <iostream>
#include <memory>
#include <signal.h>

#include "gauges.hpp"
#include "load.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::soak {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;
using test::ok;

constexpr unsigned kWriters = 3;
constexpr std::chrono::milliseconds kTick{100};
constexpr std::size_t kSecondsJudged = 60;  ///< Shorter runs tell nothing of growth.

class Soak {
 public:
  Soak(std::uint64_t seed, std::chrono::seconds duration)
      : duration_(duration), random_(seed), load_(directory_, random_(), truth_) {}

  void run() {
    load_.start(kWriters);
    const auto until = steady_clock::now() + duration_;
    for (std::uint64_t tick = 1; steady_clock::now() < until && truth_.wrong().empty(); ++tick) {
      std::this_thread::sleep_for(kTick);  // The pace, nothing else.
      take(tick);
    }
    finish();
  }

 private:
  void take(std::uint64_t tick) {
    samples_.push_back(look(load_.tracker().stats().value()));
    if (tick % 3 == 0) read();
    if (tick % 7 == 0) load_.move_clock(std::chrono::seconds(tick % 2 == 0 ? 3 : -2));
    if (tick % 11 == 0) kill_reader();
    if (tick % 17 == 0) back_up();
    if (tick % 23 == 0) load_.reopen();
    if (tick % 100 == 0) thin_out();
  }

  /// Keeps the samples few enough for a run of days: every second one goes.
  void thin_out() {
    constexpr std::size_t kSamplesMax = 20'000;
    if (samples_.size() < kSamplesMax) return;
    for (std::size_t i = 0; i < samples_.size() / 2; ++i) samples_[i] = samples_[2 * i];
    samples_.resize(samples_.size() / 2);
  }

  void read() {
    if (!reader_) {
      reader_ = std::make_unique<test::ChildProcess>(
          std::vector<std::string>{MILEPOST_SOAK_READER, directory_});
    }
    reader_->write_line("look");
    const std::string answer = reader_->read_line().value_or("it ended");
    if (answer != "fine") truth_.complain("the reading process: " + answer);
    ++looks_;
  }

  /// In the middle of a look, most likely.
  void kill_reader() {
    if (!reader_) return;
    reader_->write_line("look");
    reader_->kill(SIGKILL);
    if (reader_->wait() != -SIGKILL) truth_.complain("the reading process ended by itself");
    reader_.reset();
    ++kills_;
  }

  void back_up() {
    const std::string to = folder_ / "backup";
    const auto report = load_.tracker().backup(to, {.compact = backups_ % 2 == 1});
    if (!report) return truth_.complain("backup: " + to_string(report.error()));
    const auto verified = verify_directory(to);
    if (!verified || !verified->sound()) truth_.complain("a backup is not sound");
    fs::remove_all(to);
    ++backups_;
  }

  void finish() {
    CHECK(truth_.wrong() == "");
    reader_.reset();
    load_.stop();
    Tracker& tracker = load_.tracker();
    REQUIRE(ok(tracker.flush()));
    const std::uint64_t last = tracker.stats().value().sequence;
    while (truth_.position() < last && truth_.wrong().empty()) {
      const auto page = tracker.changes({.after = truth_.position()}).value();
      for (const Change& change : page.changes) truth_.came(change);
    }
    CHECK(truth_.wrong() == "");
    INFO(truth_.example());
    CHECK(truth_.unmatched() == 0);
    compare(tracker);
    const auto report = tracker.verify();
    REQUIRE(ok(report));
    CHECK(report->sound());
    REQUIRE(ok(tracker.close()));
    const auto verified = verify_directory(directory_);
    REQUIRE(ok(verified));
    CHECK(verified->sound());
    judge_growth();
  }

  /// The store holds what was acknowledged and nothing else.
  void compare(Tracker& tracker) {
    const auto runs = truth_.runs();
    CHECK(tracker.counts().value().total() == runs.size());
    for (const auto& [run_id, run] : runs) {
      const auto seen = tracker.get(run_id, {.organization_id = run.organization_id}).value();
      REQUIRE(seen.has_value());
      REQUIRE(*seen == run);
    }
  }

  void judge_growth() {
    std::cout << "soak: " << duration_.count() << " s, " << load_.lives() << " lives, "
              << truth_.acknowledged() << " acknowledged, " << truth_.position() << " effects, "
              << looks_ << " looks, " << kills_ << " kills, " << backups_ << " backups, "
              << samples_.size() << " samples, " << load_.busy() << " calls too late" << std::endl;
    for (const Growth& growth : growths(samples_)) {
      std::cout << "  " << growth.name << ": " << growth.early << " -> " << growth.late
                << " (at most " << growth.allowed << ")" << std::endl;
      // A sanitizer keeps what was freed.
      const bool judged = duration_.count() >= static_cast<std::int64_t>(kSecondsJudged) &&
                          !(test::kSanitizer && growth.name == "memory");
      if (judged) CHECK(growth.flat());
    }
  }

  const std::chrono::seconds duration_;
  std::mt19937_64 random_;
  test::TempDirectory folder_;
  const std::string directory_ = folder_ / "store";
  Truth truth_;
  Load load_;
  std::unique_ptr<test::ChildProcess> reader_;
  std::vector<Sample> samples_;
  std::uint64_t looks_ = 0;
  std::uint64_t kills_ = 0;
  std::uint64_t backups_ = 0;
};

TEST_CASE("under a mixed load nothing is lost and nothing grows", "[soak][long]") {
  const std::uint64_t seed = test::test_seed("soak");
  const std::size_t usual = test::test_count("MILEPOST_SOAK_SECONDS", 3);
  Soak soak(seed, std::chrono::seconds(test::test_count("MILEPOST_LONG_SECONDS", usual)));
  soak.run();
}

TEST_CASE("what grows by more than a twentieth is found", "[soak]") {
  std::vector<Sample> samples(90);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = {.memory = (100u << 20) + i * (i < 30 ? 0 : 200u << 10),
                  .descriptors = 10 + (i == 60 ? 500u : 0u),  // once: no growth
                  .readers = 3,
                  .data = (50u << 20) + i * (10u << 10),
                  .journal = i < 30 ? 1u << 20 : 2u << 20};  // while it warms up
  }
  for (const Growth& growth : growths(samples)) {
    CAPTURE(growth.name, growth.early, growth.late);
    CHECK(growth.flat() == (growth.name != "memory"));
  }
}

}  // namespace
}  // namespace milepost::soak
