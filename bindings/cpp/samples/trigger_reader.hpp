// SPDX-License-Identifier: Apache-2.0
//
// Triggers out of JSON Lines. A line that cannot be used is reported with its number and skipped;
// it never stops the reader. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "line_source.hpp"
#include "progress.hpp"

#include "milepost/run.hpp"

namespace sample {

/// Somebody entered a journey.
struct Trigger {
  std::uint64_t line = 0;
  milepost::Uuid journey_id{};
  milepost::Uuid profile_id{};
  milepost::Uuid organization_id{};
  std::optional<milepost::Instant> triggered_at{};
  std::string idempotency_key{};  ///< Empty: none.
};

/// The id of the run that a trigger without a key makes. It follows from the trigger and its line,
/// so sending the same file again makes nothing twice: the create is answered `unchanged`.
[[nodiscard]] milepost::Uuid run_id_of(const Trigger& trigger);

/// What a line holds: a trigger, or the reason why it is none. Members that are not known are
/// added to `unknown_members` and otherwise ignored.
[[nodiscard]] std::variant<Trigger, std::string> parse_trigger(
    std::string_view text, std::vector<std::string>& unknown_members);

class TriggerReader {
 public:
  /// Both must outlive the reader.
  TriggerReader(LineSource& lines, Console& console) : lines_(lines), console_(console) {}

  /// The next trigger, or nothing at the end. An error: the input cannot be read on.
  [[nodiscard]] milepost::Result<std::optional<Trigger>> next();

  [[nodiscard]] std::uint64_t skipped() const noexcept { return skipped_; }
  /// Those that triggers have named so far.
  [[nodiscard]] const std::set<milepost::Uuid>& organizations() const noexcept {
    return organizations_;
  }
  [[nodiscard]] double fraction() const { return lines_.fraction(); }

 private:
  void note_unknown(std::uint64_t line, const std::vector<std::string>& names);

  LineSource& lines_;
  Console& console_;
  std::uint64_t skipped_ = 0;
  std::set<std::string> noted_;
  std::set<milepost::Uuid> organizations_;
};

}  // namespace sample
