// SPDX-License-Identifier: Apache-2.0
//
// Random lives of a journal with kills and power cuts, against a model: everything synced survives,
// what is replayed is always a prefix of what was appended, and recovery is never refused.
#include <cstdlib>
#include <optional>
#include <rapidcheck.h>

#include "crash_disk.hpp"
#include "support.hpp"
#include "support/catch.hpp"

namespace milepost::journal::test {
namespace {

enum class Kind { append, sync, release, prepare, kill, power_cut, close };

struct Step {
  Kind kind{};
  std::uint32_t number = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* kNames[] = {"append", "sync",      "release", "prepare",
                                           "kill",   "power cut", "close"};
  return out << kNames[static_cast<int>(step.kind)] << "(" << step.number << ")";
}

struct Refuted {
  std::string why;
};

/// The journal and what must be true of it.
class Life {
 public:
  explicit Life(bool lying) {
    std::filesystem::create_directory(store_.path());
    disk_.emplace(store_.path());
    disk_->lying = lying;
    interception_.emplace(*disk_);
    store_.segments_max = 5;
    journal_ = store_.open();
  }

  void take(const Step& step) {
    switch (step.kind) {
      case Kind::append:
        return append_group(step.number);
      case Kind::sync:
        if (const auto last = journal_->sync()) synced_ = *last;
        return require(synced_ == effects_.size(), "sync left something out");
      case Kind::release:
        applied_ += (synced_ - applied_) * (step.number % 5) / 4;
        return journal_->release(applied_);
      case Kind::prepare:
        return require(journal_->prepare_ahead().has_value(), "prepare_ahead failed");
      case Kind::kill:
        journal_.reset();
        synced_before_cut_ = synced_;
        synced_ = effects_.size();  // SIGKILL loses nothing
        recover();
        return;
      case Kind::power_cut: {
        journal_.reset();
        std::mt19937_64 random(step.number);
        disk_->cut_power(random);
        recover();
        return;
      }
      case Kind::close:
        return close();
    }
  }

 private:
  static void require(bool holds, const char* why) {
    if (!holds) throw Refuted{why};
  }

  void append_group(std::uint32_t number) {
    std::vector<std::string> group;
    const std::size_t size = number % 7 == 0 ? number % 40'000 : number % 900;
    for (std::uint32_t i = 0; i <= number % 3; ++i) {
      group.push_back(std::to_string(++made_) + std::string(size / (1 + number % 3), 'e'));
    }
    const auto last = try_append(*journal_, group, number % 5 == 0);
    if (!last) return require(last.error().code == Errc::busy, "append failed");
    effects_.insert(effects_.end(), group.begin(), group.end());
    require(*last == effects_.size(), "a sequence is off");
  }

  /// What the next process does: replay, commit it elsewhere, open.
  void recover() {
    std::vector<std::string> found;
    const auto report = store_.try_replay(applied_, &found);
    if (!report) throw Refuted{"replay refused: " + to_string(report.error())};
    require(report->last_sequence == applied_ + found.size(), "the report is off");
    require(report->last_sequence >= synced_, "something synced was lost");
    require(report->last_sequence <= effects_.size(), "something came from nowhere");
    for (std::size_t i = 0; i < found.size(); ++i) {
      require(found[i] == effects_[applied_ + i], "a wrong effect");
    }
    effects_.resize(report->last_sequence);
    synced_ = applied_ = report->last_sequence;
    journal_ = store_.open(applied_);
  }

  void close() {
    if (const auto last = journal_->sync()) synced_ = *last;
    applied_ = synced_;
    journal_->release(applied_);
    require(journal_->close_empty().has_value(), "close_empty failed");
    journal_.reset();
    require(store_.replay(applied_).report.groups == 0, "a closed journal holds groups");
    journal_ = store_.open(applied_);
  }

  JournalFolder store_{};
  std::optional<CrashDisk> disk_{};
  std::optional<Interception> interception_{};
  std::unique_ptr<Journal> journal_{};
  std::vector<std::string> effects_{};
  std::uint64_t made_ = 0;
  std::uint64_t synced_ = 0;
  std::uint64_t synced_before_cut_ = 0;
  std::uint64_t applied_ = 0;
};

rc::Gen<std::vector<Step>> any_life() {
  const auto kind = rc::gen::weightedElement<Kind>({{20, Kind::append},
                                                    {8, Kind::sync},
                                                    {4, Kind::release},
                                                    {4, Kind::prepare},
                                                    {1, Kind::kill},
                                                    {2, Kind::power_cut},
                                                    {1, Kind::close}});
  // Numbers are drawn whole, not sized: small ones would only make small groups.
  const auto number = rc::gen::noShrink(rc::gen::inRange<std::uint32_t>(0, 1u << 30));
  return rc::gen::container<std::vector<Step>>(
      rc::gen::map(rc::gen::pair(kind, number), [](const std::pair<Kind, std::uint32_t>& drawn) {
        return Step{drawn.first, drawn.second};
      }));
}

void configure_rapidcheck() {
  const std::string seed = std::to_string(test_seed());
  const char* lives = std::getenv("MILEPOST_TEST_LIVES");
  const std::string text =
      "seed=" + seed + " max_success=" + (lives != nullptr ? lives : "200") + " max_size=200";
  ::setenv("RC_PARAMS", text.c_str(), 0);
  INFO("MILEPOST_TEST_SEED=" << seed);
}

}  // namespace

TEST_CASE("whatever crashes, all that was synced survives and the rest is a prefix",
          "[journal][crash]") {
  configure_rapidcheck();
  CHECK(rc::check([] {
    const auto steps = *any_life();
    Life life(false);
    try {
      for (const Step& step : steps) life.take(step);
      life.take({Kind::power_cut, 4711});
    } catch (const Refuted& refuted) {
      RC_FAIL(refuted.why);
    }
  }));
}

TEST_CASE("a disk that lies about its syncs is caught", "[journal][crash]") {
  const std::uint64_t seed = test_seed();
  INFO("MILEPOST_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  int caught = 0;
  for (int round = 0; round < 20; ++round) {
    try {
      Life life(true);
      for (int i = 0; i < 60; ++i) {
        life.take({Kind::append, static_cast<std::uint32_t>(random() % 1000)});
        life.take({Kind::sync, 0});
        life.take({i % 2 == 0 ? Kind::release : Kind::prepare, 2});
      }
      life.take({Kind::power_cut, static_cast<std::uint32_t>(random())});
    } catch (const Refuted&) {
      ++caught;
    }
  }
  CHECK(caught > 10);
}

}  // namespace milepost::journal::test
