// SPDX-License-Identifier: Apache-2.0
//
// What a command may cost in the journal, before anybody knows what it will find.
#include "store/store.hpp"

#include <algorithm>

#include "core/effect.hpp"
#include "core/record_codec.hpp"

namespace milepost::store {
namespace {

// The journal's own bytes for an effect: its length and padding.
constexpr std::size_t kJournalOverhead = 16;
constexpr std::size_t kShortTextsMax = kOwnerSizeMax + kIdempotencyKeySizeMax;
// A record of a run without error text.
constexpr std::size_t kPlainRecordMax = core::kRecordSizeMax - kErrorTextSizeMax;
static_assert(kPlainRecordMax > kShortTextsMax);

}  // namespace

std::size_t effect_bytes_max(const ResolvedCommand& command) noexcept {
  if (command.removal != nullptr) return kJournalOverhead + core::kForgetSize;
  return effect_bytes_max(*command.command);
}

std::size_t effect_bytes_max(const Command& command) noexcept {
  std::size_t bytes = kJournalOverhead + core::kEffectHeaderSize + kPlainRecordMax;
  if (const auto* create = std::get_if<CreateCommand>(&command); create != nullptr) {
    bytes = bytes - kShortTextsMax + create->idempotency_key.size();
  }
  if (const auto* fail = std::get_if<FailCommand>(&command); fail != nullptr) {
    bytes += std::min(fail->error.size(), kErrorTextSizeMax);
  }
  if (const auto* import = std::get_if<ImportCommand>(&command); import != nullptr) {
    bytes += std::min(import->error.size(), kErrorTextSizeMax);
  }
  return bytes;
}

}  // namespace milepost::store
