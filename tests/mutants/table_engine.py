# SPDX-License-Identifier: Apache-2.0
"""Mutants of the rest of the engine: decisions, indexes, lists, waits, readers, locks, texts."""

from mutant import Site, Table, insert

DECIDE = "lib/core/decide.cpp"
ROWS = "lib/store/batch_writer.cpp"
COUNTERS = "lib/store/counter_rows.cpp"
LISTER = "lib/store/lister.cpp"
WAKEUPS = "lib/store/wakeups.cpp"
READ = "lib/lmdb/env_read.cpp"
MAP = "lib/lmdb/env_map.cpp"
LOCK = "lib/lmdb/writer_lock.cpp"
FOLDER = "lib/lmdb/folder.cpp"
RECORD = "lib/core/record_codec.cpp"
AUDIT = "lib/store/audit.cpp"

MUTANTS = Table()
add = MUTANTS.add

MUTANTS.rule("decisions")
add("owner-unchecked",
    Site(DECIDE, "(owner.empty() || owner == current.owner)", "true"),
    "milepost_core_tests [decide]")
add("token-unchecked",
    Site(DECIDE, "(!fencing_token || *fencing_token == current.fencing_token)", "true"),
    "milepost_core_tests [decide]")
add("token-not-raised-by-adopt",
    Site(DECIDE, "adopted.fencing_token = current->fencing_token + 1;", ""),
    "milepost_core_tests [decide]")
add("token-not-raised-by-start",
    Site(DECIDE, "moved.fencing_token = current.fencing_token + 1;", ""),
    "milepost_core_tests [decide]")
add("rival-told-unchanged",
    Site(DECIDE, "!request.owner.empty() && request.owner == current.owner", "true"),
    "milepost_core_tests [decide]")
add("foreign-run-changed",
    Site(DECIDE, "current->organization_id != request.organization_id", "false"),
    "milepost_core_tests [decide]")
add("end-before-the-start",
    Site(DECIDE, "moved.completed_at = std::max(now, "
         "current.started_at.value_or(current.triggered_at));", "moved.completed_at = now;"),
    "milepost_core_tests [decide]")
add("import-not-idempotent",
    Site(DECIDE, "same_import(command, *current)", "false"),
    "milepost_core_tests [decide]", "api_transfer_test [transfer]")
add("purge-one-too-young",
    Site(DECIDE, "*current->completed_at < removal.completed_before",
         "*current->completed_at <= removal.completed_before"),
    "milepost_core_tests [decide]")
add("epoch-not-raised",
    Site("lib/store/lmdb_store.cpp",
         "if (auto noted = writer->set_epoch(*epoch + 1); !noted) return noted.error();", ""),
    "api_behaviour_test [orphans]")

MUTANTS.rule("leases")
add("expiry-not-asked",
    Site(DECIDE, "request.only_if_expired && !context.lease_expired", "false"),
    "milepost_core_tests [decide]")
add("heartbeat-ignored",
    Site("lib/store/committer.cpp", "if (const auto* beat = std::get_if<HeartbeatCommand>"
         "(&command)) lease = beat->lease;", ""),
    "store_unit_test [lease]")
add("lease-not-replaced",
    Site("lib/store/lease_table.cpp",
         "by_end_.erase({before, run_id});", ""),
    "store_unit_test [lease]")
add("lease-ends-early",
    Site("lib/store/lease_table.cpp", "found->second <= now",
         "found->second <= now + std::chrono::milliseconds(1)"),
    "store_unit_test [lease]")

MUTANTS.rule("indexes")
for table in ("by_journey", "by_profile", "by_status", "by_completed", "running"):
    add(f"row-stays-in-{table}",
        insert(ROWS, "if (change.erase) {\n      auto erased = cursor->erase(key);",
               f"if (change.erase && table == Table::{table}) continue;"),
        "api_behaviour_test [list],[purge],[orphans],[erase]", "api_verify_test [verify]",
        "api_model_test [model]")
add("counter-not-lowered",
    Site(COUNTERS, "if (before != nullptr) add(*before, -1);", ""),
    "store_unit_test [counters]", "api_behaviour_test [counts]")
add("total-not-counted",
    Site(COUNTERS, "everything[i] += deltas[i];", ""),
    "store_unit_test [counters]", "api_behaviour_test [counts]")
add("run-counted-for-each-effect",
    Site(ROWS, "latest_.erase(end, latest_.end());", ""),
    "api_behaviour_test [counts]", "api_model_test [model]")

