// SPDX-License-Identifier: Apache-2.0
//
// The bytes of effects: pinned, read back the same, and refused where they are not what their kind
// says.
#include "core/effect.hpp"

#include <vector>

#include "core/state.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

using test::id_of;
using test::record_in;

using Bytes = std::vector<std::byte>;

Bytes put_of(const RecordView& record) {
  Bytes bytes(kEffectHeaderSize + encoded_record_size(record));
  write_effect_header(EffectKind::put, record.run_id, bytes.data());
  encode_record(record, std::span(bytes).subspan(kEffectHeaderSize));
  return bytes;
}

Bytes removal_of(EffectKind kind) {
  Bytes bytes(kEffectHeaderSize);
  write_effect_header(kind, id_of(1), bytes.data());
  return bytes;
}

Bytes forget_of(const ForgetView& forget) {
  Bytes bytes(kForgetSize);
  write_forget(forget, bytes.data());
  return bytes;
}

Errc refusal_of(std::span<const std::byte> bytes) {
  const auto effect = read_effect(bytes);
  return effect ? Errc{} : effect.error().code;
}

}  // namespace

TEST_CASE("effects have these numbers and sizes for ever", "[core][effect]") {
  CHECK(static_cast<int>(EffectKind::put) == 1);
  CHECK(static_cast<int>(EffectKind::purge) == 2);
  CHECK(static_cast<int>(EffectKind::erase) == 3);
  CHECK(static_cast<int>(EffectKind::forget) == 4);
  CHECK(static_cast<int>(EffectKind::blank) == 5);
  CHECK(kEffectHeaderSize == 17);
  CHECK(kForgetSize == 33);
  CHECK(kEffectSizeMax == 17 + kRecordSizeMax);
}

TEST_CASE("every put is read back with its record", "[core][effect]") {
  for (const RunStatus status : kAllStatuses) {
    RecordView record = record_in(status);
    record.idempotency_key = "order-4711";
    record.keyed_at = record.triggered_at;
    const Bytes bytes = put_of(record);
    const auto effect = read_effect(bytes);
    REQUIRE(effect.has_value());
    CHECK(effect->kind == EffectKind::put);
    CHECK(effect->run_id == record.run_id);
    CHECK(effect->is_about_a_run());
    CHECK_FALSE(effect->removes());
    CHECK(decode_record(effect->run_id, effect->record).value() == record);
  }
}

TEST_CASE("removals are a kind and an id", "[core][effect]") {
  for (const EffectKind kind : {EffectKind::purge, EffectKind::erase}) {
    const auto effect = read_effect(removal_of(kind));
    REQUIRE(effect.has_value());
    CHECK(effect->kind == kind);
    CHECK(effect->run_id == id_of(1));
    CHECK(effect->removes());
    CHECK(effect->is_about_a_run());
    CHECK(effect->record.empty());
  }
}

TEST_CASE("a forget names a profile and its organization, and no run", "[core][effect]") {
  const Bytes bytes = forget_of({.profile_id = id_of(3), .organization_id = id_of(0xa0)});
  const auto effect = read_effect(bytes);
  REQUIRE(effect.has_value());
  CHECK(effect->kind == EffectKind::forget);
  CHECK_FALSE(effect->is_about_a_run());
  CHECK_FALSE(effect->removes());
  const ForgetView forget = view_forget(bytes);
  CHECK(forget.profile_id == id_of(3));
  CHECK(forget.organization_id == id_of(0xa0));
}

TEST_CASE("an effect that is cut or has bytes after it is refused", "[core][effect]") {
  std::vector<Bytes> effects{removal_of(EffectKind::purge), removal_of(EffectKind::erase),
                             forget_of({id_of(3), {}})};
  for (const RunStatus status : kAllStatuses) effects.push_back(put_of(record_in(status)));
  for (const Bytes& bytes : effects) {
    REQUIRE(read_effect(bytes).has_value());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      REQUIRE(refusal_of(cut) == Errc::corrupt);
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    CHECK(refusal_of(longer) == Errc::corrupt);
  }
}

TEST_CASE("a put whose record belongs to another run is refused", "[core][effect]") {
  Bytes bytes = put_of(record_in(RunStatus::failed));
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    bytes[i] ^= std::byte{1};
    REQUIRE(read_effect(bytes).has_error());
    bytes[i] ^= std::byte{1};
  }
}

TEST_CASE("a kind that no journal holds is refused as a newer version's", "[core][effect]") {
  for (const Bytes& whole :
       {put_of(record_in(RunStatus::queued)), removal_of(EffectKind::purge), forget_of({})}) {
    for (unsigned kind = 0; kind < 256; ++kind) {
      if (kind >= 1 && kind <= 4) continue;  // blank stands in the feed only
      Bytes bytes = whole;
      bytes[0] = static_cast<std::byte>(kind);
      const auto effect = read_effect(bytes);
      REQUIRE(effect.has_error());
      CHECK(effect.error().code == Errc::version);
      CHECK(effect.error().subject == "effect kind " + std::to_string(kind));
    }
  }
}

TEST_CASE("random bytes are no effects", "[core][effect]") {
  MILEPOST_SHOW_SEED();
  std::mt19937_64 random(test::test_seed());
  for (int i = 0; i < 50'000; ++i) {
    Bytes bytes(random() % 200);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    if (!bytes.empty() && random() % 2 == 0) bytes[0] = static_cast<std::byte>(random() % 6);
    const auto effect = read_effect(bytes);
    // Removals have nothing that could be wrong but their size.
    if (effect) REQUIRE(effect->kind != EffectKind::put);
  }
}

}  // namespace milepost::core
