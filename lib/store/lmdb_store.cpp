// SPDX-License-Identifier: Apache-2.0
//
// How the parts are put together, and the calls that go through them.
#include "store/lmdb_store.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "lmdb/fork_guard.hpp"
#include "store/clock.hpp"
#include "store/recovery.hpp"
#include "store/refusals.hpp"

namespace milepost::store {
namespace {

constexpr int kGetManyTries = 3;
constexpr std::chrono::milliseconds kNamesIntervalMax{100};

std::uint64_t nanoseconds_since(ViewRegistry::Clock::time_point begun) noexcept {
  const auto elapsed = ViewRegistry::Clock::now() - begun;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count());
}

/// A step of closing: where memory runs out it has failed like any other.
template <typename Step>
Result<void> without_throwing(Step&& step) noexcept {
  try {
    return step();
  } catch (const std::bad_alloc&) {
    return Error{.code = Errc::out_of_memory};
  }
}

Error no_thread_error(int number) {
  return Error{.code = Errc::out_of_memory,
               .system = number,
               .retry_safe = true,
               .message = "The operating system gives the store no thread.",
               .advice = "Free memory, or raise the limit on threads."};
}

Outcome to_outcome(const Answer& answer) {
  Outcome outcome{.kind = answer.kind};
  if (answer.removal != 0) {
    outcome.run.sequence = answer.removal;
    return outcome;
  }
  if (!answer.record) return outcome;
  const core::EffectView effect = answer.record.view();
  if (auto record = core::decode_record(effect.run_id, effect.record)) {
    outcome.run = core::to_run(*record);
    outcome.run_known = true;
  }
  return outcome;
}

}  // namespace

Result<std::unique_ptr<Store>> LmdbStore::open(std::unique_ptr<lmdb::Env> env,
                                               const OpenOptions& options) {
  auto stored = StoredRuns::make(*env);
  if (!stored) return stored.error();
  auto tables = open_tables(*env);
  if (!tables) return tables.error();
  auto writer = BatchWriter::make(*env, options.feed_retention);
  if (!writer) return writer.error();
  auto applied = stored->applied_sequence();
  if (!applied) return applied.error();
  auto last = replay_journal(*env, *writer, *applied, options);
  if (!last) return last.error();
  auto epoch = stored->epoch();
  if (!epoch) return epoch.error();
  if (auto noted = writer->set_epoch(*epoch + 1); !noted) return noted.error();
  if (auto told = report_orphans(*env, *tables, options); !told) return told.error();
  auto greatest = stored->greatest_id();
  if (!greatest) return greatest.error();
  auto journal =
      journal::Journal::open(journal::JournalOptions{.directory = journal_directory(*env),
                                                     .store_id = store_id(*env),
                                                     .segment_bytes = options.journal_segment_bytes,
                                                     .bytes_max = options.journal_bytes_max,
                                                     .log = options.log},
                             *epoch + 1, *last);
  if (!journal) return journal.error();
  const Start start{.last_sequence = *last, .epoch = *epoch + 1, .greatest_run_id = *greatest};
  try {
    return std::unique_ptr<Store>(new LmdbStore(
        std::move(env), *stored, *tables, std::move(*writer), std::move(*journal), start, options));
  } catch (const std::system_error& e) {
    return no_thread_error(e.code().value());
  }
}

/// Nobody runs anything in this opening yet, so whatever is running was left by one before: the
/// size of one table, whatever the number of runs.
Result<void> LmdbStore::report_orphans(lmdb::Env& env, const TableHandles& tables,
                                       const OpenOptions& options) {
  auto txn = env.begin_read();
  if (!txn) return txn.error();
  auto orphans = txn->count(tables[static_cast<std::size_t>(Table::running)]);
  if (!orphans) return orphans.error();
  if (*orphans > 0 && options.log) {
    options.log(LogLevel::warning,
                std::to_string(*orphans) + " runs are running under a process that is gone: " +
                    "adopt or fail them (Tracker::orphans, adopt, fail_orphans).");
  }
  return {};
}

