// SPDX-License-Identifier: Apache-2.0
//
// Rows of indexes, counters, keys and the feed: an audit takes any rows without breaking, whatever
// they hold, and finds nothing wrong with the rows that whole records ask for; and the bytes of
// keys sort as what they mean does.
#include <map>
#include <tuple>

#include "fuzz/fuzz.hpp"
#include "fuzz/records.hpp"
#include "store/audit.hpp"
#include "store/effect_block.hpp"
#include "store/feed_block.hpp"
#include "store/feed_rows.hpp"
#include "store/schema.hpp"

namespace milepost::fuzz {
namespace {

using store::Key;
using store::Table;

using Rows = std::map<std::string, std::map<std::string, std::string>>;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string number_of(std::uint64_t value) {
  std::string text;
  append(text, value);
  return text;
}

const char* name_of(Table table) { return store::kTableNames[static_cast<std::size_t>(table)]; }

/// Shows everything once, and once more where it is asked for; how much was found.
std::uint64_t audit(const Rows& rows) {
  store::AuditFindings findings;
  store::Audit audit(findings);
  const auto show = [&] {
    for (const auto& [name, table] : rows) {
      audit.table(name);
      for (const auto& [key, value] : table) audit.row(name, bytes_of(key), bytes_of(value));
    }
  };
  show();
  if (audit.finish()) {
    show();
    require(!audit.finish(), "two readings are enough");
  }
  require(findings.kept().size() <= kFindingsMax && findings.kept().size() <= findings.count());
  return findings.count();
}

/// Rows of any content, in any table and one that is none.
void audit_anything(Bytes& bytes) {
  Rows rows;
  while (!bytes.empty()) {
    const auto which = bytes.below<std::size_t>(store::kTableNames.size() + 2);
    std::string name = "meta";
    if (which < store::kTableNames.size()) name = store::kTableNames[which];
    if (which > store::kTableNames.size()) name = "another";
    std::string key = bytes.text(bytes.below<std::size_t>(80));
    if (name == "meta" && bytes.flag()) {
      constexpr const char* kNumbers[] = {store::kMetaApplied, store::kMetaEpoch,
                                          store::kMetaFeedFloor};
      key = kNumbers[bytes.below<std::size_t>(3)];
    }
    rows[name][key] = bytes.text(bytes.below<std::size_t>(200));
    (void)store::feed_row_sequence(bytes_of(key));
    (void)store::read_feed_floor(bytes_of(rows[name][key]));
  }
  (void)audit(rows);
}

void add_count(Rows& rows, const Key& key) {
  std::string& count = rows[name_of(Table::counters)][text_of(key.bytes())];
  std::int64_t before = 0;
  if (!count.empty()) std::memcpy(&before, count.data(), sizeof before);
  count.clear();
  append(count, before + 1);
}

/// The rows that a run asks for.
void add_run(Rows& rows, const core::RecordView& run, std::string& value) {
  rows[name_of(Table::runs)][text_of({reinterpret_cast<const std::byte*>(run.run_id.data), 16})] =
      value;
  for (const Table table : store::kIndexTables) {
    if (store::is_in(table, run))
      rows[name_of(table)][text_of(store::index_key(table, run).bytes())];
  }
  using store::CounterScope;
  for (const auto scope :
       {CounterScope::everything, CounterScope::organization, CounterScope::journey}) {
    const bool all = scope == CounterScope::everything;
    add_count(rows, store::counter_key(scope, all ? Uuid{} : run.organization_id,
                                       scope == CounterScope::journey ? run.journey_id : Uuid{},
                                       run.status));
  }
}

/// A store of whole runs, without a feed.
void audit_whole(Bytes& bytes) {
  Rows rows;
  for (const char* name : store::kTableNames) rows[name];
  std::uint64_t sequence = 0;
  std::uint64_t epoch = 0;
  for (int i = 0; i < 4 && !bytes.empty(); ++i) {
    MadeRecord made;
    fill_record(bytes, made);
    made.record.idempotency_key = {};
    made.record.run_id.data[1] = static_cast<std::uint8_t>(i);
    const auto effect = store::EffectPtr::make(made.record);
    std::string value = text_of(effect.view().record);
    add_run(rows, made.record, value);
    sequence = std::max(sequence, made.record.sequence);
    epoch = std::max(epoch, made.record.epoch);
  }
  rows["meta"][store::kMetaApplied] = number_of(sequence);
  rows["meta"][store::kMetaEpoch] = number_of(epoch);
  rows["meta"][store::kMetaFeedFloor] = number_of(sequence + 1);
  require(audit(rows) == 0, "whole rows are sound");
  auto& damaged = rows[name_of(static_cast<Table>(bytes.below<std::size_t>(8)))];
  if (damaged.empty()) return;
  damaged.erase(
      std::next(damaged.begin(), static_cast<std::ptrdiff_t>(bytes.below(damaged.size()))));
  require(audit(rows) > 0, "a row that is missing is missed");
}

int sign(std::strong_ordering order) { return order < 0 ? -1 : static_cast<int>(order > 0); }

template <typename Meaning>
int compare(const Meaning& a, const Meaning& b) {
  return a < b ? -1 : static_cast<int>(b < a);
}

void check_order(Bytes& bytes) {
  MadeRecord a;
  MadeRecord b;
  fill_record(bytes, a);
  fill_record(bytes, b);
  const core::RecordView& x = a.record;
  const core::RecordView& y = b.record;
  const auto by_journey = [](const core::RecordView& r) {
    return std::tuple(r.organization_id, r.journey_id, r.status, r.triggered_at, r.run_id);
  };
  require(sign(store::journey_key(x) <=> store::journey_key(y)) ==
          compare(by_journey(x), by_journey(y)));
  const auto by_profile = [](const core::RecordView& r) {
    return std::tuple(store::profile_bucket(r.created_sequence), r.organization_id, r.profile_id,
                      r.triggered_at, r.run_id);
  };
  require(sign(store::profile_key(x) <=> store::profile_key(y)) ==
          compare(by_profile(x), by_profile(y)));
  const auto by_status = [](const core::RecordView& r) {
    return std::tuple(r.organization_id, r.status, r.triggered_at, r.run_id);
  };
  require(sign(store::status_key(x) <=> store::status_key(y)) ==
          compare(by_status(x), by_status(y)));
  if (x.completed_at && y.completed_at) {
    const auto by_end = [](const core::RecordView& r) {
      return std::tuple(r.organization_id, *r.completed_at, r.run_id);
    };
    require(sign(store::completed_key(x) <=> store::completed_key(y)) ==
            compare(by_end(x), by_end(y)));
  }
}

void run(Input input) {
  Bytes anything(input);
  audit_anything(anything);
  Bytes whole(input);
  audit_whole(whole);
  Bytes pair(input);
  check_order(pair);
}

Seeds seeds() {
  Seeds all = record_seeds();
  std::string many;
  for (const std::string& seed : record_seeds()) many += seed;
  all.push_back(many);
  all.push_back(std::string(300, '\x09') + many);
  return all;
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"index_rows", milepost::fuzz::run, milepost::fuzz::seeds, 600, 4'096})
