// SPDX-License-Identifier: Apache-2.0
//
// The old data file is read plainly, twice: once for the runs whose records are whole, once for the
// feed, whose after-images bring back runs that the table has lost or has in an older state. Then
// the journal is replayed. Indexes, counters and keys follow from the runs, as ever.
#include "store/repair.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <unistd.h>
#include <utility>
#include <vector>

#include "core/effect.hpp"
#include "journal/journal.hpp"
#include "lmdb/identity.hpp"
#include "store/batch_writer.hpp"
#include "store/directories.hpp"
#include "store/feed_block.hpp"
#include "store/feed_rows.hpp"
#include "store/open.hpp"
#include "store/stored_runs.hpp"
#include "store/verify_store.hpp"
#include "verify/page_reader.hpp"

namespace milepost::store {
namespace {

constexpr std::size_t kBatchEffects = 10'000;
constexpr std::size_t kBatchBlocks = 1'000;

class Repair {
 public:
  Repair(const std::string& from, const RepairOptions& options) : from_(from), options_(options) {}

  /// Fills a new store in `directory`.
  [[nodiscard]] Result<void> fill(const std::string& directory);
  [[nodiscard]] RepairReport& report() noexcept { return report_; }

 private:
  using Visit = std::function<Result<void>(const verify::RecordView&)>;

  [[nodiscard]] Result<void> read(std::string_view table, const Visit& visit);
  [[nodiscard]] Result<void> take_runs();
  [[nodiscard]] Result<void> take_meta();
  [[nodiscard]] Result<void> find_feed();
  [[nodiscard]] Result<void> take_feed();
  [[nodiscard]] Result<void> take_change(std::uint64_t sequence, std::span<const std::byte> bytes);
  [[nodiscard]] Result<void> take_journal();
  [[nodiscard]] Result<void> add(EffectPtr effect);
  [[nodiscard]] Result<void> commit();
  [[nodiscard]] Result<std::uint64_t> sequence_of(const Uuid& run_id);

  const std::string& from_;
  const RepairOptions& options_;
  RepairReport report_;
  std::unique_ptr<lmdb::Env> env_;
  std::optional<StoredRuns> stored_;
  std::optional<BatchWriter> writer_;
  std::vector<EffectPtr> batch_;
  std::uint64_t rows_ = 0;

