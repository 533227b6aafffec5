// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a record: pinned, read back the same, and refused when a single bit is wrong.
#include "core/record_codec.hpp"

#define XXH_INLINE_ALL  // NOLINT(readability-identifier-naming): the library's own switch
#include <cstring>
#include <vector>
#include <xxhash.h>

#include "core/state.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

using test::at;
using test::id_of;
using test::kMicros;
using test::record_in;

using Bytes = std::vector<std::byte>;

Bytes encoded(const RecordView& record) {
  Bytes bytes(encoded_record_size(record));
  CHECK(encode_record(record, bytes) == bytes.size());
  return bytes;
}

/// Puts a right checksum under bytes that were changed on purpose.
void seal(const Uuid& run_id, Bytes& bytes) {
  const std::size_t size = bytes.size() - 8;
  const std::uint64_t seed = XXH3_64bits(run_id.data, 16);
  const std::uint64_t sum = XXH3_64bits_withSeed(bytes.data(), size, seed);
  for (std::size_t i = 0; i < 8; ++i) bytes[size + i] = static_cast<std::byte>(sum >> (8 * i));
}

std::string hex(const Bytes& bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", std::to_integer<unsigned>(byte));
    text += digits;
  }
  return text;
}

RecordView largest_record() {
  static const std::string error(kErrorTextSizeMax, 'e');
  static const std::string owner(kOwnerSizeMax, 'o');
  static const std::string key(kIdempotencyKeySizeMax, '\xff');
  RecordView record = record_in(RunStatus::failed);
  record.organization_id = id_of(9);
  record.error = error;
  record.owner = owner;
  record.idempotency_key = key;
  record.keyed_at = kInstantMax;
  return record;
}

std::vector<RecordView> sample_records() {
  std::vector<RecordView> records;
  for (const RunStatus status : kAllStatuses) records.push_back(record_in(status));
  RecordView full = record_in(RunStatus::failed);
  full.organization_id = id_of(9);
  full.idempotency_key = "order-4711";
  full.keyed_at = at(kMicros - 1);
  full.request = {true, true};
  records.push_back(full);
  RecordView nil;
  records.push_back(nil);
  return records;
}

void check_corrupt(const Uuid& run_id, std::span<const std::byte> bytes) {
  const auto decoded = decode_record(run_id, bytes);
  REQUIRE(decoded.has_error());
  CHECK(decoded.error().code == Errc::corrupt);
}

std::string random_text(std::size_t size_max) {
  const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "Z", "\xC3\xAB", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", std::string(1, '\0'), "longer "));
  std::string text;
  for (const std::string& part : parts) {
    if (text.size() + part.size() <= size_max) text += part;
  }
  return text;
}

}  // namespace

TEST_CASE("the bytes of a queued and of a failed record are these for ever", "[core][codec]") {
  RecordView queued = record_in(RunStatus::queued);
  queued.request.run_id_given = true;
  // prefix; triggered_at, created_sequence, sequence; journey; profile; checksum
  CHECK(hex(encoded(queued)) ==
        "0100010000000000"
        "008bf149890906000a000000000000000a00000000000000"
        "3c90c3cc0d444b5088888dd257360502"
        "3c90c3cc0d444b5088888dd257360503"
        "7540f27d1d637be8");
  RecordView failed = record_in(RunStatus::failed);
  failed.organization_id = id_of(9);
  failed.idempotency_key = "k";
  failed.keyed_at = at(kMicros + 3'000'000);
  // and before the checksum: organization; start, token, epoch; end; keyed_at; error, owner, key
  CHECK(hex(encoded(failed)) ==
        "01031c000c000801"
        "008bf149890906000a000000000000000c00000000000000"
        "3c90c3cc0d444b5088888dd257360502"
        "3c90c3cc0d444b5088888dd257360503"
        "3c90c3cc0d444b5088888dd257360509"
        "40cd004a8909060001000000000000000500000000000000"
        "800f104a89090600"
        "c0511f4a89090600"
        "6d61696c626f782066756c6c"
        "776f726b65722d37"
        "6b"
        "e7b652f3366a749f");
}

TEST_CASE("a queued record without an organization takes 72 bytes", "[core][codec]") {
  CHECK(encoded_record_size(record_in(RunStatus::queued)) == 72);
  CHECK(kRecordSizeMin == 72);
}

TEST_CASE("the largest record has the largest size and is read back", "[core][codec]") {
  const RecordView record = largest_record();
  const Bytes bytes = encoded(record);
  CHECK(bytes.size() == kRecordSizeMax);
  const auto decoded = decode_record(record.run_id, bytes);
  REQUIRE(decoded.has_value());
  CHECK(*decoded == record);
}

