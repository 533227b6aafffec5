// SPDX-License-Identifier: Apache-2.0

// Many commands as one durable commit.

package milepost

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// Command is one of CreateCommand, StartCommand, CompleteCommand, FailCommand, ExitCommand,
// AdoptCommand, HeartbeatCommand and ImportCommand.
type Command interface {
	fill(c *C.milepost_command)
	texts() commandTexts
}

type commandTexts struct{ owner, key, text string }

// StartCommand is Tracker.Start as a value.
type StartCommand struct {
	RunID   UUID
	Options StepOptions
}

// CompleteCommand is Tracker.Complete as a value.
type CompleteCommand struct {
	RunID   UUID
	Options StepOptions
}

// FailCommand is Tracker.Fail as a value.
type FailCommand struct {
	RunID   UUID
	Error   string
	Options StepOptions
}

// ExitCommand is Tracker.Exit as a value.
type ExitCommand struct {
	RunID   UUID
	Options StepOptions
}

// AdoptCommand is Tracker.Adopt as a value.
type AdoptCommand struct {
	RunID   UUID
	Options StepOptions
}

// HeartbeatCommand is Tracker.Heartbeat as a value; the lease is that of its options.
type HeartbeatCommand struct {
	RunID   UUID
	Options StepOptions
}

// ImportCommand makes a run in any status, with its own instants. Zero times are none.
type ImportCommand struct {
	RunID          UUID
	JourneyID      UUID
	ProfileID      UUID
	OrganizationID UUID
	Status         Status
	TriggeredAt    time.Time
	StartedAt      time.Time
	CompletedAt    time.Time
	Error          string
}

func (k CreateCommand) fill(c *C.milepost_command) {
	c.kind = C.MILEPOST_COMMAND_CREATE
	c.journey_id, c.profile_id = k.JourneyID.c(), k.ProfileID.c()
	c.organization_id = k.OrganizationID.c()
	c.run_id, c.has_run_id = C.milepost_id{}, flag(k.RunID != nil)
	if k.RunID != nil {
		c.run_id = k.RunID.c()
	}
	c.triggered_at, c.has_triggered_at = 0, flag(!k.TriggeredAt.IsZero())
	if !k.TriggeredAt.IsZero() {
		c.triggered_at = micros(k.TriggeredAt)
	}
}

func (o *StepOptions) fill(c *C.milepost_command, kind C.int32_t, runID UUID) {
	c.kind = kind
	c.run_id, c.organization_id = runID.c(), o.OrganizationID.c()
	if o.FencingToken != nil {
		c.has_fencing_token, c.fencing_token = 1, C.uint64_t(*o.FencingToken)
	}
	c.only_if_expired = flag(o.OnlyIfExpired)
	c.lease_ms = leaseMs(o.Lease)
}

func (k StartCommand) fill(c *C.milepost_command) {
	k.Options.fill(c, C.MILEPOST_COMMAND_START, k.RunID)
}
func (k CompleteCommand) fill(c *C.milepost_command) {
	k.Options.fill(c, C.MILEPOST_COMMAND_COMPLETE, k.RunID)
}
func (k FailCommand) fill(c *C.milepost_command) {
	k.Options.fill(c, C.MILEPOST_COMMAND_FAIL, k.RunID)
}
func (k ExitCommand) fill(c *C.milepost_command) {
	k.Options.fill(c, C.MILEPOST_COMMAND_EXIT, k.RunID)
}
func (k AdoptCommand) fill(c *C.milepost_command) {
	k.Options.fill(c, C.MILEPOST_COMMAND_ADOPT, k.RunID)
}
func (k HeartbeatCommand) fill(c *C.milepost_command) {
	k.Options.fill(c, C.MILEPOST_COMMAND_HEARTBEAT, k.RunID)
}

