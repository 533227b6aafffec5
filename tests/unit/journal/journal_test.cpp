// SPDX-License-Identifier: Apache-2.0
//
// Appending, switching, recycling and closing.
#include "journal/journal.hpp"

#include <cerrno>
#include <set>
#include <sys/stat.h>

#include "faults.hpp"
#include "support.hpp"
#include "support/catch.hpp"

namespace milepost::journal::test {
namespace {

namespace fs = std::filesystem;

std::uint64_t newest_generation(const JournalFolder& store) {
  std::uint64_t newest = 0;
  for (const auto& segment : store.segments()) {
    if (segment.header) newest = std::max(newest, segment.header->generation);
  }
  return newest;
}

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

TEST_CASE("sequences follow one another and sync tells how far they are durable",
          "[journal][append]") {
  JournalFolder store;
  const auto journal = store.open(100);
  CHECK(journal->next_sequence() == 101);
  CHECK(journal->synced_sequence() == 100);
  CHECK(append(*journal, {"a"}) == 101);
  CHECK(append(*journal, {"b", "c", "d"}) == 104);
  CHECK(journal->next_sequence() == 105);
  CHECK(journal->synced_sequence() == 100);
  CHECK(journal->unsynced_bytes() == (64 + 8) + (64 + 16));
  CHECK(journal->sync().value() == 104);
  CHECK(journal->synced_sequence() == 104);
  CHECK(journal->unsynced_bytes() == 0);
  CHECK(store.replay(100).effects == std::vector<std::string>{"a", "b", "c", "d"});
}

TEST_CASE("a durable step is one write and one sync, also across a prepared switch",
          "[journal][append]") {
  JournalFolder store;
  const auto journal = store.open();
  while (journal->prepare_ahead().value()) {
  }
  Faults counter;
  const Interception interception(counter);
  for (int step = 1; step <= 2; ++step) {  // the second one switches
    append_filler(*journal);
    REQUIRE(journal->sync());
    CHECK(counter.pwrites == step);
    CHECK(counter.syncs == step);
  }
  REQUIRE(journal->sync());
  CHECK(counter.syncs == 2);  // nothing new, nothing to do
}

TEST_CASE("a group carries what was known to be synced when it was written", "[journal][append]") {
  JournalFolder store;
  const auto journal = store.open(10);
  append(*journal, {"a"});
  append(*journal, {"b"});
  REQUIRE(journal->sync());
  append(*journal, {"c"});
  const auto groups = store.groups();
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].header.synced_sequence == 10);
  CHECK(groups[1].header.synced_sequence == 10);
  CHECK(groups[2].header.synced_sequence == 12);
  CHECK(groups[1].header.previous_checksum == groups[0].header.checksum);
  CHECK(groups[2].header.previous_checksum == groups[1].header.checksum);
}

TEST_CASE("sizes are refused before a byte is written", "[journal][append]") {
  JournalFolder store;
  const auto journal = store.open();
  CHECK(journal->group_bytes_max() == kSmallSegment - 4096 - 64);
  const auto max = static_cast<std::size_t>(journal->group_bytes_max());
  Faults counter;
  {
    const Interception interception(counter);
    for (const auto& effects : std::vector<std::vector<std::string>>{
             {}, {std::string(max - 7, 'x')}, std::vector<std::string>(max / 8 + 1)}) {
      const auto refused = try_append(*journal, effects);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::invalid_argument);
      CHECK(refused.error().applied == Applied::no);
    }
    CHECK(counter.pwrites == 0);
  }
  CHECK(append(*journal, {std::string(max - 8, 'x')}) == 1);
  CHECK(append(*journal, std::vector<std::string>(max / 8)) == 1 + max / 8);
  REQUIRE(journal->sync());
  CHECK(store.replay().effects.size() == 1 + max / 8);
  CHECK_FALSE(journal->poisoned());
}

TEST_CASE("options outside their limits are refused", "[journal][open]") {
  JournalFolder store;
  const auto open = [&](std::uint64_t segment, std::uint64_t total) {
    auto options = store.options();
    options.segment_bytes = segment;
    options.bytes_max = total;
    const auto journal = Journal::open(options, 1, 0);
    return journal ? Errc{} : journal.error().code;
  };
  CHECK(open(kJournalSegmentBytesMin - 4096, 1u << 30) == Errc::invalid_argument);
  CHECK(open(kJournalSegmentBytesMin + 1, 1u << 30) == Errc::invalid_argument);
  CHECK(open(kJournalSegmentBytesMax + 4096, 8ull << 30) == Errc::invalid_argument);
  CHECK(open(kSmallSegment, 4 * kSmallSegment - 1) == Errc::invalid_argument);
  CHECK_FALSE(fs::exists(store.path()));
  CHECK(open(kSmallSegment, 4 * kSmallSegment) == Errc{});
}