TEST_CASE("a record's texts point into its bytes", "[core][codec]") {
  const RecordView record = record_in(RunStatus::failed);
  const Bytes bytes = encoded(record);
  const auto decoded = decode_record(record.run_id, bytes);
  REQUIRE(decoded.has_value());
  const auto* const begin = reinterpret_cast<const char*>(bytes.data());
  CHECK(decoded->error.data() >= begin);
  CHECK(decoded->owner.data() + decoded->owner.size() <= begin + bytes.size());
}

TEST_CASE("records are read from any alignment", "[core][codec]") {
  for (const RecordView& record : sample_records()) {
    const Bytes bytes = encoded(record);
    for (std::size_t shift = 0; shift < 8; ++shift) {
      Bytes shifted(bytes.size() + shift);
      CHECK(encode_record(record, std::span(shifted).subspan(shift)) == bytes.size());
      const auto decoded = decode_record(record.run_id, std::span(shifted).subspan(shift));
      REQUIRE(decoded.has_value());
      CHECK(*decoded == record);
    }
  }
}

TEST_CASE("what is encoded is decoded the same", "[core][codec]") {
  test::check_property([] {
    const auto any_id = [] {
      Uuid id{};
      if (*rc::gen::inRange(0, 4) == 0) return id;
      for (std::uint8_t& byte : id.data) byte = *rc::gen::arbitrary<std::uint8_t>();
      return id;
    };
    const std::string error = random_text(kErrorTextSizeMax);
    const std::string owner = random_text(kOwnerSizeMax);
    const std::string key = random_text(kIdempotencyKeySizeMax);
    RecordView record;
    record.run_id = any_id();
    record.organization_id = any_id();
    record.journey_id = any_id();
    record.profile_id = any_id();
    record.status = *rc::gen::elementOf(kAllStatuses);
    record.request = {*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
    record.idempotency_key = key;
    if (!key.empty()) {
      record.keyed_at = at(*rc::gen::inRange<std::int64_t>(
          kInstantMin.time_since_epoch().count(), kInstantMax.time_since_epoch().count() + 1));
    }
    record.created_sequence = *rc::gen::arbitrary<std::uint64_t>() >> 1;
    record.sequence = record.created_sequence + *rc::gen::inRange<std::uint64_t>(0, 1'000'000);
    const auto micros = *rc::gen::inRange<std::int64_t>(
        kInstantMin.time_since_epoch().count(), kInstantMax.time_since_epoch().count() - 2'000'000);
    record.triggered_at = at(micros);
    Instant last = record.triggered_at;
    const bool must_start =
        record.status == RunStatus::running || record.status == RunStatus::completed;
    if (must_start || (is_final(record.status) && *rc::gen::arbitrary<bool>())) {
      last += std::chrono::microseconds(*rc::gen::inRange(0, 1'000'000));
      record.started_at = last;
      record.owner = owner;
      record.fencing_token = 1 + (*rc::gen::arbitrary<std::uint64_t>() >> 1);
      record.epoch = *rc::gen::arbitrary<std::uint64_t>();
    }
    if (is_final(record.status)) {
      record.completed_at = last + std::chrono::microseconds(*rc::gen::inRange(0, 1'000'000));
    }
    if (record.status == RunStatus::failed) record.error = error;
    RC_ASSERT(broken_rule(record) == nullptr);

    Bytes bytes(encoded_record_size(record));
    RC_ASSERT(encode_record(record, bytes) == bytes.size());
    RC_ASSERT(bytes.size() >= kRecordSizeMin);
    RC_ASSERT(bytes.size() <= kRecordSizeMax);
    const auto decoded = decode_record(record.run_id, bytes);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == record);
  });
}

TEST_CASE("every single flipped bit is refused", "[core][codec]") {
  for (const RecordView& record : sample_records()) {
    Bytes bytes = encoded(record);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      const std::byte mask = std::byte{1} << (bit % 8);
      bytes[bit / 8] ^= mask;
      const auto decoded = decode_record(record.run_id, bytes);
      REQUIRE(decoded.has_error());
      const bool looks_newer = bit / 8 == 0 && std::to_integer<unsigned>(bytes[0]) > 1;
      REQUIRE(decoded.error().code == (looks_newer ? Errc::version : Errc::corrupt));
      bytes[bit / 8] ^= mask;
    }
    REQUIRE(decode_record(record.run_id, bytes).has_value());
  }
}

TEST_CASE("a record under another run's id is refused", "[core][codec]") {
  for (const RecordView& record : sample_records()) {
    const Bytes bytes = encoded(record);
    for (std::size_t bit = 0; bit < 128; ++bit) {
      Uuid other = record.run_id;
      other.data[bit / 8] = static_cast<std::uint8_t>(other.data[bit / 8] ^ (1u << (bit % 8)));
      check_corrupt(other, bytes);
    }
  }
}

