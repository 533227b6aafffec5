// SPDX-License-Identifier: Apache-2.0
//
// The format of the log that the recorder writes and the replayer reads: one header per operation,
// then its paths and bytes. Entries stand in an order in which the operations can have happened.
// A sync is two entries: what was written before its `sync_begin` is on the disk from its
// `sync_end` on. A write through an O_DSYNC descriptor is a `write` and, once the call returned, a
// `sync_end` that names only that write.
#pragma once

#include <cstdint>

namespace milepost::crash {

enum class LogKind : std::uint32_t {
  process = 1,     ///< A process under test began; `a` is its pid.
  create = 2,      ///< A new file `path`, `inode`.
  make_directory,  ///< A new directory `path`, `inode`.
  write,           ///< `a` offset, data; flags bit 0: through O_DSYNC.
  truncate,        ///< `a` new size.
  allocate,        ///< `a` size at least.
  sync_begin,      ///< of `inode`.
  sync_end,        ///< `a` id of the sync_begin, or of the one write that is synced.
  rename,          ///< `path` to `second_path`.
  remove,          ///< `path`, a file or a directory.
  link,            ///< `path` gets the second name `second_path`.
  mark,            ///< Data is the workload's.
};

inline constexpr std::uint32_t kLogMagic = 0x4d50494f;

struct LogHeader {
  std::uint32_t magic = kLogMagic;
  LogKind kind = LogKind::mark;
  std::uint64_t id = 0;  ///< Unique in the log.
  std::uint64_t time_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t a = 0;
  std::uint32_t flags = 0;
  std::uint32_t path_size = 0;
  std::uint32_t second_path_size = 0;
  std::uint32_t data_size = 0;
};

static_assert(sizeof(LogHeader) == 56);

}  // namespace milepost::crash
