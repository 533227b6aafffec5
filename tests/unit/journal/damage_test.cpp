// SPDX-License-Identifier: Apache-2.0
//
// What replay refuses, and what it does not mistake for damage.
#include <random>
#include <xxhash.h>

#include "journal/bytes.hpp"
#include "support.hpp"
#include "support/catch.hpp"

namespace milepost::journal::test {
namespace {

namespace fs = std::filesystem;

std::string flipped(char byte, unsigned bit) {
  return std::string(1, static_cast<char>(byte ^ (1 << bit)));
}

}  // namespace

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

TEST_CASE("a group behind its predecessor that skips a sequence does not follow",
          "[journal][replay]") {
  JournalFolder store;
  { append_numbered(*store.open(), 3); }
  const PlacedGroup third = store.groups()[2];
  GroupHeader header = third.header;
  header.first_sequence = 4;
  const std::string other(100, 'x');
  const EffectBytes effects[] = {std::as_bytes(std::span(other))};
  std::string bytes(header.total_bytes(), '\0');
  encode_group(header, effects, group_seed(store.store_id, header.generation),
               reinterpret_cast<std::byte*>(bytes.data()));
  patch_file(third.file, third.offset, bytes);
  const auto report = store.try_replay();
  REQUIRE(report);
  CHECK(report->last_sequence == 2);
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
    // Also when cut within its header: no segment that was never finished has its name.
    REQUIRE_FALSE(report);
    CHECK(report.error().code == Errc::corrupt);
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

}  // namespace milepost::journal::test
