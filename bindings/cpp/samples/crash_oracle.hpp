// SPDX-License-Identifier: Apache-2.0
//
// What a process that was killed had been told is safe, and whether it is. Kept outside the store.
// One thread at a time.
#pragma once

#include <boost/functional/hash.hpp>
#include <boost/uuid/uuid_hash.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

#include "milepost/result.hpp"
#include "milepost/run.hpp"
#include "milepost/tracker.hpp"

namespace sample {

/// One acknowledged change, as it goes through a pipe: run id, organization id, status.
inline constexpr std::size_t kAcknowledgementSize = 16 + 16 + 1;

class CrashOracle {
 public:
  /// Takes one acknowledgement.
  void take(std::span<const std::uint8_t, kAcknowledgementSize> record);

  [[nodiscard]] std::uint64_t created() const noexcept { return created_; }
  /// Starts and endings.
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::uint64_t changes() const noexcept { return created_ + steps_; }

  struct Verdict {
    std::uint64_t there = 0;
    std::uint64_t missing = 0;
    /// Changes that are there though nobody was told: the kill came between the two.
    std::uint64_t untold = 0;
    milepost::Uuid first_missing{};
  };
  /// Looks for every change in the store.
  [[nodiscard]] milepost::Result<Verdict> check(const milepost::Tracker& tracker) const;

 private:
  struct Told {
    milepost::Uuid organization_id{};
    bool created = false;
    bool started = false;
    std::optional<milepost::RunStatus> ended{};
  };
  static void judge(const milepost::Uuid& run_id, const Told& told,
                    const std::optional<milepost::Run>& run, Verdict& verdict);

  std::unordered_map<milepost::Uuid, Told, boost::hash<milepost::Uuid>> runs_;
  std::uint64_t created_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace sample
