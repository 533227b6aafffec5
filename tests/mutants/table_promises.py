# SPDX-License-Identifier: Apache-2.0
"""Mutants of the write path, second half: what is journaled, failures, limits, backup, creation,
fork."""

from mutant import Site, Table, insert

POWER_LOSS = "crash_power_loss --states=150 --workload=single --mode=durable"
POWER_LOSS_BATCHES = "crash_power_loss --states=300 --workload=batches --mode=durable"
KILL_LOOP = "crash_kill_loop --kills=12"
IO_FAULTS = "crash_io_faults --cases=120"
DATA_FAULT = "crash_io_faults --call=pwrite --kind=data --error=EIO --nth=5 --sticky"

COMMITTER = "lib/store/committer.cpp"
APPLIER = "lib/store/applier.cpp"
ROWS = "lib/store/batch_writer.cpp"
FEED = "lib/store/feed_rows.cpp"
STORE = "lib/store/lmdb_store.cpp"
BACKUP = "lib/store/backup.cpp"
JOURNAL = "lib/journal/journal.cpp"
TRACKER = "lib/api/tracker_impl.cpp"
READS = "lib/api/tracker_reads.cpp"
CREATE = "lib/lmdb/env_create.cpp"
CHECK = "lib/lmdb/file_check.cpp"
FORK = "lib/lmdb/fork_guard.cpp"

MUTANTS = Table()
add = MUTANTS.add

MUTANTS.rule("journaled")
add("removal-without-tombstone",
    Site("lib/store/recent_map.cpp", "effect.view().is_about_a_run()",
         "effect.view().kind == core::EffectKind::put"),
    "api_behaviour_test [purge]")
add("removal-not-seen-in-its-batch",
    Site(COMMITTER, "if (view.is_about_a_run()) in_group_[view.run_id] = group_.size() - 1;", ""),
    "store_unit_test [removal]")
add("erasure-leaves-the-feed",
    Site(FEED, "blank_effect(first_sequence, sequence, copy_);", ""),
    "store_unit_test [feed_rows]")
add("erasure-forgets-too-much",
    Site("lib/core/effect.cpp", "record->created_sequence < whom.made_before", "true"),
    "store_unit_test [feed_rows]")
add("key-without-its-run",
    Site(ROWS, "after != nullptr && !after->idempotency_key.empty()", "false"),
    "api_behaviour_test [keys]")
add("key-not-seen-before-its-commit",
    Site(COMMITTER, "parts_.keys.put(key, run_id);", ""),
    "store_unit_test [keys]")
add("key-outlives-its-run",
    Site(ROWS, "before != nullptr && !before->idempotency_key.empty()", "false"),
    "api_behaviour_test [keys]")
add("erased-while-it-was-made",
    Site("lib/core/decide.cpp", "current->created_sequence < removal.made_before", "true"),
    "milepost_core_tests [decide]")

MUTANTS.rule("failure")
add("failed-sync-is-harmless",
    Site(JOURNAL, 'return poison(error, *segment, "Cannot sync the journal");',
         'return system_error(error, pool_.path_of(*segment), "Cannot sync the journal");'),
    "milepost_journal_tests [poison]")
add("failed-write-is-harmless",
    Site(JOURNAL, 'return poison(error, segment, "Cannot write to the journal");',
         'return system_error(error, pool_.path_of(segment), "Cannot write to the journal");'),
    "milepost_journal_tests [poison]")
add("poisoned-and-yet-used",
    Site(JOURNAL, "!stopped_.load(std::memory_order_acquire)", "true"),
    "milepost_journal_tests [poison]")
add("failed-apply-forgotten",
    Site(APPLIER, "failure_of([&] { return parts_.write(part, use_reserve); })",
         "failure_of([&] { static_cast<void>(parts_.write(part, use_reserve));"
         " return Result<void>(); })"),
    "store_unit_test [applier]")
add("segment-recycled-too-early",
    Site(JOURNAL, "retired_.front().last_sequence <= released_sequence_", "true"),
    "milepost_journal_tests [recycle]")
add("the-unsynced-released",
    Site(JOURNAL, "std::min(applied_sequence, synced)", "applied_sequence"),
    "milepost_journal_tests [recycle]")
add("released-before-the-commit",
    insert(STORE, "auto written = writer_.commit(effects, use_reserve);",
           "journal_->release(effects.back().sequence());"),
    DATA_FAULT)
add("lost-handle-not-reopened",
    Site(STORE, "if (written.error().code != Errc::needs_reopen) return written;",
         "return written;"),
    "faults_test [retry]", IO_FAULTS)
add("no-segment-in-reserve",
    Site(JOURNAL, "use_reserve ? 1 : 2", "1"),
    "milepost_journal_tests [reserve]")
add("journal-past-its-cap",
    (Site(JOURNAL, "segments_total_.load(std::memory_order_relaxed) >= segments_max_", "false"),
     Site(JOURNAL, "retired_.size() + 1 + needed > segments_max_", "false")),
    "milepost_journal_tests [reserve]")
