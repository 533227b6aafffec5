// SPDX-License-Identifier: Apache-2.0

// Runs and outcomes as Go values.

package milepost

/*
#define MILEPOST_GO_TEXTS
#include "shim.h"
*/
import "C"

import (
	"math"
	"time"
	"unsafe"
)

// Run is a run as it was at one moment: a copy that belongs to the caller. Instants that it has not
// reached are zero times.
type Run struct {
	RunID          UUID
	JourneyID      UUID
	ProfileID      UUID
	OrganizationID UUID
	Status         Status
	TriggeredAt    time.Time
	StartedAt      time.Time
	CompletedAt    time.Time
	Error          string // For people; of a failed run only, and may be empty there.
	Owner          string
	FencingToken   uint64 // Grows with each owner; 0 until started.
	Sequence       uint64 // Of the last effect on the run.
}

// MarshalJSON yields the exact public response for the run. json.Marshal makes "<", ">" and "&" in
// it escapes, which means the same; call this or Tracker.GetJSON where the bytes matter.
func (r Run) MarshalJSON() ([]byte, error) {
	f := takeFrame()
	defer f.put()
	c := &f.c.run
	c.status = C.int32_t(r.Status)
	c.run_id, c.journey_id, c.profile_id = r.RunID.c(), r.JourneyID.c(), r.ProfileID.c()
	c.triggered_at, c.completed_at = micros(r.TriggeredAt), 0
	c.has_completed_at = flag(!r.CompletedAt.IsZero())
	if !r.CompletedAt.IsZero() {
		c.completed_at = micros(r.CompletedAt)
	}
	c.has_error = flag(r.Status == Failed)
	c.has_started_at, c.started_at, c.owner = 0, 0, C.milepost_text{}
	c.found = 1
	if status := C.mp_run_json(f.c, r.Error); status != 0 {
		return nil, f.err()
	}
	return C.GoBytes(unsafe.Pointer(&f.c.json[0]), C.int(f.c.size)), nil
}

// Outcome is the answer to one command. What the state machine refuses is an outcome, not an error.
type Outcome struct {
	Kind   OutcomeKind
	HasRun bool // Whether the answer carries the run; OutcomeNotFound carries none.
	Run    Run  // The run as it is now.
}

// Applied tells whether this very call did it.
func (o Outcome) Applied() bool { return o.Kind == OutcomeCreated || o.Kind == OutcomeApplied }

// Holds tells whether it is so now: applied by this call, or by one before it.
func (o Outcome) Holds() bool { return o.Applied() || o.Kind == OutcomeUnchanged }

// ParseInstant reads an RFC 3339 instant in UTC, as the public contract admits it; digits past
// microseconds are cut.
func ParseInstant(text string) (time.Time, error) {
	f := takeFrame()
	defer f.put()
	if status := C.mp_instant_parse(text, &f.c.run.triggered_at, &f.c.err); status != 0 {
		return time.Time{}, f.err()
	}
	return instant(f.c.run.triggered_at), nil
}

// FormatInstant writes an instant as the public contract has it: UTC, with 0, 3 or 6 digits of a
// fraction.
func FormatInstant(t time.Time) (string, error) {
	f := takeFrame()
	defer f.put()
	if status := C.milepost_instant_format(micros(t), &f.c.text[0], C.MILEPOST_INSTANT_TEXT_SIZE_MAX,
		&f.c.size, &f.c.err); status != 0 {
		return "", f.err()
	}
	return C.GoStringN(&f.c.text[0], C.int(f.c.size)), nil
}

// ParseStatus is the status of that name, exact and case-sensitive.
func ParseStatus(text string) (Status, error) {
	f := takeFrame()
	defer f.put()
	if status := C.mp_status_parse(text, &f.c.run.status, &f.c.err); status != 0 {
		return 0, f.err()
	}
	return Status(f.c.run.status), nil
}

func instant(us C.int64_t) time.Time { return time.UnixMicro(int64(us)).UTC() }

// micros is the instant in microseconds; one that has no such number becomes the farthest there
// is, which the library refuses by name.
func micros(t time.Time) C.int64_t {
	const farthest = 200_000 // years; 2^63 microseconds are 292,000
	switch year := t.Year(); {
	case year > farthest:
		return math.MaxInt64
	case year < -farthest:
		return math.MinInt64
	}
	return C.int64_t(t.UnixMicro())
}

func runOf(c *C.milepost_run) Run {
	run := Run{
		RunID:          idOf(&c.run_id),
		JourneyID:      idOf(&c.journey_id),
		ProfileID:      idOf(&c.profile_id),
		OrganizationID: idOf(&c.organization_id),
		Status:         Status(c.status),
		TriggeredAt:    instant(c.triggered_at),
		FencingToken:   uint64(c.fencing_token),
		Sequence:       uint64(c.sequence),
	}
	if c.has_started_at != 0 {
		run.StartedAt = instant(c.started_at)
	}
	if c.has_completed_at != 0 {
		run.CompletedAt = instant(c.completed_at)
	}
	if c.error.size > 0 {
		run.Error = textOf(c.error)
	}
	if c.owner.size > 0 {
		run.Owner = textOf(c.owner)
	}
	return run
}

func outcomeOf(c *C.milepost_outcome) Outcome {
	outcome := Outcome{Kind: OutcomeKind(c.kind), HasRun: c.run.found != 0}
	if outcome.HasRun {
		outcome.Run = runOf(&c.run)
	}
	return outcome
}

// runList is a result's runs; found has nil for one that was not.
type runList struct {
	runs  []Run
	found []*Run
	next  string
}

// runsOf copies a result and frees it.
func runsOf(handle C.milepost_runs, f *frame) (list runList, err error) {
	defer C.milepost_runs_free(handle)
	var first *C.milepost_run
	var count, stride C.size_t
	if C.milepost_runs_view(handle, &first, &count, &stride, &f.c.err) != 0 {
		return list, f.err()
	}
	list.runs, list.found = make([]Run, count), make([]*Run, count)
	for i := C.size_t(0); i < count; i++ {
		if c := (*C.milepost_run)(at(unsafe.Pointer(first), i, stride)); c.found != 0 {
			list.runs[i] = runOf(c)
			list.found[i] = &list.runs[i]
		}
	}
	var next C.milepost_text
	if C.milepost_runs_next(handle, &next, &f.c.err) != 0 {
		return list, f.err()
	}
	list.next = textOf(next)
	return list, nil
}
