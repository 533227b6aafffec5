// SPDX-License-Identifier: Apache-2.0
//
// Leader, syncer, housekeeper and a reader at once; meant to be run under ThreadSanitizer too.
#include <atomic>
#include <thread>

#include "faults.hpp"
#include "support.hpp"
#include "support/catch.hpp"

namespace milepost::journal::test {
TEST_CASE("append, sync, release, prepare_ahead and a foreign replay run at once",
          "[journal][concurrent]") {
  constexpr std::uint64_t kSteps = 6000;
  FreeSyncs syncs;
  const Interception interception(syncs);
  JournalFolder store;
  store.segments_max = 4;
  const auto journal = store.open();
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> applied{0};
  std::atomic<std::uint64_t> failures{0};

  std::thread syncer([&] {
    std::uint64_t before = 0;
    while (!done) {
      const auto last = journal->sync();
      if (!last || *last < before || *last != journal->synced_sequence()) ++failures;
      if (last) before = *last;
      std::this_thread::yield();
    }
  });
  std::thread housekeeper([&] {
    while (!done) {
      const std::uint64_t synced = journal->synced_sequence();
      applied = synced;  // "committed elsewhere", before it is released
      journal->release(synced);
      if (!journal->prepare_ahead()) ++failures;
      if (journal->bytes_live() > journal->bytes_total()) ++failures;
      static_cast<void>(journal->unsynced_bytes());
      std::this_thread::yield();
    }
  });
  std::uint64_t replays = 0;
  std::thread reader([&] {
    do {
      const std::uint64_t after = applied;
      std::vector<std::string> effects;
      const auto report = store.try_replay(after, &effects, ReplayRole::reader);
      if (!report && report.error().code != Errc::busy) ++failures;
      if (!report && report.error().code != Errc::busy) UNSCOPED_INFO(to_string(report.error()));
      for (std::size_t i = 0; i < effects.size(); ++i) {
        if (effects[i] != numbered_effect(after + 1 + i, 700)) ++failures;
      }
      if (report) ++replays;
    } while (!done);
  });

  std::uint64_t appended = 0;
  while (appended < kSteps) {
    const auto last = try_append(*journal, {numbered_effect(appended + 1, 700)});
    if (last) {
      if (*last != appended + 1 || journal->next_sequence() != *last + 1) ++failures;
      appended = *last;
    } else {
      if (last.error().code != Errc::busy) ++failures;
      std::this_thread::yield();
    }
  }
  done = true;
  syncer.join();
  housekeeper.join();
  reader.join();
  CHECK(failures == 0);
  CHECK(replays > 0);
  REQUIRE(journal->sync());
  const Replayed found = store.replay(applied);
  CHECK(found.report.last_sequence == kSteps);
  CHECK(journal->bytes_total() <= 4 * kSmallSegment);
}

}  // namespace milepost::journal::test
