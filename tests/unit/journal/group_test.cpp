// SPDX-License-Identifier: Apache-2.0
//
// The group codec on its own.
#include "journal/group.hpp"

#include <cstring>
#include <string>
#include <vector>
#include <xxhash.h>

#include "journal/bytes.hpp"
#include "support.hpp"
#include "support/catch.hpp"

namespace milepost::journal::test {
namespace {

struct Encoded {
  GroupHeader header{};
  std::uint64_t seed = 0;
  std::vector<std::byte> bytes{};
};

Encoded encode(const std::vector<std::string>& effects, std::uint64_t generation = 7) {
  Encoded result;
  result.header = {.generation = generation,
                   .first_sequence = 41,
                   .synced_sequence = 39,
                   .previous_checksum = 0x1234};
  std::vector<EffectBytes> spans;
  for (const auto& effect : effects) {
    spans.push_back(std::as_bytes(std::span(effect)));
    result.header.payload_bytes += static_cast<std::uint32_t>(kEffectLengthBytes + effect.size());
  }
  result.header.effect_count = static_cast<std::uint32_t>(effects.size());
  result.seed = group_seed(JournalFolder::make_uuid(1), generation);
  result.bytes.assign(result.header.total_bytes(), std::byte{0xee});
  encode_group(result.header, spans, result.seed, result.bytes.data());
  return result;
}

bool reads_as(const Encoded& group, std::span<const std::byte> bytes) {
  const auto header = decode_group_header(bytes, group.header.generation, group.seed);
  if (!header || header->total_bytes() > bytes.size()) return false;
  return *header == group.header &&
         verify_group(*header, bytes.first(header->total_bytes()), group.seed);
}

/// The header with the checksum that the bytes have by now.
GroupHeader with_checksum(const Encoded& group) {
  GroupHeader header = group.header;
  header.checksum = XXH3_64bits_withSeed(group.bytes.data() + kGroupMagicOffset,
                                         group.bytes.size() - kGroupMagicOffset, group.seed);
  return header;
}

}  // namespace

TEST_CASE("a group reads back as it was written", "[journal][group]") {
  for (const auto& effects : std::vector<std::vector<std::string>>{
           {""}, {"a"}, {"abcd"}, {"", "", ""}, {"one", std::string(1000, 'x'), "three"}}) {
    const Encoded group = encode(effects);
    CHECK(group.bytes.size() % kGroupAlignment == 0);
    REQUIRE(reads_as(group, group.bytes));
    CHECK(group.header.last_sequence() == 40 + effects.size());
    EffectCursor cursor(group.header, group.bytes);
    for (const auto& effect : effects) {
      const auto next = cursor.next();
      REQUIRE(next);
      CHECK(std::string(reinterpret_cast<const char*>(next->data()), next->size()) == effect);
    }
    CHECK_FALSE(cursor.next());
    CHECK(cursor.at_end());
  }
}

TEST_CASE("no flipped bit of a group goes unnoticed", "[journal][group]") {
  const Encoded group = encode({"first", "", "the third effect"});
  for (std::size_t bit = 0; bit < group.bytes.size() * 8; ++bit) {
    auto bytes = group.bytes;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    INFO("bit " << bit);
    CHECK_FALSE(reads_as(group, bytes));
  }
}

TEST_CASE("a group of another generation or store is no group", "[journal][group]") {
  const Encoded group = encode({"effect"});
  const auto other_store = group_seed(JournalFolder::make_uuid(2), 7);
  CHECK_FALSE(decode_group_header(group.bytes, 7, other_store));
  CHECK_FALSE(decode_group_header(group.bytes, 8, group.seed));
  // Nor does it become one by a changed generation field: the seed differs too.
  auto bytes = group.bytes;
  put(bytes.data() + kGroupGenerationOffset, std::uint64_t{8});
  CHECK_FALSE(decode_group_header(bytes, 8, group_seed(JournalFolder::make_uuid(1), 8)));
  CHECK_FALSE(decode_group_header(bytes, 7, group.seed));
}

TEST_CASE("a header that no writer makes is refused though its checksums agree",
          "[journal][group]") {
  const auto refused = [](auto change) {
    Encoded group = encode({"effect", "another"});
    change(group.header);
    std::vector<EffectBytes> none;
    GroupHeader header = group.header;
    header.payload_bytes = 0;  // encode_group only writes what it is given
    std::vector<std::byte> bytes(kGroupHeaderBytes);
    encode_group(header, none, group.seed, bytes.data());
    return !decode_group_header(bytes, group.header.generation, group.seed);
  };
  CHECK(refused([](GroupHeader& h) { h.effect_count = 0; }));
  CHECK(refused([](GroupHeader& h) { h.effect_count = 1; }));  // no payload for it
  CHECK(refused([](GroupHeader& h) { h.first_sequence = 0; }));
  CHECK(refused([](GroupHeader& h) { h.synced_sequence = h.first_sequence; }));
  CHECK(refused([](GroupHeader& h) { h.first_sequence = ~std::uint64_t{0}; }));
}

TEST_CASE("effect lengths that do not add up never verify", "[journal][group]") {
  for (const std::uint32_t length : {0u, 5u, 7u, 100u, 0xffff'ffffu}) {
    Encoded group = encode({"effect"});
    put(group.bytes.data() + kGroupHeaderBytes, length);
    // The attacker's dream: a checksum that agrees. Made by encoding the same bytes as one effect.
    std::vector<std::byte> payload(group.bytes.begin() + kGroupHeaderBytes, group.bytes.end());
    EffectCursor cursor(group.header, group.bytes);
    std::size_t effects = 0;
    while (cursor.next()) ++effects;
    CHECK_FALSE((cursor.at_end() && effects == 1));
    CHECK_FALSE(verify_group(with_checksum(group), group.bytes, group.seed));
  }
  // And whole effects of which there are not as many as the header says.
  Encoded group = encode({"one", "two"});
  CHECK(verify_group(with_checksum(group), group.bytes, group.seed));
  for (const std::uint32_t count : {1u, 3u}) {
    group.header.effect_count = count;
    CHECK_FALSE(verify_group(with_checksum(group), group.bytes, group.seed));
  }
}

}  // namespace milepost::journal::test
