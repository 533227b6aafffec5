// SPDX-License-Identifier: Apache-2.0

// Reads of a tracker. Those of one run never wait and take no context; those of many may have to
// wait until everything acknowledged is published.

package milepost

/*
#define MILEPOST_GO_TEXTS
#include "shim.h"
*/
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// Get yields a run of the nil organization; ErrNotFound if it has none of that id.
func (t *Tracker) Get(runID UUID) (Run, error) { return t.source().get(runID, UUID{}) }

// GetIn is Get for a run of the given organization.
func (t *Tracker) GetIn(organization, runID UUID) (Run, error) {
	return t.source().get(runID, organization)
}

// GetJSON yields the exact public response for a run of the nil organization.
func (t *Tracker) GetJSON(runID UUID) ([]byte, error) {
	return t.source().appendJSON(nil, runID, UUID{})
}

// GetJSONIn is GetJSON for a run of the given organization.
func (t *Tracker) GetJSONIn(organization, runID UUID) ([]byte, error) {
	return t.source().appendJSON(nil, runID, organization)
}

// AppendJSON appends the exact public response to a buffer, which saves the allocation.
func (t *Tracker) AppendJSON(buffer []byte, organization, runID UUID) ([]byte, error) {
	return t.source().appendJSON(buffer, runID, organization)
}

// GetMany yields up to GetManyMax runs as they were at one moment, in the order asked for; nil for
// each that the organization does not have.
func (t *Tracker) GetMany(organization UUID, runIDs []UUID) ([]*Run, error) {
	return t.source().getMany(organization, runIDs)
}

// Wait waits until a run of the nil organization is final and yields it. With a context that can
// end it waits until that does, else for Options.WaitMax.
func (t *Tracker) Wait(ctx context.Context, runID UUID) (Run, error) {
	return t.WaitIn(ctx, UUID{}, runID)
}

// WaitIn is Wait for a run of the given organization.
func (t *Tracker) WaitIn(ctx context.Context, organization, runID UUID) (Run, error) {
	f := takeFrame()
	defer f.put()
	f.c.id, f.c.organization = runID.c(), organization.c()
	err := f.waitIn(ctx, func(ms C.int64_t) C.milepost_status {
		return C.milepost_tracker_wait(t.handle, &f.c.id, &f.c.organization, ms, &f.c.run,
			&f.c.text[0], C.MILEPOST_RUN_TEXT_MAX, &f.c.err)
	})
	if err != nil {
		return Run{}, err
	}
	return runOf(&f.c.run), nil
}

// Filter says which runs: every member that is given must fit. The zero value is all runs of the
// nil organization.
type Filter struct {
	OrganizationID UUID
	JourneyID      *UUID
	ProfileID      *UUID
	Statuses       []Status  // Nil: all. An empty slice is refused.
	TriggeredFrom  time.Time // This instant is in.
	TriggeredTo    time.Time // This one is not.
}

// PageOptions say which page of a list.
type PageOptions struct {
	Limit     int    // 1 to ListLimitMax; 0: 100.
	Cursor    string // Next of the page before; empty for the first.
	Order     Order
	Freshness Freshness
}

// Page is one page of a list.
type Page struct {
	Runs []Run
	Next string // The cursor of the next page; empty when this is the last one.
}

// JSONPage is one page of a list as a JSON array of public responses.
type JSONPage struct {
	JSON  []byte
	Count int
	Next  string
}

// Counts are runs per status.
type Counts struct{ Queued, Running, Completed, Failed, Exited uint64 }

// Total of all statuses.
func (c Counts) Total() uint64 { return c.Queued + c.Running + c.Completed + c.Failed + c.Exited }

// List yields one page of the runs that a filter matches.
func (t *Tracker) List(ctx context.Context, filter Filter, page PageOptions) (Page, error) {
	return t.source().list(ctx, filter, page)
}

// ListJSON is List with each run as its public response, in one JSON array.
func (t *Tracker) ListJSON(ctx context.Context, filter Filter, page PageOptions) (JSONPage, error) {
	return t.source().listJSON(ctx, filter, page)
}

// CountsOptions say whose runs are counted: with neither id everybody's, with a journey only, the
// nil organization's.
type CountsOptions struct {
	OrganizationID *UUID
	JourneyID      *UUID
	Freshness      Freshness
}

// Counts yields runs per status, exact: looked up, never counted.
func (t *Tracker) Counts(ctx context.Context, options CountsOptions) (Counts, error) {
	return t.source().counts(ctx, options)
}

func (t *Tracker) source() source { return source{tracker: t.handle} }

// source is what can be read from: a snapshot, or else a tracker.
type source struct {
	tracker  C.milepost_tracker
	snapshot C.milepost_snapshot
}

func (s source) get(runID, organization UUID) (Run, error) {
	f := takeFrame()
	defer f.put()
	c := f.c
	c.id, c.organization = runID.c(), organization.c()
	var status C.milepost_status
	if s.snapshot.value != 0 {
		status = C.milepost_snapshot_get(s.snapshot, &c.id, &c.organization, &c.run, &c.text[0],
			C.MILEPOST_RUN_TEXT_MAX, &c.err)
	} else {
		status = C.milepost_tracker_get(s.tracker, &c.id, &c.organization, &c.run, &c.text[0],
			C.MILEPOST_RUN_TEXT_MAX, &c.err)
	}
	switch {
	case status != 0:
		return Run{}, f.err()
	case c.run.found == 0:
		return Run{}, &Error{Code: ErrNotFound, RetrySafe: true,
			Message: runID.String() + ": the organization has no such run."}
	}
	return runOf(&c.run), nil
}