MUTANTS.rule("lists")
add("cursor-drops-the-id",
    Site("lib/core/cursor_text.cpp",
         "std::memcpy(place.run_id.data, bytes.data() + kRunIdAt, 16);", ""),
    "milepost_core_tests [cursor]", "api_behaviour_test [list]")
add("equal-instants-skipped",
    Site(LISTER, "*place == bounds.low", "place->instant == bounds.low.instant",
         within="if (bounds.low_open && *place == bounds.low) {"),
    "store_unit_test [lister]")
add("more-where-there-is-none",
    Site(LISTER, "places->size() > wanted", "places->size() >= wanted"),
    "store_unit_test [lister]")
add("other-stores-cursor-accepted",
    Site("lib/core/cursor_text.cpp",
         "load_le<std::uint64_t>(bytes.data() + kStoreAt) != tag_of(scope.store_id)", "false"),
    "milepost_core_tests [cursor]")
add("end-of-range-included",
    Site(LISTER, "*place >= bounds.high", "bounds.high < *place"),
    "store_unit_test [lister]")

MUTANTS.rule("waits")
add("waiter-not-woken",
    Site(WAKEUPS, "waiter->second->wake.notify_one();", ""),
    "store_unit_test [wakeups]", "concurrency_test [wait]")
add("change-missed-while-looking",
    Site(WAKEUPS, "waiter->second->look_again = true;", ""),
    "store_unit_test [wakeups]")
add("sync-missed-while-looking",
    Site(WAKEUPS, "++syncs_;", ""),
    "store_unit_test [wakeups]")
add("subscriber-not-told",
    Site(WAKEUPS, "published_ = sequence;", ""),
    "store_unit_test [wakeups]")
add("closing-forgets-waiters",
    Site(WAKEUPS, "for (const auto& [run_id, waiter] : waiters_) waiter->wake.notify_one();", ""),
    "store_unit_test [wakeups]")

MUTANTS.rule("readers")
add("slot-leaked",
    Site(READ, "env->pool_.give_back(*slot_);", ""),
    "milepost_lmdb_tests [txn]")
add("stale-moment",
    (Site(READ, "mdb_txn_renew(slot.txn)", "0"), Site(READ, "mdb_txn_reset(slot_->txn);", "")),
    "milepost_lmdb_tests [txn]", "api_behaviour_test [list]")
add("dead-readers-kept",
    Site("lib/lmdb/env_write.cpp", "static_cast<void>(reap_stale_readers());", ""),
    "regress_test [regress]", "milepost_lmdb_tests [processes]")
add("old-snapshot-kept",
    Site("lib/store/lmdb_view.cpp", "now < view->until_", "true",
         within="if (!idle.owns_lock() || now < view->until_) continue;"),
    "store_unit_test [view]")
add("cursor-outlives-its-read",
    Site(READ, "slot_->serial.store(slot_->serial.load(std::memory_order_relaxed) + 1, "
         "std::memory_order_relaxed);", ""),
    "milepost_lmdb_tests [txn]")
add("tree-of-an-earlier-commit",
    Site("lib/lmdb/env_read.cpp", "slot.tree_commit == commit", "true"),
    "milepost_lmdb_tests [descent]")
add("tree-of-a-map-that-moved",
    Site("lib/lmdb/env_read.cpp", "slot.tree_epoch == epoch", "true"),
    "milepost_lmdb_tests [descent]")
add("key-next-to-the-wanted-one",
    Site("lib/lmdb/descent.cpp", "node == nullptr || Number(node + kNodeHeaderSize) != key",
         "node == nullptr"),
    "milepost_lmdb_tests [descent]")

MUTANTS.rule("locks")
add("double-open-unnoticed",
    Site("lib/lmdb/registry.cpp",
         'if (claimed(all, 0, folder, data)) return already_open_error(directory, "");', ""),
    "milepost_lmdb_tests [double]")
add("second-writer-let-in",
    Site(LOCK, "!set_lock(fd, F_WRLCK)", "!set_lock(fd, F_WRLCK) && false"),
    "milepost_lmdb_tests [open]")
add("wrong-process-named",
    Site(LOCK, "::getpid()", "::getppid()"),
    "milepost_lmdb_tests [open]")
add("write-on-another-thread",
    Site("lib/lmdb/env_write.cpp",
         "writer_thread_.load(std::memory_order_relaxed) != std::this_thread::get_id()", "false"),
    "milepost_lmdb_tests [threads]")

