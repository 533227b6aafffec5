// SPDX-License-Identifier: Apache-2.0
//
// The bytes of one group; see group.hpp for their layout.
#include "journal/group.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <xxhash.h>

#include "journal/bytes.hpp"

namespace milepost::journal {
namespace {

constexpr std::size_t kHeaderCheckOffset = 60;

std::uint32_t header_check(const std::byte* group, std::uint64_t seed) noexcept {
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(
      group + kGroupMagicOffset, kHeaderCheckOffset - kGroupMagicOffset, seed));
}

std::uint64_t whole_check(std::span<const std::byte> group, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(group.data() + kGroupMagicOffset, group.size() - kGroupMagicOffset,
                              seed);
}

}  // namespace

std::uint64_t group_seed(const Uuid& store_id, std::uint64_t generation) noexcept {
  std::array<std::byte, 24> bytes;
  std::memcpy(bytes.data(), store_id.data, 16);
  put(bytes.data() + 16, generation);
  return XXH3_64bits(bytes.data(), bytes.size());
}

void encode_group(GroupHeader& header, std::span<const EffectBytes> effects, std::uint64_t seed,
                  std::byte* out) noexcept {
  put(out + 8, kGroupMagic);
  put(out + 16, header.generation);
  put(out + 24, header.first_sequence);
  put(out + 32, header.synced_sequence);
  put(out + 40, header.previous_checksum);
  put(out + 48, header.effect_count);
  put(out + 52, header.payload_bytes);
  put(out + 56, std::uint32_t{0});
  put(out + kHeaderCheckOffset, header_check(out, seed));
  std::byte* to = out + kGroupHeaderBytes;
  for (const EffectBytes effect : effects) {
    put(to, static_cast<std::uint32_t>(effect.size()));
    to += kEffectLengthBytes;
    if (!effect.empty()) std::memcpy(to, effect.data(), effect.size());
    to += effect.size();
  }
  std::memset(to, 0, static_cast<std::size_t>(out + header.total_bytes() - to));
  header.checksum = whole_check({out, header.total_bytes()}, seed);
  put(out, header.checksum);
}

std::optional<GroupHeader> decode_group_header(std::span<const std::byte> bytes,
                                               std::uint64_t generation,
                                               std::uint64_t seed) noexcept {
  const std::byte* from = bytes.data();
  if (take<std::uint64_t>(from + kGroupMagicOffset) != kGroupMagic) return std::nullopt;
  if (take<std::uint64_t>(from + kGroupGenerationOffset) != generation) return std::nullopt;
  if (take<std::uint32_t>(from + kHeaderCheckOffset) != header_check(from, seed)) {
    return std::nullopt;
  }
  GroupHeader header;
  header.checksum = take<std::uint64_t>(from);
  header.generation = generation;
  header.first_sequence = take<std::uint64_t>(from + 24);
  header.synced_sequence = take<std::uint64_t>(from + 32);
  header.previous_checksum = take<std::uint64_t>(from + 40);
  header.effect_count = take<std::uint32_t>(from + 48);
  header.payload_bytes = take<std::uint32_t>(from + 52);
  if (take<std::uint32_t>(from + 56) != 0) return std::nullopt;
  // What no writer makes is refused even when both checksums agree with it.
  if (header.effect_count == 0 || header.first_sequence == 0) return std::nullopt;
  if (header.payload_bytes > kGroupPayloadMax) return std::nullopt;
  if (header.payload_bytes / kEffectLengthBytes < header.effect_count) return std::nullopt;
  if (header.first_sequence > std::numeric_limits<std::uint64_t>::max() - header.effect_count) {
    return std::nullopt;
  }
  if (header.synced_sequence >= header.first_sequence) return std::nullopt;
  return header;
}

bool verify_group(const GroupHeader& header, std::span<const std::byte> group,
                  std::uint64_t seed) noexcept {
  if (group.size() != header.total_bytes()) return false;
  if (whole_check(group, seed) != header.checksum) return false;
  EffectCursor effects(header, group);
  std::uint32_t count = 0;
  while (effects.next()) ++count;
  return effects.at_end() && count == header.effect_count;
}

std::optional<EffectBytes> EffectCursor::next() noexcept {
  if (rest_.size() < kEffectLengthBytes) return std::nullopt;
  const std::size_t size = take<std::uint32_t>(rest_.data());
  if (size > rest_.size() - kEffectLengthBytes) return std::nullopt;
  const EffectBytes effect = rest_.subspan(kEffectLengthBytes, size);
  rest_ = rest_.subspan(kEffectLengthBytes + size);
  return effect;
}

}  // namespace milepost::journal
