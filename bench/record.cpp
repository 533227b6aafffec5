// SPDX-License-Identifier: Apache-2.0
//
// The peers' record: codec, transitions, index keys and the reference rendering of the answer.
#include "bench/record.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <xxhash.h>

namespace bench {
namespace {

template <typename T>
void put(char* out, T value) {
  std::memcpy(out, &value, sizeof value);
}

template <typename T>
T take(const char* in) {
  T value;
  std::memcpy(&value, in, sizeof value);
  return value;
}

// Big-endian with the sign flipped sorts as numbers do.
void put_ordered(IndexKey& key, std::int64_t value) {
  auto bits = static_cast<std::uint64_t>(value) ^ (1ull << 63);
  for (int i = 7; i >= 0; --i, bits >>= 8) {
    key.bytes[key.size + static_cast<std::size_t>(i)] = static_cast<char>(bits & 0xFF);
  }
  key.size += 8;
}

void put_id(IndexKey& key, const Uuid& id) {
  std::memcpy(key.bytes.data() + key.size, id.data, sizeof id.data);
  key.size += sizeof id.data;
}

void put_status(IndexKey& key, RunStatus status) {
  key.bytes[key.size++] = static_cast<char>(status);
}

std::uint64_t checksum(const Uuid& run_id, std::string_view bytes) {
  XXH64_hash_t seed = XXH3_64bits(run_id.data, sizeof run_id.data);
  seed = XXH3_64bits_withSeed(bytes.data(), kChecksumAt, seed);
  if (bytes.size() == kErrorAt) return seed;
  return XXH3_64bits_withSeed(bytes.data() + kErrorAt, bytes.size() - kErrorAt, seed);
}

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::array<std::string_view, 5> kStatusNames{"queued", "running", "completed", "failed",
                                                       "exited"};

char* text(char* out, std::string_view value) {
  std::memcpy(out, value.data(), value.size());
  return out + value.size();
}

char* hex_id(char* out, const Uuid& id) {
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kHex[id.data[i] >> 4];
    *out++ = kHex[id.data[i] & 15];
  }
  return out;
}

char* digits(char* out, unsigned value, int count) {
  for (int i = count - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + count;
}

char* instant(char* out, std::int64_t us) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds{us}};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{point - day};
  *out++ = '"';
  out = digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  *out++ = '-';
  out = digits(out, static_cast<unsigned>(date.month()), 2);
  *out++ = '-';
  out = digits(out, static_cast<unsigned>(date.day()), 2);
  *out++ = 'T';
  out = digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  *out++ = ':';
  out = digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  *out++ = ':';
  out = digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  const auto fraction = static_cast<unsigned>(clock.subseconds().count());
  if (fraction != 0) {
    *out++ = '.';
    const bool millis = fraction % 1000 == 0;
    out = digits(out, millis ? fraction / 1000 : fraction, millis ? 3 : 6);
  }
  *out++ = 'Z';
  *out++ = '"';
  return out;
}

char* escaped(char* out, std::string_view value) {
  *out++ = '"';
  for (const char c : value) {
    const std::size_t at = std::string_view("\"\\\b\f\n\r\t").find(c);
    if (at != std::string_view::npos) {
      *out++ = '\\';
      *out++ = "\"\\bfnrt"[at];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out = text(out, "\\u00");
      *out++ = kHex[static_cast<unsigned char>(c) >> 4];
      *out++ = kHex[static_cast<unsigned char>(c) & 15];
    } else {
      *out++ = c;
    }
  }
  *out++ = '"';
  return out;
}

}  // namespace

Record make_record(const NewRun& run) {
  return {
      .journey_id = run.journey_id, .profile_id = run.profile_id, .triggered_us = run.triggered_us};
}

RunStatus target(Step step) {
  switch (step) {
    case Step::start:
      return RunStatus::running;
    case Step::complete:
      return RunStatus::completed;
    case Step::fail:
      return RunStatus::failed;
    case Step::exit:
      break;
  }
  return RunStatus::exited;
}

Answer apply_step(Record& record, Step step, std::int64_t now, std::string_view error) {
  const bool queued = record.status == RunStatus::queued;
  const bool running = record.status == RunStatus::running;
  if (step == Step::start) {
    if (!queued) return Answer::refused;
    record.started_us = std::max(now, record.triggered_us);
    record.token = 1;
  } else {
    if (!running && !(queued && step != Step::complete)) return Answer::refused;
    const std::int64_t floor = running ? record.started_us : record.triggered_us;
    record.completed_us = std::max(now, floor);
    if (step == Step::fail) record.error = error;
  }
  record.status = target(step);
  return Answer::done;
}

