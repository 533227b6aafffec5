// SPDX-License-Identifier: Apache-2.0
//
// Committer: what a batch's leader does. Decide every command against what is newest, journal the
// effects as one group, make them durable, and only then let anybody see them.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/decide.hpp"
#include "journal/journal.hpp"
#include "store/commit_queue.hpp"
#include "store/id_hash.hpp"
#include "store/key_map.hpp"
#include "store/lease_table.hpp"
#include "store/recent_map.hpp"

namespace milepost::store {

class Committer {
 public:
  struct Parts {
    journal::Journal& journal;
    RecentMap& recent;
    KeyMap& keys;
    LeaseTable& leases;
    /// The run as LMDB has it, or null. Called after the recent map was probed.
    std::function<Result<EffectPtr>(const Uuid&)> read_stored;
    /// The run that LMDB has under an idempotency key. Called after the key map was probed.
    std::function<Result<std::optional<Uuid>>(const Uuid& organization_id, std::string_view key)>
        read_stored_key;
    /// Makes what was appended durable, as far as the mode wants it before an answer.
    std::function<Result<void>()> make_durable;
    /// Takes over the published effects, in order of sequence.
    std::function<void(std::span<const EffectPtr>)> hand_over;
    std::function<Instant()> clock;
    std::uint64_t epoch = 0;
    /// How long an idempotency key answers; zero: as long as its run is there.
    std::chrono::seconds key_lifetime{0};
    /// No stored run has a greater id.
    Uuid greatest_run_id{};
  };

  explicit Committer(Parts parts) : parts_(std::move(parts)) {}

  /// Leader only. Never throws: a failure becomes the batch's error.
  void commit(CommitBatch& batch) noexcept;
  /// Leader only, or once there are none any more: publishes what an earlier commit journaled and
  /// had no memory to publish.
  [[nodiscard]] Result<void> publish_owed();

 private:
  void commit_group(CommitBatch& batch) noexcept;
  void decide_all(CommitBatch& batch);
  Result<void> decide_request(const CommitRequest& request, core::DecideContext& context,
                              std::vector<Answer>& answers);
  Result<Answer> decide_one(const ResolvedCommand& resolved, const core::DecideContext& context);
  Result<Answer> decide_command(const Command& command, const Uuid& run_id,
                                core::DecideContext context);
  Result<Answer> decide_removal(const core::Removal& removal, std::uint64_t sequence);
  Result<EffectPtr> current(const Uuid& run_id);
  Result<EffectPtr> current_under_key(const Uuid& organization_id, std::string_view key,
                                      Instant now);
  bool lease_expired(const Uuid& run_id) const;
  bool has_leases() const noexcept;
  void note_lease(const Command& command, const core::Decision& decision, const Uuid& run_id);
  void set_lease(const Uuid& run_id, const std::optional<Lease>& lease);
  void take_back_leases(std::size_t size);
  void add_to_group(const EffectPtr& effect, const core::RecordView* record);
  void forget_group_from(std::size_t size);
  Result<void> write_group();
  void publish_group();
  void settle_leases();

  Parts parts_;
  bool owed_ = false;  ///< The group was journaled, and the applier was not given it yet.
  std::vector<EffectPtr> group_;  ///< Effects of the batch, in order.
  std::vector<journal::EffectBytes> group_bytes_;
  boost::unordered_flat_map<Uuid, std::size_t, IdHash> in_group_;  ///< Run -> its last in group_.
  boost::unordered_flat_map<std::string, Uuid> keys_in_group_;
  /// What the batch does to leases: a new one, or none any more.
  boost::unordered_flat_map<Uuid, std::optional<Lease>, IdHash> leases_in_group_;
  struct LeaseChange {
    Uuid run_id{};
    bool had_before = false;
    std::optional<Lease> before{};
  };
  std::vector<LeaseChange> lease_changes_;  ///< How to take them back, in order.
};

}  // namespace milepost::store
