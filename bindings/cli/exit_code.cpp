// SPDX-License-Identifier: Apache-2.0
//
// Errors of the library as exits of the program. No default: a new code does not compile unnoticed.
#include "exit_code.hpp"

namespace cli {

int exit_code(milepost::Errc code) noexcept {
  using milepost::Errc;
  switch (code) {
    case Errc::invalid_argument:
      return kUsage;
    case Errc::not_found:
      return kNotFound;
    case Errc::busy:
    case Errc::already_open:
    case Errc::locked:
    case Errc::readers_full:
    case Errc::pid_clash:
      return kBusy;
    case Errc::outcome_unknown:
    case Errc::needs_reopen:
      return kUnknown;
    case Errc::read_only:
    case Errc::snapshot_expired:
    case Errc::too_old:
    case Errc::other_store:
      return kRefused;
    case Errc::cancelled:
      return kInterrupted;
    case Errc::not_a_database:
    case Errc::version:
    case Errc::corrupt:
      return kDamaged;
    case Errc::disk_full:
    case Errc::map_full:
    case Errc::unsupported_filesystem:
    case Errc::permission:
    case Errc::io:
    case Errc::out_of_memory:
    case Errc::out_of_address_space:
      return kSystem;
    case Errc::closed:
    case Errc::forked:
    case Errc::internal:
      return kInternal;
  }
  return kInternal;
}

}  // namespace cli
