// SPDX-License-Identifier: Apache-2.0
//
// How the library says that something could not be done: an error code with the same number in
// every language, and beside it what a caller needs to act on it.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "milepost/export.hpp"

namespace milepost {

/// Why a call failed. The numbers are fixed for ever and equal `milepost_status` in C.
enum class Errc : std::int32_t {
  invalid_argument = -1,   ///< An argument breaks a documented rule; nothing was read or written.
  not_found = -2,          ///< The named store or file (for the JSON calls: run) does not exist.
  busy = -3,               ///< The deadline passed first; nothing was done.
  outcome_unknown = -4,    ///< The effect may or may not survive; repeat the command to learn.
  read_only = -5,          ///< A write on a tracker that was opened read-only.
  closed = -6,             ///< The tracker was closed or moved from.
  already_open = -7,       ///< This process already has the store open.
  locked = -8,             ///< Another process writes to the store; the text names it.
  forked = -9,             ///< The tracker was opened by a parent process; open a new one.
  needs_reopen = -10,      ///< The tracker must be closed and opened before it can go on.
  snapshot_expired = -11,  ///< The snapshot outlived its largest age.
  too_old = -12,           ///< The feed no longer holds that position.
  other_store = -13,       ///< The position or file belongs to another store.
  cancelled = -14,         ///< The caller cancelled the operation.
  disk_full = -15,         ///< No space left on the device or in the quota.
  map_full = -16,          ///< The store reached `OpenOptions::map_size_max`.
  readers_full = -17,      ///< Every reader slot is taken.
  pid_clash = -18,         ///< Two processes share a pid number (pid namespaces).
  unsupported_filesystem = -19,  ///< The directory is on a network or user-space file system.
  permission = -20,              ///< The operating system refused access.
  not_a_database = -21,          ///< The file is not a Milepost store.
  version = -22,                 ///< The store was written by an incompatible version.
  corrupt = -23,                 ///< Stored bytes fail their checks.
  io = -24,                      ///< The operating system reported an I/O error.
  out_of_memory = -25,           ///< Memory ran out.
  out_of_address_space = -26,    ///< The map does not fit the process's address space.
  internal = -27,                ///< A broken invariant inside the library; please report it.
};

/// Whether the call that failed changed the store all the same.
enum class Applied : std::uint8_t { no = 0, yes = 1, unknown = 2 };

/// What went wrong, as a plain value.
struct Error {
  Errc code = Errc::internal;
  int system = 0;                 ///< `errno` or LMDB's number, 0 when there is none.
  Applied applied = Applied::no;  ///< Whether anything was applied.
  bool retry_safe = false;        ///< Whether the same call may simply be made again.
  std::string subject;            ///< The file or value concerned; may be empty.
  std::string message;            ///< What was wrong, in one sentence.
  std::string advice;             ///< What to do about it, in one sentence.
};

/// A value or an Error. Only `value()` throws (`milepost::Exception`).
template <typename T>
using Result = boost::system::result<T, Error>;

/// The stable snake_case name of a code, e.g. `disk_full`. Never fails.
[[nodiscard]] MILEPOST_EXPORT std::string_view to_string(Errc code) noexcept;

/// One line for people and logs: code, subject, message, advice.
[[nodiscard]] MILEPOST_EXPORT std::string to_string(const Error& error);

/// Thrown by `Result::value()` when there is no value, and by nothing else.
class MILEPOST_EXPORT Exception : public std::runtime_error {
 public:
  explicit Exception(Error error);
  ~Exception() override;
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// Found by argument-dependent lookup when `Result::value()` has no value.
[[noreturn]] MILEPOST_EXPORT void throw_exception_from_error(const Error& error,
                                                             const boost::source_location& where);

}  // namespace milepost
