// SPDX-License-Identifier: Apache-2.0
//
// The feed against itself, then against the runs.
#include "store/audit_feed.hpp"

#define XXH_INLINE_ALL  // NOLINT(readability-identifier-naming): the library's own switch
#include <algorithm>
#include <string>
#include <xxhash.h>

#include "core/record_codec.hpp"
#include "core/state.hpp"
#include "store/feed_block.hpp"
#include "store/feed_rows.hpp"

namespace milepost::store {
namespace {

std::uint64_t hash_of(const Uuid& run_id) noexcept {
  return XXH3_64bits(run_id.data, sizeof run_id.data);
}

std::uint64_t hash_of(std::span<const std::byte> record) noexcept {
  return XXH3_64bits(record.data(), record.size()) | 1;  // 0 stands for no record
}

std::string change_name(std::uint64_t sequence) { return "change " + std::to_string(sequence); }

bool is_legal(RunStatus from, RunStatus to) noexcept {
  for (const core::Transition& edge : core::kTransitions) {
    if (edge.from == from && edge.to == to) return true;
  }
  return false;
}

}  // namespace

void AuditFeed::row(Bytes key, Bytes value) {
  const auto first = feed_row_sequence(key);
  if (!first) return findings_.add("feed_key", "table changes", first.error().message);
  auto block = FeedBlock::read(*first, value);
  if (!block) {
    next_ = 0;  // Where it would have gone on is not known.
    return findings_.add("feed_block", "changes from " + std::to_string(*first),
                         block.error().message);
  }
  std::uint64_t sequence = *first;
  for (auto bytes = block->next(); bytes; bytes = block->next()) effect(sequence++, *bytes);
  blocks_.push_back({*first, sequence - 1});
  next_ = sequence;
}

void AuditFeed::check_gaps(std::uint64_t floor) {
  const Block* before = nullptr;
  for (const Block& block : blocks_) {
    if (block.first < floor) continue;
    if (first_ == 0) first_ = block.first;
    if (before != nullptr && block.first != before->last + 1) {
      findings_.add("feed_gap", "changes from " + std::to_string(block.first),
                    "The feed goes on with " + std::to_string(block.first) + " behind " +
                        std::to_string(before->last) + ".");
    }
    before = &block;
  }
  if (first_ == 0) next_ = 0;
}

void AuditFeed::effect(std::uint64_t sequence, Bytes bytes) {
  ++changes_;
  const core::EffectView view = core::view_effect(bytes);
  if (view.kind == core::EffectKind::blank) return;
  if (auto readable = core::read_effect(bytes); !readable) {
    return findings_.add("feed_effect", change_name(sequence), readable.error().message);
  }
  if (!view.is_about_a_run()) return;
  Said said{.run = hash_of(view.run_id), .sequence = sequence, .removes = view.removes()};
  if (!said.removes) {
    const auto record = core::decode_record(view.run_id, view.record);
    said.content = hash_of(view.record);
    said.status = record->status;
    said.token = record->fencing_token;
    said.creates = record->created_sequence == sequence;
    if (record->sequence != sequence) {
      findings_.add("feed_sequence", change_name(sequence),
                    "The record in it says " + std::to_string(record->sequence) + ".");
    }
  }
  said_.push_back(said);
}

void AuditFeed::end(std::uint64_t floor) {
  check_gaps(floor);
  std::erase_if(said_, [floor](const Said& said) { return said.sequence < floor; });
  std::sort(said_.begin(), said_.end(), [](const Said& a, const Said& b) {
    return a.run != b.run ? a.run < b.run : a.sequence < b.sequence;
  });
  for (std::size_t i = 0; i < said_.size(); ++i) {
    const bool same_run = i > 0 && said_[i - 1].run == said_[i].run;
    check_step(same_run ? &said_[i - 1] : nullptr, said_[i]);
    const bool last = i + 1 == said_.size() || said_[i + 1].run != said_[i].run;
    if (last && !said_[i].removes) ++left_;
  }
}

void AuditFeed::check_step(const Said* before, const Said& after) {
  // The first that is left of a run may be anything.
  if (before == nullptr) return;
  const auto illegal = [&](const char* how) {
    findings_.add("feed_history", change_name(after.sequence),
                  std::string(how) + " behind change " + std::to_string(before->sequence) + ".");
  };
  if (before->removes) {
    if (!after.creates) illegal("A step of a run that was removed");
    return;
  }
  if (after.removes) return;
  if (after.creates) return illegal("A run that exists is made again");
  if (before->status == RunStatus::running && after.status == RunStatus::running) {
    if (after.token != before->token + 1) illegal("An adoption without the next token");
    return;
  }
  if (!is_legal(before->status, after.status)) illegal("A step that is not legal");
}

void AuditFeed::run(const core::RecordView& run, Bytes record) {
  const std::uint64_t hash = hash_of(run.run_id);
  const auto end =
      std::upper_bound(said_.begin(), said_.end(), hash,
                       [](std::uint64_t value, const Said& said) { return value < said.run; });
  const bool told = end != said_.begin() && std::prev(end)->run == hash;
  const std::string where = "run " + to_string(run.run_id);
  if (!told) {
    if (first_ != 0 && run.sequence >= first_) {
      findings_.add(
          "feed_misses_run", where,
          "The feed does not hold its last effect, " + std::to_string(run.sequence) + ".");
    }
    return;
  }
  const Said& last = *std::prev(end);
  if (last.removes) return findings_.add("feed_removed_run", where, "The feed says it is removed.");
  ++present_;
  if (last.sequence == run.sequence && last.content == hash_of(record)) return;
  findings_.add("feed_differs", where,
                "The feed's last word on it, change " + std::to_string(last.sequence) +
                    ", is not what is stored.");
}

void AuditFeed::finish(std::uint64_t applied) {
  if (next_ != 0 && next_ != applied + 1) {
    findings_.add("feed_end", "table changes",
                  "The feed ends with " + std::to_string(next_ - 1) + ", the store with " +
                      std::to_string(applied) + ".");
  }
  if (present_ < left_) {
    findings_.add("feed_run_missing", "table runs",
                  std::to_string(left_ - present_) + " runs that the feed tells of are not there.");
  }
}

}  // namespace milepost::store