std::string_view encode(const Uuid& run_id, const Record& record, RecordBytes& out) {
  const std::size_t size = kErrorAt + record.error.size();
  if (size > out.size()) fail("an error text is too long");
  char* const p = out.data();
  put<std::uint8_t>(p, 1);
  put(p + kStatusAt, static_cast<std::uint8_t>(record.status));
  put(p + 2, static_cast<std::uint16_t>(record.error.size()));
  put<std::uint32_t>(p + 4, 0);
  put(p + kTriggeredAt, record.triggered_us);
  put(p + kStartedAt, record.started_us);
  put(p + kCompletedAt, record.completed_us);
  put(p + kTokenAt, record.token);
  std::memcpy(p + kIdsAt, record.organization_id.data, 16);
  std::memcpy(p + kIdsAt + 16, record.journey_id.data, 16);
  std::memcpy(p + kIdsAt + 32, record.profile_id.data, 16);
  if (!record.error.empty()) std::memmove(p + kErrorAt, record.error.data(), record.error.size());
  put(p + kChecksumAt, checksum(run_id, {p, size}));
  return {p, size};
}

Record decode(const Uuid& run_id, std::string_view bytes, Verify verify) {
  if (bytes.size() < kErrorAt || bytes[0] != 1) fail("a stored record is damaged");
  const char* const p = bytes.data();
  if (take<std::uint16_t>(p + 2) != bytes.size() - kErrorAt) fail("a stored record is cut");
  if (verify == Verify::yes && take<std::uint64_t>(p + kChecksumAt) != checksum(run_id, bytes)) {
    fail("a stored record fails its checksum");
  }
  Record record;
  record.status = static_cast<RunStatus>(take<std::uint8_t>(p + kStatusAt));
  record.triggered_us = take<std::int64_t>(p + kTriggeredAt);
  record.started_us = take<std::int64_t>(p + kStartedAt);
  record.completed_us = take<std::int64_t>(p + kCompletedAt);
  record.token = take<std::uint64_t>(p + kTokenAt);
  std::memcpy(record.organization_id.data, p + kIdsAt, 16);
  std::memcpy(record.journey_id.data, p + kIdsAt + 16, 16);
  std::memcpy(record.profile_id.data, p + kIdsAt + 32, 16);
  record.error = bytes.substr(kErrorAt);
  return record;
}

std::size_t render(const Uuid& run_id, const Record& record, std::span<char> out) {
  if (out.size() < milepost::kRunJsonSizeMax) fail("the answer's buffer is too small");
  char* p = text(out.data(), R"({"runId":")");
  p = hex_id(p, run_id);
  p = text(p, R"(","journeyId":")");
  p = hex_id(p, record.journey_id);
  p = text(p, R"(","profileId":")");
  p = hex_id(p, record.profile_id);
  p = text(p, R"(","status":")");
  p = text(p, kStatusNames.at(static_cast<std::size_t>(record.status)));
  p = text(p, R"(","triggeredAt":)");
  p = instant(p, record.triggered_us);
  p = text(p, R"(,"completedAt":)");
  p = record.completed_us == kNoTime ? text(p, "null") : instant(p, record.completed_us);
  p = text(p, R"(,"error":)");
  p = record.status == RunStatus::failed ? escaped(p, record.error) : text(p, "null");
  p = text(p, "}");
  return static_cast<std::size_t>(p - out.data());
}

IndexKey journey_key(const Uuid& run_id, const Record& record) {
  IndexKey key;
  put_id(key, record.organization_id);
  put_id(key, record.journey_id);
  put_status(key, record.status);
  put_ordered(key, record.triggered_us);
  put_id(key, run_id);
  return key;
}

IndexKey profile_key(const Uuid& run_id, const Record& record) {
  IndexKey key;
  put_id(key, record.organization_id);
  put_id(key, record.profile_id);
  put_ordered(key, record.triggered_us);
  put_id(key, run_id);
  return key;
}

IndexKey status_key(const Uuid& run_id, const Record& record) {
  IndexKey key;
  put_id(key, record.organization_id);
  put_status(key, record.status);
  put_ordered(key, record.triggered_us);
  put_id(key, run_id);
  return key;
}

IndexKey completed_key(const Uuid& run_id, const Record& record) {
  IndexKey key;
  put_id(key, record.organization_id);
  put_ordered(key, record.completed_us);
  put_id(key, run_id);
  return key;
}

ListRange list_range(const ListQuery& query) {
  constexpr std::size_t kPosition = 8 + 16;  // triggeredAt and run end every key
  Record record;
  record.journey_id = record.profile_id = query.id;
  record.status = query.status;
  record.triggered_us = query.after_us;
  ListRange range;
  range.from = query.by == ListBy::profile  ? profile_key(query.after_run, record)
               : query.by == ListBy::status ? status_key(query.after_run, record)
                                            : journey_key(query.after_run, record);
  range.prefix = range.from.size - kPosition;
  range.from.bytes[range.from.size++] = 0;  // the least key greater than the position's own
  return range;
}

Uuid run_of_key(std::string_view key) {
  if (key.size() < 16) fail("an index key is too short");
  return uuid_from(key.substr(key.size() - 16));
}

Uuid uuid_from(std::string_view bytes) {
  if (bytes.size() != 16) fail("a stored id does not have 16 bytes");
  Uuid id;
  std::memcpy(id.data, bytes.data(), 16);
  return id;
}

}  // namespace bench
