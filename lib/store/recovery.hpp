// SPDX-License-Identifier: Apache-2.0
//
// Recovery: what a crash left in the journal goes to LMDB before the first answer. Bytes that can
// be read back prove nothing about the disk, so nothing of them is trusted until LMDB has them.
#pragma once

#include <cstdint>

#include "lmdb/env.hpp"
#include "store/batch_writer.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::store {

/// Commits every effect of the journal behind `applied` to LMDB; yields the last one's sequence, or
/// `applied`. A crash meanwhile is harmless: the next replay begins behind what was committed.
[[nodiscard]] Result<std::uint64_t> replay_journal(lmdb::Env& env, BatchWriter& writer,
                                                   std::uint64_t applied,
                                                   const OpenOptions& options);

}  // namespace milepost::store
