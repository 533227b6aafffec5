// SPDX-License-Identifier: Apache-2.0
//
// FeedBlock: the value of a row in `changes`. Effects with consecutive sequences, the first of
// which is the row's key, packed so that a block fills one page: the feed costs a page for some
// thirty effects, and trimming it one delete for as many. Integers are little-endian:
//
//    0  u8   version   1  u8  0   2  u16 effect count   4  u32 bytes of the effects
//    8  for each effect a u32 length and its bytes
//   last u64 checksum: XXH3-64 of everything before it, seeded with the first sequence
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "milepost/result.hpp"

namespace milepost::store {

inline constexpr std::size_t kFeedBlockHeader = 8;
inline constexpr std::size_t kFeedBlockChecksum = 8;
/// What one LMDB overflow page of 4 KiB holds. An effect that is larger has a block of its own.
inline constexpr std::size_t kFeedBlockBytes = 4096 - 16;

/// Packs one block after the other.
class FeedBlockWriter {
 public:
  /// Begins a block; whatever was in it is gone.
  void begin(std::uint64_t first_sequence);
  /// Whether the effect fits; the first one always does.
  [[nodiscard]] bool fits(std::size_t effect_bytes) const noexcept;
  void add(std::span<const std::byte> effect);
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::uint64_t first_sequence() const noexcept { return first_sequence_; }
  /// Closes the block; its bytes, valid until the next begin().
  [[nodiscard]] std::span<const std::byte> finish();

 private:
  std::uint64_t first_sequence_ = 0;
  std::uint16_t count_ = 0;
  std::vector<std::byte> bytes_;
};

/// A verified block. Views the bytes it was read from.
class FeedBlock {
 public:
  /// `corrupt` unless the bytes are a whole block of this first sequence.
  [[nodiscard]] static Result<FeedBlock> read(std::uint64_t first_sequence,
                                              std::span<const std::byte> bytes);

  [[nodiscard]] std::uint64_t first_sequence() const noexcept { return first_sequence_; }
  [[nodiscard]] std::uint64_t last_sequence() const noexcept {
    return first_sequence_ + count_ - 1;
  }
  /// The next effect in order, or nothing at the end.
  [[nodiscard]] std::optional<std::span<const std::byte>> next() noexcept;

 private:
  std::uint64_t first_sequence_ = 0;
  std::uint16_t count_ = 0;
  std::span<const std::byte> rest_;
};

/// Overwrites an effect of the block with zeros and the kind `blank`, in place, and mends the
/// checksum. Precondition: read() accepted the bytes and the block holds the sequence.
void blank_effect(std::uint64_t first_sequence, std::uint64_t sequence, std::span<std::byte> bytes);

}  // namespace milepost::store
