// SPDX-License-Identifier: Apache-2.0

// Verify, backup, restore and repair. They go in steps: a context is looked at between them, and
// one that ends cancels the work, which then leaves nothing behind.

package milepost

/*
#define MILEPOST_GO_TEXTS
#include "shim.h"
*/
import "C"

import "context"

// VerifyLevel is how deep a verify looks.
type VerifyLevel int32

// The levels.
const (
	// VerifyRecords looks at records, index rows, counters, keys, changes and the journal.
	VerifyRecords VerifyLevel = C.MILEPOST_VERIFY_RECORDS
	// VerifyPages looks at every page before that: for files that are not trusted.
	VerifyPages VerifyLevel = C.MILEPOST_VERIFY_PAGES
)

// Progress is how far a work is.
type Progress struct {
	Rows  uint64 // That a verify or repair read.
	Bytes uint64 // That a backup or restore copied.
}

// Finding is one thing that is wrong with a store.
type Finding struct {
	Kind  string // A stable name, e.g. "record_checksum".
	Where string // Table, page or file.
	Text  string // One sentence.
}

// WorkReport is what a work found or did. Members that its kind does not name are zero.
type WorkReport struct {
	Findings      []Finding // Verify, repair: the first FindingsMax.
	FindingsCount uint64    // Verify, repair: all that were found; 0: the store is sound.
	Runs          uint64    // Verify; repair: saved; restore.
	Rows          uint64    // Verify: of all tables.
	Changes       uint64    // Verify; repair: saved.
	Pages         uint64    // Verify at level VerifyPages: of the data file.
	Journaled     uint64    // Verify of a directory, repair: effects that only the journal held.
	Sequence      uint64    // Verify, backup, restore: the last effect held.
	Lost          uint64    // Repair: records that failed their checks and were left behind.
	Bytes         uint64    // Backup, restore: of the copy.
	StoreID       UUID      // Restore: of the new store.
}

// Verify looks at the store as it is at one moment while others go on. Findings are in the report;
// an error only says that there is none. progress may be nil.
func (t *Tracker) Verify(ctx context.Context, level VerifyLevel, progress func(Progress)) (
	WorkReport, error) {
	return work(ctx, progress, func(f *frame, w *C.milepost_work, ms C.int64_t) C.milepost_status {
		return C.milepost_tracker_verify(t.handle, C.int32_t(level), ms, w, &f.c.err)
	})
}

// Backup copies the store into a new directory, which must not exist and appears all at once: one
// moment, with everything acknowledged before. compact leaves free pages out.
func (t *Tracker) Backup(ctx context.Context, to string, compact bool, progress func(Progress)) (
	WorkReport, error) {
	return work(ctx, progress, func(f *frame, w *C.milepost_work, ms C.int64_t) C.milepost_status {
		return C.mp_backup(t.handle, to, flag(compact), ms, w, &f.c.err)
	})
}

// VerifyDirectory verifies a store that no process has open for writing. Any file gets a report,
// and no file a crash.
func VerifyDirectory(ctx context.Context, directory string, level VerifyLevel,
	progress func(Progress)) (WorkReport, error) {
	return work(ctx, progress, func(f *frame, w *C.milepost_work, _ C.int64_t) C.milepost_status {
		return C.mp_directory_verify(directory, C.int32_t(level), w, &f.c.err)
	})
}

// RepairDirectory makes a new store at to, which must not exist, from every run at from whose
// record is whole. from is only read; the new store has an id of its own.
func RepairDirectory(ctx context.Context, from, to string, progress func(Progress)) (
	WorkReport, error) {
	return work(ctx, progress, func(f *frame, w *C.milepost_work, _ C.int64_t) C.milepost_status {
		return C.mp_directory_repair(from, to, w, &f.c.err)
	})
}

// RestoreBackup makes a store at directory from a backup, which is verified first: if it is
// damaged, ErrCorrupt, and nothing is touched. With replace a store that is there is moved to
// directory + ".replaced", which must not exist.
func RestoreBackup(ctx context.Context, backup, directory string, replace bool,
	progress func(Progress)) (WorkReport, error) {
	return work(ctx, progress, func(f *frame, w *C.milepost_work, _ C.int64_t) C.milepost_status {
		return C.mp_backup_restore(backup, directory, flag(replace), w, &f.c.err)
	})
}

func work(ctx context.Context, progress func(Progress),
	begin func(f *frame, w *C.milepost_work, ms C.int64_t) C.milepost_status) (WorkReport, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return WorkReport{}, err
	}
	f := takeFrame()
	defer f.put()
	var handle C.milepost_work
	if begin(f, &handle, ms) != 0 {
		return WorkReport{}, f.errIn(ctx)
	}
	defer C.milepost_work_free(handle)
	at := C.milepost_progress{struct_size: C.sizeof_milepost_progress}
	for at.done == 0 {
		if err := ctx.Err(); err != nil {
			return WorkReport{}, errOfContext(err)
		}
		if C.milepost_work_step(handle, &at, &f.c.err) != 0 {
			return WorkReport{}, f.errIn(ctx)
		}
		if progress != nil {
			progress(Progress{uint64(at.lines), uint64(at.bytes)})
		}
	}
	return workReportOf(handle, f)
}

func workReportOf(handle C.milepost_work, f *frame) (WorkReport, error) {
	r := C.milepost_work_report{struct_size: C.sizeof_milepost_work_report}
	if C.milepost_work_get(handle, &r, &f.c.err) != 0 {
		return WorkReport{}, f.err()
	}
	report := WorkReport{FindingsCount: uint64(r.findings_count), Runs: uint64(r.runs),
		Rows: uint64(r.rows), Changes: uint64(r.changes), Pages: uint64(r.pages),
		Journaled: uint64(r.journaled), Sequence: uint64(r.sequence), Lost: uint64(r.lost),
		Bytes: uint64(r.bytes), StoreID: idOf(&r.store_id)}
	for i := C.uint32_t(0); i < r.findings; i++ {
		finding := C.milepost_finding{struct_size: C.sizeof_milepost_finding}
		if C.milepost_work_finding(handle, C.size_t(i), &finding, &f.c.err) != 0 {
			return WorkReport{}, f.err()
		}
		report.Findings = append(report.Findings,
			Finding{textOf(finding.kind), textOf(finding.where), textOf(finding.text)})
	}
	return report, nil
}
