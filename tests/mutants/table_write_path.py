# SPDX-License-Identifier: Apache-2.0
"""Mutants of the write path, first half: committer, journal, syncer, recovery, recent map."""

from mutant import Site, Table, insert

POWER_LOSS = "crash_power_loss --states=150 --workload=single --mode=durable"
POWER_LOSS_THREADS = "crash_power_loss --states=150 --workload=threads --mode=durable"
POWER_LOSS_RELAXED = "crash_power_loss --states=150 --workload=single --mode=relaxed"
KILL_LOOP = "crash_kill_loop --kills=12"

COMMITTER = "lib/store/committer.cpp"
QUEUE = "lib/store/commit_queue.cpp"
SYNCER = "lib/store/syncer.cpp"
APPLIER = "lib/store/applier.cpp"
RECENT = "lib/store/recent_map.cpp"
RECOVERY = "lib/store/recovery.cpp"
STORE = "lib/store/lmdb_store.cpp"
JOURNAL = "lib/journal/journal.cpp"
GROUP = "lib/journal/group.cpp"
SEGMENT = "lib/journal/segment.cpp"
POOL = "lib/journal/pool.cpp"
REPLAY = "lib/journal/replay.cpp"

MUTANTS = Table()
add = MUTANTS.add

MUTANTS.rule("answers")
add("journal-sync-dropped",
    Site(JOURNAL, "sync_data(segment->fd.get())", "0"),
    "milepost_journal_tests [append]", POWER_LOSS)
add("acknowledged-before-the-sync",
    Site(SYNCER, "if (options_.durability == Durability::durable) return sync_all();",
         "if (options_.durability == Durability::durable) return {};"),
    "store_unit_test [syncer]", POWER_LOSS)
add("published-before-the-sync",
    insert(COMMITTER, "owed_ = true;\n  if (auto durable = parts_.make_durable(); !durable)",
           "parts_.recent.publish(group_);"),
    "store_unit_test [committer]", POWER_LOSS_THREADS)
add("answered-when-decided",
    Site(QUEUE, "phase == CommitBatch::done",
         "phase == CommitBatch::done || phase == CommitBatch::decided"),
    "store_unit_test [queue]", POWER_LOSS_THREADS)
add("failed-group-acknowledged",
    Site(COMMITTER, "batch.error = result.error();", ""),
    "store_unit_test when the sync fails nobody sees the effects")
add("called-synced-before-the-sync",
    insert(JOURNAL, "std::reverse(syncing_.begin(), syncing_.end());",
           "synced_sequence_.store(target, std::memory_order_release);"),
    "milepost_journal_tests [append],[poison]")
add("lease-before-its-effect",
    insert(COMMITTER, "bool frees_space = true;", "settle_leases();"),
    "store_unit_test [lease]")
add("batch-answered-from-another",
    Site(QUEUE, "answer += each->commands.size();", ""),
    "store_unit_test [queue]")

MUTANTS.rule("chain")
add("chain-unchecked",
    Site(REPLAY, "header.previous_checksum == previous_checksum_", "true"),
    "milepost_journal_tests [replay]")
add("order-unchecked",
    Site(REPLAY, "header.first_sequence == expected_", "true"),
    "milepost_journal_tests [replay]")
add("stale-generation-accepted",
    (Site(GROUP, "put(bytes.data() + 16, generation);", "put(bytes.data() + 16, 0ul);"),
     Site(GROUP, "take<std::uint64_t>(from + kGroupGenerationOffset) != generation", "false")),
    "milepost_journal_tests [group]", "milepost_journal_tests [recycle]")
add("generation-not-raised",
    Site(POOL, "file.header->generation + 1", "file.header->generation"),
    "milepost_journal_tests [open]")
add("group-unverified",
    Site(GROUP, "whole_check(group, seed) != header.checksum", "false"),
    "milepost_journal_tests [group]")
add("effects-unverified",
    Site(GROUP, "effects.at_end() && count == header.effect_count", "true"),
    "milepost_journal_tests [group]")
add("segment-header-unsynced",
    Site(SEGMENT, "if (error == 0) error = sync_data(fd.get());", ""),
    "milepost_journal_tests [segment],[append],[open],[recycle]", POWER_LOSS)
add("segment-name-unsynced",
    Site(SEGMENT, "sync_directory(directory)", "Result<void>()",
         within="if (auto synced = sync_directory(directory); !synced) {\n    ::unlinkat"),
    "milepost_journal_tests [segment]")
add("found-names-unsynced",
    Site(POOL, "sync_directory(pool.directory_)", "Result<void>()"),
    "milepost_journal_tests [segment]")
add("other-stores-segment-accepted",
    Site(SEGMENT, "header.store_id != store_id", "false"),
    "milepost_journal_tests [segment]")

