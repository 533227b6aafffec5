// SPDX-License-Identifier: Apache-2.0
//
// Input: takes a call's arguments one by one and keeps the first thing that is wrong with them, so
// that a call reads as a list of what it takes and is refused before anything is done.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "capi/sized.hpp"

#include "milepost/milepost.hpp"

namespace milepost::capi {

[[nodiscard]] inline Uuid to_uuid(const milepost_id& id) noexcept {
  Uuid uuid;
  std::memcpy(uuid.data, id.bytes, sizeof id.bytes);
  return uuid;
}

[[nodiscard]] inline milepost_id to_id(const Uuid& uuid) noexcept {
  milepost_id id;
  std::memcpy(id.bytes, uuid.data, sizeof id.bytes);
  return id;
}

[[nodiscard]] inline Instant to_instant(std::int64_t micros) noexcept {
  return Instant(std::chrono::microseconds(micros));
}

[[nodiscard]] inline std::int64_t to_micros(Instant instant) noexcept {
  return instant.time_since_epoch().count();
}

class Input {
 public:
  [[nodiscard]] bool ok() const noexcept { return !problem_; }
  [[nodiscard]] const Error& problem() const noexcept { return *problem_; }

  /// Notes what is wrong, unless something was before.
  void refuse(Error error) {
    if (!problem_) problem_ = std::move(error);
  }
  void require(const Result<void>& checked) {
    if (!checked) refuse(checked.error());
  }
  void not_null(const void* p, const char* name) {
    if (p == nullptr) refuse(null_argument(name));
  }
  template <typename T>
  void out(const T* p, const char* name) {
    if (!problem_) require(check_out(p, name));
  }

  /// A struct that must be there, and one that may be NULL.
  template <typename T>
  [[nodiscard]] T sized(const T* p, const T& defaults, const char* name) {
    if (problem_) return defaults;
    auto value = read_sized(p, defaults, name);
    if (value) return *value;
    refuse(value.error());
    return defaults;
  }
  template <typename T>
  [[nodiscard]] T sized_or_null(const T* p, const T& defaults, const char* name) {
    return p == nullptr ? defaults : sized(p, defaults, name);
  }

  [[nodiscard]] bool flag(std::uint8_t value, const char* name);
  [[nodiscard]] std::string_view text(const milepost_text& text, const char* name);
  void buffer(const char* out, std::size_t capacity, const char* name);
  [[nodiscard]] Uuid id(const milepost_id* id, const char* name);
  [[nodiscard]] static Uuid id_or_nil(const milepost_id* id) noexcept {
    return id != nullptr ? to_uuid(*id) : Uuid{};
  }
  [[nodiscard]] static std::optional<Uuid> id_or_none(const milepost_id* id) noexcept {
    return id != nullptr ? std::optional(to_uuid(*id)) : std::nullopt;
  }
  [[nodiscard]] std::optional<Deadline> deadline(std::int64_t timeout_ms);
  /// A number of an enumeration whose numbers begin at 0.
  template <typename Enum>
  [[nodiscard]] Enum enumerator(std::int32_t value, Enum last, const char* name) {
    if (value < 0 || value > static_cast<std::int32_t>(last)) unknown_number(value, name);
    return static_cast<Enum>(value);
  }
  /// Reserved members are for later; today they are zero.
  template <typename Bytes>
  void reserved(const Bytes& bytes, const char* name) {
    for (const unsigned char byte :
         std::span(reinterpret_cast<const unsigned char*>(&bytes), sizeof bytes)) {
      if (byte != 0) return refuse(reserved_is_set(name));
    }
  }

 private:
  void unknown_number(std::int32_t value, const char* name);
  [[nodiscard]] static Error reserved_is_set(const char* name);

  std::optional<Error> problem_{};
};

}  // namespace milepost::capi