LmdbStore::LmdbStore(std::unique_ptr<lmdb::Env> env, StoredRuns stored, const TableHandles& tables,
                     BatchWriter writer, std::unique_ptr<journal::Journal> journal,
                     const Start& start, const OpenOptions& options)
    : log_(options.log),
      fork_generation_(lmdb::fork_generation()),
      epoch_(start.epoch),
      journal_segment_bytes_(options.journal_segment_bytes),
      journal_bytes_max_(options.journal_bytes_max),
      names_interval_(std::min(options.publish_interval, kNamesIntervalMax)),
      env_(std::move(env)),
      stored_(stored),
      tables_(tables),
      writer_(std::move(writer)),
      journal_(std::move(journal)),
      recent_(options.recent_bytes_max),
      leases_(steady_clock(options)),
      views_(std::make_shared<ViewRegistry>(options.snapshot_age_max, steady_clock(options))),
      syncer_(
          *journal_,
          {.durability = options.durability,
           .delay_max = options.relaxed_delay_max,
           .bytes_max = options.relaxed_bytes_max},
          [this] { wakeups_.synced(); },
          [this](LogLevel level, std::string_view text) { log(level, text); }),
      housekeeper_(*journal_, [this](LogLevel level, std::string_view text) { log(level, text); }),
      applier_({.interval = options.publish_interval}, applier_parts()),
      committer_(committer_parts(start, options)),
      queue_({.commands_max = kBatchCommandsMax, .bytes_max = batch_bytes_max()}) {
  wakeups_.start_at(start.last_sequence);
  writer_.on_growth([this] { views_->end_expired(); });
}

LmdbStore::~LmdbStore() {
  if (closed_.load()) return;
  (void)without_throwing([this]() -> Result<void> {
    auto closed = close();
    if (!closed) log(LogLevel::error, "Closing failed: " + to_string(closed.error()));
    return closed;
  });
}

Committer::Parts LmdbStore::committer_parts(const Start& start, const OpenOptions& options) {
  return {.journal = *journal_,
          .recent = recent_,
          .keys = keys_,
          .leases = leases_,
          .read_stored = [this](const Uuid& run_id) { return stored_.copy(run_id); },
          .read_stored_key =
              [this](const Uuid& organization_id, std::string_view key) {
                return stored_.key_holder(organization_id, key);
              },
          .make_durable = [this] { return syncer_.after_append(); },
          .hand_over =
              [this](std::span<const EffectPtr> effects) {
                wakeups_.visible(effects);
                applier_.hand_over(effects);
                const std::uint64_t begun = journal_->segments_begun();
                if (std::exchange(segments_begun_, begun) != begun) housekeeper_.wake();
              },
          .clock = engine_clock(options.clock),
          .epoch = start.epoch,
          .key_lifetime = options.idempotency_key_lifetime,
          .greatest_run_id = start.greatest_run_id};
}

Applier::Parts LmdbStore::applier_parts() {
  return {.write = [this](std::span<const EffectPtr> effects,
                          bool use_reserve) { return write_to_lmdb(effects, use_reserve); },
          .applied =
              [this](std::span<const EffectPtr> effects) {
                journal_->release(effects.back().sequence());
                housekeeper_.wake();
                recent_.mark_applied(effects);
                forget_keys(effects);
                wakeups_.published(effects.back().sequence());
              },
          .journal_has_room = [this] { return journal_has_room(); },
          .synced = [this] { return journal_->synced_sequence(); },
          .sync = [this] { return syncer_.sync_all(); },
          .log = [this](LogLevel level, std::string_view text) { log(level, text); }};
}

/// LMDB holds these effects' idempotency keys now.
void LmdbStore::forget_keys(std::span<const EffectPtr> effects) noexcept {
  for (const EffectPtr& effect : effects) {
    if (keys_.empty()) return;
    const core::EffectView view = effect.view();
    if (view.kind != core::EffectKind::put) continue;
    const auto record = core::decode_record(view.run_id, view.record);
    if (!record || record->idempotency_key.empty()) continue;
    keys_.applied(record->organization_id, record->idempotency_key, view.run_id);
  }
}