TEST_CASE("the folder is made private", "[journal][open]") {
  JournalFolder store;
  store.open().reset();
  struct stat status {};
  REQUIRE(::stat(store.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  fs::remove_all(store.path());
  fs::create_directory_symlink(store.folder.path(), store.path());
  CHECK_FALSE(Journal::open(store.options(), 1, 0));
}

TEST_CASE("segments are recycled and stale groups never follow", "[journal][recycle]") {
  FreeSyncs syncs;
  const Interception interception(syncs);
  JournalFolder store;
  store.segments_max = 4;
  const auto journal = store.open();
  // All groups have one size, so each lands exactly where a stale one of a former use stands.
  for (std::uint64_t step = 1; step <= 900; ++step) {
    while (journal->prepare_ahead().value()) {
    }
    REQUIRE(append(*journal, {numbered_effect(step, 3000)}) == step);
    REQUIRE(journal->sync().value() == step);
    if (step % 7 == 0) {
      const std::uint64_t after = step > 20 ? step - 20 : 0;
      const Replayed found = store.replay(after);
      REQUIRE(found.report.last_sequence == step);
      REQUIRE(found.effects.back() == numbered_effect(step, 3000));
      journal->release(after);
    }
  }
  CHECK(journal->bytes_total() <= 4 * kSmallSegment);
  CHECK(newest_generation(store) > 4 * 10);
  std::set<std::uint64_t> generations;
  for (const auto& segment : store.segments()) generations.insert(segment.header->generation);
  CHECK(generations.size() == store.segments().size());
}

TEST_CASE("every open goes on in a higher generation", "[journal][open]") {
  JournalFolder store;
  std::uint64_t generation = 0;
  std::uint64_t last = 0;
  for (int round = 0; round < 12; ++round) {
    const auto journal = store.open(last);
    const std::uint64_t now = newest_generation(store);
    CHECK(now > generation);
    generation = now;
    if (round % 3 == 0) last = append_filler(*journal);
    if (round % 3 == 1) last = append(*journal, {"short"});
    REQUIRE(journal->sync());
    while (round % 4 == 0 && journal->prepare_ahead().value()) {
    }
    generation = newest_generation(store);
    if (round % 4 == 2) {
      journal->release(last);
      REQUIRE(journal->close_empty());
      generation = newest_generation(store);
    }
    CHECK(store.replay(last).report.last_sequence == last);
  }
}

TEST_CASE("nothing that is not synced is released", "[journal][recycle]") {
  JournalFolder store;
  const auto journal = store.open();
  append_filler(*journal);
  append_filler(*journal);
  journal->release(2);
  CHECK(journal->bytes_live() == 2 * kSmallSegment);
  REQUIRE(journal->sync());
  journal->release(1);
  CHECK(journal->bytes_live() == kSmallSegment);
  journal->release(2);
  CHECK(journal->bytes_live() == 0);
}

TEST_CASE("close_empty leaves an empty journal of two segments that opens at once",
          "[journal][close]") {
  JournalFolder store;
  std::uint64_t last = 0;
  {
    const auto journal = store.open();
    for (int i = 0; i < 6; ++i) last = append_filler(*journal);
    REQUIRE(journal->sync());
    journal->release(last - 1);
    CHECK(journal->close_empty().error().code == Errc::invalid_argument);
    journal->release(last);
    REQUIRE(journal->close_empty());
    CHECK_FALSE(journal->poisoned());
    CHECK(try_append(*journal, {"late"}).error().code == Errc::closed);
    CHECK(journal->sync().error().code == Errc::closed);
    CHECK(journal->prepare_ahead().error().code == Errc::closed);
    CHECK(journal->close_empty().error().code == Errc::closed);
    CHECK(journal->bytes_total() == 2 * kSmallSegment);
  }
  CHECK(store.segments().size() == 2);
  const Replayed found = store.replay(last);
  CHECK(found.report.last_sequence == last);
  CHECK(found.report.groups == 0);
  CHECK(found.report.bytes == 0);  // nothing but headers is looked at
  Faults counter;
  {
    const Interception interception(counter);
    const auto journal = store.open(last);
    CHECK(counter.pwrites == 1);  // one header
    CHECK(counter.syncs == 1);
  }
}

TEST_CASE("close_empty works right after open and with a single segment", "[journal][close]") {
  JournalFolder store;
  for (int round = 0; round < 3; ++round) {
    const auto journal = store.open(7);
    CHECK(store.segments().size() == 1);
    REQUIRE(journal->close_empty());
    CHECK(store.replay(7).report.last_sequence == 7);
  }
}

TEST_CASE("segments of another size or beyond the cap are replaced at open", "[journal][open]") {
  JournalFolder store;
  std::uint64_t last = 0;
  {
    const auto journal = store.open();
    for (int i = 0; i < 8; ++i) last = append_filler(*journal, true);
    REQUIRE(journal->sync());
  }
  SECTION("another size") {
    store.segment_bytes = 2 * kSmallSegment;
    const auto journal = store.open(last);
    CHECK(journal->bytes_total() == 2 * kSmallSegment);
  }
  SECTION("fewer") {
    store.segments_max = 4;
    const auto journal = store.open(last);
    CHECK(journal->bytes_total() == 4 * kSmallSegment);
    CHECK(store.segments().size() == 4);
  }
  CHECK(store.replay(last).report.last_sequence == last);
  const auto journal = store.open(last);
  CHECK(append(*journal, {"on we go"}) == last + 1);
  REQUIRE(journal->sync());
  CHECK(store.replay(last).effects == std::vector<std::string>{"on we go"});
}

TEST_CASE("the number of segments has a cap of its own", "[journal][open]") {
  FreeSyncs syncs;
  const Interception interception(syncs);
  JournalFolder store;
  store.segments_max = kSegmentsMax + 10;
  const auto journal = store.open();
  std::uint64_t appended = 0;
  for (;;) {
    const auto last = try_append(*journal, {segment_filler(appended + 1)});
    if (!last) {
      CHECK(last.error().code == Errc::busy);
      break;
    }
    appended = *last;
  }
  CHECK(appended == kSegmentsMax - 1);
}

}  // namespace milepost::journal::test
