// SPDX-License-Identifier: Apache-2.0

package milepost_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"milepost"
)

func TestEveryCallAfterCloseIsAnError(t *testing.T) {
	tracker := open(t)
	id := create(t, tracker).RunID
	snapshot := must[*milepost.Snapshot](t)(tracker.Snapshot(ctx, milepost.Latest))
	sub := must[*milepost.Subscription](t)(tracker.Subscribe(0, nil))
	if err := tracker.Close(); err != nil {
		t.Fatal(err)
	}
	nil1 := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"close":     tracker.Close(),
		"create":    nil1(tracker.Create(ctx, milepost.CreateCommand{})),
		"start":     nil1(tracker.Start(ctx, id, nil)),
		"heartbeat": nil1(tracker.Heartbeat(ctx, id, time.Second, nil)),
		"apply":     nil1(tracker.Apply(ctx, nil)),
		"get":       nil1(tracker.Get(id)),
		"json":      nil1(tracker.GetJSON(id)),
		"many":      nil1(tracker.GetMany(milepost.UUID{}, nil)),
		"wait":      nil1(tracker.Wait(ctx, id)),
		"list":      nil1(tracker.List(ctx, milepost.Filter{}, milepost.PageOptions{})),
		"counts":    nil1(tracker.Counts(ctx, milepost.CountsOptions{})),
		"changes":   nil1(tracker.Changes(ctx, milepost.ChangesOptions{})),
		"stats":     nil1(tracker.Stats()),
		"expired":   nil1(tracker.Expired(1)),
		"export":    nil1(tracker.ExportRuns(ctx, &bytes.Buffer{}, nil, milepost.Latest)),
		"snapshot":  nil1(snapshot.Get(id)),
		"next":      nil1(sub.Next(ctx, 1)),
	} {
		if !errors.Is(err, milepost.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := 0; i < 2; i++ {
		if snapshot.Close() != nil || sub.Close() != nil {
			t.Fatal("a second close fails")
		}
	}
}

func TestAZeroTrackerIsRefused(t *testing.T) {
	var zero milepost.Tracker
	_, err := zero.Get(journey)
	wantCode(t, err, milepost.ErrInvalidArgument)
	var snapshot milepost.Snapshot
	_, err = snapshot.Get(journey)
	wantCode(t, err, milepost.ErrInvalidArgument)
}

func TestHostileTexts(t *testing.T) {
	tracker := open(t)
	run := create(t, tracker)
	_, err := tracker.Start(ctx, run.RunID, &milepost.StepOptions{Owner: "\xff\xfe"})
	wantCode(t, err, milepost.ErrInvalidArgument)
	_, err = tracker.Start(ctx, run.RunID, &milepost.StepOptions{Owner: strings.Repeat("o", 256)})
	wantCode(t, err, milepost.ErrInvalidArgument)
	huge := strings.Repeat("\xf0\x9f\x98\x80", 1<<20)
	_, err = tracker.Start(ctx, run.RunID, &milepost.StepOptions{Owner: huge})
	wantCode(t, err, milepost.ErrInvalidArgument)

	out := must[milepost.Outcome](t)(tracker.Fail(ctx, run.RunID, "a\xffb\x00c", nil))
	if out.Run.Error != "a\ufffdb\x00c" {
		t.Fatalf("%q", out.Run.Error)
	}
	cut := must[milepost.Outcome](t)(tracker.Fail(ctx, create(t, tracker).RunID, huge, nil))
	if text := cut.Run.Error; len(text) > milepost.ErrorTextSizeMax ||
		!strings.HasSuffix(text, "\u2026") {
		t.Fatal(len(text))
	}
	_, err = tracker.Apply(ctx, []milepost.Command{nil})
	wantCode(t, err, milepost.ErrInvalidArgument)
	_, err = tracker.Apply(ctx, make([]milepost.Command, milepost.BatchCommandsMax+1))
	wantCode(t, err, milepost.ErrInvalidArgument)
	_, err = tracker.List(ctx, milepost.Filter{}, milepost.PageOptions{Cursor: huge})
	wantCode(t, err, milepost.ErrInvalidArgument)
	_, err = tracker.List(ctx, milepost.Filter{}, milepost.PageOptions{Limit: -1})
	wantCode(t, err, milepost.ErrInvalidArgument)
	_, err = tracker.Start(ctx, run.RunID, &milepost.StepOptions{Lease: -1})
	wantCode(t, err, milepost.ErrInvalidArgument)
	far := time.Date(250_000_000, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err = tracker.Create(ctx, milepost.CreateCommand{TriggeredAt: far})
	wantCode(t, err, milepost.ErrInvalidArgument)
	_, err = tracker.GetMany(milepost.UUID{}, make([]milepost.UUID, milepost.GetManyMax+1))
	wantCode(t, err, milepost.ErrInvalidArgument)
}

func TestErrorsCanBeMatched(t *testing.T) {
	tracker := open(t)
	_, err := tracker.Get(journey)
	wantCode(t, err, milepost.ErrNotFound)
	if errors.Is(err, milepost.ErrBusy) {
		t.Fatal(err)
	}
	_, err = milepost.Open(milepost.Options{})
	wantCode(t, err, milepost.ErrInvalidArgument)
	absent := milepost.DefaultOptions(t.TempDir() + "/none")
	absent.Create = false
	_, err = milepost.Open(absent)
	wantCode(t, err, milepost.ErrNotFound)
	if os.Geteuid() != 0 {
		folder := t.TempDir() + "/closed"
		if err := os.Mkdir(folder, 0); err != nil {
			t.Fatal(err)
		}
		_, err = milepost.Open(milepost.DefaultOptions(folder))
		wantCode(t, err, milepost.ErrPermission)
		if !errors.Is(err, fs.ErrPermission) {
			t.Fatal(err)
		}
	} else {
		t.Log("not run: root may open everything")
	}
}

func TestContextsEndCalls(t *testing.T) {
	tracker := open(t)
	run := create(t, tracker)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err := tracker.Start(ended, run.RunID, nil)
	wantCode(t, err, milepost.ErrCancelled)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := must[milepost.Run](t)(tracker.Get(run.RunID)); got.Status != milepost.Queued {
		t.Fatal(got)
	}
	short, stop := context.WithTimeout(ctx, 5*time.Millisecond)
	defer stop()
	_, err = tracker.Wait(short, run.RunID)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, milepost.ErrBusy) {
		t.Fatal(err)
	}
	// A wait without a deadline that somebody gives up.
	waiting, giveUp := context.WithCancel(ctx)
	result := make(chan error)
	go func() {
		_, err := tracker.Wait(waiting, run.RunID)
		result <- err
	}()
	giveUp()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// One that a commit ends.
	patient, done := context.WithTimeout(ctx, time.Minute)
	defer done()
	go func() {
		_, err := tracker.Wait(patient, run.RunID)
		result <- err
	}()
	must[milepost.Outcome](t)(tracker.Exit(ctx, run.RunID, nil))
	if err := <-result; err != nil {
		t.Fatal(err)
	}
}

func TestOneOfManyRacersWins(t *testing.T) {
	tracker := open(t, func(o *milepost.Options) { o.Durability = milepost.Durable })
	for round := 0; round < 20; round++ {
		id := create(t, tracker).RunID
		var wins atomic.Int64
		var all sync.WaitGroup
		for i := 0; i < 16; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				out, err := tracker.Start(ctx, id, nil)
				if err != nil || !out.Applied() && out.Kind != milepost.OutcomeConflict {
					t.Error(out, err)
				}
				if out.Applied() {
					wins.Add(1)
				}
				if _, err := tracker.GetJSON(id); err != nil {
					t.Error(err)
				}
			}()
		}
		all.Wait()
		if wins.Load() != 1 {
			t.Fatal(wins.Load())
		}
	}
}

