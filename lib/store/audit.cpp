// SPDX-License-Identifier: Apache-2.0
//
// Every table's rows, and the sums they go to.
#include "store/audit.hpp"

#define XXH_INLINE_ALL  // NOLINT(readability-identifier-naming): the library's own switch
#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <xxhash.h>

#include "core/bytes.hpp"
#include "core/record_codec.hpp"
#include "core/state.hpp"

namespace milepost::store {
namespace {

using Bytes = Audit::Bytes;

std::optional<Table> table_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kTableNames.size(); ++i) {
    if (name == kTableNames[i]) return static_cast<Table>(i);
  }
  return std::nullopt;
}

std::string name_of(Table table) {
  return std::string("table ") + kTableNames[static_cast<std::size_t>(table)];
}

std::string_view text_of(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The run a row of an index is about: its key ends with the id.
Uuid run_of(Bytes key) noexcept {
  Uuid id{};
  if (key.size() >= 16) std::memcpy(id.data, key.last(16).data(), 16);
  return id;
}

std::size_t part_of(const Uuid& run_id, std::size_t parts) noexcept {
  return static_cast<std::size_t>(XXH3_64bits(run_id.data, 16) % parts);
}

std::uint64_t key_row_hash(Bytes row, const Uuid& run_id) noexcept {
  return XXH3_64bits_withSeed(row.data(), row.size(), XXH3_64bits(run_id.data, 16));
}

template <typename SumType>
void add(SumType& sum, Bytes key) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
  sum.low += hash.low64;
  sum.high += hash.high64;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15u];
  }
  return text;
}

}  // namespace

void Audit::table(std::string_view name) {
  if (naming_) return;
  if (!table_of(name) && name != "meta") {
    return findings_.add("table_unknown", "the data file", "A table that no store has.");
  }
  if (name == "runs") feed_.end(feed_floor_);
  seen_.emplace(name);
}

void Audit::row(std::string_view table, Bytes key, Bytes value) {
  ++rows_;
  if (table == "meta") {
    if (!naming_) check_meta(key, value);
    return;
  }
  const auto which = table_of(table);
  if (!which) return;
  if (*which == Table::runs) return check_run(key, value);
  if (std::find(kIndexTables.begin(), kIndexTables.end(), *which) != kIndexTables.end()) {
    return check_index_row(*which, key, value);
  }
  if (naming_) return;
  if (*which == Table::counters) check_counter(key, value);
  if (*which == Table::keys) check_key_row(key, value);
  if (*which == Table::changes) feed_.row(key, value);
}

void Audit::check_run(Bytes key, Bytes value) {
  if (key.size() != 16) {
    if (naming_) return;
    return findings_.add("run_key", "table runs",
                         "A key has " + std::to_string(key.size()) + " bytes, not 16.");
  }
  Uuid run_id{};
  std::memcpy(run_id.data, key.data(), 16);
  const auto record = core::decode_record(run_id, value);
  if (!record) {
    if (naming_) return;
    return findings_.add(record.error().code == Errc::version ? "record_version" : "record_damaged",
                         "run " + to_string(run_id), record.error().message);
  }
  add_index_rows(*record);
  if (naming_) return;
  ++runs_;
  const std::string where = "run " + to_string(run_id);
  if (record->sequence > applied_) {
    findings_.add("run_sequence", where, "Its last effect is behind the store's last.");
  }
  if (record->epoch > epoch_) {
    findings_.add("run_epoch", where, "It was started by an opening that has not been.");
  }
  ++recount_[{record->organization_id, record->journey_id}]
            [static_cast<std::size_t>(record->status)];
  if (!record->idempotency_key.empty()) {
    const KeyRow row(record->organization_id, record->idempotency_key);
    const auto found = keys_.find(key_row_hash(row.bytes(), run_id));
    // A run whose key outlived its time may have lost it to a later run.
    if (found != keys_.end()) found->second = true;
  }
  feed_.run(*record, value);
}

void Audit::add_index_rows(const core::RecordView& run) {
  const std::size_t part = part_of(run.run_id, kParts);
  for (const Table table : kIndexTables) {
    if (!is_in(table, run)) continue;
    const Key key = index_key(table, run);
    if (!naming_) {
      add(sums_[table].expected[part], key.bytes());
    } else if (const auto named = named_.find(table);
               named != named_.end() && named->second.parts.contains(part)) {
      named->second.expected.emplace(text_of(key.bytes()));
    }
  }
}

void Audit::check_index_row(Table table, Bytes key, Bytes value) {
  const std::size_t part = part_of(run_of(key), kParts);
  if (!naming_) {
    if (!value.empty()) findings_.add("index_value", name_of(table), "A row has a value.");
    add(sums_[table].found[part], key);
  } else if (const auto named = named_.find(table);
             named != named_.end() && named->second.parts.contains(part)) {
    named->second.found.emplace(text_of(key));
  }
}