TEST_CASE("a record that is cut or has bytes after it is refused", "[core][codec]") {
  for (const RecordView& record : sample_records()) {
    const Bytes bytes = encoded(record);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      // A copy of that size, so that the address sanitizer sees a read past it.
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      check_corrupt(record.run_id, cut);
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    check_corrupt(record.run_id, longer);
    seal(record.run_id, longer);  // even with a right checksum
    check_corrupt(record.run_id, longer);
  }
  check_corrupt(id_of(1), {});
  check_corrupt(id_of(1), Bytes(10'000));
}

TEST_CASE("a newer format is told from damage", "[core][codec]") {
  const RecordView record = record_in(RunStatus::queued);
  Bytes bytes = encoded(record);
  bytes[0] = std::byte{2};
  for (const std::size_t size : {bytes.size(), std::size_t{1}}) {
    const auto decoded = decode_record(record.run_id, std::span(bytes).first(size));
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == Errc::version);
    CHECK(decoded.error().message == "The record has format 2; this library knows 1.");
    CHECK(decoded.error().subject == "record of run 3c90c3cc-0d44-4b50-8888-8dd257360501");
  }
  bytes[0] = std::byte{0};
  seal(record.run_id, bytes);
  check_corrupt(record.run_id, bytes);
}

TEST_CASE("unknown flags and statuses are refused under a right checksum", "[core][codec]") {
  const RecordView record = record_in(RunStatus::queued);
  const Bytes bytes = encoded(record);
  for (std::size_t bit = 5; bit < 16; ++bit) {
    Bytes changed = bytes;
    changed[2 + bit / 8] |= std::byte{1} << (bit % 8);
    seal(record.run_id, changed);
    check_corrupt(record.run_id, changed);
  }
  for (unsigned status = 1; status < 256; ++status) {
    Bytes changed = bytes;
    changed[1] = static_cast<std::byte>(status);
    seal(record.run_id, changed);
    check_corrupt(record.run_id, changed);
  }
  Bytes same = bytes;
  seal(record.run_id, same);
  CHECK(same == bytes);
}

TEST_CASE("sizes that do not add up are refused under a right checksum", "[core][codec]") {
  const RecordView record = record_in(RunStatus::failed);
  const Bytes bytes = encoded(record);
  for (const std::size_t at_byte : {2u, 4u, 5u, 6u, 7u}) {
    for (unsigned value = 0; value < 256; ++value) {
      Bytes changed = bytes;
      if (changed[at_byte] == static_cast<std::byte>(value)) continue;
      changed[at_byte] = static_cast<std::byte>(value);
      seal(record.run_id, changed);
      const auto decoded = decode_record(record.run_id, changed);
      // Only the two flags that say what the caller gave may differ in a whole record.
      const bool only_request_flags = at_byte == 2 && (value & ~0x3u) == 0x18u;
      REQUIRE(decoded.has_value() == only_request_flags);
    }
  }
}

TEST_CASE("the nil organization has one form only", "[core][codec]") {
  RecordView record = record_in(RunStatus::queued);
  record.organization_id = id_of(9);
  Bytes bytes = encoded(record);
  CHECK(bytes.size() == 88);
  for (std::size_t i = 64; i < 80; ++i) bytes[i] = std::byte{0};
  seal(record.run_id, bytes);
  check_corrupt(record.run_id, bytes);
}

TEST_CASE("a key takes its own bytes and eight for when it was given", "[core][codec]") {
  RecordView record = record_in(RunStatus::queued);
  record.keyed_at = at(kMicros);  // means nothing without a key
  CHECK(encoded_record_size(record) == 72);
  CHECK(decode_record(record.run_id, encoded(record))->keyed_at == Instant{});
  record.idempotency_key = "k";
  CHECK(encoded_record_size(record) == 72 + 8 + 1);
  CHECK(decode_record(record.run_id, encoded(record)).value() == record);
}

TEST_CASE("a record that breaks a rule is refused under a right checksum", "[core][codec]") {
  std::vector<RecordView> broken;
  broken.push_back(record_in(RunStatus::running));
  broken.back().started_at = at(kMicros - 1);
  broken.push_back(record_in(RunStatus::completed));
  broken.back().error = "none expected";
  broken.push_back(record_in(RunStatus::failed));
  broken.back().error = "\xFF";
  broken.push_back(record_in(RunStatus::running));
  broken.back().owner = "\xC3";
  broken.push_back(record_in(RunStatus::queued));
  broken.back().triggered_at = Instant::max();
  broken.push_back(record_in(RunStatus::queued));
  broken.back().idempotency_key = "k";
  broken.back().keyed_at = Instant::max();
  static const std::string too_long(kErrorTextSizeMax + 1, 'x');
  broken.push_back(record_in(RunStatus::failed));
  broken.back().error = too_long;
  for (const RecordView& record : broken) {
    const auto decoded = decode_record(record.run_id, encoded(record));
    REQUIRE(decoded.has_error());
    CHECK(decoded.error().code == Errc::corrupt);
    CHECK(decoded.error().message ==
          std::string("The record breaks a rule: ") + broken_rule(record) + ".");
  }
}

}  // namespace milepost::core
