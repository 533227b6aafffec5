// SPDX-License-Identifier: Apache-2.0
//
// Effect: what one command changed, as bytes: a kind, the run id, and the record as it is
// afterwards. After-images replay without reading what was there before, and twice is as good as
// once. The same bytes stand in the journal, the recent map and, without kind and id, in LMDB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/record_codec.hpp"

#include "milepost/result.hpp"

namespace milepost::core {

enum class EffectKind : std::uint8_t {
  put = 1,  ///< The run is now this record.
};

inline constexpr std::size_t kEffectHeaderSize = 1 + 16;
inline constexpr std::size_t kEffectSizeMax = kEffectHeaderSize + kRecordSizeMax;

struct EffectView {
  EffectKind kind = EffectKind::put;
  Uuid run_id{};
  std::span<const std::byte> record;
};

/// Precondition: `bytes` was written by write_effect_header, or went through read_effect.
[[nodiscard]] inline EffectView view_effect(std::span<const std::byte> bytes) noexcept {
  EffectView effect;
  effect.kind = static_cast<EffectKind>(bytes[0]);
  std::memcpy(effect.run_id.data, bytes.data() + 1, 16);
  effect.record = bytes.subspan(kEffectHeaderSize);
  return effect;
}

inline void write_effect_header(EffectKind kind, const Uuid& run_id, std::byte* out) noexcept {
  out[0] = static_cast<std::byte>(kind);
  std::memcpy(out + 1, run_id.data, 16);
}

/// Reads an effect that comes from a file: kind known, record whole. Errors: `corrupt`, `version`.
[[nodiscard]] Result<EffectView> read_effect(std::span<const std::byte> bytes);

}  // namespace milepost::core