func (k ImportCommand) fill(c *C.milepost_command) {
	c.kind = C.MILEPOST_COMMAND_IMPORT
	c.run_id, c.organization_id = k.RunID.c(), k.OrganizationID.c()
	c.journey_id, c.profile_id = k.JourneyID.c(), k.ProfileID.c()
	c.status = C.int32_t(k.Status)
	c.triggered_at = micros(k.TriggeredAt)
	if !k.StartedAt.IsZero() {
		c.has_started_at, c.started_at = 1, micros(k.StartedAt)
	}
	if !k.CompletedAt.IsZero() {
		c.has_completed_at, c.completed_at = 1, micros(k.CompletedAt)
	}
}

func (k CreateCommand) texts() commandTexts   { return commandTexts{key: k.IdempotencyKey} }
func (k StartCommand) texts() commandTexts    { return commandTexts{owner: k.Options.Owner} }
func (k CompleteCommand) texts() commandTexts { return commandTexts{owner: k.Options.Owner} }
func (k FailCommand) texts() commandTexts {
	return commandTexts{owner: k.Options.Owner, text: k.Error}
}
func (k ExitCommand) texts() commandTexts      { return commandTexts{owner: k.Options.Owner} }
func (k AdoptCommand) texts() commandTexts     { return commandTexts{owner: k.Options.Owner} }
func (k HeartbeatCommand) texts() commandTexts { return commandTexts{owner: k.Options.Owner} }
func (k ImportCommand) texts() commandTexts    { return commandTexts{text: k.Error} }

// Apply applies up to BatchCommandsMax commands in order, as one durable commit, all or none on a
// crash. It yields one outcome each; a refused command changes nothing and spoils nothing.
func (t *Tracker) Apply(ctx context.Context, commands []Command) ([]Outcome, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return nil, err
	}
	if len(commands) > BatchCommandsMax {
		return nil, invalid("A batch has more than BatchCommandsMax commands.")
	}
	size := 1
	for _, command := range commands {
		if command == nil {
			return nil, invalid("A command is nil.")
		}
		texts := command.texts()
		more := len(texts.owner) + len(texts.key) + len(texts.text)
		if more > C.MILEPOST_TEXT_SIZE_MAX {
			return nil, invalid("A command's texts have more than 2,147,483,647 bytes.")
		}
		size += more
	}
	// One piece of C memory for the commands, one for their texts.
	list := C.calloc(C.size_t(len(commands)+1), C.sizeof_milepost_command)
	defer C.free(list)
	arena := unsafe.Slice((*byte)(C.malloc(C.size_t(size))), size)
	defer C.free(unsafe.Pointer(&arena[0]))
	used := 0
	put := func(text string) C.milepost_text {
		if text == "" {
			return C.milepost_text{}
		}
		begin := used
		used += copy(arena[used:], text)
		return C.milepost_text{(*C.char)(unsafe.Pointer(&arena[begin])), C.size_t(len(text))}
	}
	all := unsafe.Slice((*C.milepost_command)(list), len(commands))
	for i, command := range commands {
		all[i].struct_size = C.sizeof_milepost_command
		command.fill(&all[i])
		texts := command.texts()
		all[i].owner, all[i].idempotency_key = put(texts.owner), put(texts.key)
		all[i].error = put(texts.text)
	}
	f := takeFrame()
	defer f.put()
	var handle C.milepost_outcomes
	if C.milepost_tracker_apply(t.handle, (*C.milepost_command)(list), C.size_t(len(commands)), ms,
		&handle, &f.c.err) != 0 {
		return nil, f.errIn(ctx)
	}
	return outcomesOf(handle, f)
}

func outcomesOf(handle C.milepost_outcomes, f *frame) ([]Outcome, error) {
	defer C.milepost_outcomes_free(handle)
	var first *C.milepost_outcome
	var count, stride C.size_t
	if C.milepost_outcomes_view(handle, &first, &count, &stride, &f.c.err) != 0 {
		return nil, f.err()
	}
	outcomes := make([]Outcome, count)
	for i := range outcomes {
		outcomes[i] = outcomeOf((*C.milepost_outcome)(at(unsafe.Pointer(first), C.size_t(i), stride)))
	}
	return outcomes, nil
}
