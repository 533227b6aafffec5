// SPDX-License-Identifier: Apache-2.0
//
// What the fault injector tells the parent through a shared file.
#pragma once

#include <atomic>
#include <cstdint>

namespace milepost::crash {

struct FaultReport {
  std::atomic<std::uint64_t> calls;           ///< Calls of the wanted kind, failed or not.
  std::atomic<std::uint64_t> hits;            ///< Calls made to fail.
  std::atomic<std::uint32_t> journal_writes;  ///< Failed writes and syncs of journal segments.
  std::atomic<std::uint32_t> first_kind;      ///< FileKind of the first failed call.
  std::atomic<std::uint64_t> first_offset;
};

}  // namespace milepost::crash
