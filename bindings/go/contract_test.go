// SPDX-License-Identifier: Apache-2.0

// Replays the contract's cases (bindings/contract/README.md) through this package.

package milepost_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"milepost"
)

type object = map[string]any

// textIn reads a TEXT: a string, {"hex"}, {"repeat", "times"}, or an array of texts.
func textIn(from any) string {
	switch from := from.(type) {
	case nil:
		return ""
	case string:
		return from
	case []any:
		var made strings.Builder
		for _, part := range from {
			made.WriteString(textIn(part))
		}
		return made.String()
	case object:
		if digits, ok := from["hex"]; ok {
			bytes, err := hex.DecodeString(digits.(string))
			check(err)
			return string(bytes)
		}
		return strings.Repeat(textIn(from["repeat"]), int(from["times"].(float64)))
	}
	panic(from)
}

// listIn reads a LIST: an array, or {"list_of", "times"}.
func listIn(from any) []any {
	if made, ok := from.([]any); ok {
		return made
	}
	short := from.(object)
	made := make([]any, int(short["times"].(float64)))
	for i := range made {
		made[i] = short["list_of"]
	}
	return made
}

// check panics with an error, which play catches: each step is one line of calls.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func value[T any](value T, err error) T {
	check(err)
	return value
}

type replay struct {
	file    object
	folder  string
	clock   time.Time
	tracker *milepost.Tracker
	mutex   sync.Mutex
	names   map[string]string
}

func (r *replay) options() milepost.Options {
	options := milepost.DefaultOptions(r.folder)
	options.Clock = r.clock
	return options
}

// play does a step and yields what was seen.
func (r *replay) play(step object) (seen object) {
	defer func() {
		if caught := recover(); caught != nil {
			var failed *milepost.Error
			if err, ok := caught.(error); !ok || !errors.As(err, &failed) {
				panic(caught)
			}
			seen = object{"error": failed.Code.Name()}
		}
	}()
	switch what := step["do"]; what {
	case "clock":
		r.clock = value(milepost.ParseInstant(textIn(step["at"])))
		check(r.tracker.SetClock(r.clock))
	case "id":
		return object{"text": value(milepost.ParseUUID(textIn(step["text"]))).String()}
	case "instant":
		at := value(milepost.ParseInstant(textIn(step["text"])))
		return object{"text": value(milepost.FormatInstant(at))}
	case "reopen":
		if err := r.tracker.Close(); !errors.Is(err, milepost.ErrClosed) {
			check(err)
		}
		options := r.options()
		options.ReadOnly = step["read_only"] == true
		r.tracker = value(milepost.Open(options))
	case "open_again":
		value(milepost.Open(r.options()))
	case "close":
		check(r.tracker.Close())
	case "apply":
		var commands []milepost.Command
		for _, one := range listIn(step["commands"]) {
			commands = append(commands, r.command(one.(object)))
		}
		kinds := []any{}
		for _, outcome := range value(r.tracker.Apply(ctx, commands)) {
			kinds = append(kinds, outcome.Kind.String())
		}
		return object{"outcomes": kinds}
	case "race":
		return r.race(step)
	case "list", "list_json":
		return r.list(step, what == "list_json")
	case "expired", "orphans", "purge":
		return r.upkeep(step)
	case "get", "get_json", "get_many", "wait", "counts", "changes":
		return r.read(step)
	default:
		return r.single(step)
	}
	return object{}
}

func (r *replay) idText(from any) string {
	text := textIn(from)
	if strings.HasPrefix(text, "$") {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		return r.names[text[1:]]
	}
	return text
}

func (r *replay) save(step object, text string) {
	if name, ok := step["as"]; ok {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.names[name.(string)] = text
	}
}

func (r *replay) id(step object, name string) *milepost.UUID {
	given, ok := step[name]
	if !ok {
		return nil
	}
	id := value(milepost.ParseUUID(r.idText(given)))
	return &id
}

func (r *replay) idOr(step object, name string, other object) milepost.UUID {
	if id := r.id(step, name); id != nil {
		return *id
	}
	if id := r.id(other, name); id != nil {
		return *id
	}
	return milepost.UUID{}
}

func at(step object, name string) time.Time {
	if given, ok := step[name]; ok {
		return value(milepost.ParseInstant(textIn(given)))
	}
	return time.Time{}
}

func ms(step object, name string) time.Duration {
	given, _ := step[name].(float64)
	return time.Duration(given) * time.Millisecond
}

// limit is what a step gives, or that many. Zero means "not given" in this package's structs, so
// where a case gives it on purpose another number that is no limit stands for it.
func limit(step object, otherwise int) int {
	given, ok := step["limit"].(float64)
	switch {
	case !ok:
		return otherwise
	case given == 0:
		return -1
	}
	return int(given)
}

func (r *replay) stepOptions(step object) milepost.StepOptions {
	options := milepost.StepOptions{
		OrganizationID: r.idOr(step, "organization", nil),
		Owner:          textIn(step["owner"]),
		Lease:          ms(step, "lease_ms"),
		OnlyIfExpired:  step["only_if_expired"] == true,
	}
	if token, ok := step["token"].(float64); ok {
		options.FencingToken = milepost.Token(uint64(token))
	}
	return options
}

