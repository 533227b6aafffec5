// SPDX-License-Identifier: Apache-2.0
//
// Layouts of records, blocks and keys, read and built byte by byte.
#include "common/records.hpp"

namespace milepost::crash {
namespace {

constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kChecksumSize = 8;
constexpr unsigned kHasOrganization = 4;
constexpr unsigned kHasStarted = 8;
constexpr unsigned kHasCompleted = 16;
constexpr unsigned kBucketShift = 18;
constexpr std::size_t kBlockHeader = 8;
constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kEffectHeader = 1 + kIdSize;

std::string number(std::uint64_t value, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = size; i-- > 0; value >>= 8) bytes[i] = static_cast<char>(value & 0xff);
  return bytes;
}

/// The sign bit flipped, so that bytes sort as instants do.
std::string instant(std::int64_t micros) {
  return number(static_cast<std::uint64_t>(micros) ^ (std::uint64_t{1} << 63), 8);
}

/// Takes bytes off the front.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) good_ = false;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::uint64_t take_number(std::size_t size) { return little_endian(take(size)); }
  std::int64_t take_instant() { return static_cast<std::int64_t>(take_number(8)); }

  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::string StoredRun::journey_row() const {
  return organization + std::string(journey) + number(status, 1) + instant(triggered_at) + id;
}

std::string StoredRun::profile_row() const {
  return number(created_sequence >> kBucketShift, 4) + organization + std::string(profile) +
         instant(triggered_at) + id;
}

std::string StoredRun::status_row() const {
  return organization + number(status, 1) + instant(triggered_at) + id;
}

std::string StoredRun::completed_row() const {
  return organization + instant(completed_at.value_or(0)) + id;
}

std::string StoredRun::running_row() const { return number(epoch, 8) + id; }

std::string StoredRun::key_row() const { return organization + std::string(key); }

std::optional<StoredRun> read_run(std::string_view id, std::string_view bytes) {
  if (id.size() != kIdSize || bytes.size() < kHeaderSize + kChecksumSize) return std::nullopt;
  StoredRun run;
  run.id = id;
  Reader reader(bytes.substr(0, bytes.size() - kChecksumSize));
  if (reader.take_number(1) != 1) return std::nullopt;
  run.status = static_cast<unsigned char>(reader.take_number(1));
  const std::uint64_t flags = reader.take_number(2);
  const auto error_size = static_cast<std::size_t>(reader.take_number(2));
  const auto owner_size = static_cast<std::size_t>(reader.take_number(1));
  const auto key_size = static_cast<std::size_t>(reader.take_number(1));
  run.triggered_at = reader.take_instant();
  run.created_sequence = reader.take_number(8);
  run.sequence = reader.take_number(8);
  run.journey = reader.take(kIdSize);
  run.profile = reader.take(kIdSize);
  run.organization.assign(1, '\0');
  if ((flags & kHasOrganization) != 0) {
    run.organization = std::string(1, '\1') + std::string(reader.take(kIdSize));
  }
  if ((flags & kHasStarted) != 0) {
    reader.take(16);  // when, and the token
    run.epoch = reader.take_number(8);
  }
  if ((flags & kHasCompleted) != 0) run.completed_at = reader.take_instant();
  if (key_size != 0) reader.take(8);  // when it was given
  reader.take(error_size + owner_size);
  run.key = reader.take(key_size);
  const bool fits = run.final() == run.completed_at.has_value() && run.status <= 4;
  if (!reader.good() || reader.left() != 0 || !fits) return std::nullopt;
  return run;
}

bool read_block(std::uint64_t first_sequence, std::string_view bytes,
                const std::function<void(const FeedEntry&)>& visit) {
  if (bytes.size() < kBlockHeader + kChecksumSize || bytes[0] != 1) return false;
  const std::uint64_t count = little_endian(bytes.substr(2, 2));
  Reader reader(bytes.substr(kBlockHeader, bytes.size() - kBlockHeader - kChecksumSize));
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto size = static_cast<std::size_t>(reader.take_number(kLengthSize));
    const std::string_view effect = reader.take(size);
    if (!reader.good() || effect.size() < kEffectHeader) return false;
    visit({first_sequence + i, static_cast<StoredEffect>(effect[0]), effect.substr(1, kIdSize),
           effect.substr(kEffectHeader)});
  }
  return count > 0 && reader.left() == 0;
}

}  // namespace milepost::crash
