// SPDX-License-Identifier: Apache-2.0
//
// One record's bytes, little-endian:
//
//    0 version   1 status   2 flags (2)   4 error size (2)   6 owner size   7 key size
//    8 triggered_at   16 created_sequence   24 sequence   32 journey   48 profile   64 ...
//
// then by flag: organization (16); started_at, fencing token and epoch (8 each); completed_at (8);
// where there is a key: keyed_at (8); then the texts error, owner, key; last the checksum (8),
// which is XXH3-64 of all bytes before it, seeded with the hash of the run id. There is one form
// for each record: no flag stands for a default value.
#include "core/record_codec.hpp"

#define XXH_INLINE_ALL  // NOLINT(readability-identifier-naming): the library's own switch
#include <cstring>
#include <string>
#include <xxhash.h>

#include "core/bytes.hpp"
#include "core/state.hpp"

namespace milepost::core {
namespace {

constexpr std::uint8_t kRecordVersion = 1;

constexpr std::uint16_t kRunIdGiven = 1u << 0;
constexpr std::uint16_t kTriggeredAtGiven = 1u << 1;
constexpr std::uint16_t kHasOrganization = 1u << 2;
constexpr std::uint16_t kHasStarted = 1u << 3;
constexpr std::uint16_t kHasCompleted = 1u << 4;
constexpr std::uint16_t kKnownFlags = (1u << 5) - 1;

constexpr std::size_t kVersionAt = 0;
constexpr std::size_t kStatusAt = 1;
constexpr std::size_t kFlagsAt = 2;
constexpr std::size_t kErrorSizeAt = 4;
constexpr std::size_t kOwnerSizeAt = 6;
constexpr std::size_t kKeySizeAt = 7;
constexpr std::size_t kTriggeredInstantAt = 8;
constexpr std::size_t kCreatedSequenceAt = 16;
constexpr std::size_t kSequenceAt = 24;
constexpr std::size_t kJourneyAt = 32;
constexpr std::size_t kProfileAt = 48;
constexpr std::size_t kHeaderSize = 64;

constexpr std::size_t kOrganizationSize = 16;
constexpr std::size_t kStartedSize = 24;
constexpr std::size_t kCompletedSize = 8;
constexpr std::size_t kKeyedSize = 8;
constexpr std::size_t kChecksumSize = 8;

static_assert(sizeof(Uuid) == 16);
static_assert(kRecordSizeMin == kHeaderSize + kChecksumSize);
static_assert(kRecordSizeMax == kRecordSizeMin + kOrganizationSize + kStartedSize + kCompletedSize +
                                    kKeyedSize + kErrorTextSizeMax + kOwnerSizeMax +
                                    kIdempotencyKeySizeMax);
static_assert(kErrorTextSizeMax <= 0xffff && kOwnerSizeMax <= 0xff);
static_assert(kIdempotencyKeySizeMax <= 0xff);

std::uint16_t flags_of(const RecordView& record) noexcept {
  unsigned flags = 0;
  if (record.request.run_id_given) flags |= kRunIdGiven;
  if (record.request.triggered_at_given) flags |= kTriggeredAtGiven;
  if (!record.organization_id.is_nil()) flags |= kHasOrganization;
  if (record.started_at) flags |= kHasStarted;
  if (record.completed_at) flags |= kHasCompleted;
  return static_cast<std::uint16_t>(flags);
}

std::size_t optional_parts_size(unsigned flags, std::size_t key_size) noexcept {
  return ((flags & kHasOrganization) != 0 ? kOrganizationSize : 0) +
         ((flags & kHasStarted) != 0 ? kStartedSize : 0) +
         ((flags & kHasCompleted) != 0 ? kCompletedSize : 0) + (key_size != 0 ? kKeyedSize : 0);
}

void store_instant(std::byte* to, Instant instant) noexcept {
  store_le(to, static_cast<std::uint64_t>(instant.time_since_epoch().count()));
}

Instant load_instant(const std::byte* from) noexcept {
  return Instant(
      std::chrono::microseconds(static_cast<std::int64_t>(load_le<std::uint64_t>(from))));
}

void store_id(std::byte* to, const Uuid& id) noexcept { std::memcpy(to, id.data, sizeof id.data); }

Uuid load_id(const std::byte* from) noexcept {
  Uuid id;
  std::memcpy(id.data, from, sizeof id.data);
  return id;
}

std::byte* append_text(std::byte* to, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

std::string_view view_text(const std::byte* from, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(from), size};
}

std::uint64_t checksum(const Uuid& run_id, const std::byte* bytes, std::size_t size) noexcept {
  return XXH3_64bits_withSeed(bytes, size, XXH3_64bits(run_id.data, sizeof run_id.data));
}

[[gnu::cold]] [[gnu::noinline]] Error refusal(Errc code, const Uuid& run_id, std::string message) {
  Error error;
  error.code = code;
  error.subject = "record of run " + to_string(run_id);
  error.message = std::move(message);
  error.advice =
      code == Errc::version
          ? "Open the store with the version of the library that wrote it, or a later one."
          : "Restore the store from a backup, and check the disk.";
  return error;
}

[[gnu::cold]] [[gnu::noinline]] Error bad_size(const Uuid& run_id, std::size_t size) {
  return refusal(Errc::corrupt, run_id,
                 "The record has " + std::to_string(size) + " bytes, which is not what it says.");
}

/// What stands in the first eight bytes.
struct Prefix {
  unsigned version;
  unsigned status;
  unsigned flags;
  std::size_t error_size;
  std::size_t owner_size;
  std::size_t key_size;
};

Prefix load_prefix(const std::byte* at) noexcept {
  return {
      std::to_integer<unsigned>(at[kVersionAt]),      std::to_integer<unsigned>(at[kStatusAt]),
      load_le<std::uint16_t>(at + kFlagsAt),          load_le<std::uint16_t>(at + kErrorSizeAt),
      std::to_integer<std::size_t>(at[kOwnerSizeAt]), std::to_integer<std::size_t>(at[kKeySizeAt])};
}

/// Where the optional parts and the texts begin; for an absent part, where it would.
struct Offsets {
  std::size_t organization;
  std::size_t started;
  std::size_t completed;
  std::size_t keyed;
  std::size_t error;
  std::size_t owner;
  std::size_t key;
};

Offsets offsets_of(const Prefix& prefix) noexcept {
  Offsets at;
  at.organization = kHeaderSize;
  at.started = at.organization + ((prefix.flags & kHasOrganization) != 0 ? kOrganizationSize : 0);
  at.completed = at.started + ((prefix.flags & kHasStarted) != 0 ? kStartedSize : 0);
  at.keyed = at.completed + ((prefix.flags & kHasCompleted) != 0 ? kCompletedSize : 0);
  at.error = at.keyed + (prefix.key_size != 0 ? kKeyedSize : 0);
  at.owner = at.error + prefix.error_size;
  at.key = at.owner + prefix.owner_size;
  return at;
}

/// Every member is given at once: default-initialising first costs g++ a slow block clear.
/// Precondition: the checksum holds and the sizes add up.
RecordView load_record(const Uuid& run_id, const std::byte* from, const Prefix& prefix) noexcept {
  const Offsets at = offsets_of(prefix);
  const bool started = (prefix.flags & kHasStarted) != 0;
  return RecordView{
      .run_id = run_id,
      .organization_id =
          (prefix.flags & kHasOrganization) != 0 ? load_id(from + at.organization) : Uuid{},
      .journey_id = load_id(from + kJourneyAt),
      .profile_id = load_id(from + kProfileAt),
      .status = static_cast<RunStatus>(prefix.status),
      .request = {(prefix.flags & kRunIdGiven) != 0, (prefix.flags & kTriggeredAtGiven) != 0},
      .triggered_at = load_instant(from + kTriggeredInstantAt),
      .started_at = started ? std::optional(load_instant(from + at.started)) : std::nullopt,
      .completed_at = (prefix.flags & kHasCompleted) != 0
                          ? std::optional(load_instant(from + at.completed))
                          : std::nullopt,
      .error = view_text(from + at.error, prefix.error_size),
      .owner = view_text(from + at.owner, prefix.owner_size),
      .idempotency_key = view_text(from + at.key, prefix.key_size),
      .keyed_at = prefix.key_size != 0 ? load_instant(from + at.keyed) : Instant{},
      .fencing_token = started ? load_le<std::uint64_t>(from + at.started + 8) : 0,
      .epoch = started ? load_le<std::uint64_t>(from + at.started + 16) : 0,
      .created_sequence = load_le<std::uint64_t>(from + kCreatedSequenceAt),
      .sequence = load_le<std::uint64_t>(from + kSequenceAt)};
}

/// Makes the record where the result wants it, without a copy.
struct RecordLoader {
  const Uuid& run_id;
  const std::byte* from;
  const Prefix& prefix;
  operator RecordView() const noexcept { return load_record(run_id, from, prefix); }
};

/// One variable to return, so that nothing is copied.
/// Precondition: the checksum holds and the sizes add up.
Result<RecordView> load_and_check(const Uuid& run_id, const std::byte* at, const Prefix& prefix) {
  Result<RecordView> result(boost::system::in_place_value, RecordLoader{run_id, at, prefix});
  const RecordView& record = *result;
  const char* rule = broken_rule(record);
  if ((prefix.flags & kHasOrganization) != 0 && record.organization_id.is_nil()) {
    rule = "the nil organization is spelled out";
  }
  if (rule != nullptr) [[unlikely]] {
    result = refusal(Errc::corrupt, run_id, std::string("The record breaks a rule: ") + rule + ".");
  }
  return result;
}

}  // namespace

std::size_t encoded_record_size(const RecordView& record) noexcept {
  return kRecordSizeMin + optional_parts_size(flags_of(record), record.idempotency_key.size()) +
         record.error.size() + record.owner.size() + record.idempotency_key.size();
}

std::size_t encode_record(const RecordView& record, std::span<std::byte> out) noexcept {
  std::byte* const begin = out.data();
  const std::uint16_t flags = flags_of(record);
  begin[kVersionAt] = std::byte{kRecordVersion};
  begin[kStatusAt] = static_cast<std::byte>(record.status);
  store_le(begin + kFlagsAt, flags);
  store_le(begin + kErrorSizeAt, static_cast<std::uint16_t>(record.error.size()));
  begin[kOwnerSizeAt] = static_cast<std::byte>(record.owner.size());
  begin[kKeySizeAt] = static_cast<std::byte>(record.idempotency_key.size());
  store_instant(begin + kTriggeredInstantAt, record.triggered_at);
  store_le(begin + kCreatedSequenceAt, record.created_sequence);
  store_le(begin + kSequenceAt, record.sequence);
  store_id(begin + kJourneyAt, record.journey_id);
  store_id(begin + kProfileAt, record.profile_id);
  std::byte* at = begin + kHeaderSize;
  if ((flags & kHasOrganization) != 0) {
    store_id(at, record.organization_id);
    at += kOrganizationSize;
  }
  if ((flags & kHasStarted) != 0) {
    store_instant(at, *record.started_at);
    store_le(at + 8, record.fencing_token);
    store_le(at + 16, record.epoch);
    at += kStartedSize;
  }
  if ((flags & kHasCompleted) != 0) {
    store_instant(at, *record.completed_at);
    at += kCompletedSize;
  }
  if (!record.idempotency_key.empty()) {
    store_instant(at, record.keyed_at);
    at += kKeyedSize;
  }
  at = append_text(at, record.error);
  at = append_text(at, record.owner);
  at = append_text(at, record.idempotency_key);
  const auto size = static_cast<std::size_t>(at - begin);
  store_le(at, checksum(record.run_id, begin, size));
  return size + kChecksumSize;
}

Result<RecordView> decode_record(const Uuid& run_id, std::span<const std::byte> bytes) {
  const std::size_t size = bytes.size();
  if (size == 0) [[unlikely]]
    return bad_size(run_id, size);
  const unsigned version = std::to_integer<unsigned>(bytes[kVersionAt]);
  if (version > kRecordVersion) [[unlikely]] {
    return refusal(Errc::version, run_id,
                   "The record has format " + std::to_string(version) + "; this library knows " +
                       std::to_string(kRecordVersion) + ".");
  }
  if (size < kRecordSizeMin) [[unlikely]]
    return bad_size(run_id, size);
  const std::byte* const at = bytes.data();
  if (checksum(run_id, at, size - kChecksumSize) !=
      load_le<std::uint64_t>(at + size - kChecksumSize)) [[unlikely]] {
    return refusal(Errc::corrupt, run_id, "The record fails its checksum.");
  }
  const Prefix prefix = load_prefix(at);
  if (size != kRecordSizeMin + optional_parts_size(prefix.flags, prefix.key_size) +
                  prefix.error_size + prefix.owner_size + prefix.key_size) [[unlikely]] {
    return bad_size(run_id, size);
  }
  if (version != kRecordVersion || (prefix.flags & ~unsigned{kKnownFlags}) != 0 ||
      prefix.status >= kAllStatuses.size()) [[unlikely]] {
    return refusal(Errc::corrupt, run_id, "The record's version, status or flags are unknown.");
  }
  return load_and_check(run_id, at, prefix);
}

}  // namespace milepost::core
