// SPDX-License-Identifier: Apache-2.0
//
// What the preloaded shim does around each call that touches a file below its root. The shim is
// one shared object with three hooks, chosen by MILEPOST_SHIM: `record` writes every operation to
// a log, `kill` ends the process at a named point, `fault` makes calls fail. Files outside
// MILEPOST_SHIM_ROOT are never looked at. The library under test needs no test code.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <sys/uio.h>

namespace milepost::crash {

enum class Op : std::uint8_t {
  open,
  read,
  pread,
  pwrite,
  write,
  writev,
  fdatasync,
  fsync,
  sync_file_range,
  ftruncate,
  fallocate,
  rename,
  unlink,
  mkdir,
  link,
  mmap,
  fcntl,
  fstat,
};

/// The name in options and reports, e.g. `fdatasync`.
const char* op_name(Op op);

enum class FileKind : std::uint8_t {
  segment,      ///< A journal segment under its final name.
  new_segment,  ///< One that is being made.
  data,         ///< data.mdb, LMDB's data descriptor.
  meta,         ///< data.mdb through an O_DSYNC descriptor: LMDB's meta pages.
  new_data,     ///< data.mdb in a folder under a temporary name.
  lock,
  directory,
  other,
  backup,    ///< The file of a backup that is being made, and its folder.
  restore,   ///< The same of a restore.
  replaced,  ///< The folder of a store that makes room for a restored one.
};

const char* kind_name(FileKind kind);

/// What is known of an open file.
struct TrackedFile {
  std::string path;  ///< Relative to the root.
  std::uint64_t inode = 0;
  FileKind kind = FileKind::other;
  bool synced_writes = false;  ///< O_DSYNC or O_SYNC.
};

struct Call {
  Op op;
  const TrackedFile* file = nullptr;  ///< For calls on a descriptor.
  std::string path{};                 ///< For calls on a path; relative to the root.
  std::string second_path{};
  FileKind kind = FileKind::other;
  std::uint64_t offset = 0;  ///< Of a write; the size for ftruncate and fallocate.
  std::uint64_t length = 0;  ///< Of a write.
  const iovec* parts = nullptr;
  int part_count = 0;
  int flags = 0;             ///< Of open.
  std::uint64_t cookie = 0;  ///< The hook's own.
};

struct Verdict {
  int error = 0;         ///< Not 0: the call is not made and fails with this.
  bool shorten = false;  ///< Writes only the first half.
  bool late = false;     ///< The call is made, and fails with `error` all the same.
};

/// Called from any thread. before() and after() of one call run on one thread.
class Hook {
 public:
  virtual ~Hook() = default;
  virtual Verdict before(Call& call) = 0;
  virtual void after(Call& call, std::int64_t result) = 0;
  virtual void mark(const void* /*data*/, std::size_t /*size*/) {}
};

std::unique_ptr<Hook> make_recorder();
std::unique_ptr<Hook> make_killer();
std::unique_ptr<Hook> make_fault_injector();

/// The hook in use, or null.
Hook* active_hook() noexcept;

/// `path` relative to the root (`.` for the root itself), or empty if outside. `base` is the
/// directory descriptor it is relative to.
std::string path_below_root(int base, const char* path);

FileKind kind_of_path(const std::string& path, bool synced_writes);

/// The open file behind a descriptor, or null.
const TrackedFile* tracked(int fd) noexcept;
void track(int fd, const std::string& path, int flags);
void forget(int fd) noexcept;
/// Open files follow their names.
void renamed(const std::string& from, const std::string& to);

/// Calls that never come back to the hooks.
namespace direct {
std::int64_t write_all(int fd, const iovec* parts, int count);
bool exists(const std::string& path_below_root);
std::uint64_t inode_of(const std::string& path_below_root);
[[noreturn]] void die();
}  // namespace direct

std::string setting(const char* name);
std::uint64_t number_setting(const char* name, std::uint64_t fallback);

}  // namespace milepost::crash
