// SPDX-License-Identifier: Apache-2.0

// The commands for one run. Each is durable when its call returns, and seen by every later read in
// this process. While it waits for the commit the goroutine holds no processor.

package milepost

/*
#define MILEPOST_GO_STEPS
#include "shim.h"
*/
import "C"

import (
	"context"
	"time"
)

// CreateCommand makes a run, in status queued.
type CreateCommand struct {
	JourneyID      UUID
	ProfileID      UUID
	OrganizationID UUID
	RunID          *UUID     // Default: a fresh UUIDv7.
	TriggeredAt    time.Time // Default: the tracker's clock.
	IdempotencyKey string    // Any bytes; empty: none.
}

// StepOptions are what a step may carry beside the run's id; nil and the zero value ask for
// nothing.
type StepOptions struct {
	OrganizationID UUID
	Owner          string        // UTF-8.
	FencingToken   *uint64       // If given it must be the run's; see [Token].
	Lease          time.Duration // Of Start and Adopt: 0 is none.
	OnlyIfExpired  bool          // Of Fail and Adopt: conflict unless the lease has run out.
}

// Token is a fencing token as StepOptions take it.
func Token(token uint64) *uint64 { return &token }

// Create makes a run. Repeated with the same id or idempotency key it answers OutcomeUnchanged.
func (t *Tracker) Create(ctx context.Context, command CreateCommand) (Outcome, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return Outcome{}, err
	}
	f := takeFrame()
	defer f.put()
	c := &f.c.command
	command.fill(c)
	if C.mp_create(f.c, t.handle, ms, command.IdempotencyKey) != 0 {
		return Outcome{}, f.errIn(ctx)
	}
	return outcomeOf(&f.c.outcome), nil
}

// Start moves a run from queued to running. Of two callers racing exactly one is told Applied.
func (t *Tracker) Start(ctx context.Context, runID UUID, options *StepOptions) (Outcome, error) {
	return t.step(ctx, C.MILEPOST_COMMAND_START, runID, 0, "", options)
}

// Complete moves a run from running to completed.
func (t *Tracker) Complete(ctx context.Context, runID UUID, options *StepOptions) (Outcome, error) {
	return t.step(ctx, C.MILEPOST_COMMAND_COMPLETE, runID, 0, "", options)
}

// Fail moves a run from queued or running to failed, with a text for people. Ill-formed UTF-8 in it
// is replaced, and what is longer than ErrorTextSizeMax is cut.
func (t *Tracker) Fail(ctx context.Context, runID UUID, text string, options *StepOptions) (
	Outcome, error) {
	return t.step(ctx, C.MILEPOST_COMMAND_FAIL, runID, 0, text, options)
}

// Exit moves a run from queued or running to exited.
func (t *Tracker) Exit(ctx context.Context, runID UUID, options *StepOptions) (Outcome, error) {
	return t.step(ctx, C.MILEPOST_COMMAND_EXIT, runID, 0, "", options)
}

// Adopt gives a running run a new owner with a larger token: for runs whose owner died or fell
// silent.
func (t *Tracker) Adopt(ctx context.Context, runID UUID, options *StepOptions) (Outcome, error) {
	return t.step(ctx, C.MILEPOST_COMMAND_ADOPT, runID, 0, "", options)
}

// Heartbeat begins the run's lease anew. It stores nothing.
func (t *Tracker) Heartbeat(ctx context.Context, runID UUID, lease time.Duration,
	options *StepOptions) (Outcome, error) {
	return t.step(ctx, C.MILEPOST_COMMAND_HEARTBEAT, runID, lease, "", options)
}

func (t *Tracker) step(ctx context.Context, kind C.int32_t, runID UUID, lease time.Duration,
	text string, options *StepOptions) (Outcome, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return Outcome{}, err
	}
	var none StepOptions
	if options == nil {
		options = &none
	}
	f := takeFrame()
	defer f.put()
	c := &f.c.options
	f.c.id = runID.c()
	c.organization_id = options.OrganizationID.c()
	c.has_fencing_token, c.fencing_token = 0, 0
	if options.FencingToken != nil {
		c.has_fencing_token, c.fencing_token = 1, C.uint64_t(*options.FencingToken)
	}
	c.only_if_expired = flag(options.OnlyIfExpired)
	c.lease_ms = leaseMs(options.Lease)
	c.timeout_ms = ms
	if C.mp_step(f.c, t.handle, kind, leaseMs(lease), options.Owner, text) != 0 {
		return Outcome{}, f.errIn(ctx)
	}
	return outcomeOf(&f.c.outcome), nil
}

// leaseMs keeps the sign, so that a lease below zero is refused and not taken for none.
func leaseMs(lease time.Duration) C.int64_t {
	if lease < 0 {
		return -1
	}
	return C.int64_t(milliseconds(lease))
}
