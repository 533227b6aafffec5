// SPDX-License-Identifier: Apache-2.0
//
// RecordView: everything the engine knows of one run, as a plain value whose texts are views.
// It is what decisions read and make, what the codec packs, and what answers are rendered from.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "milepost/run.hpp"

namespace milepost::core {

/// Which optional parts of the create request the caller gave; part of its fingerprint.
struct RequestFlags {
  bool run_id_given = false;
  bool triggered_at_given = false;

  friend constexpr bool operator==(const RequestFlags&, const RequestFlags&) = default;
};

struct RecordView {
  Uuid run_id{};
  Uuid organization_id{};
  Uuid journey_id{};
  Uuid profile_id{};
  RunStatus status = RunStatus::queued;
  RequestFlags request{};
  Instant triggered_at{};
  std::optional<Instant> started_at{};
  std::optional<Instant> completed_at{};
  std::string_view error{};            ///< Meaningful while status is failed; else empty.
  std::string_view owner{};            ///< Empty: started without an owner, or not started.
  std::string_view idempotency_key{};  ///< Empty: created without one.
  Instant keyed_at{};                  ///< When the key was given; meaningless without one.
  std::uint64_t fencing_token = 0;     ///< 0 until started, then 1, 2, ...
  std::uint64_t epoch = 0;             ///< The writing process's epoch at start or adopt.
  std::uint64_t created_sequence = 0;  ///< Sequence of the effect that made the run.
  std::uint64_t sequence = 0;          ///< Sequence of the last effect.

  friend bool operator==(const RecordView&, const RecordView&) = default;
};

/// The first of a record's own rules that it breaks, in a few words, or null: status known,
/// instants ordered and within the years 1400-9999, what belongs to a started, final or failed run
/// present in those and in no others, texts within their limits. True of all that is stored.
[[nodiscard]] const char* broken_rule(const RecordView& record) noexcept;

/// Copies a record into the public value.
[[nodiscard]] Run to_run(const RecordView& record);

/// Views a public value as a record (for rendering). `run` must outlive the view.
[[nodiscard]] RecordView view_of(const Run& run) noexcept;

}  // namespace milepost::core
