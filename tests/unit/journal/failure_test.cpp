// SPDX-License-Identifier: Apache-2.0
//
// Full journals, full disks, failing writes and syncs.
#include <cerrno>
#include <set>
#include <sys/stat.h>

#include "faults.hpp"
#include "journal/journal.hpp"
#include "support.hpp"
#include "support/catch.hpp"

namespace milepost::journal::test {
namespace {

namespace fs = std::filesystem;

/// Counts calls on the journal's files, and fails or interrupts some.
class Faults : public SystemCalls {
 public:
  int pwrites = 0, syncs = 0;
  int fail_pwrite = 0, fail_sync = 0, short_pwrite = 0;  ///< This many of the next calls.
  int error = EIO;

  ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t offset) override {
    ++pwrites;
    if (fail_pwrite > 0) return --fail_pwrite, errno = error, -1;
    if (short_pwrite > 0) return --short_pwrite, SystemCalls::pwrite(fd, bytes, count / 2, offset);
    return SystemCalls::pwrite(fd, bytes, count, offset);
  }
  int fdatasync(int fd) override {
    ++syncs;
    if (fail_sync > 0) return --fail_sync, errno = error, -1;
    return SystemCalls::fdatasync(fd);
  }
};

}  // namespace

TEST_CASE("the cap is busy, and the last segment is for those that free space",
          "[journal][reserve]") {
  JournalFolder store;
  store.segments_max = 4;
  const auto journal = store.open();
  for (int i = 0; i < 3; ++i) append_filler(*journal);
  REQUIRE(journal->sync());
  const auto refused = try_append(*journal, {segment_filler(4)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::busy);
  CHECK(refused.error().retry_safe);
  CHECK(refused.error().applied == Applied::no);
  CHECK(append(*journal, {"still fits the third"}) == 4);
  CHECK(append_filler(*journal, true) == 5);
  CHECK(append(*journal, {"more"}, true) == 6);
  CHECK(try_append(*journal, {"not into the reserve"}).error().code == Errc::busy);
  CHECK(try_append(*journal, {segment_filler(7)}, true).error().code == Errc::busy);
  CHECK_FALSE(journal->prepare_ahead().value());
  CHECK(journal->bytes_total() == 4 * kSmallSegment);
  CHECK(journal->bytes_live() == 4 * kSmallSegment);
  REQUIRE(journal->sync());
  CHECK(store.replay().report.last_sequence == 6);
  journal->release(1);
  CHECK(journal->bytes_live() == 3 * kSmallSegment);
  CHECK(append(*journal, {"now it may"}) == 7);
  CHECK(try_append(*journal, {segment_filler(8)}).error().code == Errc::busy);
  journal->release(2);
  CHECK(append_filler(*journal) == 8);
  REQUIRE(journal->sync());
  CHECK(store.replay(2).report.last_sequence == 8);
}

TEST_CASE("a full disk leaves a segment for those that free space", "[journal][reserve]") {
  JournalFolder store;
  const auto journal = store.open();
  while (journal->prepare_ahead().value()) {
  }
  REQUIRE(journal->bytes_total() == 3 * kSmallSegment);
  append_filler(*journal);
  // From here on no file can be made, but those that exist can be written.
  class Full : public SystemCalls {
   public:
    int renameat(int, const char*, int, const char*) override { return errno = ENOSPC, -1; }
  } full;
  const Interception interception(full);
  append_filler(*journal);  // one stays behind it
  const auto refused = try_append(*journal, {segment_filler(3)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::disk_full);
  CHECK(refused.error().applied == Applied::no);
  CHECK(journal->prepare_ahead().has_error());
  CHECK(append_filler(*journal, true) == 3);
  CHECK(try_append(*journal, {"not into the reserve"}).error().code == Errc::busy);
  CHECK(append(*journal, {"purge"}, true) == 4);
  REQUIRE(journal->sync());
  journal->release(1);
  CHECK(append(*journal, {"room again"}) == 5);
}

TEST_CASE("a failed write poisons", "[journal][poison]") {
  JournalFolder store;
  const auto journal = store.open();
  append(*journal, {"good"});
  REQUIRE(journal->sync());
  Faults faults;
  SECTION("error") { faults.fail_pwrite = 1; }
  SECTION("short") { faults.short_pwrite = 1; }
  SECTION("interrupted without end") {
    faults.fail_pwrite = 1000;
    faults.error = EINTR;
  }
  const Interception interception(faults);
  const auto failed = try_append(*journal, {"lost, perhaps; long enough to be cut in the middle"});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::outcome_unknown);
  CHECK(failed.error().applied == Applied::unknown);
  CHECK_FALSE(failed.error().retry_safe);
  CHECK(journal->poisoned());
  faults = Faults();
  CHECK(try_append(*journal, {"never"}).error().code == Errc::needs_reopen);
  CHECK(journal->sync().error().code == Errc::needs_reopen);
  CHECK(journal->prepare_ahead().error().code == Errc::needs_reopen);
  CHECK(journal->close_empty().error().code == Errc::needs_reopen);
  CHECK(faults.pwrites + faults.syncs == 0);
  CHECK(store.replay().effects.front() == "good");
  CHECK(store.replay().effects.size() <= 2);
}

TEST_CASE("a failed sync poisons and is never repeated", "[journal][poison]") {
  JournalFolder store;
  const auto journal = store.open();
  append(*journal, {"good"});
  Faults faults;
  faults.fail_sync = 1;
  faults.error = GENERATE(EIO, ENOSPC);
  const Interception interception(faults);
  const auto failed = journal->sync();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::outcome_unknown);
  CHECK(failed.error().system == faults.error);
  CHECK(faults.syncs == 1);
  CHECK(journal->poisoned());
  CHECK(journal->synced_sequence() == 0);
  CHECK(journal->sync().error().code == Errc::needs_reopen);
  CHECK(try_append(*journal, {"never"}).error().code == Errc::needs_reopen);
  CHECK(faults.syncs == 1);
  CHECK(faults.pwrites == 0);
}

