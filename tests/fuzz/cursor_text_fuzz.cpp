// SPDX-License-Identifier: Apache-2.0
//
// Cursors: any text is read or refused; what is read is written to the same text; a place comes
// back from its text under its own question, store and kind, and under no other.
#include <xxhash.h>

#include "core/cursor_text.hpp"
#include "core/text.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/records.hpp"

namespace milepost::fuzz {
namespace {

using core::CursorKind;
using core::CursorPlace;
using core::CursorScope;

constexpr CursorScope kScope{.kind = CursorKind::list, .store_id = {}, .question = 0};

void check_text(const std::string& text) {
  const auto read = core::read_cursor(kScope, text);
  if (read) {
    require(core::write_cursor(kScope, *read) == text, "it has one text");
    return;
  }
  const Errc code = read.error().code;
  require(code == Errc::invalid_argument || code == Errc::other_store, "or it says why not");
}

/// The bytes of a cursor, its checksum set right, as text.
std::string text_of(std::string bytes) {
  constexpr std::size_t kChecksumAt = 66;
  bytes.resize(kChecksumAt);
  const std::uint64_t sum = XXH3_64bits(bytes.data(), kChecksumAt);
  append(bytes, sum);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

void check_place(Bytes& bytes) {
  const CursorScope scope{.kind = static_cast<CursorKind>(1 + bytes.below<std::uint8_t>(4)),
                          .store_id = bytes.take<Uuid>(),
                          .question = bytes.take<std::uint64_t>()};
  const CursorPlace place{.organization_id = bytes.take<Uuid>(),
                          .instant = instant_of(bytes.take<std::int64_t>()),
                          .run_id = bytes.take<Uuid>(),
                          .number = bytes.take<std::uint64_t>()};
  std::string text = core::write_cursor(scope, place);
  const auto read = core::read_cursor(scope, text);
  require(read && *read == place, "the place comes back");
  CursorScope other = scope;
  other.question ^= 1;
  require(!core::read_cursor(other, text), "under its question only");
  other = scope;
  other.store_id.data[5] ^= 1;
  require(!core::read_cursor(other, text), "in its store only");
  const std::size_t at = bytes.below(text.size());
  text[at] = text[at] == '7' ? '8' : '7';
  require(!core::read_cursor(scope, text), "and unchanged");
}

void run(Input input) {
  const std::string text = Bytes(input).rest();
  check_text(text);
  check_text(text_of(text));
  Bytes bytes(input);
  check_place(bytes);
}

Seeds seeds() {
  const std::string text = core::write_cursor(kScope, {});
  CursorPlace place{.organization_id = {}, .instant = core::kInstantMax, .run_id = {}, .number = 9};
  std::string bytes(66, '\0');
  bytes[0] = 1;
  bytes[1] = 1;
  return {
      text,       core::write_cursor(kScope, place), text.substr(1), bytes, std::string(148, 'F'),
      "no cursor"};
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"cursor_text", milepost::fuzz::run, milepost::fuzz::seeds, 5'000, 256})
