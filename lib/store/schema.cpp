// SPDX-License-Identifier: Apache-2.0
//
// Key codecs. Fixed-width fields only, so that no key can overflow its buffer.
#include "store/schema.hpp"

#include <algorithm>

namespace milepost::store {
namespace {

constexpr std::size_t kLongestKey = sizeof(std::uint32_t) + 17 + 16 + 8 + 16;  // by_profile
static_assert(kLongestKey <= Key::kSizeMax);

}  // namespace

Key& Key::byte(std::uint8_t value) noexcept {
  data_[size_++] = static_cast<std::byte>(value);
  return *this;
}

Key& Key::big_endian(std::uint32_t value) noexcept {
  for (int shift = 24; shift >= 0; shift -= 8) byte(static_cast<std::uint8_t>(value >> shift));
  return *this;
}

Key& Key::big_endian(std::uint64_t value) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8) byte(static_cast<std::uint8_t>(value >> shift));
  return *this;
}

Key& Key::instant(Instant value) noexcept {
  const auto micros = static_cast<std::uint64_t>(value.time_since_epoch().count());
  const std::uint64_t ordered = __builtin_bswap64(micros ^ (std::uint64_t{1} << 63));
  std::memcpy(data_.data() + size_, &ordered, 8);
  size_ = static_cast<std::uint8_t>(size_ + 8);
  return *this;
}

Key& Key::uuid(const Uuid& value) noexcept {
  std::memcpy(data_.data() + size_, value.data, 16);
  size_ = static_cast<std::uint8_t>(size_ + 16);
  return *this;
}

Key& Key::organization(const Uuid& value) noexcept {
  if (value.is_nil()) return byte(0);
  return byte(1).uuid(value);
}

Key journey_key(const core::RecordView& run) noexcept {
  return Key()
      .organization(run.organization_id)
      .uuid(run.journey_id)
      .byte(static_cast<std::uint8_t>(run.status))
      .instant(run.triggered_at)
      .uuid(run.run_id);
}

Key profile_key(const core::RecordView& run) noexcept {
  return Key()
      .big_endian(profile_bucket(run.created_sequence))
      .organization(run.organization_id)
      .uuid(run.profile_id)
      .instant(run.triggered_at)
      .uuid(run.run_id);
}

Key status_key(const core::RecordView& run) noexcept {
  return Key()
      .organization(run.organization_id)
      .byte(static_cast<std::uint8_t>(run.status))
      .instant(run.triggered_at)
      .uuid(run.run_id);
}

Key completed_key(const core::RecordView& run) noexcept {
  return Key()
      .organization(run.organization_id)
      .instant(run.completed_at.value_or(Instant{}))
      .uuid(run.run_id);
}

Key running_key(const core::RecordView& run) noexcept {
  return Key().big_endian(run.epoch).uuid(run.run_id);
}

bool is_in(Table index, const core::RecordView& run) noexcept {
  if (index == Table::by_completed) return run.completed_at.has_value();
  if (index == Table::running) return run.status == RunStatus::running;
  return true;
}

Key index_key(Table index, const core::RecordView& run) noexcept {
  switch (index) {
    case Table::by_journey:
      return journey_key(run);
    case Table::by_profile:
      return profile_key(run);
    case Table::by_completed:
      return completed_key(run);
    case Table::running:
      return running_key(run);
    default:
      return status_key(run);
  }
}

KeyRow::KeyRow(const Uuid& organization_id, std::string_view idempotency_key) noexcept {
  const Key prefix = Key().organization(organization_id);
  std::memcpy(data_.data(), prefix.bytes().data(), prefix.bytes().size());
  size_ = prefix.bytes().size() + std::min(idempotency_key.size(), kIdempotencyKeySizeMax);
  std::memcpy(data_.data() + prefix.bytes().size(), idempotency_key.data(),
              size_ - prefix.bytes().size());
}

Key counter_key(CounterScope scope, const Uuid& organization_id, const Uuid& journey_id,
                RunStatus status) noexcept {
  Key key;
  key.byte(static_cast<std::uint8_t>(scope));
  if (scope != CounterScope::everything) key.organization(organization_id);
  if (scope == CounterScope::journey) key.uuid(journey_id);
  return key.byte(static_cast<std::uint8_t>(status));
}

}  // namespace milepost::store