MUTANTS.rule("tail")
add("cut-below-the-mark",
    Site(REPLAY, "header.synced_sequence >= missing", "false"),
    "milepost_journal_tests [replay]")
add("mark-not-written",
    Site(JOURNAL, "header.synced_sequence = synced_sequence_.load(std::memory_order_acquire);",
         "header.synced_sequence = 0;"),
    "milepost_journal_tests [append]")
add("torn-tail-refused",
    Site(REPLAY, "if (!*proven) return Tail::cut;",
         "if (!*proven && report_.bytes_cut == 0) return Tail::cut;"),
    "milepost_journal_tests [replay]")
add("headerless-segment-ignored",
    Site(REPLAY, "(*group)->header.last_sequence() <= after_", "true"),
    "milepost_journal_tests [replay]", "faults_test [files]")
add("missing-segment-ignored",
    Site(REPLAY, "header.generation != generation", "false"),
    "milepost_journal_tests [replay]")

MUTANTS.rule("replay")
add("replay-not-committed",
    Site(RECOVERY, "if (auto written = flush(); !written) return written.error();", ""),
    "api_host_test [process][crash]", KILL_LOOP)
add("replay-one-too-late",
    Site(REPLAY, "sequence > after_", "sequence > after_ + 1",
         within="if (sequence > after_) {"),
    "milepost_journal_tests [replay]")
add("replay-from-the-start",
    Site(REPLAY, "sequence > after_", "true", within="if (sequence > after_) {"),
    "milepost_journal_tests [replay]")
add("sequence-starts-anew",
    Site(RECOVERY, "std::max(applied, report->last_sequence)", "applied"),
    "api_host_test [process][crash]", KILL_LOOP)

MUTANTS.rule("relaxed")
add("time-bound-ignored",
    Site(SYNCER, "since == 0 || Clock::now() - point(since) < options_.delay_max", "true"),
    "store_unit_test [syncer]", POWER_LOSS_RELAXED)
add("byte-bound-ignored",
    Site(SYNCER, "if (journal_.unsynced_bytes() > options_.bytes_max) return false;", ""),
    "store_unit_test [syncer]", POWER_LOSS_RELAXED)
add("append-not-noted",
    Site(SYNCER, "unsynced_since_.store(ticks(Clock::now()), std::memory_order_release);", ""),
    "store_unit_test [syncer]", POWER_LOSS_RELAXED)
add("applier-takes-the-unsynced",
    Site(APPLIER, "effect.sequence() > synced", "false"),
    "store_unit_test [applier]")
add("feed-ahead-of-the-sync",
    Site(STORE, "journal_->synced_sequence()", "journal_->next_sequence() - 1"),
    "api_behaviour_test [feed][relaxed]", POWER_LOSS_RELAXED)
add("waiter-ahead-of-the-sync",
    Site("lib/store/lmdb_store_reports.cpp", "sequence > journal_->synced_sequence()", "false"),
    "api_behaviour_test [wait][relaxed]")

MUTANTS.rule("map")
add("reader-trusts-the-table",
    insert(STORE, "const bool recent = recent_.visit(run_id,",
           "bool there = false; const auto looked = stored_.visit(run_id, "
           "[&](const core::RecordView& r) { there = true; visit(r.sequence, &r); }); "
           "if (looked && there) return {};"),
    "api_behaviour_test [state]")
add("reader-probes-the-table-first",
    insert(STORE, "const bool recent = recent_.visit(run_id,",
           "const auto early = stored_.copy(run_id); "
           "if (early && !recent_.find(run_id)) { if (*early) { "
           "const auto r = core::decode_record(run_id, early->view().record); "
           "if (r) visit(r->sequence, &*r); } return {}; }"),
    "concurrency_test [map]")
add("leader-probes-the-table-first",
    insert(COMMITTER, "if (EffectPtr recent = parts_.recent.find(run_id))",
           "if (auto early = parts_.read_stored(run_id); !early || *early) return early;"),
    "store_unit_test [committer]", "api_behaviour_test [state]")
add("dropped-before-the-commit",
    insert(STORE, "applier_.hand_over(effects);", "recent_.mark_applied(effects);"),
    "concurrency_test [map]", "api_model_test [model]")
add("the-unapplied-evicted",
    Site(RECENT, "!entry.applied || entry.effect.sequence() != oldest.sequence", "false"),
    "store_unit_test [recent]")
add("the-overtaken-lets-go",
    Site(RECENT, "entry.effect.sequence() != effect.sequence() || entry.applied", "entry.applied"),
    "store_unit_test [recent]")
add("many-in-two-moments",
    Site(STORE, "recent_.generation() == before", "true"),
    "concurrency_test [snapshot]")
