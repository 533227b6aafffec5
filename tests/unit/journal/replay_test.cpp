// SPDX-License-Identifier: Apache-2.0
//
// What replay takes and cuts.
#include <random>
#include <xxhash.h>

#include "journal/bytes.hpp"
#include "support.hpp"
#include "support/catch.hpp"

namespace milepost::journal::test {
namespace fs = std::filesystem;

TEST_CASE("what was appended is replayed, over segments and from any point", "[journal][replay]") {
  JournalFolder store;
  std::uint64_t last = 0;
  {
    const auto journal = store.open();
    last = fill(*journal, store, 3, true);
  }
  for (std::uint64_t after = 0; after <= last; ++after) {
    const Replayed all = store.replay(after);
    CHECK(all.effects.size() == last - after);
    CHECK(is_numbered_prefix(all.effects, 5000, after));
    CHECK(all.report.last_sequence == last);
    CHECK(all.report.effects == last - after);
    CHECK(all.report.bytes_cut == 0);
    CHECK(all.report.groups == store.groups().size());
  }
  CHECK(store.replay(last + 5).report.last_sequence == last + 5);
}

TEST_CASE("a missing or empty folder is an empty journal", "[journal][replay]") {
  JournalFolder store;
  CHECK(store.replay(12).report.last_sequence == 12);
  fs::create_directory(store.path());
  CHECK(store.replay(12).report.last_sequence == 12);
}

TEST_CASE("a tail torn at any byte is cut, and the journal goes on from there",
          "[journal][replay]") {
  // The bytes never written are what was there before: zeros, or an older generation's group.
  const bool recycled = GENERATE(false, true);
  JournalFolder store;
  std::uint64_t base = 0;
  if (recycled) {
    const auto journal = store.open();
    for (int i = 0; i < 5; ++i) append_numbered(*journal, 1, 40);
    base = journal->next_sequence() - 1;
  }
  std::string before;
  {
    const auto journal = store.open(base);
    before = read_file(store.file(0));
    append_numbered(*journal, 2, 40);
    append(*journal, {numbered_effect(base + 3, 40), numbered_effect(base + 4, 61)});
  }
  const auto groups = store.groups();
  REQUIRE(groups.size() == 3);
  const PlacedGroup torn = groups.back();
  const std::string whole = read_file(torn.file);
  const std::size_t size = torn.header.total_bytes();
  for (std::size_t written = 0; written < size; ++written) {
    INFO("bytes written: " << written);
    const std::size_t at = torn.offset + written;
    patch_file(torn.file, at, before.substr(at, size - written));
    const bool trailing_zeros =
        whole.substr(at, size - written) == before.substr(at, size - written);
    const Replayed found = store.replay(base);
    CHECK(found.effects.size() == (trailing_zeros ? 4u : 2u));
    CHECK(found.report.last_sequence == base + (trailing_zeros ? 4 : 2));
    if (!trailing_zeros && written >= 24) CHECK(found.report.bytes_cut >= kGroupHeaderBytes);
    if (written % 16 == 5 && !trailing_zeros) {
      const fs::path copy = store.folder.path() / "copy";
      fs::copy(store.path(), copy);
      {
        const auto journal = store.open(base + 2);
        append(*journal, {"after the cut"});
        REQUIRE(journal->sync());
        append(*journal, {"and more"});
        REQUIRE(journal->sync());
      }
      const Replayed again = store.replay(base + 2);
      CHECK(again.effects == std::vector<std::string>{"after the cut", "and more"});
      fs::remove_all(store.path());
      fs::rename(copy, store.path());
    }
    patch_file(torn.file, torn.offset, whole.substr(torn.offset, size));
  }
}

TEST_CASE("a group missing before others that were not known to be synced is a torn tail",
          "[journal][replay]") {
  JournalFolder store;
  {
    const auto journal = store.open();
    append_numbered(*journal, 2);
    for (std::uint64_t i = 3; i <= 6; ++i) append(*journal, {numbered_effect(i)});
  }
  const auto groups = store.groups();
  patch_file(groups[2].file, groups[2].offset, std::string(groups[2].header.total_bytes(), '\0'));
  const Replayed found = store.replay();
  CHECK(found.effects.size() == 2);
  CHECK(found.report.bytes_cut == 3 * groups[3].header.total_bytes());
  // The whole groups past the cut never come back, whatever is written next.
  std::vector<std::string> expected{"new 3"};
  {
    const auto journal = store.open(2);
    append(*journal, {"new 3"});
    REQUIRE(journal->sync());
    for (int i = 4; i < 9; ++i) {
      expected.push_back("new " + std::to_string(i));
      append(*journal, {expected.back()});
      REQUIRE(journal->sync());
    }
  }
  CHECK(store.replay(2).effects == expected);
}

TEST_CASE("an unsynced segment switch that lost the older segment's tail is cut there",
          "[journal][replay]") {
  JournalFolder store;
  {
    const auto journal = store.open();
    fill(*journal, store, 3, false);
  }
  const auto groups = store.groups();
  std::size_t lost = 0;
  while (groups[lost + 1].file == groups[0].file) ++lost;
  patch_file(groups[lost].file, groups[lost].offset + 70, "torn");
  const Replayed found = store.replay();
  CHECK(found.report.last_sequence == groups[lost].header.first_sequence - 1);
  CHECK(is_numbered_prefix(found.effects, 5000));
}

TEST_CASE("released segments may be gone; what they held need not be there", "[journal][replay]") {
  JournalFolder store;
  std::uint64_t released = 0;
  std::uint64_t last = 0;
  {
    const auto journal = store.open();
    released = fill(*journal, store, 3, true);
    REQUIRE(journal->sync());
    journal->release(released);
    last = fill(*journal, store, 3, true);
    while (journal->prepare_ahead().value()) {
    }
  }
  CHECK(store.groups().front().header.first_sequence > 1);
  CHECK(is_numbered_prefix(store.replay(released).effects, 5000, released));
  CHECK(store.replay(released).report.last_sequence == last);
  // Without them there is a gap: damage for the writer, a race for anybody else.
  const auto writer = store.try_replay(0);
  REQUIRE_FALSE(writer);
  CHECK(writer.error().code == Errc::corrupt);
  const auto reader = store.try_replay(0, nullptr, ReplayRole::reader);
  REQUIRE_FALSE(reader);
  CHECK(reader.error().code == Errc::busy);
  CHECK(reader.error().retry_safe);
  // Though nothing of it is needed any more, the first group there must not be damaged.
  const PlacedGroup first = store.groups().front();
  CHECK(store.try_replay(last));
  patch_file(first.file, first.offset + 80, "damage");
  CHECK(store.try_replay(last).error().code == Errc::corrupt);
}

TEST_CASE("a replay beside a writer that has gone on meanwhile follows it", "[journal][replay]") {
  JournalFolder store;
  const auto journal = store.open();
  while (journal->prepare_ahead().value()) {
  }
  append_numbered(*journal, 2, 6000);
  std::vector<std::string> found;
  const auto report = journal::replay(
      store.path().string(), store.store_id, 0,
      [&](std::uint64_t sequence, EffectBytes effect) -> Result<void> {
        found.emplace_back(reinterpret_cast<const char*>(effect.data()), effect.size());
        // By the time the second is handed out, the journal reaches into the next segment, whose
        // groups prove that more was synced here than was read.
        if (sequence == 2) append_numbered(*journal, 12, 6000);
        return {};
      },
      ReplayRole::reader);
  REQUIRE(report);
  CHECK(report->last_sequence == 14);
  CHECK(found.size() == 14);
  CHECK(is_numbered_prefix(found, 6000));
}

TEST_CASE("files that are no segments are not looked at", "[journal][replay]") {
  JournalFolder store;
  { append_numbered(*store.open(), 3); }
  write_file(store.path() / "README", "junk");
  write_file(store.path() / "0000000g.seg", "junk");
  write_file(store.path() / "00000007.seg~", "junk");
  write_file(store.path() / "00000009.tmp", std::string(5000, 'x'));
  fs::create_directory(store.path() / "folder");
  CHECK(store.replay().effects.size() == 3);
  {
    const auto journal = store.open(3);
    append_numbered(*journal, 2);
  }
  CHECK(store.replay(3).effects.size() == 2);
  CHECK(fs::exists(store.path() / "README"));
  CHECK_FALSE(fs::exists(store.path() / "00000009.tmp"));
}

TEST_CASE("a file under a segment's name that never was one is corrupt and left alone",
          "[journal][replay]") {
  JournalFolder store;
  { append_numbered(*store.open(), 3); }
  for (const std::string& junk : {std::string(), std::string(70'000, 'x')}) {
    const fs::path path = store.path() / "00000005.seg";
    write_file(path, junk);
    const auto report = store.try_replay();
    REQUIRE_FALSE(report);
    CHECK(report.error().code == Errc::corrupt);
    CHECK(report.error().subject == path.string());
    CHECK(Journal::open(store.options(), 2, 3).error().code == Errc::corrupt);
    CHECK((read_file(path) == junk));
    fs::remove(path);
  }
  CHECK(store.replay().effects.size() == 3);
}

TEST_CASE("a visitor's error stops the replay and comes back", "[journal][replay]") {
  JournalFolder store;
  { append_numbered(*store.open(), 5); }
  std::uint64_t seen = 0;
  const auto report = journal::replay(store.path().string(), store.store_id, 0,
                                      [&](std::uint64_t sequence, EffectBytes) -> Result<void> {
                                        seen = sequence;
                                        if (sequence == 3) return Error{.code = Errc::cancelled};
                                        return {};
                                      });
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::cancelled);
  CHECK(seen == 3);
}

TEST_CASE("a group larger than the window replays, and its memory is that of one group",
          "[journal][replay]") {
  JournalFolder store;
  store.segment_bytes = 8u << 20;
  const std::string big = numbered_effect(1, 5u << 20);
  {
    const auto journal = store.open();
    append(*journal, {big});
    append(*journal, {"small", big});
    append(*journal, {"end"});
    REQUIRE(journal->sync());
  }
  const Replayed found = store.replay();
  REQUIRE(found.effects.size() == 4);
  CHECK(found.effects[0] == big);
  CHECK(found.effects[1] == "small");
  CHECK(found.effects[2] == big);
  CHECK(found.effects[3] == "end");
}

}  // namespace milepost::journal::test
