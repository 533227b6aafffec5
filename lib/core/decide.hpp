// SPDX-License-Identifier: Apache-2.0
//
// decide: the whole of what a command does to a run, as a pure function. No clock, no store.
#pragma once

#include <optional>
#include <string_view>

#include "core/effect.hpp"
#include "core/record.hpp"

#include "milepost/command.hpp"

namespace milepost::core {

/// What a decision may know of the world.
struct DecideContext {
  Instant now{};               ///< The engine's clock, cut to milliseconds.
  std::uint64_t epoch = 0;     ///< The writing process's epoch.
  std::uint64_t sequence = 0;  ///< The sequence the effect gets, should there be one.
  Uuid fresh_id{};             ///< For a create that names no runId.
  bool lease_expired = false;  ///< The run had a lease and it has run out.
};

/// An outcome, and where something changes, the record as it is afterwards.
struct Decision {
  OutcomeKind outcome = OutcomeKind::not_found;
  /// The new record if `outcome` is created or applied. Its texts point into the command or into
  /// the current record.
  std::optional<RecordView> next{};
  /// Whether the caller may see the current record (false: none, or another organization's).
  bool current_visible = false;
};

/// A removal that upkeep asks for: hosts ask for purges and erasures, not for these.
struct Removal {
  EffectKind kind = EffectKind::purge;  ///< purge, erase or forget.
  Uuid run_id{};                        ///< purge, erase: this run.
  Uuid organization_id{};
  Instant completed_before{};   ///< purge: only if it finished before.
  Uuid profile_id{};            ///< erase: only if it is of this profile; forget: the profile.
  std::uint64_t made_before{};  ///< erase: only if its first effect stands before; forget: too.
};

/// `current` is the run with the command's id whatever its organization, or for a create whose
/// idempotency key is known the run under that key, or null.
/// Precondition: the command passed `check_command` and its texts were cleaned.
[[nodiscard]] Decision decide(const Command& command, const RecordView* current,
                              const DecideContext& context) noexcept;

/// Whether the run may go: `applied`, or `not_found`, or `illegal` where the removal does not fit.
[[nodiscard]] OutcomeKind decide(const Removal& removal, const RecordView* current) noexcept;

/// The key a create gives, empty for none and for all other commands.
[[nodiscard]] std::string_view idempotency_key(const Command& command) noexcept;

/// The run a command is about, or null for a create that names none.
[[nodiscard]] const Uuid* command_run_id(const Command& command) noexcept;

/// Refuses what no state could allow: lengths and UTF-8 of owners, keys and leases out of range,
/// instants out of range, imports that break a rule of records.
[[nodiscard]] Result<void> check_command(const Command& command);

}  // namespace milepost::core
