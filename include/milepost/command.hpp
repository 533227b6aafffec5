// SPDX-License-Identifier: Apache-2.0
//
// What a host asks of a run, and what it is told. Texts in commands are views: they must stay
// alive until the call returns. Everything here is a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

#include "milepost/export.hpp"
#include "milepost/run.hpp"

namespace milepost {

/// Makes a run, in status queued.
struct CreateCommand {
  Uuid journey_id{};
  Uuid profile_id{};
  std::optional<Uuid> run_id{};           ///< Default: a fresh UUIDv7.
  std::optional<Instant> triggered_at{};  ///< Default: the tracker's clock. Years 1400-9999.
  Uuid organization_id{};                 ///< Nil for hosts that serve one organization.
};

/// queued -> running. With the same owner as the start that won, a repeat is `unchanged`.
struct StartCommand {
  Uuid run_id{};
  std::string_view owner{};  ///< Empty, or at most kOwnerSizeMax bytes of UTF-8.
  Uuid organization_id{};
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
  std::string_view
      error{};  ///< Ill-formed UTF-8 is replaced, longer than kErrorTextSizeMax is cut.
  std::string_view owner{};
  std::optional<std::uint64_t> fencing_token{};
  Uuid organization_id{};
};

/// queued or running -> exited.
struct ExitCommand {
  Uuid run_id{};
  std::string_view owner{};
  std::optional<std::uint64_t> fencing_token{};
  Uuid organization_id{};
};

using Command =
    std::variant<CreateCommand, StartCommand, CompleteCommand, FailCommand, ExitCommand>;

static_assert(std::is_aggregate_v<CreateCommand> && std::is_aggregate_v<StartCommand> &&
              std::is_aggregate_v<CompleteCommand> && std::is_aggregate_v<FailCommand> &&
              std::is_aggregate_v<ExitCommand>);

/// What became of a command.
enum class OutcomeKind : std::uint8_t {
  created = 0,    ///< This call made the run.
  applied = 1,    ///< This call moved the run.
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
