// SPDX-License-Identifier: Apache-2.0
//
// The stable names of every enumerator. Each switch lists all of them and has no default, so that
// a forgotten one is a compiler warning; a number from nowhere is "unknown", never a crash.
#include "core/state.hpp"

#include "milepost/changes.hpp"
#include "milepost/command.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::not_found:
      return "not_found";
    case Errc::busy:
      return "busy";
    case Errc::outcome_unknown:
      return "outcome_unknown";
    case Errc::read_only:
      return "read_only";
    case Errc::closed:
      return "closed";
    case Errc::already_open:
      return "already_open";
    case Errc::locked:
      return "locked";
    case Errc::forked:
      return "forked";
    case Errc::needs_reopen:
      return "needs_reopen";
    case Errc::snapshot_expired:
      return "snapshot_expired";
    case Errc::too_old:
      return "too_old";
    case Errc::other_store:
      return "other_store";
    case Errc::cancelled:
      return "cancelled";
    case Errc::disk_full:
      return "disk_full";
    case Errc::map_full:
      return "map_full";
    case Errc::readers_full:
      return "readers_full";
    case Errc::pid_clash:
      return "pid_clash";
    case Errc::unsupported_filesystem:
      return "unsupported_filesystem";
    case Errc::permission:
      return "permission";
    case Errc::not_a_database:
      return "not_a_database";
    case Errc::version:
      return "version";
    case Errc::corrupt:
      return "corrupt";
    case Errc::io:
      return "io";
    case Errc::out_of_memory:
      return "out_of_memory";
    case Errc::out_of_address_space:
      return "out_of_address_space";
    case Errc::internal:
      return "internal";
  }
  return "unknown";
}

std::string_view to_string(RunStatus status) noexcept {
  switch (status) {
    case RunStatus::queued:
      return "queued";
    case RunStatus::running:
      return "running";
    case RunStatus::completed:
      return "completed";
    case RunStatus::failed:
      return "failed";
    case RunStatus::exited:
      return "exited";
  }
  return "unknown";
}

std::string_view to_string(OutcomeKind kind) noexcept {
  switch (kind) {
    case OutcomeKind::created:
      return "created";
    case OutcomeKind::applied:
      return "applied";
    case OutcomeKind::unchanged:
      return "unchanged";
    case OutcomeKind::illegal:
      return "illegal";
    case OutcomeKind::conflict:
      return "conflict";
    case OutcomeKind::not_found:
      return "not_found";
  }
  return "unknown";
}

std::string_view to_string(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::created:
      return "created";
    case ChangeKind::started:
      return "started";
    case ChangeKind::completed:
      return "completed";
    case ChangeKind::failed:
      return "failed";
    case ChangeKind::exited:
      return "exited";
    case ChangeKind::adopted:
      return "adopted";
    case ChangeKind::imported:
      return "imported";
    case ChangeKind::purged:
      return "purged";
    case ChangeKind::erased:
      return "erased";
    case ChangeKind::profile_erased:
      return "profile_erased";
    case ChangeKind::blanked:
      return "blanked";
  }
  return "unknown";
}

std::optional<RunStatus> parse_status(std::string_view text) noexcept {
  for (const RunStatus status : core::kAllStatuses) {
    if (text == to_string(status)) return status;
  }
  return std::nullopt;
}

}  // namespace milepost