TEST_CASE("an interrupted write or sync is repeated", "[journal][poison]") {
  JournalFolder store;
  const auto journal = store.open();
  Faults faults;
  faults.error = EINTR;
  faults.fail_pwrite = 3;
  faults.fail_sync = 3;
  const Interception interception(faults);
  CHECK(append(*journal, {"good"}) == 1);
  CHECK(journal->sync().value() == 1);
  CHECK(faults.pwrites == 4);
  CHECK(faults.syncs == 4);
  CHECK_FALSE(journal->poisoned());
}

TEST_CASE("a segment that cannot be readied is dropped and the journal goes on",
          "[journal][prepare]") {
  JournalFolder store;
  const auto journal = store.open();
  for (int i = 0; i < 4; ++i) append_filler(*journal);
  REQUIRE(journal->sync());
  journal->release(3);
  const std::uint64_t before = journal->bytes_total();
  Faults faults;
  SECTION("write") { faults.fail_pwrite = 1; }
  SECTION("sync") { faults.fail_sync = 1; }
  {
    // Everything that is ready or free is used up until a header must be written.
    const Interception interception(faults);
    for (int i = 0; i < 6; ++i) {
      const auto prepared = journal->prepare_ahead();
      if (prepared) continue;
      CHECK(prepared.error().code == Errc::io);
      break;
    }
    while (faults.fail_pwrite + faults.fail_sync > 0) {
      const auto appended = try_append(*journal, {segment_filler(journal->next_sequence())});
      if (!appended) CHECK(appended.error().code == Errc::io);
      if (journal->sync() && !appended) break;
      const auto prepared = journal->prepare_ahead();
      if (!prepared) CHECK(prepared.error().code == Errc::io);
    }
  }
  CHECK_FALSE(journal->poisoned());
  CHECK(journal->bytes_total() <= before + kSmallSegment);
  const std::uint64_t last = append_filler(*journal);
  REQUIRE(journal->sync());
  CHECK(store.replay(3).report.last_sequence == last);
}

TEST_CASE("disk full while a segment is made changes nothing", "[journal][prepare]") {
  JournalFolder store;
  Faults faults;
  faults.error = ENOSPC;
  faults.fail_pwrite = 1;
  {
    const Interception interception(faults);
    const auto journal = Journal::open(store.options(), 1, 0);
    REQUIRE_FALSE(journal);
    CHECK(journal.error().code == Errc::disk_full);
  }
  const auto journal = store.open();
  append_filler(*journal);
  faults.fail_pwrite = 1;
  {
    const Interception interception(faults);
    const auto failed = try_append(*journal, {segment_filler(2)});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == Errc::disk_full);
    CHECK(failed.error().applied == Applied::no);
    faults.fail_pwrite = 1;
    CHECK(journal->prepare_ahead().error().code == Errc::disk_full);
  }
  CHECK_FALSE(journal->poisoned());
  CHECK(append_filler(*journal) == 2);
  REQUIRE(journal->sync());
  CHECK(store.replay().report.last_sequence == 2);
}

}  // namespace milepost::journal::test
