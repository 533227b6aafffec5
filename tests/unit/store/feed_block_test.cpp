// SPDX-License-Identifier: Apache-2.0
//
// Blocks of the feed as bytes: what fits, what is read back, that damage is found, and that
// blanking leaves no byte of what was there.
#include "store/feed_block.hpp"

#include <algorithm>
#include <random>
#include <string>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "unit/store/support.hpp"

namespace milepost::store {
namespace {

using test::code_of;
using test::effect;

using Bytes = std::vector<std::byte>;

/// A block of effects on the runs first..first+count-1, each with its sequence.
Bytes block_of(std::uint64_t first, std::uint64_t count, std::string_view error = {}) {
  FeedBlockWriter writer;
  writer.begin(first);
  for (std::uint64_t i = 0; i < count; ++i) writer.add(effect(first + i, first + i, error).bytes());
  const auto bytes = writer.finish();
  return {bytes.begin(), bytes.end()};
}

std::vector<Bytes> effects_in(std::uint64_t first, std::span<const std::byte> bytes) {
  FeedBlock block = FeedBlock::read(first, bytes).value();
  std::vector<Bytes> read;
  for (auto each = block.next(); each; each = block.next()) {
    read.emplace_back(each->begin(), each->end());
  }
  CHECK_FALSE(block.next().has_value());
  return read;
}

TEST_CASE("what is packed into a block is read out of it, in order", "[store][feed_block]") {
  const Bytes bytes = block_of(41, 5);
  const FeedBlock block = FeedBlock::read(41, bytes).value();
  CHECK(block.first_sequence() == 41);
  CHECK(block.last_sequence() == 45);
  const auto read = effects_in(41, bytes);
  REQUIRE(read.size() == 5);
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto written = effect(41 + i, 41 + i);
    CHECK(
        std::equal(read[i].begin(), read[i].end(), written.bytes().begin(), written.bytes().end()));
  }
}

TEST_CASE("a block takes what fills one page and not one byte more", "[store][feed_block]") {
  FeedBlockWriter writer;
  writer.begin(1);
  CHECK(writer.empty());
  CHECK(writer.fits(1u << 20));  // the first one always does
  const auto small = effect(1, 1);
  writer.add(small.bytes());
  CHECK_FALSE(writer.empty());
  const std::size_t room =
      kFeedBlockBytes - kFeedBlockHeader - kFeedBlockChecksum - (4 + small.bytes().size()) - 4;
  CHECK(writer.fits(room));
  CHECK_FALSE(writer.fits(room + 1));
  while (writer.fits(small.bytes().size())) writer.add(small.bytes());
  const std::size_t size = writer.finish().size();
  CHECK(size <= kFeedBlockBytes);
  CHECK(size > kFeedBlockBytes - small.bytes().size() - 8);
}

TEST_CASE("an effect larger than a page has a block of its own", "[store][feed_block]") {
  const std::string text(kErrorTextSizeMax, 'x');
  const Bytes bytes = block_of(7, 1, text);
  CHECK(bytes.size() > kFeedBlockBytes);
  CHECK(FeedBlock::read(7, bytes).value().last_sequence() == 7);
  CHECK(effects_in(7, bytes).size() == 1);
}

TEST_CASE("the writer starts anew with each block", "[store][feed_block]") {
  FeedBlockWriter writer;
  writer.begin(1);
  writer.add(effect(1, 1).bytes());
  (void)writer.finish();
  writer.begin(2);
  CHECK(writer.empty());
  CHECK(writer.first_sequence() == 2);
  writer.add(effect(2, 2).bytes());
  const auto bytes = writer.finish();
  CHECK(FeedBlock::read(2, bytes).value().last_sequence() == 2);
}

TEST_CASE("a block with any byte changed, cut, longer or out of place is corrupt",
          "[store][feed_block]") {
  const Bytes whole = block_of(3, 4);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes bytes = whole;
    bytes[i] ^= std::byte{0x20};
    CAPTURE(i);
    REQUIRE(code_of(FeedBlock::read(3, bytes)) == Errc::corrupt);
    REQUIRE(code_of(FeedBlock::read(3, std::span(whole).first(i))) == Errc::corrupt);
  }
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  CHECK(code_of(FeedBlock::read(3, longer)) == Errc::corrupt);
  const auto moved = FeedBlock::read(4, whole);
  REQUIRE(code_of(moved) == Errc::corrupt);
  CHECK(moved.error().subject == "changes from 4");
}

/// The block with bytes of its header changed and a checksum that fits.
Bytes forged(std::size_t at, std::uint8_t value) {
  Bytes bytes = block_of(3, 4);
  bytes[at] = std::byte{value};
  // blank_effect mends the checksum of whatever the block is.
  blank_effect(3, 3, bytes);
  return bytes;
}

TEST_CASE("a block whose header does not fit what it holds is corrupt, checksum or not",
          "[store][feed_block]") {
  CHECK(test::ok(FeedBlock::read(3, forged(0, 1))));
  CHECK(code_of(FeedBlock::read(3, forged(0, 2))) == Errc::corrupt);  // another version
  CHECK(code_of(FeedBlock::read(3, forged(1, 1))) == Errc::corrupt);  // a reserved byte
  CHECK(code_of(FeedBlock::read(3, forged(2, 0))) == Errc::corrupt);  // no effect
  CHECK(code_of(FeedBlock::read(3, forged(2, 3))) == Errc::corrupt);  // too few
  CHECK(code_of(FeedBlock::read(3, forged(2, 5))) == Errc::corrupt);  // too many
  CHECK(code_of(FeedBlock::read(3, forged(4, 1))) == Errc::corrupt);  // of another size
}

TEST_CASE("random bytes are no block", "[store][feed_block]") {
  std::mt19937_64 random(test::test_seed("feed_block"));
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes(random() % 200);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    REQUIRE_FALSE(FeedBlock::read(random(), bytes).has_value());
  }
}

TEST_CASE("blanking takes one effect's content and leaves the others", "[store][feed_block]") {
  Bytes bytes = block_of(10, 5, "the secret");
  const auto before = effects_in(10, bytes);
  blank_effect(10, 12, bytes);
  const auto after = effects_in(10, bytes);
  REQUIRE(after.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    if (i != 2) CHECK(after[i] == before[i]);
  }
  CHECK(after[2].size() == before[2].size());
  CHECK(after[2][0] == static_cast<std::byte>(core::EffectKind::blank));
  CHECK(std::all_of(after[2].begin() + 1, after[2].end(),
                    [](std::byte byte) { return byte == std::byte{0}; }));
  // Twice is as good as once.
  Bytes again = bytes;
  blank_effect(10, 12, again);
  CHECK(again == bytes);
}

}  // namespace
}  // namespace milepost::store
