// SPDX-License-Identifier: Apache-2.0
//
// Bytes of the change feed; what an effect means is core's.
#include "store/feed_block.hpp"

#define XXH_INLINE_ALL  // NOLINT(readability-identifier-naming): the library's own switch
#include <algorithm>
#include <cstring>
#include <string>
#include <xxhash.h>

#include "core/bytes.hpp"
#include "core/effect.hpp"

namespace milepost::store {
namespace {

using core::load_le;
using core::store_le;

constexpr std::uint8_t kFeedBlockVersion = 1;
constexpr std::size_t kLengthBytes = 4;

std::uint64_t checksum(std::uint64_t first_sequence, std::span<const std::byte> bytes) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), first_sequence);
}

Error damaged(std::uint64_t first_sequence, std::string message) {
  return Error{.code = Errc::corrupt,
               .subject = "changes from " + std::to_string(first_sequence),
               .message = std::move(message),
               .advice = "Run repair on a copy of the store."};
}

/// Whether lengths and count add up to the bytes, each effect with room for its header.
bool adds_up(std::span<const std::byte> effects, std::uint16_t count) noexcept {
  for (; count > 0; --count) {
    if (effects.size() < kLengthBytes) return false;
    const std::size_t size = load_le<std::uint32_t>(effects.data());
    if (size < core::kEffectHeaderSize || size > effects.size() - kLengthBytes) return false;
    effects = effects.subspan(kLengthBytes + size);
  }
  return effects.empty();
}

}  // namespace

void FeedBlockWriter::begin(std::uint64_t first_sequence) {
  first_sequence_ = first_sequence;
  count_ = 0;
  bytes_.assign(kFeedBlockHeader, std::byte{0});
}

bool FeedBlockWriter::fits(std::size_t effect_bytes) const noexcept {
  return count_ == 0 ||
         bytes_.size() + kLengthBytes + effect_bytes + kFeedBlockChecksum <= kFeedBlockBytes;
}

void FeedBlockWriter::add(std::span<const std::byte> effect) {
  const std::size_t at = bytes_.size();
  bytes_.resize(at + kLengthBytes + effect.size());
  store_le(bytes_.data() + at, static_cast<std::uint32_t>(effect.size()));
  std::memcpy(bytes_.data() + at + kLengthBytes, effect.data(), effect.size());
  ++count_;
}

std::span<const std::byte> FeedBlockWriter::finish() {
  bytes_[0] = std::byte{kFeedBlockVersion};
  store_le(bytes_.data() + 2, count_);
  store_le(bytes_.data() + 4, static_cast<std::uint32_t>(bytes_.size() - kFeedBlockHeader));
  const std::uint64_t sum = checksum(first_sequence_, bytes_);
  const std::size_t at = bytes_.size();
  bytes_.resize(at + kFeedBlockChecksum);
  store_le(bytes_.data() + at, sum);
  return bytes_;
}

Result<FeedBlock> FeedBlock::read(std::uint64_t first_sequence, std::span<const std::byte> bytes) {
  if (bytes.size() < kFeedBlockHeader + kFeedBlockChecksum) {
    return damaged(first_sequence, "A block of the change feed is too short.");
  }
  const auto body = bytes.first(bytes.size() - kFeedBlockChecksum);
  if (checksum(first_sequence, body) != load_le<std::uint64_t>(bytes.data() + body.size())) {
    return damaged(first_sequence, "A block of the change feed fails its checksum.");
  }
  FeedBlock block;
  block.first_sequence_ = first_sequence;
  block.count_ = load_le<std::uint16_t>(body.data() + 2);
  block.rest_ = body.subspan(kFeedBlockHeader);
  if (body[0] != std::byte{kFeedBlockVersion} || body[1] != std::byte{0} || block.count_ == 0 ||
      load_le<std::uint32_t>(body.data() + 4) != block.rest_.size() ||
      !adds_up(block.rest_, block.count_)) {
    return damaged(first_sequence, "A block of the change feed is not what it says.");
  }
  return block;
}

std::optional<std::span<const std::byte>> FeedBlock::next() noexcept {
  if (rest_.empty()) return std::nullopt;
  const std::size_t size = load_le<std::uint32_t>(rest_.data());
  const auto effect = rest_.subspan(kLengthBytes, size);
  rest_ = rest_.subspan(kLengthBytes + size);
  return effect;
}

void blank_effect(std::uint64_t first_sequence, std::uint64_t sequence,
                  std::span<std::byte> bytes) {
  std::size_t at = kFeedBlockHeader;
  for (std::uint64_t i = first_sequence; i < sequence; ++i) {
    at += kLengthBytes + load_le<std::uint32_t>(bytes.data() + at);
  }
  const std::size_t size = load_le<std::uint32_t>(bytes.data() + at);
  const auto effect = bytes.subspan(at + kLengthBytes, size);
  std::fill(effect.begin(), effect.end(), std::byte{0});
  effect[0] = static_cast<std::byte>(core::EffectKind::blank);
  const auto body = bytes.first(bytes.size() - kFeedBlockChecksum);
  store_le(bytes.data() + body.size(), checksum(first_sequence, body));
}

}  // namespace milepost::store
