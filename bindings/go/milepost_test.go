// SPDX-License-Identifier: Apache-2.0

package milepost_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"milepost"
)

var (
	ctx     = context.Background()
	journey = milepost.MustParseUUID("3c90c3cc-0d44-4b50-8888-8dd25736052a")
	profile = milepost.MustParseUUID("5c90c3cc-0d44-4b50-8888-8dd25736052a")
	begin   = time.Date(2023, 11, 7, 5, 31, 56, 0, time.UTC)
)

func open(t testing.TB, change ...func(*milepost.Options)) *milepost.Tracker {
	t.Helper()
	options := milepost.DefaultOptions(t.TempDir())
	options.Durability = milepost.Relaxed
	for _, c := range change {
		c(&options)
	}
	tracker, err := milepost.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tracker.Close(); err != nil && !errors.Is(err, milepost.ErrClosed) {
			t.Error(err)
		}
	})
	return tracker
}

func manual(o *milepost.Options) { o.Clock = begin }

func create(t testing.TB, tracker *milepost.Tracker) milepost.Run {
	t.Helper()
	out, err := tracker.Create(ctx, milepost.CreateCommand{JourneyID: journey, ProfileID: profile})
	if err != nil || out.Kind != milepost.OutcomeCreated {
		t.Fatal(out, err)
	}
	return out.Run
}

// must takes a call's result where an error ends the test.
func must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func wantCode(t testing.TB, err error, code milepost.Code) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Fatalf("%v, want %v", err, code)
	}
	var e *milepost.Error
	if !errors.As(err, &e) || e.Message == "" {
		t.Fatalf("%#v is no Error with a message", err)
	}
}

