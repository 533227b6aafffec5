// SPDX-License-Identifier: Apache-2.0
//
// Sums of status changes, and the rows they go to.
#include "store/counter_rows.hpp"

#include <cstring>
#include <span>
#include <string>

namespace milepost::store {
namespace {

Error damaged_counter(const Key& key, std::size_t size) {
  return Error{.code = Errc::corrupt,
               .subject = "counter with a key of " + std::to_string(key.bytes().size()) + " bytes",
               .message = "A counter's value has " + std::to_string(size) + " bytes or is below 0.",
               .advice = "Run repair on a copy of the store."};
}

Result<std::int64_t> count_of(const Key& key, const std::optional<lmdb::Bytes>& stored) {
  std::int64_t count = 0;
  if (!stored) return count;
  if (stored->size() != sizeof count) return damaged_counter(key, stored->size());
  std::memcpy(&count, stored->data(), sizeof count);
  if (count < 0) return damaged_counter(key, sizeof count);
  return count;
}

Result<void> add_to_counter(lmdb::WriteTxn& txn, const lmdb::Table& counters, const Key& key,
                            std::int64_t delta) {
  if (delta == 0) return {};
  auto stored = txn.get(counters, key.bytes());
  if (!stored) return stored.error();
  auto before = count_of(key, *stored);
  if (!before) return before.error();
  const std::int64_t count = *before + delta;
  if (count < 0) return damaged_counter(key, sizeof count);
  if (count == 0) {
    auto erased = txn.erase(counters, key.bytes());
    if (!erased) return erased.error();
    return {};
  }
  return txn.put(counters, key.bytes(), std::as_bytes(std::span<const std::int64_t>(&count, 1)));
}

}  // namespace

void CounterRows::note(const core::RecordView* before, const core::RecordView* after) {
  if (before != nullptr && after != nullptr && before->status == after->status &&
      before->journey_id == after->journey_id &&
      before->organization_id == after->organization_id) {
    return;
  }
  if (before != nullptr) add(*before, -1);
  if (after != nullptr) add(*after, 1);
}

void CounterRows::add(const core::RecordView& record, std::int64_t delta) {
  deltas_[{record.organization_id, record.journey_id}][static_cast<std::size_t>(record.status)] +=
      delta;
}

Result<void> CounterRows::write(lmdb::WriteTxn& txn, const lmdb::Table& counters) const {
  boost::unordered_flat_map<Uuid, StatusDeltas, IdHash> organizations;
  StatusDeltas everything{};
  const Uuid nil{};
  for (const auto& [journey, deltas] : deltas_) {
    StatusDeltas& organization = organizations[journey.organization_id];
    for (const RunStatus status : core::kAllStatuses) {
      const auto i = static_cast<std::size_t>(status);
      organization[i] += deltas[i];
      everything[i] += deltas[i];
      const Key key =
          counter_key(CounterScope::journey, journey.organization_id, journey.journey_id, status);
      if (auto done = add_to_counter(txn, counters, key, deltas[i]); !done) return done;
    }
  }
  for (const RunStatus status : core::kAllStatuses) {
    const auto i = static_cast<std::size_t>(status);
    for (const auto& [organization_id, deltas] : organizations) {
      const Key key = counter_key(CounterScope::organization, organization_id, nil, status);
      if (auto done = add_to_counter(txn, counters, key, deltas[i]); !done) return done;
    }
    const Key key = counter_key(CounterScope::everything, nil, nil, status);
    if (auto done = add_to_counter(txn, counters, key, everything[i]); !done) return done;
  }
  return {};
}

Result<Counts> read_counts(const lmdb::ReadTxn& txn, const lmdb::Table& counters,
                           CounterScope scope, const Uuid& organization_id,
                           const Uuid& journey_id) {
  Counts counts;
  const std::array fields{&counts.queued, &counts.running, &counts.completed, &counts.failed,
                          &counts.exited};
  for (const RunStatus status : core::kAllStatuses) {
    const Key key = counter_key(scope, organization_id, journey_id, status);
    auto stored = txn.get(counters, key.bytes());
    if (!stored) return stored.error();
    auto count = count_of(key, *stored);
    if (!count) return count.error();
    *fields[static_cast<std::size_t>(status)] = static_cast<std::uint64_t>(*count);
  }
  return counts;
}

}  // namespace milepost::store