MUTANTS.rule("files")
add("file-not-private",
    Site("lib/lmdb/env_create.cpp", "0600", "0644"),
    "milepost_lmdb_tests [open]")
add("folder-not-private",
    Site(FOLDER, "::mkdir(path.c_str(), 0700)", "::mkdir(path.c_str(), 0755)"),
    "milepost_lmdb_tests [open]")
add("network-file-system-used",
    Site(FOLDER, "name && !allow_unsupported", "false"),
    "milepost_lmdb_tests [open]")
add("root-page-unchecked",
    Site("lib/lmdb/file_check.cpp", "load<std::uint64_t>(raw.data()) == tree.root", "true"),
    "milepost_lmdb_tests [file]", "faults_test [files]")
add("cut-file-accepted",
    Site("lib/lmdb/file_check.cpp", "!FreeListWalk(fd, meta, whole_pages).covers(meta.free_list)",
         "false"),
    "milepost_lmdb_tests [file]")
add("descriptor-inherited",
    Site("lib/lmdb/env_open.cpp", "::fcntl(env_.data_fd_, F_SETFD, FD_CLOEXEC)", "0"),
    "milepost_lmdb_tests [processes]")

MUTANTS.rule("map size")
add("growth-not-gated",
    Site(MAP, "!pool_.close_gate(deadline)", "false"),
    "milepost_lmdb_tests [map]")
add("map-past-its-cap",
    Site(MAP, "std::min(before * 2, map_cap(use_reserve))", "before * 2"),
    "milepost_lmdb_tests [map]")
add("reserve-used-up",
    Site(MAP, "pages * page_size_ > cap", "false"),
    "milepost_lmdb_tests [map]")
add("address-space-untried",
    Site(MAP, "!address_space_for(wanted)", "false"),
    "milepost_lmdb_tests [map]")

MUTANTS.rule("feed")
add("trimmed-one-too-many",
    Site("lib/store/feed_rows.cpp", "newest - retention_ + 1", "newest - retention_ + 2"),
    "store_unit_test [feed_rows]")
add("block-goes-with-its-first",
    Site("lib/store/feed_rows.cpp", "block->last_sequence() >= keep_from",
         "*first >= keep_from"),
    "store_unit_test [feed_rows]")
add("gap-read-over",
    Site("lib/store/feed_rows.cpp", "*floor = newest + 1;", ""),
    "store_unit_test [feed_rows]", "api_behaviour_test [feed]")

MUTANTS.rule("records")
add("checksum-unverified",
    Site(RECORD, "checksum(run_id, at, size - kChecksumSize) !=\n"
         "      load_le<std::uint64_t>(at + size - kChecksumSize)", "false"),
    "milepost_core_tests [codec]")
add("checksum-without-the-id",
    Site(RECORD, "XXH3_64bits(run_id.data, sizeof run_id.data)", "0"),
    "milepost_core_tests [codec]")
add("newer-format-called-damage",
    Site(RECORD, "version > kRecordVersion", "false"),
    "milepost_core_tests [codec]")

MUTANTS.rule("texts")
add("id-goes-back-with-the-clock",
    Site("lib/core/uuid_v7.cpp", "fresh.millis > before.millis", "true"),
    "milepost_core_tests [uuid7]")
add("leap-day-in-every-year",
    Site("lib/core/instant_text.cpp", "Calendar::end_of_month_day(y, m)",
         "m == 2 ? 29 : int{Calendar::end_of_month_day(y, m)}"),
    "milepost_core_tests [instant]")
add("quote-not-escaped",
    Site("lib/core/run_json.cpp", "escape_of(text[plain]) == 0",
         "escape_of(text[plain]) == 0 || text[plain] == '\"'"),
    "milepost_core_tests [json]")
add("microseconds-dropped",
    Site("lib/core/instant_text.cpp", "micros % 1000", "0"),
    "milepost_core_tests [instant]")

MUTANTS.rule("verify")
add("page-reached-twice",
    Site("lib/verify/check.cpp", "map_.used(page)", "false", within="if (map_.used(page)) {"),
    "milepost_verify_tests [crafted]")
add("keys-out-of-order",
    Site("lib/verify/tree_walk.cpp", "compare(view.key(i - 1), view.key(i)) < 0", "true"),
    "milepost_verify_tests [crafted]")
add("counters-not-recounted",
    Site(AUDIT, "says != should", "false"),
    "api_verify_test [verify]")
add("keys-not-looked-at",
    Site(AUDIT, "lonely == 0", "true"),
    "api_verify_test [verify]")