// One processor, many waiting: if a waiting call held it, the last goroutine would never run.
func TestWaitingHoldsNoProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	tracker := open(t)
	id := create(t, tracker).RunID
	errs := make(chan error)
	for i := 0; i < 8; i++ {
		go func() {
			_, err := tracker.Wait(ctx, id)
			errs <- err
		}()
	}
	runtime.Gosched()
	must[milepost.Outcome](t)(tracker.Exit(ctx, id, nil))
	for i := 0; i < 8; i++ {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheLogHookIsCalledAndMayPanic(t *testing.T) {
	folder := t.TempDir()
	var lines atomic.Int64
	var inside error
	var tracker *milepost.Tracker
	options := milepost.DefaultOptions(folder)
	options.Log = func(level milepost.LogLevel, text string) {
		lines.Add(1)
		if text == "" || level > milepost.LogError {
			t.Error(level, text)
		}
		if _, err := milepost.Open(milepost.DefaultOptions(folder)); inside == nil {
			inside = err
		}
		panic("a hook's own fault")
	}
	tracker = must[*milepost.Tracker](t)(milepost.Open(options))
	if err := tracker.Close(); err != nil {
		t.Fatal(err)
	}
	if lines.Load() == 0 {
		t.Skip("not run: this store had nothing to say")
	}
	wantCode(t, inside, milepost.ErrInvalidArgument)
}

func TestClosingUnderCalls(t *testing.T) {
	tracker := open(t)
	id := create(t, tracker).RunID
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				if _, err := tracker.GetJSON(id); err != nil {
					if !errors.Is(err, milepost.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		}()
	}
	runtime.Gosched()
	if err := tracker.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
}
