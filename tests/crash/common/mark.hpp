// SPDX-License-Identifier: Apache-2.0
//
// The workload's side of the recorder's marks; nothing happens when no shim is in front.
#pragma once

#include <cstddef>
#include <dlfcn.h>

namespace milepost::crash {

inline void mark(const void* data, std::size_t size) {
  using Function = void (*)(const void*, std::size_t);
  static const auto function =
      reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, "milepost_crash_mark"));
  if (function != nullptr) function(data, size);
}

}  // namespace milepost::crash