add("deleted-segment-acknowledged",
    Site(JOURNAL, "!pool_.is_in_place(*segment)", "false"),
    "regress_test [regress]", "faults_test [swap]")
add("renamed-files-unnoticed",
    Site(STORE, "if (auto named = env_->check_names(); !named) return named;", ""),
    "faults_test [swap]", "regress_test [regress]")
add("damage-spoils-the-neighbours",
    Site(COMMITTER, "forget_group_from(effects_before);", ""),
    "store_unit_test [committer]")

MUTANTS.rule("limits")
add("batch-limit-off-by-one",
    Site(TRACKER, "commands.size() > kBatchCommandsMax", "commands.size() > kBatchCommandsMax + 1"),
    "api_behaviour_test [batch]")
add("batch-bytes-unlimited",
    Site(TRACKER, "bytes > store_->batch_bytes_max()", "false"),
    "api_behaviour_test [batch]")
add("shared-batch-off-by-one",
    Site("lib/store/commit_queue.cpp", "batch->command_count_ + count <= limits_.commands_max",
         "batch->command_count_ + count <= limits_.commands_max + 1"),
    "store_unit_test [queue]")
add("applier-batch-off-by-one",
    Site(APPLIER, "count == options_.batch_effects_max", "count > options_.batch_effects_max"),
    "store_unit_test [applier]")
add("group-bytes-unlimited",
    Site(JOURNAL, "cost > payload_max_", "false"),
    "milepost_journal_tests [append]")
add("batch-in-pieces",
    Site(COMMITTER, "parts_.journal.append(group_bytes_, frees_space)",
         "[&]() -> Result<std::uint64_t> { Result<std::uint64_t> last = std::uint64_t{0}; "
         "for (const journal::EffectBytes& each : group_bytes_) { "
         "last = parts_.journal.append({&each, 1}, frees_space); if (!last) return last; } "
         "return last; }()"),
    "store_unit_test [committer]", POWER_LOSS_BATCHES)

MUTANTS.rule("backup")
add("backup-without-publish",
    Site(READS, "if (auto published = impl_->publish(options.deadline); !published) "
         "return published.error();\n  return impl_->store().backup(to, options);",
         "return impl_->store().backup(to, options);"),
    "api_verify_test [backup]")
add("restore-keeps-the-id",
    Site(BACKUP, "if (auto renamed = (*env)->set_uuid(random_store_id()); !renamed) "
         "return renamed.error();", ""),
    "api_verify_test [backup]")
add("restore-keeps-the-epoch",
    Site(BACKUP, "if (auto noted = writer->set_epoch(*epoch + 1); !noted) return noted.error();",
         ""),
    "api_verify_test [backup]")
add("damaged-backup-restored",
    Site(BACKUP, "if (auto good = check_backup(*verified, backup); !good) return good.error();",
         ""),
    "api_verify_test [backup]")

MUTANTS.rule("creation")
add("made-under-its-own-name",
    (Site(CREATE, "fill_and_rename(*temporary)", "fill_and_rename(env_.folder_.path())"),
     Site(CREATE, "rename_new(from, to)", "from == to ? 0 : rename_new(from, to)",
          within="number = rename_new(from, to)")),
    "milepost_lmdb_tests [errors]", POWER_LOSS, KILL_LOOP)
add("folder-unsynced",  # both: each of them would do
    (Site(CREATE, "return env_.folder_.sync();", "return {};"),
     Site("lib/journal/file.cpp", "sync_all(parent)", "0")),
    POWER_LOSS)
add("empty-file-accepted",
    Site(CHECK, 'if (report.file_size == 0) return foreign(path, "the file is empty");',
         "if (report.file_size == 0) { report.page_size = 4096; return report; }"),
    "milepost_lmdb_tests [file]")
add("foreign-file-accepted",
    Site("lib/lmdb/identity.cpp", "identity.magic != expected.magic", "false"),
    "milepost_lmdb_tests [open]")
add("made-beside-an-orphaned-journal",
    Site("lib/store/open.cpp",
         "if (auto whole = check_for_orphan(options); !whole) return whole.error();", ""),
    "regress_test [regress]")

MUTANTS.rule("fork")
add("fork-unnoticed",
    Site(FORK, "g_fork_generation.fetch_add(1, std::memory_order_relaxed);", ""),
    "milepost_lmdb_tests [fork]")
add("child-keeps-the-lock",
    Site(FORK, "for (const int fd : shared().close_in_child) ::close(fd);", ""),
    "milepost_lmdb_tests [fork]")
add("child-repeats-run-ids",
    Site("lib/core/uuid_v7.cpp", "if (!last_.is_nil()) last_ = join({last.millis, kHighMask, "
         "kLowMask});", ""),
    "milepost_run_id_fork_test")