/// A commit that LMDB gives up on may have happened: only the reopened file can tell.
Result<void> LmdbStore::write_to_lmdb(std::span<const EffectPtr> effects, bool use_reserve) {
  if (auto named = check_names(); !named) return named;
  auto before = stored_.applied_sequence();
  // A batch whose files were out of place after its commit comes again.
  if (before && *before >= effects.back().sequence()) return {};
  const auto begun = ViewRegistry::Clock::now();
  views_->end_expired();
  auto written = writer_.commit(effects, use_reserve);
  if (written) {
    publish_latency_.record(nanoseconds_since(begun));
    commit_times_.note(ViewRegistry::Clock::now());
    // Only what went to a file that still has its name may leave the journal.
    return check_names();
  }
  if (written.error().code != Errc::needs_reopen) return written;
  if (auto reopened = env_->reopen(); !reopened) return reopened;
  auto applied = stored_.applied_sequence();
  if (!applied) return applied.error();
  if (*applied >= effects.back().sequence()) return {};
  return writer_.commit(effects, use_reserve);
}

/// Whether two more segments may be begun: the next group may need one, and one is the reserve.
bool LmdbStore::journal_has_room() const {
  return journal_->bytes_live() + 2 * journal_segment_bytes_ <= journal_bytes_max_;
}

Result<void> LmdbStore::refusal() const {
  if (forked()) return forked_error();
  if (closed_.load(std::memory_order_acquire)) return closed_error();
  return {};
}

/// `needs_reopen` if somebody renamed, deleted or replaced a file that is open.
Result<void> LmdbStore::check_names() const {
  if (auto named = env_->check_names(); !named) return named;
  return journal_->check_folder();
}

/// Before a batch is sealed: the files must be in place, and LMDB and, in relaxed mode, the disk
/// not lag too far behind.
Result<void> LmdbStore::admit(Deadline deadline) {
  const Deadline now = std::chrono::steady_clock::now();
  if (now - names_checked_ >= names_interval_) {
    if (auto named = check_names(); !named) return named;
    names_checked_ = now;
  }
  if (auto room = applier_.wait_for_room(deadline); !room) return room;
  return syncer_.wait_within_bound(deadline);
}

Result<void> LmdbStore::apply(std::span<const ResolvedCommand> commands, Deadline deadline,
                              std::span<Outcome> outcomes) {
  if (auto refused = refusal(); !refused) return refused;
  CommitRequest request{.commands = commands, .deadline = deadline};
  request.frees_space = !commands.empty();
  for (const ResolvedCommand& command : commands) {
    request.bytes += effect_bytes_max(command);
    request.frees_space = request.frees_space && command.removal != nullptr;
  }
  auto batch = queue_.submit(
      request,
      [this, &request](Deadline until) {
        // What frees space is let in where there is none: the journal keeps a segment for it.
        return request.frees_space ? Result<void>{} : admit(until);
      },
      [this](CommitBatch& sealed) { commit(sealed); });
  if (!batch) return batch.error();
  const CommitBatch& done = **batch;
  if (done.error) return *done.error;
  const auto answers = std::span(done.answers).subspan(request.first_answer, commands.size());
  if (!answers.empty() && answers.front().error) return *answers.front().error;
  std::transform(answers.begin(), answers.end(), outcomes.begin(), to_outcome);
  return {};
}

void LmdbStore::commit(CommitBatch& batch) noexcept {
  const auto begun = ViewRegistry::Clock::now();
  committer_.commit(batch);
  commands_.fetch_add(batch.command_count(), std::memory_order_relaxed);
  commit_latency_.record(nanoseconds_since(begun));
}

std::size_t LmdbStore::batch_bytes_max() const noexcept {
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(kBatchBytesMax, journal_->group_bytes_max()));
}

