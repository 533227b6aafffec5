// SPDX-License-Identifier: Apache-2.0
//
// TablesBed: LMDB with the store's tables and the writer that fills them, without journal, map or
// threads; and random records over a small world in which much is equal.
#pragma once

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/state.hpp"
#include "core/text.hpp"
#include "lmdb/env.hpp"
#include "store/batch_writer.hpp"
#include "store/lister.hpp"
#include "store/stored_runs.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::store::test {

using milepost::test::at;
using milepost::test::id;
using milepost::test::ok;

class TablesBed {
 public:
  TablesBed() {
    lmdb::EnvOptions options;
    options.directory = folder_ / "store";
    options.map_size_start = 64u << 20;
    options.identity.magic = {'M', 'P', 'T', 'E', 'S', 'T', '0', '1'};
    options.identity.format_version = 1;
    options.tables.assign(kTableNames.begin(), kTableNames.end());
    env_ = lmdb::Env::open(options).value();
    writer_.emplace(BatchWriter::make(*env_, 0).value());
    stored_.emplace(StoredRuns::make(*env_).value());
    tables_ = open_tables(*env_).value();
  }

  /// Writes the records as one batch; each is the only state of its run in it.
  void write(const std::vector<core::RecordView>& records) {
    std::vector<EffectPtr> effects;
    for (const core::RecordView& record : records) effects.push_back(EffectPtr::make(record));
    REQUIRE(ok(writer_->commit(effects, false)));
  }
  void remove(const Uuid& run_id) {
    const std::vector<EffectPtr> effects{
        EffectPtr::make_removal(core::EffectKind::purge, run_id, 1)};
    REQUIRE(ok(writer_->commit(effects, false)));
  }
  /// Writes behind everybody's back.
  void put(Table table, lmdb::Bytes key, lmdb::Bytes value = {}) {
    auto txn = env_->begin_write().value();
    REQUIRE(ok(txn.put(this->table(table), key, value)));
    REQUIRE(ok(txn.commit()));
  }
  void erase(Table table, lmdb::Bytes key) {
    auto txn = env_->begin_write().value();
    REQUIRE(txn.erase(this->table(table), key).value());
    REQUIRE(ok(txn.commit()));
  }

  [[nodiscard]] lmdb::Env& env() { return *env_; }
  [[nodiscard]] const StoredRuns& stored() const { return *stored_; }
  [[nodiscard]] const TableHandles& tables() const { return tables_; }
  [[nodiscard]] const lmdb::Table& table(Table which) const {
    return tables_[static_cast<std::size_t>(which)];
  }

 private:
  milepost::test::TempDirectory folder_;
  std::unique_ptr<lmdb::Env> env_;
  std::optional<BatchWriter> writer_;
  std::optional<StoredRuns> stored_;
  TableHandles tables_{};
};

[[nodiscard]] inline Uuid greatest_id() {
  Uuid made{};
  std::fill(std::begin(made.data), std::end(made.data), std::uint8_t{0xff});
  return made;
}

/// A record that keeps every rule, in the status.
[[nodiscard]] inline core::RecordView record_of(const Uuid& run_id, RunStatus status,
                                                Instant triggered_at,
                                                std::uint64_t created_sequence = 1) {
  core::RecordView record;
  record.run_id = run_id;
  record.journey_id = id(1, 1);
  record.profile_id = id(2, 2);
  record.status = status;
  record.triggered_at = triggered_at;
  record.created_sequence = record.sequence = created_sequence;
  if (status == RunStatus::running || status == RunStatus::completed) {
    record.started_at = triggered_at;
    record.fencing_token = 1;
    record.epoch = 1;
  }
  if (core::is_final(status)) record.completed_at = triggered_at;
  return record;
}

/// Values of which each is taken by many records.
struct SmallWorld {
  std::vector<Uuid> organizations{Uuid{}, id(1), greatest_id()};
  std::vector<Uuid> journeys{Uuid{}, id(1, 1), greatest_id()};
  std::vector<Uuid> profiles{Uuid{}, id(2, 2), greatest_id()};
  std::vector<Instant> instants{core::kInstantMin, at("1969-12-31T23:59:59.999999Z"),
                                at("1970-01-01T00:00:00Z"), core::kInstantMax};
  /// Next to each other, with a gap, and the last there can be.
  std::vector<std::uint64_t> buckets{0, 1, 2, 9, 0xffffffff};

  [[nodiscard]] core::RecordView any_record(const Uuid& run_id, std::mt19937_64& random) const {
    const auto any = [&](const auto& values) { return values[random() % values.size()]; };
    const std::uint64_t sequence = (any(buckets) << kProfileBucketShift) + 1 + random() % 1'000;
    core::RecordView record =
        record_of(run_id, core::kAllStatuses[random() % 5], any(instants), sequence);
    record.organization_id = any(organizations);
    record.journey_id = any(journeys);
    record.profile_id = any(profiles);
    return record;
  }
};

}  // namespace milepost::store::test
