// SPDX-License-Identifier: Apache-2.0
//
// Journal groups into batches, batches into LMDB.
#include "store/recovery.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "core/effect.hpp"
#include "journal/journal.hpp"
#include "store/stored_runs.hpp"

namespace milepost::store {
namespace {

constexpr std::size_t kReplayBatchEffects = 24'000;

/// What was acknowledged must get in, also where the store is full: into the reserve, and what does
/// not fit there at once bit by bit.
Result<void> commit_all(BatchWriter& writer, std::span<const EffectPtr> effects) {
  std::size_t size = effects.size();
  while (!effects.empty()) {
    const auto part = effects.first(std::min(size, effects.size()));
    auto written = writer.commit(part, true);
    if (written) {
      effects = effects.subspan(part.size());
    } else if (written.error().code == Errc::map_full && part.size() > 1) {
      size = part.size() / 2;
    } else {
      return written;
    }
  }
  return {};
}

}  // namespace

Result<std::uint64_t> replay_journal(lmdb::Env& env, BatchWriter& writer, std::uint64_t applied,
                                     const OpenOptions& options) {
  std::vector<EffectPtr> batch;
  std::uint64_t replayed = 0;
  const auto flush = [&]() -> Result<void> {
    if (batch.empty()) return {};
    if (auto written = commit_all(writer, batch); !written) return written;
    replayed += batch.size();
    batch.clear();
    if (options.log && replayed >= kReplayBatchEffects) {
      options.log(LogLevel::info, "Recovery: " + std::to_string(replayed) + " effects replayed.");
    }
    return {};
  };
  auto report =
      journal::replay(journal_directory(env), store_id(env), applied,
                      [&](std::uint64_t sequence, journal::EffectBytes bytes) -> Result<void> {
                        if (auto effect = core::read_effect(bytes); !effect) return effect.error();
                        batch.push_back(EffectPtr::copy(bytes, sequence));
                        return batch.size() < kReplayBatchEffects ? Result<void>{} : flush();
                      });
  if (!report) return report.error();
  if (auto written = flush(); !written) return written.error();
  if (options.log && (report->effects > 0 || report->bytes_cut > 0)) {
    options.log(LogLevel::info,
                "Recovered " + std::to_string(report->effects) + " effects from the journal; " +
                    std::to_string(report->bytes_cut) + " bytes of an unfinished tail were cut.");
  }
  return std::max(applied, report->last_sequence);
}

}  // namespace milepost::store
