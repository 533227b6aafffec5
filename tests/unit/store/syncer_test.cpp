// SPDX-License-Identifier: Apache-2.0
//
// Syncer: durable mode syncs at once; relaxed mode within its bounds, at which callers wait. A sync
// takes as long as a test wants: what is told of it keeps the next one waiting.
#include "store/syncer.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using namespace store;  // NOLINT: a test
using std::chrono::hours;
using std::chrono::milliseconds;
using test::code_of;
using test::ok;

Deadline in(milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// A syncer over a journal; the first sync ends, but is not done with until the gate opens.
class Bed {
 public:
  explicit Bed(Syncer::Options options, bool hold_first_sync = false)
      : held_(hold_first_sync),
        syncer_(
            *journal_, options, [this] { told(); }, [](LogLevel, std::string_view) {}) {}
  ~Bed() { let_go_.open(); }

  /// Appends one effect of so many bytes, and tells the syncer.
  Result<void> append(std::size_t size = 100) {
    const std::vector<std::byte> effect(size, std::byte{7});
    const journal::EffectBytes bytes(effect);
    const auto appended = journal_->append({&bytes, 1}, false);
    if (!appended) return appended.error();
    last_ = *appended;
    return syncer_.after_append();
  }

  [[nodiscard]] bool all_synced() const { return journal_->synced_sequence() == last_; }
  [[nodiscard]] Syncer& syncer() { return syncer_; }
  void wait_for_a_sync() { told_.wait(); }
  void let_go() { let_go_.open(); }

 private:
  static std::unique_ptr<journal::Journal> open(const std::string& directory) {
    journal::JournalOptions options;
    options.directory = directory;
    options.store_id = test::id(77);
    options.segment_bytes = kJournalSegmentBytesMin;
    options.bytes_max = 4 * kJournalSegmentBytesMin;
    return journal::Journal::open(options, 3, 0).value();
  }

  void told() {
    told_.open();
    if (held_) let_go_.wait();
  }

  test::TempDirectory folder_;
  std::unique_ptr<journal::Journal> journal_ = open(folder_ / "journal");
  std::uint64_t last_ = 0;
  const bool held_;
  test::Gate told_;
  test::Gate let_go_;
  Syncer syncer_;
};

TEST_CASE("in durable mode what was appended is synced when the call returns", "[store][syncer]") {
  Bed bed({.durability = Durability::durable});
  for (int i = 0; i < 3; ++i) {
    REQUIRE(ok(bed.append()));
    REQUIRE(bed.all_synced());
    REQUIRE(ok(bed.syncer().wait_within_bound(in(milliseconds(0)))));
  }
}

TEST_CASE("in relaxed mode an append does not wait for its sync, which comes by itself",
          "[store][syncer]") {
  SECTION("not before it is due") {
    Bed bed({.durability = Durability::relaxed, .delay_max = hours(1)});
    REQUIRE(ok(bed.append()));
    CHECK_FALSE(bed.all_synced());
    CHECK(ok(bed.syncer().wait_within_bound(in(milliseconds(0)))));
    CHECK(ok(bed.syncer().sync_all()));
    CHECK(bed.all_synced());
  }
  SECTION("when half the time has passed") {
    Bed bed({.durability = Durability::relaxed, .delay_max = milliseconds(20)});
    REQUIRE(ok(bed.append()));
    bed.wait_for_a_sync();
    CHECK(bed.all_synced());
  }
  SECTION("when half the bytes are there") {
    Bed bed({.durability = Durability::relaxed, .delay_max = hours(1), .bytes_max = 4'000});
    REQUIRE(ok(bed.append(3'000)));
    bed.wait_for_a_sync();
    CHECK(bed.all_synced());
  }
}

TEST_CASE("callers wait while the oldest unsynced effect is too old, and go on after the sync",
          "[store][syncer]") {
  Bed bed({.durability = Durability::relaxed, .delay_max = milliseconds(2)}, true);
  REQUIRE(ok(bed.append()));
  bed.wait_for_a_sync();
  // The thread that syncs is busy now, so this one grows old.
  REQUIRE(ok(bed.append()));
  Errc told{};
  const Deadline patience = in(std::chrono::seconds(10));
  while (told == Errc{} && std::chrono::steady_clock::now() < patience) {
    told = code_of(bed.syncer().wait_within_bound(in(milliseconds(1))));
  }
  CHECK(told == Errc::busy);
  CHECK_FALSE(bed.all_synced());
  bed.let_go();
  CHECK(ok(bed.syncer().wait_within_bound(in(std::chrono::seconds(30)))));
  CHECK(bed.all_synced());
}

TEST_CASE("callers wait while too many bytes are unsynced, however young", "[store][syncer]") {
  Bed bed({.durability = Durability::relaxed, .delay_max = hours(1), .bytes_max = 4'000}, true);
  REQUIRE(ok(bed.append(3'000)));
  bed.wait_for_a_sync();
  REQUIRE(ok(bed.append(3'000)));
  CHECK(ok(bed.syncer().wait_within_bound(in(milliseconds(0)))));
  REQUIRE(ok(bed.append(3'000)));
  CHECK(code_of(bed.syncer().wait_within_bound(in(milliseconds(1)))) == Errc::busy);
  bed.let_go();
  CHECK(ok(bed.syncer().wait_within_bound(in(std::chrono::seconds(30)))));
}

TEST_CASE("who waits at a bound is let go when the syncer stops", "[store][syncer]") {
  Bed bed({.durability = Durability::relaxed, .delay_max = hours(1), .bytes_max = 4'000}, true);
  REQUIRE(ok(bed.append(3'000)));
  bed.wait_for_a_sync();
  REQUIRE(ok(bed.append(5'000)));
  test::Threads threads;
  std::atomic<bool> fine{false};
  threads.start([&] { fine = bed.syncer().wait_within_bound(Deadline::max()).has_value(); });
  threads.wait_until_asleep();
  bed.let_go();
  bed.syncer().stop();
  threads.join();
  CHECK(fine);
}

}  // namespace
}  // namespace milepost
