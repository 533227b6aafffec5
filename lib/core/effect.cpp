// SPDX-License-Identifier: Apache-2.0
//
// Checks of effects that come from a file.
#include "core/effect.hpp"

#include "core/record_codec.hpp"

namespace milepost::core {
namespace {

Error bad_size(std::size_t size) {
  return Error{.code = Errc::corrupt,
               .subject = std::to_string(size) + " bytes",
               .message = "A journaled effect has not the size of its kind.",
               .advice = "Run repair on a copy of the store."};
}

}  // namespace

bool tells_of(std::span<const std::byte> bytes, const ForgetView& profile) {
  const EffectView effect = view_effect(bytes);
  if (effect.kind != EffectKind::put) return false;
  const auto record = decode_record(effect.run_id, effect.record);
  return record && record->profile_id == profile.profile_id &&
         record->organization_id == profile.organization_id;
}

Result<EffectView> read_effect(std::span<const std::byte> bytes) {
  if (bytes.size() < kEffectHeaderSize) return bad_size(bytes.size());
  switch (static_cast<EffectKind>(bytes[0])) {
    case EffectKind::put:
      if (auto record = decode_record(view_effect(bytes).run_id, bytes.subspan(kEffectHeaderSize));
          !record) {
        return record.error();
      }
      return view_effect(bytes);
    case EffectKind::purge:
    case EffectKind::erase:
      if (bytes.size() != kEffectHeaderSize) return bad_size(bytes.size());
      return view_effect(bytes);
    case EffectKind::forget:
      if (bytes.size() != kForgetSize) return bad_size(bytes.size());
      return view_effect(bytes);
    case EffectKind::blank:
      break;
  }
  return Error{.code = Errc::version,
               .subject = "effect kind " + std::to_string(std::to_integer<int>(bytes[0])),
               .message = "The journal holds an effect this version does not know.",
               .advice = "Open the store with the version that wrote it."};
}

}  // namespace milepost::core
