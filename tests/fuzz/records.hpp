// SPDX-License-Identifier: Apache-2.0
//
// Whole records out of any bytes, for targets that are about what records become.
#pragma once

#include <string>

#include "core/record.hpp"
#include "core/text.hpp"
#include "fuzz/fuzz.hpp"

namespace milepost::fuzz {

/// A record that breaks no rule, and the texts it views.
struct MadeRecord {
  core::RecordView record{};
  std::string error{};
  std::string owner{};
  std::string key{};

  MadeRecord() = default;
  MadeRecord(const MadeRecord&) = delete;
  MadeRecord& operator=(const MadeRecord&) = delete;
};

[[nodiscard]] inline Instant instant_of(std::int64_t micros) noexcept {
  const auto least = core::kInstantMin.time_since_epoch().count();
  const auto span = static_cast<std::uint64_t>(core::kInstantMax.time_since_epoch().count()) -
                    static_cast<std::uint64_t>(least) + 1;
  return core::kInstantMin + std::chrono::microseconds(static_cast<std::int64_t>(
                                 static_cast<std::uint64_t>(micros) % span));
}

/// Some ids, so that records meet each other.
[[nodiscard]] inline Uuid small_id(Bytes& bytes, std::uint8_t family) {
  Uuid id{};
  id.data[0] = family;
  id.data[6] = 0x40;
  id.data[8] = 0x80;
  id.data[15] = bytes.below<std::uint8_t>(8);
  return id;
}

/// A well-formed text of at most so many bytes.
[[nodiscard]] inline std::string clean_text(Bytes& bytes, std::size_t size_max) {
  std::string storage;
  const std::string any = bytes.text(bytes.below(size_max + 1));
  std::string text(core::clean_error_text(any, storage));
  while (text.size() > size_max || !core::is_valid_utf8(text)) text.pop_back();
  return text;
}

inline void fill_record(Bytes& bytes, MadeRecord& made) {
  core::RecordView& record = made.record;
  record.run_id = bytes.flag() ? bytes.take<Uuid>() : small_id(bytes, 1);
  record.journey_id = small_id(bytes, 2);
  record.profile_id = small_id(bytes, 3);
  if (bytes.flag()) record.organization_id = small_id(bytes, 4);
  record.status = static_cast<RunStatus>(bytes.below<std::uint8_t>(5));
  record.request = {bytes.flag(), bytes.flag()};
  record.triggered_at = instant_of(bytes.take<std::int64_t>());
  Instant last = record.triggered_at;
  const auto later = [&] {
    const std::chrono::microseconds step(bytes.take<std::uint32_t>());
    last = core::kInstantMax - last < step ? core::kInstantMax : last + step;
    return last;
  };
  const bool may_start = record.status != RunStatus::queued;
  const bool must_start =
      record.status == RunStatus::running || record.status == RunStatus::completed;
  if (may_start && (must_start || bytes.flag())) {
    record.started_at = later();
    record.fencing_token = 1 + bytes.take<std::uint16_t>();
    record.epoch = bytes.take<std::uint16_t>();
    made.owner = clean_text(bytes, kOwnerSizeMax);
    record.owner = made.owner;
  }
  if (record.status != RunStatus::queued && record.status != RunStatus::running) {
    record.completed_at = later();
  }
  if (record.status == RunStatus::failed) {
    made.error = clean_text(bytes, kErrorTextSizeMax);
    record.error = made.error;
  }
  if (bytes.flag()) {
    made.key = bytes.text(bytes.below(kIdempotencyKeySizeMax + 1));
    record.idempotency_key = made.key;
    if (!made.key.empty()) record.keyed_at = instant_of(bytes.take<std::int64_t>());
  }
  record.created_sequence = 1 + bytes.take<std::uint32_t>();
  record.sequence = record.created_sequence + bytes.take<std::uint16_t>();
  require(core::broken_rule(record) == nullptr, "the record is whole");
}

/// Bytes that become records with texts in them.
[[nodiscard]] inline Seeds record_seeds() {
  Seeds made;
  for (unsigned status = 0; status < 5; ++status) {
    std::string seed(60, static_cast<char>(status));
    for (unsigned i = 0; i < 60; ++i) seed[i] = static_cast<char>(i * 37 + status);
    seed += "an error: \"\\\n\xc3\xab\xf0\x9f\x98\x80\xed\xa0\x80\x01";
    for (unsigned i = 0; i < 200; ++i) seed += static_cast<char>(i * 61 + status * 7);
    made.push_back(seed);
  }
  return made;
}

}  // namespace milepost::fuzz
