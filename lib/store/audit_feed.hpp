// SPDX-License-Identifier: Apache-2.0
//
// AuditFeed: whether the change feed has no gap, tells legal histories, and ends with the runs as
// they are. What it says of each run is remembered in a few bytes until the run comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/effect.hpp"
#include "core/record.hpp"
#include "store/audit_findings.hpp"

namespace milepost::store {

/// One thread at a time.
class AuditFeed {
 public:
  using Bytes = std::span<const std::byte>;

  explicit AuditFeed(AuditFindings& findings) : findings_(findings) {}

  /// A row of `changes`; they come in order.
  void row(Bytes key, Bytes value);
  /// All rows came, and what is below `floor` does not count: gaps and histories are checked.
  /// Before the first run().
  void end(std::uint64_t floor);
  /// A run as it is, with its record's bytes.
  void run(const core::RecordView& run, Bytes record);
  /// All runs came. `applied`: the last sequence the store says it holds.
  void finish(std::uint64_t applied);

  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

 private:
  /// What an effect says of its run.
  struct Said {
    std::uint64_t run = 0;  ///< A hash of the run id.
    std::uint64_t sequence = 0;
    std::uint64_t content = 0;  ///< A hash of the record; 0 for a removal.
    std::uint64_t token = 0;
    RunStatus status = RunStatus::queued;
    bool creates = false;
    bool removes = false;
  };

  struct Block {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };

  void effect(std::uint64_t sequence, Bytes bytes);
  void check_gaps(std::uint64_t floor);
  void check_step(const Said* before, const Said& after);

  AuditFindings& findings_;
  std::uint64_t changes_ = 0;
  std::uint64_t first_ = 0;  ///< The first sequence that counts; 0 if there is none.
  std::uint64_t next_ = 0;   ///< Behind the last one; 0 where that is not known.
  std::vector<Block> blocks_;
  std::uint64_t present_ = 0;  ///< Runs that the feed leaves behind and that came.
  std::uint64_t left_ = 0;     ///< Runs that the feed leaves behind.
  std::vector<Said> said_;     ///< By run and sequence, once end() was called.
};

}  // namespace milepost::store