func (s source) appendJSON(buffer []byte, runID, organization UUID) ([]byte, error) {
	f := takeFrame()
	defer f.put()
	c := f.c
	c.id, c.organization = runID.c(), organization.c()
	var status C.milepost_status
	if s.snapshot.value != 0 {
		status = C.milepost_snapshot_get_json(s.snapshot, &c.id, &c.organization, &c.json[0],
			C.MILEPOST_RUN_JSON_MAX, &c.size, &c.err)
	} else {
		status = C.milepost_tracker_get_json(s.tracker, &c.id, &c.organization, &c.json[0],
			C.MILEPOST_RUN_JSON_MAX, &c.size, &c.err)
	}
	if status != 0 {
		return buffer, f.err()
	}
	return append(buffer, unsafe.Slice((*byte)(unsafe.Pointer(&c.json[0])), int(c.size))...), nil
}

func (s source) getMany(organization UUID, runIDs []UUID) ([]*Run, error) {
	if len(runIDs) > GetManyMax {
		return nil, invalid("More than GetManyMax ids.")
	}
	f := takeFrame()
	defer f.put()
	f.c.organization = organization.c()
	var ids *C.milepost_id
	if len(runIDs) > 0 {
		ids = (*C.milepost_id)(unsafe.Pointer(&runIDs[0]))
	}
	var handle C.milepost_runs
	var status C.milepost_status
	if s.snapshot.value != 0 {
		status = C.milepost_snapshot_get_many(s.snapshot, ids, C.size_t(len(runIDs)),
			&f.c.organization, &handle, &f.c.err)
	} else {
		status = C.milepost_tracker_get_many(s.tracker, ids, C.size_t(len(runIDs)),
			&f.c.organization, &handle, &f.c.err)
	}
	if status != 0 {
		return nil, f.err()
	}
	list, err := runsOf(handle, f)
	return list.found, err
}

func (s source) list(ctx context.Context, filter Filter, options PageOptions) (Page, error) {
	page, err := options.c(ctx)
	if err != nil {
		return Page{}, err
	}
	f := takeFrame()
	defer f.put()
	which := filter.c()
	var handle C.milepost_runs
	if C.mp_list(s.tracker, s.snapshot, &which, page, options.Cursor, &handle, &f.c.err) != 0 {
		return Page{}, f.errIn(ctx)
	}
	list, err := runsOf(handle, f)
	return Page{list.runs, list.next}, err
}

func (s source) listJSON(ctx context.Context, filter Filter, options PageOptions) (
	JSONPage, error) {
	page, err := options.c(ctx)
	if err != nil {
		return JSONPage{}, err
	}
	f := takeFrame()
	defer f.put()
	which := filter.c()
	var handle C.milepost_json_page
	if C.mp_list_json(s.tracker, s.snapshot, &which, page, options.Cursor, &handle,
		&f.c.err) != 0 {
		return JSONPage{}, f.errIn(ctx)
	}
	defer C.milepost_json_page_free(handle)
	var json, next C.milepost_text
	var count C.size_t
	if C.milepost_json_page_get(handle, &json, &count, &next, &f.c.err) != 0 {
		return JSONPage{}, f.err()
	}
	return JSONPage{C.GoBytes(unsafe.Pointer(json.data), C.int(json.size)), int(count),
		textOf(next)}, nil
}

func (s source) counts(ctx context.Context, options CountsOptions) (Counts, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return Counts{}, err
	}
	f := takeFrame()
	defer f.put()
	counts := C.milepost_counts{struct_size: C.sizeof_milepost_counts}
	organization, journey := optionalID(options.OrganizationID), optionalID(options.JourneyID)
	var status C.milepost_status
	if s.snapshot.value != 0 {
		status = C.milepost_snapshot_counts(s.snapshot, organization, journey, &counts, &f.c.err)
	} else {
		status = C.milepost_tracker_counts(s.tracker, organization, journey,
			C.int32_t(options.Freshness), ms, &counts, &f.c.err)
	}
	if status != 0 {
		return Counts{}, f.errIn(ctx)
	}
	return Counts{uint64(counts.queued), uint64(counts.running), uint64(counts.completed),
		uint64(counts.failed), uint64(counts.exited)}, nil
}

func optionalID(id *UUID) *C.milepost_id { return (*C.milepost_id)(unsafe.Pointer(id)) }

func (o *PageOptions) c(ctx context.Context) (C.milepost_page_options, error) {
	var c C.milepost_page_options
	ms, err := timeoutOf(ctx)
	if err != nil {
		return c, err
	}
	C.milepost_page_options_init(&c, C.sizeof_milepost_page_options)
	if o.Limit != 0 {
		c.limit = C.uint64_t(o.Limit)
	}
	c.order, c.freshness, c.timeout_ms = C.int32_t(o.Order), C.int32_t(o.Freshness), ms
	return c, nil
}

func (f *Filter) c() C.milepost_filter {
	var c C.milepost_filter
	C.milepost_filter_init(&c, C.sizeof_milepost_filter)
	if f.Statuses != nil {
		c.statuses = 0
	}
	for _, status := range f.Statuses {
		c.statuses |= 1 << (uint32(status) & 31)
	}
	c.organization_id = f.OrganizationID.c()
	if f.JourneyID != nil {
		c.has_journey_id, c.journey_id = 1, f.JourneyID.c()
	}
	if f.ProfileID != nil {
		c.has_profile_id, c.profile_id = 1, f.ProfileID.c()
	}
	if !f.TriggeredFrom.IsZero() {
		c.has_triggered_from, c.triggered_from = 1, micros(f.TriggeredFrom)
	}
	if !f.TriggeredTo.IsZero() {
		c.has_triggered_to, c.triggered_to = 1, micros(f.TriggeredTo)
	}
	return c
}
