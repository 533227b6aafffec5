// SPDX-License-Identifier: Apache-2.0

package milepost_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"milepost"
)

func TestABackupIsVerifiedAndRestored(t *testing.T) {
	tracker, folder := open(t), t.TempDir()
	run := create(t, tracker)
	steps := 0
	count := func(milepost.Progress) { steps++ }
	report := must[milepost.WorkReport](t)(tracker.Verify(ctx, milepost.VerifyPages, count))
	if report.FindingsCount != 0 || report.Runs != 1 || report.Pages == 0 || steps == 0 {
		t.Fatal(report, steps)
	}
	copied, restored := filepath.Join(folder, "copy"), filepath.Join(folder, "restored")
	made := must[milepost.WorkReport](t)(tracker.Backup(ctx, copied, true, nil))
	if made.Bytes == 0 || made.Sequence != 1 {
		t.Fatal(made)
	}
	_, err := tracker.Backup(ctx, copied, true, nil)
	wantCode(t, err, milepost.ErrInvalidArgument)
	sound := must[milepost.WorkReport](t)(
		milepost.VerifyDirectory(ctx, copied, milepost.VerifyPages, nil))
	if sound.FindingsCount != 0 || sound.Runs != 1 {
		t.Fatal(sound)
	}
	back := must[milepost.WorkReport](t)(milepost.RestoreBackup(ctx, copied, restored, false, nil))
	other := must[*milepost.Tracker](t)(milepost.Open(milepost.DefaultOptions(restored)))
	defer other.Close()
	if id := must[milepost.UUID](t)(other.StoreID()); id != back.StoreID {
		t.Fatal(id, back)
	}
	if got := must[milepost.Run](t)(other.Get(run.RunID)); got.Status != milepost.Queued {
		t.Fatal(got)
	}
}

func TestADamagedBackupIsToldAndRepaired(t *testing.T) {
	tracker, folder := open(t), t.TempDir()
	create(t, tracker)
	copied, saved := filepath.Join(folder, "copy"), filepath.Join(folder, "saved")
	must[milepost.WorkReport](t)(tracker.Backup(ctx, copied, true, nil))
	files, err := filepath.Glob(filepath.Join(copied, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files { // Every page but the first two of the data file is made unsound.
		bytes := must[[]byte](t)(os.ReadFile(name))
		for i := 8192; i < len(bytes); i += 512 {
			bytes[i] ^= 0xff
		}
		if err := os.WriteFile(name, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report := must[milepost.WorkReport](t)(
		milepost.VerifyDirectory(ctx, copied, milepost.VerifyPages, nil))
	if report.FindingsCount == 0 || len(report.Findings) == 0 || report.Findings[0].Kind == "" ||
		report.Findings[0].Text == "" {
		t.Fatal(report)
	}
	_, err = milepost.RestoreBackup(ctx, copied, filepath.Join(folder, "restored"), false, nil)
	wantCode(t, err, milepost.ErrCorrupt)
	if _, err := milepost.RepairDirectory(ctx, copied, saved, nil); err != nil {
		var e *milepost.Error
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
	}
}

func TestAWorkThatIsCancelledLeavesNothing(t *testing.T) {
	tracker, to := open(t), filepath.Join(t.TempDir(), "copy")
	create(t, tracker)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err := tracker.Backup(ended, to, false, nil)
	wantCode(t, err, milepost.ErrCancelled)
	if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

func TestOrphansFailInSteps(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "store")
	first := must[*milepost.Tracker](t)(milepost.Open(milepost.DefaultOptions(folder)))
	id := create(t, first).RunID
	must[milepost.Outcome](t)(first.Start(ctx, id, nil))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := must[*milepost.Tracker](t)(milepost.Open(milepost.DefaultOptions(folder)))
	defer second.Close()
	failed, more, err := second.FailOrphans(ctx, "its process is gone", 10)
	if failed != 1 || more || err != nil {
		t.Fatal(failed, more, err)
	}
	if run := must[milepost.Run](t)(second.Get(id)); run.Error != "its process is gone" {
		t.Fatal(run)
	}
}