Result<bool> LmdbStore::find(const Uuid& run_id, RecordVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused.error();
  bool exists = false;
  auto looked = visit_latest(run_id, [&](std::uint64_t, const core::RecordView* record) {
    exists = record != nullptr;
    if (exists) visit(*record);
  });
  if (!looked) return looked.error();
  return exists;
}

Result<void> LmdbStore::visit_latest(const Uuid& run_id, LatestVisitor visit) const {
  std::optional<Error> failure;
  const bool recent = recent_.visit(run_id, [&](const EffectPtr& effect) {
    const core::EffectView view = effect.view();
    if (view.removes()) return visit(effect.sequence(), nullptr);
    auto record = core::decode_record(run_id, view.record);
    if (!record) {
      failure = record.error();
    } else {
      visit(record->sequence, &*record);
    }
  });
  if (failure) return *failure;
  if (recent) return {};
  const auto visit_stored = [&](const core::RecordView& record) {
    visit(record.sequence, &record);
  };
  // Only after the probe: what left the map since is in the commit this read begins with.
  auto stored = stored_.visit(run_id, visit_stored);
  if (!stored && stored.error().code == Errc::needs_reopen) {
    // LMDB gave its handle up after a failed write; the file is whole.
    if (auto reopened = env_->reopen(); !reopened) return reopened.error();
    stored = stored_.visit(run_id, visit_stored);
  }
  if (!stored) return stored.error();
  return {};
}

Result<void> LmdbStore::find_many(std::span<const Uuid> run_ids, IndexedRecordVisitor visit) const {
  if (auto refused = refusal(); !refused) return refused;
  std::vector<EffectPtr> recent(run_ids.size());
  lmdb::ReadTxn txn;
  // One moment: no group may be published between the first probe and the begin of the read.
  for (int attempt = 0; !txn; ++attempt) {
    std::unique_lock<std::mutex> paused;
    if (attempt == kGetManyTries) paused = recent_.pause_publishing();
    const std::uint64_t before = recent_.generation();
    if (before % 2 != 0) continue;
    for (std::size_t i = 0; i < run_ids.size(); ++i) recent[i] = recent_.find(run_ids[i]);
    auto begun = env_->begin_read();
    if (!begun) return begun.error();
    if (recent_.generation() == before) txn = std::move(*begun);
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < run_ids.size(); ++i) {
    if (!recent[i]) {
      order.push_back(i);
      continue;
    }
    const core::EffectView view = recent[i].view();
    if (view.removes()) continue;
    auto record = core::decode_record(run_ids[i], view.record);
    if (!record) return record.error();
    visit(i, *record);
  }
  return visit_in_order(stored_, txn, run_ids, order, visit);
}

bool LmdbStore::forked() const noexcept { return lmdb::fork_generation() != fork_generation_; }

Result<void> LmdbStore::close() {
  if (forked()) return forked_error();
  if (closed_.exchange(true)) return closed_error();
  wakeups_.close();
  queue_.close();
  auto owed = without_throwing([this] { return committer_.publish_owed(); });
  // Each step is taken, whatever became of the ones before: threads that run must be joined.
  auto synced = without_throwing([this] { return syncer_.sync_all(); });
  syncer_.stop();
  auto stopped = without_throwing([this] { return applier_.stop(); });
  housekeeper_.stop();
  Result<void> result;
  if (!owed) {
    result = std::move(owed);
  } else if (!synced) {
    result = std::move(synced);
  } else if (!stopped) {
    result = std::move(stopped);
  } else {
    result = without_throwing([this] { return journal_->close_empty(); });
  }
  // Nothing may have been left to publish: then nobody else has looked.
  if (result) result = without_throwing([this] { return check_names(); });
  views_->end_all();
  auto env_closed = without_throwing([this] { return env_->close(); });
  return result ? std::move(env_closed) : std::move(result);
}

void LmdbStore::log(LogLevel level, std::string_view text) const {
  if (log_) log_(level, text);
}

}  // namespace milepost::store