func (r *replay) command(step object) milepost.Command {
	if step["do"] == "create" {
		return milepost.CreateCommand{
			RunID:          r.id(step, "run"),
			JourneyID:      r.idOr(step, "journey", r.file),
			ProfileID:      r.idOr(step, "profile", r.file),
			OrganizationID: r.idOr(step, "organization", nil),
			TriggeredAt:    at(step, "triggered_at"),
			IdempotencyKey: textIn(step["key"]),
		}
	}
	id, options := r.idOr(step, "run", nil), r.stepOptions(step)
	switch step["do"] {
	case "start":
		return milepost.StartCommand{RunID: id, Options: options}
	case "complete":
		return milepost.CompleteCommand{RunID: id, Options: options}
	case "fail":
		return milepost.FailCommand{RunID: id, Error: textIn(step["error"]), Options: options}
	case "exit":
		return milepost.ExitCommand{RunID: id, Options: options}
	case "adopt":
		return milepost.AdoptCommand{RunID: id, Options: options}
	case "heartbeat":
		return milepost.HeartbeatCommand{RunID: id, Options: options}
	case "import":
		return milepost.ImportCommand{
			RunID:          id,
			JourneyID:      r.idOr(step, "journey", r.file),
			ProfileID:      r.idOr(step, "profile", r.file),
			OrganizationID: options.OrganizationID,
			Status:         value(milepost.ParseStatus(textIn(step["status"]))),
			TriggeredAt:    at(step, "triggered_at"),
			StartedAt:      at(step, "started_at"),
			CompletedAt:    at(step, "completed_at"),
			Error:          textIn(step["error"]),
		}
	}
	panic(step["do"])
}

func (r *replay) single(step object) object {
	var outcome milepost.Outcome
	var err error
	switch c := r.command(step).(type) {
	case milepost.CreateCommand:
		outcome, err = r.tracker.Create(ctx, c)
	case milepost.StartCommand:
		outcome, err = r.tracker.Start(ctx, c.RunID, &c.Options)
	case milepost.CompleteCommand:
		outcome, err = r.tracker.Complete(ctx, c.RunID, &c.Options)
	case milepost.FailCommand:
		outcome, err = r.tracker.Fail(ctx, c.RunID, c.Error, &c.Options)
	case milepost.ExitCommand:
		outcome, err = r.tracker.Exit(ctx, c.RunID, &c.Options)
	case milepost.AdoptCommand:
		outcome, err = r.tracker.Adopt(ctx, c.RunID, &c.Options)
	case milepost.HeartbeatCommand:
		lease := c.Options.Lease
		c.Options.Lease = 0
		outcome, err = r.tracker.Heartbeat(ctx, c.RunID, lease, &c.Options)
	default:
		panic(step["do"])
	}
	check(err)
	seen := object{"outcome": outcome.Kind.String(), "has_run": outcome.HasRun}
	if outcome.HasRun {
		seeRun(seen, outcome.Run)
		r.save(step, outcome.Run.RunID.String())
	}
	return seen
}

func seeRun(seen object, run milepost.Run) object {
	seen["run"] = run.RunID.String()
	seen["json"] = string(value(run.MarshalJSON()))
	seen["owner"] = run.Owner
	seen["token"] = float64(run.FencingToken)
	seen["version"] = float64(run.RunID[6] >> 4)
	return seen
}

func seeIDs(runs []milepost.Run) []any {
	ids := []any{}
	for _, run := range runs {
		ids = append(ids, run.RunID.String())
	}
	return ids
}

func (r *replay) race(step object) object {
	counted, begin := object{}, make(chan struct{})
	var all sync.WaitGroup
	for i := 0; i < int(step["threads"].(float64)); i++ {
		mine := object{}
		for name, given := range step["step"].(object) {
			mine[name] = given
		}
		if step["number_owner"] == true {
			mine["owner"] = textIn(mine["owner"]) + strconv.Itoa(i)
		}
		all.Add(1)
		go func() {
			defer all.Done()
			<-begin
			seen := r.play(mine)
			kind, failed := seen["error"].(string)
			if !failed {
				kind = seen["outcome"].(string)
			}
			r.mutex.Lock()
			defer r.mutex.Unlock()
			before, _ := counted[kind].(float64)
			counted[kind] = before + 1
		}()
	}
	close(begin)
	all.Wait()
	return object{"outcomes": counted}
}

