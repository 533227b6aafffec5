// SPDX-License-Identifier: Apache-2.0

// A small host: makes runs in one batch, asks the store what there is to do, and lets workers race
// for it. Run it again, also after kill -9, on the same directory: nothing is made or done twice.
package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"sync"

	"milepost"
)

var journey = milepost.MustParseUUID("3c90c3cc-0d44-4b50-8888-8dd25736052a")

// runID follows from the number of the trigger, so that a trigger makes one run however often.
func runID(number int) (id milepost.UUID) {
	id = milepost.MustParseUUID("00000000-0000-8000-8000-000000000000")
	binary.BigEndian.PutUint32(id[12:], uint32(number))
	return id
}

// execute is the make-believe journey: its end follows from the run's id.
func execute(ctx context.Context, tracker *milepost.Tracker, run milepost.Run, owner string) error {
	claim, options := tracker.Start, &milepost.StepOptions{Owner: owner}
	if run.Status == milepost.Running { // An orphan: its owner died.
		claim, options.FencingToken = tracker.Adopt, &run.FencingToken
	}
	mine, err := claim(ctx, run.RunID, options)
	if err != nil || !mine.Applied() { // Somebody else has it.
		return err
	}
	options.FencingToken = &mine.Run.FencingToken
	switch end := binary.BigEndian.Uint32(run.RunID[12:]) % 10; {
	case end < 7:
		_, err = tracker.Complete(ctx, run.RunID, options)
	case end < 9:
		_, err = tracker.Fail(ctx, run.RunID, "mailbox full", options)
	default:
		_, err = tracker.Exit(ctx, run.RunID, options)
	}
	return err
}

// lists hands out the orphans, then the queued runs, until there are none left.
func lists(ctx context.Context, tracker *milepost.Tracker, work chan<- milepost.Run) error {
	queued := milepost.Filter{Statuses: []milepost.Status{milepost.Queued}}
	list := func(o milepost.PageOptions) (milepost.Page, error) { return tracker.List(ctx, queued, o) }
	orphans := func(o milepost.PageOptions) (milepost.Page, error) { return tracker.Orphans(ctx, o) }
	for _, next := range []func(milepost.PageOptions) (milepost.Page, error){orphans, list} {
		options := milepost.PageOptions{Limit: 500, Order: milepost.OldestFirst}
		for more := true; more; more = options.Cursor != "" {
			page, err := next(options)
			if err != nil {
				return err
			}
			for _, run := range page.Runs {
				work <- run
			}
			options.Cursor = page.Next
		}
	}
	return nil
}

func run(ctx context.Context, directory string, runs, workers int) error {
	tracker, err := milepost.Open(milepost.DefaultOptions(directory))
	if err != nil {
		return err
	}
	defer tracker.Close()
	batch := make([]milepost.Command, runs)
	for i := range batch {
		id := runID(i)
		batch[i] = milepost.CreateCommand{RunID: &id, JourneyID: journey, ProfileID: id}
	}
	if _, err := tracker.Apply(ctx, batch); err != nil {
		return err
	}
	work := make(chan milepost.Run)
	var all sync.WaitGroup
	for i := 0; i < workers; i++ {
		all.Add(1)
		go func(owner string) {
			defer all.Done()
			for run := range work {
				if err := execute(ctx, tracker, run, owner); err != nil {
					log.Fatal(err)
				}
			}
		}(fmt.Sprintf("worker-%d", i))
	}
	err = lists(ctx, tracker, work)
	close(work)
	all.Wait()
	if err != nil {
		return err
	}
	counts, err := tracker.Counts(ctx, milepost.CountsOptions{})
	fmt.Printf("completed=%d failed=%d exited=%d\n", counts.Completed, counts.Failed, counts.Exited)
	if err != nil || counts.Failed == 0 {
		return err
	}
	body, err := tracker.GetJSON(runID(7))
	fmt.Printf("%s\n", body)
	return err
}

func main() {
	directory := flag.String("directory", "runs", "where the store is")
	runs := flag.Int("runs", 1000, "how many runs, at most 10,000")
	workers := flag.Int("workers", 8, "how many workers")
	flag.Parse()
	if err := run(context.Background(), *directory, *runs, *workers); err != nil {
		log.Fatal(err)
	}
}