void Audit::check_counter(Bytes key, Bytes value) {
  std::int64_t count = 0;
  if (value.size() != sizeof count) {
    return findings_.add("counter_size", "table counters",
                         "A count has " + std::to_string(value.size()) + " bytes, not 8.");
  }
  std::memcpy(&count, value.data(), sizeof count);
  if (count <= 0) {
    return findings_.add("counter_value", "table counters",
                         "A count is " + std::to_string(count) + ".");
  }
  counters_.emplace(text_of(key), static_cast<std::uint64_t>(count));
}

void Audit::check_key_row(Bytes key, Bytes value) {
  Uuid run_id{};
  if (value.size() != 16) {
    return findings_.add("key_value", "table keys",
                         "A value has " + std::to_string(value.size()) + " bytes, not 16.");
  }
  std::memcpy(run_id.data, value.data(), 16);
  keys_.emplace(key_row_hash(key, run_id), false);
}

void Audit::check_meta(Bytes key, Bytes value) {
  const std::string_view name = text_of(key);
  if (name != kMetaApplied && name != kMetaEpoch && name != kMetaFeedFloor) return;
  if (value.size() != 8) {
    return findings_.add("meta_value", "table meta", "A number has not 8 bytes.");
  }
  const auto number = core::load_le<std::uint64_t>(value.data());
  if (name == kMetaApplied) applied_ = number;
  if (name == kMetaEpoch) epoch_ = number;
  if (name == kMetaFeedFloor) feed_floor_ = number;
}

bool Audit::finish() {
  if (naming_) {
    name_rows();
    return false;
  }
  for (const char* name : kTableNames) {
    if (!seen_.contains(std::string_view(name))) {
      findings_.add("table_missing", std::string("table ") + name, "The table is not there.");
    }
  }
  feed_.finish(applied_);
  finish_counters();
  finish_keys();
  return finish_indexes();
}

void Audit::finish_counters() {
  std::map<std::string, std::uint64_t> expected;
  for (const auto& [journey, counts] : recount_) {
    for (const RunStatus status : core::kAllStatuses) {
      const std::uint64_t count = counts[static_cast<std::size_t>(status)];
      if (count == 0) continue;
      for (const CounterScope scope :
           {CounterScope::everything, CounterScope::organization, CounterScope::journey}) {
        const Key key = counter_key(scope, journey.first, journey.second, status);
        expected[std::string(text_of(key.bytes()))] += count;
      }
    }
  }
  const auto differ = [&](const std::string& key, std::uint64_t found, std::uint64_t should) {
    findings_.add(
        "counter_wrong", "counter " + hex(key),
        "It says " + std::to_string(found) + ", a recount " + std::to_string(should) + ".");
  };
  for (const auto& [key, should] : expected) {
    const auto found = counters_.find(key);
    const std::uint64_t says = found == counters_.end() ? 0 : found->second;
    if (says != should) differ(key, says, should);
  }
  for (const auto& [key, says] : counters_) {
    if (!expected.contains(key)) differ(key, says, 0);
  }
}

void Audit::finish_keys() {
  std::uint64_t lonely = 0;
  for (const auto& [hash, matched] : keys_) lonely += matched ? 0 : 1;
  if (lonely == 0) return;
  findings_.add("key_without_run", "table keys",
                std::to_string(lonely) + " keys name a run that is not there or has another key.");
}

bool Audit::finish_indexes() {
  for (const auto& [table, sums] : sums_) {
    Naming naming;
    std::size_t parts = 0;
    for (std::size_t part = 0; part < kParts; ++part) {
      if (sums.expected[part] == sums.found[part]) continue;
      ++parts;
      if (naming.parts.size() < kPartsNamed) naming.parts.insert(part);
    }
    if (parts == 0) continue;
    findings_.add("index_differs", name_of(table),
                  "Its rows are not those of the runs, in " + std::to_string(parts) + " of " +
                      std::to_string(kParts) + " parts of the ids.");
    named_.emplace(table, std::move(naming));
  }
  naming_ = !named_.empty();
  return naming_;
}

void Audit::name_rows() {
  for (const auto& [table, naming] : named_) {
    for (const std::string& key : naming.expected) {
      if (naming.found.contains(key)) continue;
      const Bytes bytes = std::as_bytes(std::span(key));
      findings_.add("index_row_missing", name_of(table),
                    "The row of run " + to_string(run_of(bytes)) + " is missing.");
    }
    for (const std::string& key : naming.found) {
      if (naming.expected.contains(key)) continue;
      const Bytes bytes = std::as_bytes(std::span(key));
      findings_.add("index_row_extra", name_of(table),
                    "A row names run " + to_string(run_of(bytes)) + ", which is not so: key " +
                        hex(key) + ".");
    }
  }
}

}  // namespace milepost::store
