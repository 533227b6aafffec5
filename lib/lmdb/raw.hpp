// SPDX-License-Identifier: Apache-2.0
//
// Between our byte views and LMDB's, for this room's sources only; and the sizes that LMDB takes.
#pragma once

#include <lmdb.h>
#include <optional>
#include <string>

#include "lmdb/errors.hpp"
#include "lmdb/types.hpp"

namespace milepost::lmdb {

[[nodiscard]] inline MDB_val to_val(Bytes bytes) noexcept {
  return {bytes.size(), const_cast<std::byte*>(bytes.data())};
}

[[nodiscard]] inline Bytes to_bytes(const MDB_val& value) noexcept {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

[[nodiscard]] inline bool key_fits(Bytes key) noexcept {
  return !key.empty() && key.size() <= kKeySizeMax;
}

[[nodiscard]] inline Error key_refusal(Bytes key) {
  return make_error(Errc::invalid_argument, std::string(),
                    "a key of " + std::to_string(key.size()) + " bytes",
                    "Keys have 1 to " + std::to_string(kKeySizeMax) + " bytes.");
}

/// What LMDB would refuse, or damage its transaction over, is refused before it sees it.
[[nodiscard]] inline std::optional<Error> size_refusal(Bytes key, Bytes value) {
  if (!key_fits(key)) return key_refusal(key);
  if (value.size() > kValueSizeMax) {
    return make_error(Errc::invalid_argument, std::string(),
                      "a value of " + std::to_string(value.size()) + " bytes",
                      "Values have at most " + std::to_string(kValueSizeMax) + " bytes.");
  }
  return std::nullopt;
}

}  // namespace milepost::lmdb
