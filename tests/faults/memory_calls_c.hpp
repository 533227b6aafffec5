// SPDX-License-Identifier: Apache-2.0
//
// What every call through the C ABI needs: its structs made ready, and what its error says.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include "memory_api.hpp"

#include "milepost/milepost.h"

namespace milepost::faults {

inline milepost_id to_c(const Uuid& id) {
  milepost_id made{};
  std::memcpy(made.bytes, id.data, sizeof made.bytes);
  return made;
}

inline milepost_text to_c(std::string_view text) { return {text.data(), text.size()}; }

/// The error every call is given, and what it says.
class Failure {
 public:
  constexpr Failure() { error_.struct_size = sizeof error_; }
  operator milepost_error*() { return &error_; }
  [[nodiscard]] Said said(milepost_status status) const {
    if (status == MILEPOST_OK) return {};
    const bool is_memory = status == MILEPOST_E_OUT_OF_MEMORY && error_.code == status;
    return {.what = is_memory ? Said::What::no_memory : Said::What::other,
            .code = static_cast<Errc>(status),
            .applied = static_cast<Applied>(error_.applied),
            .text = std::string(milepost_error_name(status)) + ": " + error_.message};
  }
  void must(milepost_status status) const {
    if (status != MILEPOST_OK) throw std::runtime_error(said(status).text);
  }

 private:
  milepost_error error_{};
};

template <typename Struct>
Struct sized() {
  Struct made{};
  made.struct_size = sizeof made;
  return made;
}

template <typename Struct, typename Init>
Struct made_by(Init init) {
  Struct made;
  if (init(&made, sizeof made) != MILEPOST_OK) throw std::runtime_error("an init function fails");
  return made;
}

}  // namespace milepost::faults
