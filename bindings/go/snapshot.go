// SPDX-License-Identifier: Apache-2.0

// One moment of a store.

package milepost

/*
#include "shim.h"
*/
import "C"

import "context"

// Snapshot is one moment of a store, from which all reads agree. It keeps old pages from being
// reused: close it soon. After Options.SnapshotAgeMax its reads fail with ErrSnapshotExpired. It
// may move between goroutines, but is used by one at a time.
type Snapshot struct{ handle C.milepost_snapshot }

// Snapshot takes a moment of the store.
func (t *Tracker) Snapshot(ctx context.Context, freshness Freshness) (*Snapshot, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return nil, err
	}
	f := takeFrame()
	defer f.put()
	s := &Snapshot{}
	if C.milepost_tracker_snapshot(t.handle, C.int32_t(freshness), ms, &s.handle, &f.c.err) != 0 {
		return nil, f.errIn(ctx)
	}
	return s, nil
}

// Close ends the snapshot. What was read from it stays. It may be called again and never fails.
func (s *Snapshot) Close() error {
	C.milepost_snapshot_free(s.handle)
	return nil
}

// Sequence is the last one this moment holds.
func (s *Snapshot) Sequence() (uint64, error) {
	f := takeFrame()
	defer f.put()
	var sequence C.uint64_t
	if C.milepost_snapshot_sequence(s.handle, &sequence, &f.c.err) != 0 {
		return 0, f.err()
	}
	return uint64(sequence), nil
}

func (s *Snapshot) source() source { return source{snapshot: s.handle} }

// Get is as Tracker.Get.
func (s *Snapshot) Get(runID UUID) (Run, error) { return s.source().get(runID, UUID{}) }

// GetIn is as Tracker.GetIn.
func (s *Snapshot) GetIn(organization, runID UUID) (Run, error) {
	return s.source().get(runID, organization)
}

// GetJSON is as Tracker.GetJSON.
func (s *Snapshot) GetJSON(runID UUID) ([]byte, error) {
	return s.source().appendJSON(nil, runID, UUID{})
}

// AppendJSON is as Tracker.AppendJSON.
func (s *Snapshot) AppendJSON(buffer []byte, organization, runID UUID) ([]byte, error) {
	return s.source().appendJSON(buffer, runID, organization)
}

// GetMany is as Tracker.GetMany.
func (s *Snapshot) GetMany(organization UUID, runIDs []UUID) ([]*Run, error) {
	return s.source().getMany(organization, runIDs)
}

// List is as Tracker.List; it never waits, and a freshness has no meaning.
func (s *Snapshot) List(filter Filter, page PageOptions) (Page, error) {
	return s.source().list(context.Background(), filter, page)
}

// ListJSON is as Tracker.ListJSON.
func (s *Snapshot) ListJSON(filter Filter, page PageOptions) (JSONPage, error) {
	return s.source().listJSON(context.Background(), filter, page)
}

// Counts is as Tracker.Counts.
func (s *Snapshot) Counts(options CountsOptions) (Counts, error) {
	return s.source().counts(context.Background(), options)
}

// Changes is as Tracker.Changes.
func (s *Snapshot) Changes(options ChangesOptions) (ChangePage, error) {
	return s.source().changes(context.Background(), options)
}
