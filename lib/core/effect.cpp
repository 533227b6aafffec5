// SPDX-License-Identifier: Apache-2.0
//
// Checks of effects that come from a file.
#include "core/effect.hpp"

#include "core/record_codec.hpp"

namespace milepost::core {

Result<EffectView> read_effect(std::span<const std::byte> bytes) {
  if (bytes.size() < kEffectHeaderSize) {
    return Error{.code = Errc::corrupt,
                 .subject = std::to_string(bytes.size()) + " bytes",
                 .message = "A journaled effect is shorter than its header.",
                 .advice = "Run repair on a copy of the store."};
  }
  const EffectView effect = view_effect(bytes);
  if (effect.kind != EffectKind::put) {
    return Error{.code = Errc::version,
                 .subject = "effect kind " + std::to_string(static_cast<int>(effect.kind)),
                 .message = "The journal holds an effect this version does not know.",
                 .advice = "Open the store with the version that wrote it."};
  }
  auto record = decode_record(effect.run_id, effect.record);
  if (!record) return record.error();
  return effect;
}

}  // namespace milepost::core
