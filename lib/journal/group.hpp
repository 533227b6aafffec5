// SPDX-License-Identifier: Apache-2.0
//
// The bytes of one group. Pure: no file, no clock, no allocation.
//
// A group starts at a multiple of 8 and is a 64-byte header, then for each effect a 32-bit length
// and its bytes, then zeros up to a multiple of 8. Integers are little-endian:
//
//    0  u64  checksum: XXH3-64 of everything after it, zeros included
//    8  u64  magic
//   16  u64  generation of the segment it was written to
//   24  u64  first sequence
//   32  u64  synced sequence: what was known to be synced when the group was written
//   40  u64  checksum of the group before it (of the segment's header, for the first after an open)
//   48  u32  effect count
//   52  u32  payload bytes: lengths and effects, without the zeros
//   56  u32  0
//   60  u32  header checksum: low half of XXH3-64 of bytes 8..59
//
// Both checksums are seeded by store id and generation. So a group of another store or generation
// never passes, whatever its header says, and neither do bytes made to look like a group by
// somebody who may choose an effect's text but does not know the store's id. The header has its own
// checksum so that a search for groups never hashes megabytes on the word of such bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "milepost/run.hpp"

namespace milepost::journal {

using EffectBytes = std::span<const std::byte>;

inline constexpr std::size_t kGroupHeaderBytes = 64;
inline constexpr std::size_t kGroupAlignment = 8;
inline constexpr std::size_t kEffectLengthBytes = 4;
/// No group's payload is larger, whatever the segment's size; bounds the memory of a replay.
inline constexpr std::size_t kGroupPayloadMax = 32u << 20;
inline constexpr std::uint64_t kGroupMagic = 0x9d7f'4a02'4750'4a4d;
inline constexpr std::size_t kGroupMagicOffset = 8;
inline constexpr std::size_t kGroupGenerationOffset = 16;

struct GroupHeader {
  std::uint64_t generation = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t synced_sequence = 0;
  std::uint64_t previous_checksum = 0;
  std::uint32_t effect_count = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t checksum = 0;

  [[nodiscard]] std::uint64_t last_sequence() const noexcept {
    return first_sequence + effect_count - 1;
  }
  [[nodiscard]] std::size_t total_bytes() const noexcept {
    return kGroupHeaderBytes +
           (payload_bytes + kGroupAlignment - 1) / kGroupAlignment * kGroupAlignment;
  }
  friend bool operator==(const GroupHeader&, const GroupHeader&) = default;
};

/// The seed of both checksums.
[[nodiscard]] std::uint64_t group_seed(const Uuid& store_id, std::uint64_t generation) noexcept;

/// Writes the group to `out` (exactly header.total_bytes() of it) and fills in header.checksum.
/// Precondition: effect_count and payload_bytes say what `effects` holds.
void encode_group(GroupHeader& header, std::span<const EffectBytes> effects, std::uint64_t seed,
                  std::byte* out) noexcept;

/// Reads the header of a group of `generation`; nothing if it is not one. The payload it speaks of
/// is not checked yet. Precondition: bytes.size() >= kGroupHeaderBytes.
[[nodiscard]] std::optional<GroupHeader> decode_group_header(std::span<const std::byte> bytes,
                                                             std::uint64_t generation,
                                                             std::uint64_t seed) noexcept;

/// Whether the whole group, exactly header.total_bytes(), is as it was written.
[[nodiscard]] bool verify_group(const GroupHeader& header, std::span<const std::byte> group,
                                std::uint64_t seed) noexcept;

/// Walks over the effects of a verified group.
class EffectCursor {
 public:
  EffectCursor(const GroupHeader& header, std::span<const std::byte> group) noexcept
      : rest_(group.subspan(kGroupHeaderBytes, header.payload_bytes)) {}

  /// The next effect; nothing at the end (or, never in a verified group, at nonsense).
  [[nodiscard]] std::optional<EffectBytes> next() noexcept;
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace milepost::journal
