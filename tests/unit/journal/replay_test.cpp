// SPDX-License-Identifier: Apache-2.0
//
// What replay takes, cuts and refuses.
#include <random>
#include <xxhash.h>

#include "journal/bytes.hpp"
#include "support.hpp"
#include "support/catch.hpp"

namespace milepost::journal::test {
namespace {

namespace fs = std::filesystem;

/// Groups of 1 to 3 effects until the journal has used `segments` segments; each synced if
/// `durable`. Yields the last sequence.
std::uint64_t fill(Journal& journal, const JournalFolder& store, std::size_t segments, bool durable,
                   std::size_t effect_size = 5000) {
  std::uint64_t last = journal.next_sequence() - 1;
  for (std::size_t used = 0; used < segments;) {
    std::vector<std::string> effects;
    for (std::uint64_t i = 0; i <= last % 3; ++i) {
      effects.push_back(numbered_effect(last + 1 + i, effect_size));
    }
    last = append(journal, effects);
    if (durable) REQUIRE(journal.sync());
    used = journal.bytes_live() / store.segment_bytes;
  }
  return last;
}

void append_numbered(Journal& journal, std::size_t groups, std::size_t size = 100) {
  for (std::size_t i = 0; i < groups; ++i) {
    append(journal, {numbered_effect(journal.next_sequence(), size)});
    REQUIRE(journal.sync());
  }
}

bool is_numbered_prefix(const std::vector<std::string>& effects, std::size_t size,
                        std::uint64_t after = 0) {
  for (std::size_t i = 0; i < effects.size(); ++i) {
    if (effects[i] != numbered_effect(after + i + 1, size)) return false;
  }
  return true;
}

std::string flipped(char byte, unsigned bit) {
  return std::string(1, static_cast<char>(byte ^ (1 << bit)));
}

}  // namespace

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

TEST_CASE("any flipped bit in a synced group is damage, in the last group it is cut",
          "[journal][replay]") {
  JournalFolder store;
  std::uint64_t last = 0;
  {
    const auto journal = store.open();
    append_numbered(*journal, 3);
    append_numbered(*journal, 1, 60'000);
    append_numbered(*journal, 1, 6'000);  // switches
    append_numbered(*journal, 2);
    last = journal->next_sequence() - 1;
  }
  const std::uint64_t seed = test_seed();
  INFO("MILEPOST_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  const auto groups = store.groups();
  REQUIRE(groups.size() == last);
  REQUIRE(groups.front().file != groups.back().file);
  for (const PlacedGroup& group : groups) {
    const std::string content = read_file(group.file);
    const std::size_t size = group.header.total_bytes();
    const std::size_t step = size > 1000 ? 97 : 1;
    for (std::size_t i = 0; i < size; i += step) {
      const std::uint64_t at = group.offset + i;
      patch_file(group.file, at, flipped(content[at], random() % 8));
      std::vector<std::string> effects;
      const auto report = store.try_replay(0, &effects);
      INFO("sequence " << group.header.first_sequence << " byte " << i);
      CHECK(effects.size() == group.header.first_sequence - 1);
      if (group.header.first_sequence < last) {
        REQUIRE_FALSE(report);
        CHECK(report.error().code == Errc::corrupt);
        CHECK(report.error().subject == group.file.string());
        CHECK(report.error().message.find("offset " + std::to_string(group.offset)) !=
              std::string::npos);
        CHECK_FALSE(report.error().advice.empty());
      } else {
        REQUIRE(report);
        CHECK(report->last_sequence == last - 1);
      }
      patch_file(group.file, at, content.substr(at, 1));
    }
  }
}

TEST_CASE("flipped bits among unsynced groups cut, and never yield a wrong effect",
          "[journal][replay]") {
  JournalFolder store;
  {
    const auto journal = store.open();
    for (std::uint64_t i = 1; i <= 6; ++i) append(*journal, {numbered_effect(i)});
    REQUIRE(journal->sync());
    append(*journal, {numbered_effect(7)});
  }
  for (const PlacedGroup& group : store.groups()) {
    const std::string content = read_file(group.file);
    for (std::size_t i = 0; i < group.header.total_bytes(); ++i) {
      const std::uint64_t at = group.offset + i;
      patch_file(group.file, at, flipped(content[at], static_cast<unsigned>(i % 8)));
      std::vector<std::string> effects;
      const auto report = store.try_replay(0, &effects);
      INFO("sequence " << group.header.first_sequence << " byte " << i);
      CHECK(effects.size() == group.header.first_sequence - 1);
      CHECK(is_numbered_prefix(effects, 100));
      // Only the seventh was written after the others were known to be synced.
      CHECK(report.has_value() == (group.header.first_sequence == 7));
      patch_file(group.file, at, content.substr(at, 1));
    }
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

TEST_CASE("a missing segment is damage, first or middle", "[journal][replay]") {
  JournalFolder store;
  const bool durable = GENERATE(true, false);
  {
    const auto journal = store.open();
    fill(*journal, store, 4, durable);
  }
  std::vector<fs::path> files;
  for (const auto& group : store.groups()) {
    if (files.empty() || files.back() != group.file) files.push_back(group.file);
  }
  REQUIRE(files.size() == 4);
  const std::size_t missing = GENERATE(0u, 1u, 2u);
  INFO("missing " << missing);
  fs::remove(files[missing]);
  const auto report = store.try_replay();
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::corrupt);
  CHECK(report.error().subject == files[missing + 1].string());
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

TEST_CASE("a group in the right place whose predecessor was another one does not follow",
          "[journal][replay]") {
  JournalFolder store;
  { append_numbered(*store.open(), 6); }
  // The third group, whole and with all the right numbers, but saying something else.
  const PlacedGroup third = store.groups()[2];
  GroupHeader header = third.header;
  const std::string other(100, 'x');
  const EffectBytes effects[] = {std::as_bytes(std::span(other))};
  std::string bytes(header.total_bytes(), '\0');
  encode_group(header, effects, group_seed(store.store_id, header.generation),
               reinterpret_cast<std::byte*>(bytes.data()));
  patch_file(third.file, third.offset, bytes);
  const auto report = store.try_replay();
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::corrupt);
  CHECK(report.error().message.find("sequence 4") != std::string::npos);
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

TEST_CASE("a store whose data is older than its journal is refused", "[journal][replay]") {
  JournalFolder store;
  SECTION("after a clean close") {
    const auto journal = store.open(50);
    REQUIRE(journal->close_empty());
  }
  SECTION("after an open without a step") { store.open(50).reset(); }
  SECTION("after an open with steps") { append_numbered(*store.open(50), 2); }
  CHECK(store.try_replay(50));
  const auto report = store.try_replay(49);
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::corrupt);
  CHECK(report.error().message.find("50") != std::string::npos);
}

TEST_CASE("a damaged segment header is ignored while the segment holds nothing needed",
          "[journal][replay]") {
  JournalFolder store;
  std::uint64_t last = 0;
  {
    const auto journal = store.open();
    last = fill(*journal, store, 2, true);
  }
  const auto groups = store.groups();
  const auto damage_header = [](const fs::path& path) {
    const std::string byte = read_file(path).substr(40, 1);
    patch_file(path, 40, flipped(byte[0], 3));
  };
  SECTION("of a prepared one") {
    {
      const auto journal = store.open(last);
      append_numbered(*journal, 1);
      ++last;
      while (journal->prepare_ahead().value()) {
      }
    }
    const auto used = store.groups();
    for (const auto& segment : store.segments()) {
      const fs::path path = store.file(segment.slot);
      if (path != used.back().file) damage_header(path);
    }
    CHECK(store.replay(last - 1).report.groups == 1);
    CHECK(store.replay(last - 1).report.last_sequence == last);
  }
  SECTION("of the newest, while effects in it are needed") {
    damage_header(groups.back().file);
    const auto report = store.try_replay();
    REQUIRE_FALSE(report);
    CHECK(report.error().code == Errc::corrupt);
    CHECK(report.error().subject == groups.back().file.string());
    CHECK(store.replay(last).report.last_sequence == last);
  }
  SECTION("of all") {
    damage_header(groups.front().file);
    damage_header(groups.back().file);
    CHECK(store.try_replay().error().code == Errc::corrupt);
  }
}

TEST_CASE("a truncated live segment is damage", "[journal][replay]") {
  JournalFolder store;
  { append_numbered(*store.open(), 3); }
  const auto group = store.groups().back();
  for (const std::uint64_t size : {kSmallSegment - 1, group.offset, std::uint64_t{100}}) {
    const std::string content = read_file(group.file);
    fs::resize_file(group.file, size);
    const auto report = store.try_replay();
    INFO("size " << size);
    // Cut within its header, it looks like one that was never finished and holds nothing.
    CHECK(report.has_value() == (size < kSegmentHeaderBytes));
    if (!report) CHECK(report.error().code == Errc::corrupt);
    write_file(group.file, content);
  }
}

TEST_CASE("segments of another store or format are refused and left alone", "[journal][replay]") {
  JournalFolder store;
  { append_numbered(*store.open(), 3); }
  const std::string before = read_file(store.file(0));
  Errc expected = Errc::other_store;
  SECTION("other store") { store.store_id = JournalFolder::make_uuid(9); }
  SECTION("newer format") {
    expected = Errc::version;
    std::string header = before.substr(0, 512);
    header[8] = static_cast<char>(kJournalFormatVersion + 1);
    put(reinterpret_cast<std::byte*>(header.data()) + 504,
        std::uint64_t{XXH3_64bits(header.data(), 504)});
    patch_file(store.file(0), 0, header);
  }
  const std::string content = read_file(store.file(0));
  const auto report = store.try_replay();
  REQUIRE_FALSE(report);
  CHECK(report.error().code == expected);
  const auto journal = Journal::open(store.options(), 2, 3);
  REQUIRE_FALSE(journal);
  CHECK(journal.error().code == expected);
  CHECK(read_file(store.file(0)) == content);
}

TEST_CASE("files that are no segments are not looked at", "[journal][replay]") {
  JournalFolder store;
  { append_numbered(*store.open(), 3); }
  write_file(store.path() / "README", "junk");
  write_file(store.path() / "0000000g.seg", "junk");
  write_file(store.path() / "00000007.seg~", "junk");
  write_file(store.path() / "00000009.tmp", std::string(5000, 'x'));
  write_file(store.path() / "00000005.seg", "");
  write_file(store.path() / "00000006.seg", std::string(70'000, 'x'));
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

TEST_CASE("bytes made to look like a group do not turn a torn tail into damage",
          "[journal][replay]") {
  JournalFolder store;
  // Whoever chooses an effect's text knows the format but not the store's id.
  GroupHeader header{.generation = 1,
                     .first_sequence = 900,
                     .synced_sequence = 899,
                     .previous_checksum = 0,
                     .effect_count = 1,
                     .payload_bytes = 8};
  std::string forged(header.total_bytes(), '\0');
  const std::string inner = "evil";
  const EffectBytes effects[] = {std::as_bytes(std::span(inner))};
  encode_group(header, effects, group_seed(Uuid{}, 1), reinterpret_cast<std::byte*>(forged.data()));
  {
    const auto journal = store.open();
    append_numbered(*journal, 2);
    append(*journal, {"1234" + forged});
  }
  const auto group = store.groups().back();
  patch_file(group.file, group.offset + 2, "torn");
  CHECK(store.replay().report.last_sequence == 2);
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
