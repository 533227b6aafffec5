// SPDX-License-Identifier: Apache-2.0

// Upkeep: orphans, leases that ran out, retention, erasure and bulk steps.

package milepost

/*
#define MILEPOST_GO_TEXTS
#include "shim.h"
*/
import "C"

import (
	"context"
	"time"
)

// Orphans yields one page of the runs that are running under a process that is gone: adopt or fail
// them. Order and freshness of the options have no meaning.
func (t *Tracker) Orphans(ctx context.Context, options PageOptions) (Page, error) {
	page, err := options.c(ctx)
	if err != nil {
		return Page{}, err
	}
	f := takeFrame()
	defer f.put()
	var handle C.milepost_runs
	if C.mp_orphans(t.handle, page, options.Cursor, &handle, &f.c.err) != 0 {
		return Page{}, f.errIn(ctx)
	}
	list, err := runsOf(handle, f)
	return Page{list.runs, list.next}, err
}

// FailOrphans is one step of failing all orphans with one reason, at most limit of them, 1 to
// RemoveLimitMax. It yields how many it failed, and whether to call again.
func (t *Tracker) FailOrphans(ctx context.Context, text string, limit int) (
	failed uint64, more bool, err error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return 0, false, err
	}
	f := takeFrame()
	defer f.put()
	var count C.uint64_t
	var again C.uint8_t
	if C.mp_fail_orphans(t.handle, text, C.uint64_t(limit), ms, &count, &again, &f.c.err) != 0 {
		return 0, false, f.errIn(ctx)
	}
	return uint64(count), again != 0, nil
}

// Expired yields running runs whose lease has run out, longest overdue first, at most limit of
// them: adopt or fail them with OnlyIfExpired.
func (t *Tracker) Expired(limit int) ([]Run, error) {
	f := takeFrame()
	defer f.put()
	var handle C.milepost_runs
	if C.milepost_tracker_expired(t.handle, C.uint64_t(limit), &handle, &f.c.err) != 0 {
		return nil, f.err()
	}
	list, err := runsOf(handle, f)
	return list.runs, err
}

// PurgeOptions say what one step of retention removes.
type PurgeOptions struct {
	CompletedBefore time.Time // Runs that finished at this instant or later stay.
	OrganizationID  *UUID     // Default: of every organization.
	Limit           int       // 1 to RemoveLimitMax; 0: 1000.
	Cursor          string    // Next of the step before; empty for the first.
	DryRun          bool      // Only counts.
}

// PurgeReport is what a step of a purge did.
type PurgeReport struct {
	Removed uint64
	Next    string // Empty: nothing is left to remove.
}

// Purge is one step of retention: it removes finished runs, and never one that is not finished.
func (t *Tracker) Purge(ctx context.Context, options PurgeOptions) (PurgeReport, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return PurgeReport{}, err
	}
	var c C.milepost_purge_options
	C.milepost_purge_options_init(&c, C.sizeof_milepost_purge_options)
	if options.OrganizationID != nil {
		c.has_organization_id, c.organization_id = 1, options.OrganizationID.c()
	}
	if options.Limit != 0 {
		c.limit = C.uint64_t(options.Limit)
	}
	c.dry_run, c.timeout_ms = flag(options.DryRun), ms
	c.completed_before = micros(options.CompletedBefore)
	f := takeFrame()
	defer f.put()
	var report C.milepost_purge_report
	if C.mp_purge(t.handle, c, options.Cursor, &report, &f.c.err) != 0 {
		return PurgeReport{}, f.errIn(ctx)
	}
	return PurgeReport{uint64(report.removed),
		C.GoStringN(&report.next[0], C.int(report.next_size))}, nil
}

// Erasure says what was erased, and what remains of it where.
type Erasure struct {
	Runs           uint64 // Runs removed.
	ChangesBlanked uint64 // Changes of the feed that no longer tell of them.
	Sequence       uint64 // Of the erasure.
	Through        uint64 // Every run of the profile made up to this sequence is gone.
	JournalBytes   uint64 // Bytes of journal that may still hold them until recycled.
	FreeBytes      uint64 // Bytes of free pages that may still hold them until reused.
}

// EraseProfile erases every run of a profile, finished or not, and blanks what the change feed
// says of them.
func (t *Tracker) EraseProfile(ctx context.Context, organization, profile UUID) (Erasure, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return Erasure{}, err
	}
	f := takeFrame()
	defer f.put()
	f.c.id, f.c.organization = profile.c(), organization.c()
	e := C.milepost_erasure{struct_size: C.sizeof_milepost_erasure}
	if C.milepost_tracker_erase_profile(t.handle, &f.c.id, &f.c.organization, ms, &e,
		&f.c.err) != 0 {
		return Erasure{}, f.errIn(ctx)
	}
	return Erasure{uint64(e.runs), uint64(e.changes_blanked), uint64(e.sequence),
		uint64(e.through), uint64(e.journal_bytes), uint64(e.free_bytes)}, nil
}

// BulkOptions say what one bulk step does.
type BulkOptions struct {
	Action BulkAction
	Error  string // For BulkFail: the reason.
	Limit  int    // 1 to RemoveLimitMax; 0: 1000.
	Cursor string // Next of the step before; empty for the first.
	DryRun bool   // Counts what matches and shows a few, changes nothing.
}

// BulkReport is what a bulk step did.
type BulkReport struct {
	Matched uint64
	Applied uint64
	Next    string // Empty: all are done.
	Sample  []Run  // The first few, of a dry run.
}

// Bulk is one step of failing or exiting all runs that a filter matches. Runs made after the first
// step are left alone.
func (t *Tracker) Bulk(ctx context.Context, filter Filter, options BulkOptions) (
	BulkReport, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return BulkReport{}, err
	}
	var c C.milepost_bulk_options
	C.milepost_bulk_options_init(&c, C.sizeof_milepost_bulk_options)
	if options.Limit != 0 {
		c.limit = C.uint64_t(options.Limit)
	}
	c.action, c.dry_run, c.timeout_ms = C.int32_t(options.Action), flag(options.DryRun), ms
	f := takeFrame()
	defer f.put()
	which := filter.c()
	var report C.milepost_bulk_report
	var sample C.milepost_runs
	if C.mp_bulk(t.handle, &which, c, options.Error, options.Cursor, &report, &sample,
		&f.c.err) != 0 {
		return BulkReport{}, f.errIn(ctx)
	}
	result := BulkReport{Matched: uint64(report.matched), Applied: uint64(report.applied),
		Next: C.GoStringN(&report.next[0], C.int(report.next_size))}
	if sample.value != 0 {
		list, err := runsOf(sample, f)
		if err != nil {
			return BulkReport{}, err
		}
		result.Sample = list.runs
	}
	return result, nil
}
