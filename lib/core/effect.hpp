// SPDX-License-Identifier: Apache-2.0
//
// Effect: what one command changed, as bytes: a kind, the run id, and the record as it is
// afterwards, which is absent where the run was removed. After-images replay without reading what
// was there before, and twice is as good as once. The same bytes stand in the journal, the recent
// map and the change feed, and without kind and id in LMDB's table of runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/record_codec.hpp"

#include "milepost/result.hpp"

namespace milepost::core {

enum class EffectKind : std::uint8_t {
  put = 1,    ///< The run is now this record.
  purge = 2,  ///< The run is gone, by retention.
  erase = 3,  ///< The run is gone, with its profile.
  /// About no run: where its id stands is a profile's, and its organization follows. Whatever the
  /// feed says of the profile before this effect is blanked.
  forget = 4,
  blank = 5,  ///< Only in the feed: what stood here was blanked; all bytes behind the kind are 0.
};

inline constexpr std::size_t kEffectHeaderSize = 1 + 16;
inline constexpr std::size_t kForgetSize = kEffectHeaderSize + 16;
inline constexpr std::size_t kEffectSizeMax = kEffectHeaderSize + kRecordSizeMax;

struct EffectView {
  EffectKind kind = EffectKind::put;
  Uuid run_id{};
  std::span<const std::byte> record;  ///< put: the record's bytes.

  [[nodiscard]] bool removes() const noexcept {
    return kind == EffectKind::purge || kind == EffectKind::erase;
  }
  /// Whether `run_id` is one.
  [[nodiscard]] bool is_about_a_run() const noexcept {
    return kind == EffectKind::put || removes();
  }
};

/// Precondition: `bytes` was written by the functions below, or went through read_effect.
[[nodiscard]] inline EffectView view_effect(std::span<const std::byte> bytes) noexcept {
  EffectView effect;
  effect.kind = static_cast<EffectKind>(bytes[0]);
  std::memcpy(effect.run_id.data, bytes.data() + 1, 16);
  if (effect.kind == EffectKind::put) effect.record = bytes.subspan(kEffectHeaderSize);
  return effect;
}

inline void write_effect_header(EffectKind kind, const Uuid& run_id, std::byte* out) noexcept {
  out[0] = static_cast<std::byte>(kind);
  std::memcpy(out + 1, run_id.data, 16);
}

/// What a `forget` is about.
struct ForgetView {
  Uuid profile_id{};
  Uuid organization_id{};
};

/// Precondition: the bytes are a `forget` that was written here or went through read_effect.
[[nodiscard]] inline ForgetView view_forget(std::span<const std::byte> bytes) noexcept {
  ForgetView forget;
  std::memcpy(forget.profile_id.data, bytes.data() + 1, 16);
  std::memcpy(forget.organization_id.data, bytes.data() + kEffectHeaderSize, 16);
  return forget;
}

/// Writes exactly kForgetSize bytes.
inline void write_forget(const ForgetView& forget, std::byte* out) noexcept {
  write_effect_header(EffectKind::forget, forget.profile_id, out);
  std::memcpy(out + kEffectHeaderSize, forget.organization_id.data, 16);
}

/// Whether the effect tells something of a run of the profile. Precondition as for view_effect.
[[nodiscard]] bool tells_of(std::span<const std::byte> bytes, const ForgetView& profile);

/// Reads an effect that comes from the journal: kind known, record whole. Errors: `corrupt`,
/// `version`.
[[nodiscard]] Result<EffectView> read_effect(std::span<const std::byte> bytes);

}  // namespace milepost::core