  std::optional<Uuid> store_id_;  ///< The old store's.
  std::uint64_t applied_ = 0;     ///< What the old store says it holds.
  std::uint64_t epoch_ = 0;
  std::uint64_t last_ = 0;       ///< The greatest sequence seen.
  std::uint64_t feed_from_ = 0;  ///< The first block of the feed's unbroken end; 0: none.
};

Result<void> Repair::read(std::string_view table, const Visit& visit) {
  std::optional<Error> failure;
  verify::PageVisitor visitor;
  visitor.record = [&](const verify::RecordView& record) {
    if (++rows_ % kRowsPerProgress == 0 && options_.progress && !options_.progress(rows_)) {
      failure = Error{.code = Errc::cancelled,
                      .message = "The repair was cancelled.",
                      .advice = "Nothing was changed."};
    }
    if (!failure && record.table == table) {
      if (auto visited = visit(record); !visited) failure = visited.error();
    }
    return !failure;
  };
  auto pages = verify::check_pages(data_file_in(from_), {}, visitor);
  if (!pages) return pages.error();
  if (failure) return *failure;
  return {};
}

Result<void> Repair::add(EffectPtr effect) {
  batch_.push_back(std::move(effect));
  return batch_.size() < kBatchEffects ? Result<void>{} : commit();
}

Result<void> Repair::commit() {
  if (batch_.empty()) return {};
  auto written = writer_->commit(batch_, false);
  batch_.clear();
  return written;
}

Result<void> Repair::take_meta() {
  return read(lmdb::kMetaTable, [&](const verify::RecordView& row) -> Result<void> {
    const std::string_view key = lmdb::as_text(row.key);
    if (key == lmdb::kIdentityKey) {
      const lmdb::Identity expected{.magic = kStoreMagic, .format_version = kFormatVersion};
      auto identity = lmdb::decode_identity(row.value, expected, data_file_in(from_));
      if (!identity)
        return identity.error().code == Errc::corrupt ? Result<void>{} : identity.error();
      store_id_.emplace();
      std::memcpy(store_id_->data, identity->uuid.data(), 16);
    } else if (row.value.size() == 8) {
      std::uint64_t number = 0;
      std::memcpy(&number, row.value.data(), 8);
      if (key == kMetaApplied) applied_ = number;
      if (key == kMetaEpoch) epoch_ = number;
    }
    return {};
  });
}

Result<void> Repair::take_runs() {
  auto done = read("runs", [&](const verify::RecordView& row) -> Result<void> {
    Uuid run_id{};
    if (row.key.size() == 16) std::memcpy(run_id.data, row.key.data(), 16);
    const auto record = core::decode_record(run_id, row.value);
    if (row.key.size() != 16 || !record) {
      ++report_.lost;
      return {};
    }
    last_ = std::max(last_, record->sequence);
    epoch_ = std::max(epoch_, record->epoch);
    return add(EffectPtr::make(*record));
  });
  return done ? commit() : done;
}

/// Finds where the feed's last stretch without damage and gaps begins.
Result<void> Repair::find_feed() {
  std::uint64_t next = 0;
  std::uint64_t from = 0;
  auto done = read("changes", [&](const verify::RecordView& row) -> Result<void> {
    const auto first = feed_row_sequence(row.key);
    if (!first) return {};
    const auto block = FeedBlock::read(*first, row.value);
    if (!block) {
      next = 0;
      return {};
    }
    if (*first != next || from == 0) from = *first;
    next = block->last_sequence() + 1;
    return {};
  });
  if (!done) return done;
  // A feed whose end is lost would have a gap behind it.
  if (next != 0 && next - 1 >= std::max(last_, applied_)) feed_from_ = from;
  return {};
}

Result<std::uint64_t> Repair::sequence_of(const Uuid& run_id) {
  std::uint64_t sequence = 0;
  auto found =
      stored_->visit(run_id, [&](const core::RecordView& run) { sequence = run.sequence; });
  if (!found) return found.error();
  return sequence;
}

Result<void> Repair::take_change(std::uint64_t sequence, std::span<const std::byte> bytes) {
  last_ = std::max(last_, sequence);
  const core::EffectView effect = core::view_effect(bytes);
  if (!effect.is_about_a_run() || !core::read_effect(bytes)) return {};
  auto known = sequence_of(effect.run_id);
  if (!known) return known.error();
  if (*known >= sequence) return {};
  if (effect.removes() && *known == 0) return {};
  return add(EffectPtr::copy(bytes, sequence));
}

/// Runs that the table lost, or has as they were before: the feed's whole blocks know better. Its
/// unbroken end is kept as the new store's feed.
Result<void> Repair::take_feed() {
  std::vector<std::pair<std::uint64_t, std::vector<std::byte>>> blocks;
  auto done = read("changes", [&](const verify::RecordView& row) -> Result<void> {
    const auto first = feed_row_sequence(row.key);
    if (!first) return {};
    auto block = FeedBlock::read(*first, row.value);
    if (!block) return {};
    std::uint64_t sequence = *first;
    for (auto bytes = block->next(); bytes; bytes = block->next()) {
      if (auto taken = take_change(sequence++, *bytes); !taken) return taken;
    }
    // Before a later change of the same run is looked at.
    if (auto written = commit(); !written) return written;
    if (feed_from_ == 0 || *first < feed_from_) return {};
    report_.changes += sequence - *first;
    blocks.emplace_back(*first, std::vector<std::byte>(row.value.begin(), row.value.end()));
    if (blocks.size() < kBatchBlocks) return {};
    auto appended = writer_->append_feed(blocks);
    blocks.clear();
    return appended;
  });
  if (!done || blocks.empty()) return done;
  return writer_->append_feed(blocks);
}

/// Effects that the data file did not have yet. What the journal has lost ends the replay; what
/// came before is whole.
Result<void> Repair::take_journal() {
  if (!store_id_) return {};
  auto writer = BatchWriter::make(*env_, feed_from_ == 0 ? 0 : kFeedRetentionMax);
  if (!writer) return writer.error();
  writer_ = std::move(*writer);
  const std::uint64_t after = std::max(last_, applied_);
  auto replayed =
      journal::replay(from_ + "/journal", *store_id_, after,
                      [&](std::uint64_t sequence, journal::EffectBytes bytes) -> Result<void> {
                        if (!core::read_effect(bytes)) return {};
                        ++report_.journaled;
                        last_ = sequence;
                        return add(EffectPtr::copy(bytes, sequence));
                      });
  static_cast<void>(replayed);  // Damage is among the findings already.
  return commit();
}

Result<void> Repair::fill(const std::string& directory) {
  auto env = lmdb::Env::open(env_options({.directory = directory}));
  if (!env) return env.error();
  env_ = std::move(*env);
  auto stored = StoredRuns::make(*env_);
  if (!stored) return stored.error();
  stored_ = *stored;
  auto writer = BatchWriter::make(*env_, 0);
  if (!writer) return writer.error();
  writer_ = std::move(*writer);
  for (const auto step : {&Repair::take_meta, &Repair::take_runs, &Repair::find_feed,
                          &Repair::take_feed, &Repair::take_journal}) {
    if (auto done = (this->*step)(); !done) return done;
  }
  const std::uint64_t applied = std::max(last_, applied_);
  const std::uint64_t floor = feed_from_ == 0 ? applied + 1 : feed_from_;
  if (auto noted = writer_->set_ends(applied, floor); !noted) return noted;
  if (auto noted = writer_->set_epoch(epoch_ + 1); !noted) return noted;
  auto runs = env_->table("runs");
  if (!runs) return runs.error();
  {
    auto txn = env_->begin_read();
    if (!txn) return txn.error();
    auto count = txn->count(*runs);
    if (!count) return count.error();
    report_.runs = *count;
  }
  if (auto closed = env_->close(); !closed) return closed;
  for (const auto name : {lmdb::kLockFile, lmdb::kWriterLockFile}) {
    ::unlink((directory + "/" + std::string(name)).c_str());
  }
  return {};
}

}  // namespace

Result<RepairReport> repair_store(const std::string& from, const std::string& to,
                                  const RepairOptions& options) {
  if (auto absent = check_absent(to); !absent) return absent.error();
  auto held = hold_closed_store(from);
  if (!held) return held.error();
  auto verified = verify_held_store(from, {.progress = options.progress});
  if (!verified) return verified.error();
  auto directory = NewDirectory::make(to, "repair");
  if (!directory) return directory.error();
  Repair repair(from, options);
  if (auto filled = repair.fill(directory->path()); !filled) {
    return NewDirectory::unfinished(filled.error());
  }
  if (auto placed = directory->put_in_place(); !placed) return placed.error();
  repair.report().findings = std::move(verified->findings);
  repair.report().findings_count = verified->findings_count;
  return std::move(repair.report());
}

}  // namespace milepost::store
