// SPDX-License-Identifier: Apache-2.0

// The change feed: every change in the order of commits, without gaps.

package milepost

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"unsafe"
)

// Change is one change of the feed.
type Change struct {
	Kind     ChangeKind
	Sequence uint64
	Run      Run // The run as this change left it.
}

// ChangesOptions say which page of the feed.
type ChangesOptions struct {
	After     uint64 // Only changes behind this sequence; 0 begins with the store's first.
	Limit     int    // 1 to ChangesLimitMax; 0: 1000.
	StoreID   *UUID  // The store that After belongs to, if it is to be checked.
	Freshness Freshness
}

// ChangePage is a page of the feed, and where it stands.
type ChangePage struct {
	Changes []Change
	Next    uint64 // ChangesOptions.After of the next page.
	Newest  uint64 // The last sequence of the moment the page is of.
	StoreID UUID
}

const changesLimit = 1000

// Changes yields one page of the change feed.
func (t *Tracker) Changes(ctx context.Context, options ChangesOptions) (ChangePage, error) {
	return t.source().changes(ctx, options)
}

func (s source) changes(ctx context.Context, options ChangesOptions) (ChangePage, error) {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return ChangePage{}, err
	}
	limit := C.uint64_t(changesLimit)
	if options.Limit != 0 {
		limit = C.uint64_t(options.Limit)
	}
	f := takeFrame()
	defer f.put()
	var handle C.milepost_changes
	var status C.milepost_status
	if s.snapshot.value != 0 {
		status = C.milepost_snapshot_changes(s.snapshot, C.uint64_t(options.After), limit,
			optionalID(options.StoreID), &handle, &f.c.err)
	} else {
		status = C.milepost_tracker_changes(s.tracker, C.uint64_t(options.After), limit,
			optionalID(options.StoreID), C.int32_t(options.Freshness), ms, &handle, &f.c.err)
	}
	if status != 0 {
		return ChangePage{}, f.errIn(ctx)
	}
	return changesOf(handle, f)
}

func changesOf(handle C.milepost_changes, f *frame) (page ChangePage, err error) {
	defer C.milepost_changes_free(handle)
	var first *C.milepost_change
	var count, stride C.size_t
	if C.milepost_changes_view(handle, &first, &count, &stride, &f.c.err) != 0 {
		return page, f.err()
	}
	page.Changes = make([]Change, count)
	for i := range page.Changes {
		c := (*C.milepost_change)(at(unsafe.Pointer(first), C.size_t(i), stride))
		page.Changes[i] = Change{ChangeKind(c.kind), uint64(c.sequence), runOf(&c.run)}
	}
	position := C.milepost_feed_position{struct_size: C.sizeof_milepost_feed_position}
	if C.milepost_changes_position(handle, &position, &f.c.err) != 0 {
		return page, f.err()
	}
	page.Next, page.Newest = uint64(position.next), uint64(position.newest)
	page.StoreID = idOf(&position.store_id)
	return page, nil
}

// Subscription is a place in the change feed. Next is called by one goroutine at a time; Stop,
// Position and Close by any.
type Subscription struct{ handle C.milepost_subscription }

// FromNow subscribes to what is published from now on.
const FromNow uint64 = C.MILEPOST_FROM_NOW

// Subscribe follows the feed from behind a sequence; 0 begins with the store's first, [FromNow]
// with what is published from now on. storeID is nil, or the store that the sequence belongs to.
func (t *Tracker) Subscribe(after uint64, storeID *UUID) (*Subscription, error) {
	f := takeFrame()
	defer f.put()
	s := &Subscription{}
	if C.milepost_tracker_subscribe(t.handle, C.uint64_t(after), optionalID(storeID), &s.handle,
		&f.c.err) != 0 {
		return nil, f.err()
	}
	return s, nil
}

// Next waits for changes behind the last one delivered; at most limit of them, 0 is 1000. With a
// context that can end it waits until that does, else for Options.WaitMax.
func (s *Subscription) Next(ctx context.Context, limit int) (ChangePage, error) {
	if limit == 0 {
		limit = changesLimit
	}
	f := takeFrame()
	defer f.put()
	var handle C.milepost_changes
	err := f.waitIn(ctx, func(ms C.int64_t) C.milepost_status {
		return C.milepost_subscription_next(s.handle, C.uint64_t(limit), ms, &handle, &f.c.err)
	})
	if err != nil {
		return ChangePage{}, err
	}
	return changesOf(handle, f)
}

// Stop ends a wait under way and every later one, with ErrCancelled.
func (s *Subscription) Stop() error {
	f := takeFrame()
	defer f.put()
	if C.milepost_subscription_stop(s.handle, &f.c.err) != 0 {
		return f.err()
	}
	return nil
}

// Position is the sequence of the last change delivered: where a later subscription goes on.
func (s *Subscription) Position() (uint64, error) {
	f := takeFrame()
	defer f.put()
	var sequence C.uint64_t
	if C.milepost_subscription_position(s.handle, &sequence, &f.c.err) != 0 {
		return 0, f.err()
	}
	return uint64(sequence), nil
}

// Close stops and ends the subscription. It may be called again and never fails.
func (s *Subscription) Close() error {
	C.milepost_subscription_free(s.handle)
	return nil
}
