// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a record: whatever they are, reading ends, and what is read is whole, is written to
// the same bytes again, and can be shown within the published size. The checksum is set right for
// the target, or no input would get past it. The input is a run id and the record behind it.
#include <xxhash.h>

#include "core/record_codec.hpp"
#include "core/run_json.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/records.hpp"

namespace milepost::fuzz {
namespace {

constexpr std::size_t kChecksum = 8;

void set_checksum(const Uuid& run_id, std::string& bytes) {
  if (bytes.size() < kChecksum) return;
  const std::size_t size = bytes.size() - kChecksum;
  const std::uint64_t sum =
      XXH3_64bits_withSeed(bytes.data(), size, XXH3_64bits(run_id.data, sizeof run_id.data));
  std::memcpy(bytes.data() + size, &sum, kChecksum);
}

void check_whole(const core::RecordView& record, std::string_view bytes) {
  require(core::broken_rule(record) == nullptr, "what is read keeps the rules");
  require(core::encoded_record_size(record) == bytes.size(), "its size is known");
  std::string again(bytes.size(), '?');
  require(core::encode_record(record, std::as_writable_bytes(std::span(again))) == bytes.size());
  require(again == bytes, "there is one form of each record");
  std::string json(core::run_json_size(record), '?');
  require(json.size() <= kRunJsonSizeMax, "no response is larger");
  require(core::render_run_json(record, json) == json.size(), "the size is exact");
}

void run(Input input) {
  Bytes bytes(input);
  const auto run_id = bytes.take<Uuid>();
  std::string record = bytes.rest();
  const auto as_it_is = core::decode_record(run_id, bytes_of(record));
  if (as_it_is) check_whole(*as_it_is, record);
  set_checksum(run_id, record);
  const auto read = core::decode_record(run_id, bytes_of(record));
  if (read) {
    check_whole(*read, record);
    Uuid other = run_id;
    other.data[3] = static_cast<std::uint8_t>(other.data[3] + 1);
    require(!core::decode_record(other, bytes_of(record)), "it is no other run's");
  } else {
    const Errc code = read.error().code;
    require(code == Errc::corrupt || code == Errc::version, "or it says why not");
  }

  MadeRecord made;
  Bytes again(input);
  fill_record(again, made);
  std::string encoded(core::encoded_record_size(made.record), '?');
  core::encode_record(made.record, std::as_writable_bytes(std::span(encoded)));
  const auto back = core::decode_record(made.record.run_id, bytes_of(encoded));
  require(back && *back == made.record, "what is written is read");
}

Seeds seeds() {
  Seeds all = record_seeds();
  for (const std::string& seed : record_seeds()) {
    MadeRecord made;
    Bytes bytes(input_of(seed));
    fill_record(bytes, made);
    std::string encoded(core::encoded_record_size(made.record), '?');
    core::encode_record(made.record, std::as_writable_bytes(std::span(encoded)));
    append(all.emplace_back(), made.record.run_id);
    all.back() += encoded;
  }
  return all;
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"record_codec", milepost::fuzz::run, milepost::fuzz::seeds, 4'000, 6'000})
