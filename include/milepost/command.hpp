// SPDX-License-Identifier: Apache-2.0
//
// What a host asks of a run, and what it is told. Texts in commands are views: they must stay
// alive until the call returns. Everything here is a plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

#include "milepost/export.hpp"
#include "milepost/run.hpp"

namespace milepost {

/// How long an owner may stay silent before others may take its run; at least kLeaseMin.
using Lease = std::chrono::milliseconds;

/// Makes a run, in status queued.
struct CreateCommand {
  Uuid journey_id{};
  Uuid profile_id{};
  std::optional<Uuid> run_id{};           ///< Default: a fresh UUIDv7.
  std::optional<Instant> triggered_at{};  ///< Default: the tracker's clock. Years 1400-9999.
  Uuid organization_id{};                 ///< Nil for hosts that serve one organization.
  /// Empty, or at most kIdempotencyKeySizeMax bytes. Within an organization the first create with
  /// a key makes the run; a repeat of the same request is `unchanged` and names that run, another
  /// request under the key is `conflict` and names it too. A key lives as long as its run, or
  /// `OpenOptions::idempotency_key_lifetime`.
  std::string_view idempotency_key{};
};

/// queued -> running. With the same owner as the start that won, a repeat is `unchanged`.
struct StartCommand {
  Uuid run_id{};
  std::string_view owner{};  ///< Empty, or at most kOwnerSizeMax bytes of UTF-8.
  Uuid organization_id{};
  std::optional<Lease> lease{};  ///< Default: none; the run never expires by itself.
};

/// running -> completed.
struct CompleteCommand {
  Uuid run_id{};
  std::string_view owner{};                      ///< If given, must be the run's owner.
  std::optional<std::uint64_t> fencing_token{};  ///< If given, must be the run's token.
  Uuid organization_id{};
};

/// queued or running -> failed.
struct FailCommand {
  Uuid run_id{};
  /// Ill-formed UTF-8 is replaced, longer than kErrorTextSizeMax is cut.
  std::string_view error{};
  std::string_view owner{};
  std::optional<std::uint64_t> fencing_token{};
  Uuid organization_id{};
  bool only_if_expired = false;  ///< `conflict` unless the run's lease has run out.
};

/// queued or running -> exited.
struct ExitCommand {
  Uuid run_id{};
  std::string_view owner{};
  std::optional<std::uint64_t> fencing_token{};
  Uuid organization_id{};
};

/// running -> running, under a new owner with a larger fencing token. For runs whose owner died or
/// fell silent; what the old owner does later under its own token is `conflict`.
struct AdoptCommand {
  Uuid run_id{};
  std::string_view owner{};
  /// The token the adopter saw. If given, the run must still have it (`conflict` otherwise), and a
  /// repeat by the same owner is `unchanged`. Without it every adopt takes the run anew.
  std::optional<std::uint64_t> fencing_token{};
  std::optional<Lease> lease{};
  Uuid organization_id{};
  bool only_if_expired = false;  ///< `conflict` unless the run's lease has run out.
};

/// Says that the owner is alive: the run's lease begins anew. `applied` on a running run; changes
/// nothing that is stored and has no place in the change feed. `illegal` on any other run.
struct HeartbeatCommand {
  Uuid run_id{};
  Lease lease{};
  std::string_view owner{};
  std::optional<std::uint64_t> fencing_token{};
  Uuid organization_id{};
};

/// Makes a run in any status with its own instants, as another system tracked it. A repeat of the
/// same run is `unchanged`, another run under the id is `conflict`. A running run is imported as
/// an orphan: nobody owns it until it is adopted.
struct ImportCommand {
  Uuid run_id{};
  Uuid journey_id{};
  Uuid profile_id{};
  Uuid organization_id{};
  RunStatus status = RunStatus::queued;
  Instant triggered_at{};
  std::optional<Instant> started_at{};    ///< Default where the status needs one: triggered_at.
  std::optional<Instant> completed_at{};  ///< Exactly where the status is final.
  std::string_view error{};               ///< Only where the status is failed.
};

using Command = std::variant<CreateCommand, StartCommand, CompleteCommand, FailCommand, ExitCommand,
                             AdoptCommand, HeartbeatCommand, ImportCommand>;

static_assert(std::is_aggregate_v<CreateCommand> && std::is_aggregate_v<StartCommand> &&
              std::is_aggregate_v<CompleteCommand> && std::is_aggregate_v<FailCommand> &&
              std::is_aggregate_v<ExitCommand> && std::is_aggregate_v<AdoptCommand> &&
              std::is_aggregate_v<HeartbeatCommand> && std::is_aggregate_v<ImportCommand>);

/// What became of a command.
enum class OutcomeKind : std::uint8_t {
  created = 0,    ///< This call made the run.
  applied = 1,    ///< This call moved the run, or renewed its lease.
  unchanged = 2,  ///< It had already happened; the run is as the first call left it.
  illegal = 3,    ///< The run's status does not allow it; nothing changed.
  conflict = 4,   ///< Somebody else did, or owns, it; nothing changed.
  not_found = 5,  ///< No such run in that organization.
};

/// The stable name, e.g. `unchanged`. Never fails.
[[nodiscard]] MILEPOST_EXPORT std::string_view to_string(OutcomeKind kind) noexcept;

/// The answer to one command. Never an error: a refusal is an ordinary answer.
struct [[nodiscard]] MILEPOST_EXPORT Outcome {
  OutcomeKind kind = OutcomeKind::not_found;
  /// The run as it is now. All defaults when `has_run()` is false.
  Run run{};
  bool run_known = false;

  /// Whether this very call did it.
  [[nodiscard]] bool applied() const noexcept {
    return kind == OutcomeKind::created || kind == OutcomeKind::applied;
  }
  /// Whether it is so now: done by this call or by an earlier one.
  [[nodiscard]] bool holds() const noexcept { return applied() || kind == OutcomeKind::unchanged; }
  /// False for not_found, and for a conflict with a run of another organization.
  [[nodiscard]] bool has_run() const noexcept { return run_known; }
  /// For hosts to whom a refusal is a bug: throws std::logic_error unless `holds()`.
  void require_applied() const;
};

}  // namespace milepost