func TestARunGoesFromQueuedToFailed(t *testing.T) {
	tracker := open(t, manual)
	run := create(t, tracker)
	if run.Status != milepost.Queued || !run.TriggeredAt.Equal(begin) || !run.StartedAt.IsZero() {
		t.Fatal(run)
	}
	options := &milepost.StepOptions{Owner: "worker-7"}
	if out, err := tracker.Start(ctx, run.RunID, options); err != nil || !out.Applied() {
		t.Fatal(out, err)
	}
	if err := tracker.SetClock(begin.Add(1500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	out := must[milepost.Outcome](t)(tracker.Fail(ctx, run.RunID, "mailbox <full>", nil))
	if !out.Applied() || out.Run.Error != "mailbox <full>" || out.Run.Owner != "worker-7" {
		t.Fatal(out)
	}
	want := `{"runId":"` + run.RunID.String() + `","journeyId":"` + journey.String() +
		`","profileId":"` + profile.String() + `","status":"failed",` +
		`"triggeredAt":"2023-11-07T05:31:56Z","completedAt":"2023-11-07T05:31:57.500Z",` +
		`"error":"mailbox <full>"}`
	if got := must[[]byte](t)(tracker.GetJSON(run.RunID)); string(got) != want {
		t.Fatalf("%s, want %s", got, want)
	}
	got := must[milepost.Run](t)(tracker.Get(run.RunID))
	if value := must[[]byte](t)(got.MarshalJSON()); string(value) != want {
		t.Fatalf("%s, want %s", value, want)
	}
	if _, err := json.Marshal(got); err != nil {
		t.Fatal(err)
	}
	again := must[milepost.Outcome](t)(tracker.Complete(ctx, run.RunID, nil))
	if again.Kind != milepost.OutcomeIllegal || again.Holds() || again.Run.Status != milepost.Failed {
		t.Fatal(again)
	}
}

func TestABatchAnswersEachCommand(t *testing.T) {
	tracker := open(t)
	id := milepost.MustParseUUID("018bcfe5-687b-7fff-8000-00000000002a")
	created := milepost.CreateCommand{JourneyID: journey, ProfileID: profile, RunID: &id,
		IdempotencyKey: "order-4711"}
	owner := milepost.StepOptions{Owner: "w", Lease: time.Minute}
	other := milepost.MustParseUUID("018bcfe5-687b-7fff-8000-00000000002b")
	outcomes, err := tracker.Apply(ctx, []milepost.Command{
		created, milepost.StartCommand{RunID: id, Options: owner}, created,
		milepost.HeartbeatCommand{RunID: id, Options: owner},
		milepost.AdoptCommand{RunID: id, Options: milepost.StepOptions{Owner: "x"}},
		milepost.FailCommand{RunID: id, Error: "no", Options: milepost.StepOptions{Owner: "w"}},
		milepost.ExitCommand{RunID: journey}, milepost.CompleteCommand{RunID: id},
		milepost.ImportCommand{RunID: other, JourneyID: journey, ProfileID: profile,
			Status: milepost.Failed, TriggeredAt: begin, CompletedAt: begin, Error: "old"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []milepost.OutcomeKind{milepost.OutcomeCreated, milepost.OutcomeApplied,
		milepost.OutcomeUnchanged, milepost.OutcomeApplied, milepost.OutcomeApplied,
		milepost.OutcomeConflict, milepost.OutcomeNotFound, milepost.OutcomeApplied,
		milepost.OutcomeCreated}
	for i, out := range outcomes {
		if out.Kind != want[i] {
			t.Errorf("command %d: %v, want %v", i, out.Kind, want[i])
		}
	}
	if len(outcomes) != len(want) || outcomes[8].Run.Error != "old" || outcomes[6].HasRun {
		t.Fatal(outcomes)
	}
}

func TestListsCountsAndSnapshotsAgree(t *testing.T) {
	tracker := open(t)
	var ids []milepost.UUID
	for i := 0; i < 5; i++ {
		ids = append(ids, create(t, tracker).RunID)
	}
	must[milepost.Outcome](t)(tracker.Start(ctx, ids[0], nil))
	snapshot := must[*milepost.Snapshot](t)(tracker.Snapshot(ctx, milepost.Latest))
	defer snapshot.Close()
	must[milepost.Outcome](t)(tracker.Start(ctx, ids[1], nil))

	filter := milepost.Filter{JourneyID: &journey, Statuses: []milepost.Status{milepost.Queued}}
	var seen int
	options := milepost.PageOptions{Limit: 2, Order: milepost.OldestFirst}
	for {
		page := must[milepost.Page](t)(snapshot.List(filter, options))
		seen += len(page.Runs)
		if options.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	counts := must[milepost.Counts](t)(snapshot.Counts(milepost.CountsOptions{JourneyID: &journey}))
	if seen != 4 || counts.Queued != 4 || counts.Running != 1 {
		t.Fatal(seen, counts)
	}
	now := must[milepost.Counts](t)(tracker.Counts(ctx, milepost.CountsOptions{}))
	if now.Queued != 3 || now.Total() != 5 {
		t.Fatal(now)
	}
	page := must[milepost.JSONPage](t)(tracker.ListJSON(ctx, filter, milepost.PageOptions{}))
	var decoded []map[string]any
	if err := json.Unmarshal(page.JSON, &decoded); err != nil || len(decoded) != page.Count ||
		page.Count != 3 {
		t.Fatal(page, err)
	}
	unknown := milepost.MustParseUUID("00000000-0000-7000-8000-000000000000")
	many := must[[]*milepost.Run](t)(tracker.GetMany(milepost.UUID{},
		[]milepost.UUID{ids[4], unknown, ids[0]}))
	if len(many) != 3 || many[0].RunID != ids[4] || many[1] != nil ||
		many[2].Status != milepost.Running {
		t.Fatal(many)
	}
}

func TestTheFeedTellsEveryChange(t *testing.T) {
	tracker := open(t)
	sub := must[*milepost.Subscription](t)(tracker.Subscribe(0, nil))
	defer sub.Close()
	run := create(t, tracker)
	must[milepost.Outcome](t)(tracker.Exit(ctx, run.RunID, nil))
	var kinds []string
	for len(kinds) < 2 {
		page := must[milepost.ChangePage](t)(sub.Next(ctx, 0))
		for _, change := range page.Changes {
			kinds = append(kinds, change.Kind.String())
		}
	}
	if fmt.Sprint(kinds) != "[created exited]" {
		t.Fatal(kinds)
	}
	page := must[milepost.ChangePage](t)(tracker.Changes(ctx, milepost.ChangesOptions{Limit: 1}))
	position := must[uint64](t)(sub.Position())
	id := must[milepost.UUID](t)(tracker.StoreID())
	if len(page.Changes) != 1 || page.Next != 1 || page.Newest != position || page.StoreID != id {
		t.Fatal(page, position)
	}
	if err := sub.Stop(); err != nil {
		t.Fatal(err)
	}
	_, err := sub.Next(ctx, 1)
	wantCode(t, err, milepost.ErrCancelled)
}

func TestUpkeep(t *testing.T) {
	tracker := open(t, manual)
	first, second, third := create(t, tracker), create(t, tracker), create(t, tracker)
	lease := &milepost.StepOptions{Owner: "w", Lease: time.Second}
	must[milepost.Outcome](t)(tracker.Start(ctx, first.RunID, lease))
	must[milepost.Outcome](t)(tracker.Exit(ctx, second.RunID, nil))
	if err := tracker.SetClock(begin.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	expired := must[[]milepost.Run](t)(tracker.Expired(10))
	if len(expired) != 1 || expired[0].RunID != first.RunID {
		t.Fatal(expired)
	}
	overdue := &milepost.StepOptions{OnlyIfExpired: true, FencingToken: &expired[0].FencingToken}
	failed := must[milepost.Outcome](t)(tracker.Fail(ctx, first.RunID, "silent", overdue))
	if !failed.Applied() {
		t.Fatal(failed)
	}
	bulk := milepost.BulkOptions{Action: milepost.BulkFail, Error: "ended", DryRun: true}
	dry := must[milepost.BulkReport](t)(tracker.Bulk(ctx, milepost.Filter{}, bulk))
	if dry.Matched != 1 || len(dry.Sample) != 1 || dry.Sample[0].RunID != third.RunID {
		t.Fatal(dry)
	}
	bulk.DryRun = false
	done := must[milepost.BulkReport](t)(tracker.Bulk(ctx, milepost.Filter{}, bulk))
	if done.Applied != 1 || done.Next != "" {
		t.Fatal(done)
	}
	purge := milepost.PurgeOptions{CompletedBefore: begin.Add(time.Minute)}
	if got := must[milepost.PurgeReport](t)(tracker.Purge(ctx, purge)); got.Removed != 1 {
		t.Fatal(got)
	}
	erased := must[milepost.Erasure](t)(tracker.EraseProfile(ctx, milepost.UUID{}, profile))
	if erased.Runs != 2 || erased.ChangesBlanked == 0 {
		t.Fatal(erased)
	}
	orphans := must[milepost.Page](t)(tracker.Orphans(ctx, milepost.PageOptions{}))
	if len(orphans.Runs) != 0 {
		t.Fatal(orphans)
	}
	stats := must[milepost.Stats](t)(tracker.Stats())
	if stats.Runs.Total() != 0 || len(stats.Trees) == 0 ||
		!strings.Contains(stats.Prometheus, "# TYPE") {
		t.Fatal(stats)
	}
	if err := tracker.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if n := must[uint64](t)(tracker.Unpublished()); n != 0 {
		t.Fatal(n)
	}
}

func TestWhatIsExportedCanBeImported(t *testing.T) {
	from, to := open(t), open(t)
	for i := 0; i < 3; i++ {
		create(t, from)
	}
	var out bytes.Buffer
	if lines := must[uint64](t)(from.ExportRuns(ctx, &out, nil, milepost.Latest)); lines != 3 {
		t.Fatal(lines)
	}
	copied := out.String()
	out.WriteString("{no json}\n")
	var problems []milepost.ImportProblem
	report := must[milepost.ImportReport](t)(to.ImportRuns(ctx, &out,
		func(p milepost.ImportProblem) { problems = append(problems, p) }))
	if report != (milepost.ImportReport{Lines: 4, Created: 3, Refused: 1}) ||
		len(problems) != 1 || problems[0].Line != 4 || problems[0].Reason == "" {
		t.Fatal(report, problems)
	}
	var again bytes.Buffer
	must[uint64](t)(to.ExportRuns(ctx, &again, nil, milepost.Latest))
	if again.String() != copied {
		t.Fatalf("%s, want %s", again.String(), copied)
	}
}

func TestTextsOfIdsInstantsAndStatuses(t *testing.T) {
	text := "2023-11-07T05:31:56.250Z"
	at := must[time.Time](t)(milepost.ParseInstant("2023-11-07T05:31:56.2500009Z"))
	if got := must[string](t)(milepost.FormatInstant(at)); got != text {
		t.Fatal(got)
	}
	for _, bad := range []string{"", "2023-02-30T00:00Z", "2023-11-07T05:31:56+01:00"} {
		_, err := milepost.ParseInstant(bad)
		wantCode(t, err, milepost.ErrInvalidArgument)
	}
	var id milepost.UUID
	err := id.UnmarshalText([]byte("3C90C3CC-0D44-4B50-8888-8DD25736052A"))
	if err != nil || id != journey {
		t.Fatal(id, err)
	}
	braced := "{3c90c3cc-0d44-4b50-8888-8dd25736052a}"
	for _, bad := range []string{"", braced, strings.Repeat("x", 36)} {
		_, err := milepost.ParseUUID(bad)
		wantCode(t, err, milepost.ErrInvalidArgument)
	}
	for status := milepost.Queued; status <= milepost.Exited; status++ {
		if got := must[milepost.Status](t)(milepost.ParseStatus(status.String())); got != status {
			t.Fatal(got)
		}
	}
	if milepost.Status(77).String() != "unknown" || milepost.ErrDiskFull.Name() != "disk_full" {
		t.Fatal("names")
	}
}
