// SPDX-License-Identifier: Apache-2.0

// Opening and closing a store.

package milepost

/*
#include "shim.h"

// In log_hook.c, which calls milepostGoLog.
void mp_log_hook(void* user, int32_t level, const char* text, size_t size);

static milepost_status mp_open(milepost_open_options options, const char* directory, size_t size,
                               uintptr_t log, milepost_tracker* tracker, milepost_error* err) {
  options.directory = mp_text(directory, size);
  if (log != 0) {
    options.log = mp_log_hook;
    options.log_user = (void*)log;
  }
  return milepost_tracker_open(&options, tracker, err);
}
*/
import "C"

import (
	"context"
	"fmt"
	"time"
	"unsafe"
)

// Options say how to open a store. Begin with [DefaultOptions].
type Options struct {
	Directory                  string // The store's folder, made with mode 0700 when absent.
	Create                     bool   // Make the store when the directory holds none.
	ReadOnly                   bool   // Read what another process publishes.
	Durability                 Durability
	AllowUnsupportedFilesystem bool // Network and user-space file systems, at your own risk.
	ReadersMax                 uint32
	WaitMax                    time.Duration // How long a call waits that names no deadline.
	MapSizeStart               uint64
	MapSizeMax                 uint64
	RecentBytesMax             uint64
	PublishInterval            time.Duration
	JournalSegmentBytes        uint64
	JournalBytesMax            uint64
	RelaxedDelayMax            time.Duration
	RelaxedBytesMax            uint64
	FeedRetention              uint64
	IdempotencyKeyLifetime     time.Duration // In whole seconds; 0: as long as its run is kept.
	SnapshotAgeMax             time.Duration

	// Clock, if it is not zero, is what the tracker's clock shows at first. It stands still until
	// Tracker.SetClock. For tests.
	Clock time.Time

	// Log receives what an operator should know, from any thread, while the tracker is open. It
	// must not call back into the package.
	Log func(level LogLevel, text string)
}

// DefaultOptions are the library's defaults for a store in that directory.
func DefaultOptions(directory string) Options {
	var c C.milepost_open_options
	C.milepost_open_options_init(&c, C.sizeof_milepost_open_options)
	ms := func(n C.int64_t) time.Duration { return time.Duration(n) * time.Millisecond }
	return Options{
		Directory:              directory,
		Create:                 c.create != 0,
		Durability:             Durability(c.durability),
		ReadersMax:             uint32(c.readers_max),
		WaitMax:                ms(c.wait_max_ms),
		MapSizeStart:           uint64(c.map_size_start),
		MapSizeMax:             uint64(c.map_size_max),
		RecentBytesMax:         uint64(c.recent_bytes_max),
		PublishInterval:        ms(c.publish_interval_ms),
		JournalSegmentBytes:    uint64(c.journal_segment_bytes),
		JournalBytesMax:        uint64(c.journal_bytes_max),
		RelaxedDelayMax:        ms(c.relaxed_delay_max_ms),
		RelaxedBytesMax:        uint64(c.relaxed_bytes_max),
		FeedRetention:          uint64(c.feed_retention),
		IdempotencyKeyLifetime: time.Duration(c.idempotency_key_lifetime_s) * time.Second,
		SnapshotAgeMax:         ms(c.snapshot_age_max_ms),
	}
}