func (r *replay) list(step object, asJSON bool) object {
	filter := milepost.Filter{
		OrganizationID: r.idOr(step, "organization", nil),
		JourneyID:      r.id(step, "journey"),
		ProfileID:      r.id(step, "profile"),
		TriggeredFrom:  at(step, "from"),
		TriggeredTo:    at(step, "to"),
	}
	statuses, given := step["statuses"].([]any)
	if given {
		filter.Statuses = []milepost.Status{}
	}
	for _, name := range statuses {
		filter.Statuses = append(filter.Statuses, value(milepost.ParseStatus(name.(string))))
	}
	options := milepost.PageOptions{Limit: limit(step, 100), Cursor: r.idText(step["cursor"])}
	if step["order"] == "oldest_first" {
		options.Order = milepost.OldestFirst
	}
	if asJSON {
		page := value(r.tracker.ListJSON(ctx, filter, options))
		r.save(step, page.Next)
		return object{"json": string(page.JSON), "count": float64(page.Count),
			"more": page.Next != ""}
	}
	page := value(r.tracker.List(ctx, filter, options))
	r.save(step, page.Next)
	first, pages := seeIDs(page.Runs), []any{seeIDs(page.Runs)}
	more := page.Next != ""
	for _, saved := step["as"]; page.Next != "" && !saved; {
		options.Cursor = page.Next
		page = value(r.tracker.List(ctx, filter, options))
		pages = append(pages, seeIDs(page.Runs))
	}
	return object{"runs": first, "more": more, "pages": pages}
}

func (r *replay) read(step object) object {
	whose, id := r.idOr(step, "organization", nil), r.idOr(step, "run", nil)
	switch step["do"] {
	case "get":
		run, err := r.tracker.GetIn(whose, id)
		if errors.Is(err, milepost.ErrNotFound) {
			return object{"found": false}
		}
		check(err)
		return seeRun(object{"found": true}, run)
	case "get_json":
		return object{"json": string(value(r.tracker.GetJSONIn(whose, id)))}
	case "wait":
		// A context that has ended asks nothing, so none is the shortest wait.
		patience := ms(step, "timeout_ms") + 200*time.Millisecond
		waiting, stop := context.WithTimeout(ctx, patience)
		defer stop()
		return seeRun(object{}, value(r.tracker.WaitIn(waiting, whose, id)))
	case "get_many":
		var ids []milepost.UUID
		for _, one := range listIn(step["runs"]) {
			ids = append(ids, value(milepost.ParseUUID(r.idText(one))))
		}
		found := []any{}
		for _, run := range value(r.tracker.GetMany(whose, ids)) {
			found = append(found, run != nil)
		}
		return object{"found": found}
	case "counts":
		n := value(r.tracker.Counts(ctx, milepost.CountsOptions{
			OrganizationID: r.id(step, "organization"), JourneyID: r.id(step, "journey")}))
		return object{"counts": []any{float64(n.Queued), float64(n.Running), float64(n.Completed),
			float64(n.Failed), float64(n.Exited)}}
	}
	page := value(r.tracker.Changes(ctx, milepost.ChangesOptions{
		After: uint64(step["after"].(float64)), Limit: limit(step, 1000)}))
	changes := []any{}
	for _, change := range page.Changes {
		changes = append(changes, []any{change.Kind.String(), change.Run.RunID.String()})
	}
	return object{"changes": changes, "next": float64(page.Next)}
}

func (r *replay) upkeep(step object) object {
	switch step["do"] {
	case "expired":
		return object{"runs": seeIDs(value(r.tracker.Expired(limit(step, 100))))}
	case "orphans":
		page := value(r.tracker.Orphans(ctx, milepost.PageOptions{Limit: limit(step, 100)}))
		return object{"runs": seeIDs(page.Runs), "more": page.Next != ""}
	}
	report := value(r.tracker.Purge(ctx, milepost.PurgeOptions{CompletedBefore: at(step, "before"),
		Limit: limit(step, 100), DryRun: step["dry_run"] == true}))
	return object{"removed": float64(report.Removed), "more": report.Next != ""}
}

// expected is what a case says of a member, with nothing short-hand left in it.
func (r *replay) expected(name string, from any) any {
	switch name {
	case "json", "text", "owner":
		return textIn(from)
	case "run":
		return r.idText(from)
	}
	if short, ok := from.(object); ok && short["list_of"] != nil {
		return listIn(from)
	}
	return from
}

func TestTheContractsCases(t *testing.T) {
	path := os.Getenv("MILEPOST_CONTRACT_CASES")
	if path == "" {
		path = "../contract/cases.json"
	}
	var file object
	check(json.Unmarshal(value(os.ReadFile(path)), &file))
	cases := file["cases"].([]any)
	for _, one := range cases {
		one := one.(object)
		t.Run(strings.ReplaceAll(one["name"].(string), " ", "_"), func(t *testing.T) {
			r := &replay{file: file, folder: filepath.Join(t.TempDir(), "store"),
				clock: at(file, "clock"), names: map[string]string{}}
			r.tracker = value(milepost.Open(r.options()))
			defer func() { r.tracker.Close() }()
			for number, step := range one["steps"].([]any) {
				step := step.(object)
				seen := r.play(step)
				expect, _ := step["expect"].(object)
				same := (seen["error"] == nil) == (expect["error"] == nil)
				for name, from := range expect {
					same = same && reflect.DeepEqual(seen[name], r.expected(name, from))
				}
				if !same {
					t.Fatalf("step %d: %v\nseen %v", number+1, step, seen)
				}
			}
		})
	}
	if len(cases) < 30 {
		t.Fatalf("only %d cases", len(cases))
	}
}