func (o *Options) c() C.milepost_open_options {
	var c C.milepost_open_options
	C.milepost_open_options_init(&c, C.sizeof_milepost_open_options)
	ms := func(d time.Duration) C.int64_t { return C.int64_t(d.Milliseconds()) }
	c.create, c.read_only = flag(o.Create), flag(o.ReadOnly)
	c.durability = C.int32_t(o.Durability)
	c.allow_unsupported_filesystem = flag(o.AllowUnsupportedFilesystem)
	c.readers_max = C.uint32_t(o.ReadersMax)
	c.wait_max_ms = ms(o.WaitMax)
	c.map_size_start = C.uint64_t(o.MapSizeStart)
	c.map_size_max = C.uint64_t(o.MapSizeMax)
	c.recent_bytes_max = C.uint64_t(o.RecentBytesMax)
	c.publish_interval_ms = ms(o.PublishInterval)
	c.journal_segment_bytes = C.uint64_t(o.JournalSegmentBytes)
	c.journal_bytes_max = C.uint64_t(o.JournalBytesMax)
	c.relaxed_delay_max_ms = ms(o.RelaxedDelayMax)
	c.relaxed_bytes_max = C.uint64_t(o.RelaxedBytesMax)
	c.feed_retention = C.uint64_t(o.FeedRetention)
	c.idempotency_key_lifetime_s = C.int64_t(o.IdempotencyKeyLifetime / time.Second)
	c.snapshot_age_max_ms = ms(o.SnapshotAgeMax)
	if !o.Clock.IsZero() {
		c.manual_clock, c.clock = 1, micros(o.Clock)
	}
	return c
}

// Tracker is a store, opened. All of its methods may be called by any number of goroutines at the
// same time, Close among them. One process writes to a store, and opens it once.
type Tracker struct {
	handle C.milepost_tracker
	log    uintptr
}

// Open opens a store, making it if need be, and recovers what a crash left behind.
func Open(options Options) (*Tracker, error) {
	if loaded := C.milepost_abi_version(); loaded != abiVersion {
		return nil, &Error{Code: ErrVersion, Message: fmt.Sprintf(
			"libmilepost-c has ABI %d, this package was built for %d. Install matching versions.",
			loaded, abiVersion)}
	}
	f := takeFrame()
	defer f.put()
	t := &Tracker{log: hooks.add(options.Log)}
	directory := []byte(options.Directory)
	var bytes *C.char
	if len(directory) > 0 {
		bytes = (*C.char)(unsafe.Pointer(&directory[0]))
	}
	if C.mp_open(options.c(), bytes, C.size_t(len(directory)), C.uintptr_t(t.log), &t.handle,
		&f.c.err) != 0 {
		hooks.remove(t.log)
		return nil, f.err()
	}
	return t, nil
}

// Close publishes, and releases every resource and the writer's lock. Calls that run are woken and
// end; later ones fail with [ErrClosed], a second Close among them.
func (t *Tracker) Close() error {
	f := takeFrame()
	defer f.put()
	status := C.milepost_tracker_close(t.handle, &f.c.err)
	if Code(status) != ErrClosed {
		hooks.remove(t.log)
	}
	if status != 0 {
		return f.err()
	}
	return nil
}

// Flush makes everything acknowledged so far visible to other processes.
func (t *Tracker) Flush(ctx context.Context) error {
	ms, err := timeoutOf(ctx)
	if err != nil {
		return err
	}
	f := takeFrame()
	defer f.put()
	if C.milepost_tracker_flush(t.handle, ms, &f.c.err) != 0 {
		return f.errIn(ctx)
	}
	return nil
}

// StoreID is the id of the store; a restored backup has another.
func (t *Tracker) StoreID() (UUID, error) {
	f := takeFrame()
	defer f.put()
	if C.milepost_tracker_store_id(t.handle, &f.c.id, &f.c.err) != 0 {
		return UUID{}, f.err()
	}
	return idOf(&f.c.id), nil
}

// Unpublished counts the effects that other processes cannot see yet. Read-only: how far what it
// sees is behind the writer.
func (t *Tracker) Unpublished() (uint64, error) {
	f := takeFrame()
	defer f.put()
	var effects C.uint64_t
	if C.milepost_tracker_unpublished(t.handle, &effects, &f.c.err) != 0 {
		return 0, f.err()
	}
	return uint64(effects), nil
}

// SetClock sets the clock of a tracker that was opened with Options.Clock. For tests.
func (t *Tracker) SetClock(now time.Time) error {
	f := takeFrame()
	defer f.put()
	if C.milepost_tracker_set_clock(t.handle, micros(now), &f.c.err) != 0 {
		return f.err()
	}
	return nil
}
