// SPDX-License-Identifier: Apache-2.0

package milepost_test

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"milepost"
)

// Every number that this package shows, by its name in the header.
var constants = map[string]int64{
	"MILEPOST_OK":                       0,
	"MILEPOST_E_INVALID_ARGUMENT":       int64(milepost.ErrInvalidArgument),
	"MILEPOST_E_NOT_FOUND":              int64(milepost.ErrNotFound),
	"MILEPOST_E_BUSY":                   int64(milepost.ErrBusy),
	"MILEPOST_E_OUTCOME_UNKNOWN":        int64(milepost.ErrOutcomeUnknown),
	"MILEPOST_E_READ_ONLY":              int64(milepost.ErrReadOnly),
	"MILEPOST_E_CLOSED":                 int64(milepost.ErrClosed),
	"MILEPOST_E_ALREADY_OPEN":           int64(milepost.ErrAlreadyOpen),
	"MILEPOST_E_LOCKED":                 int64(milepost.ErrLocked),
	"MILEPOST_E_FORKED":                 int64(milepost.ErrForked),
	"MILEPOST_E_NEEDS_REOPEN":           int64(milepost.ErrNeedsReopen),
	"MILEPOST_E_SNAPSHOT_EXPIRED":       int64(milepost.ErrSnapshotExpired),
	"MILEPOST_E_TOO_OLD":                int64(milepost.ErrTooOld),
	"MILEPOST_E_OTHER_STORE":            int64(milepost.ErrOtherStore),
	"MILEPOST_E_CANCELLED":              int64(milepost.ErrCancelled),
	"MILEPOST_E_DISK_FULL":              int64(milepost.ErrDiskFull),
	"MILEPOST_E_MAP_FULL":               int64(milepost.ErrMapFull),
	"MILEPOST_E_READERS_FULL":           int64(milepost.ErrReadersFull),
	"MILEPOST_E_PID_CLASH":              int64(milepost.ErrPidClash),
	"MILEPOST_E_UNSUPPORTED_FILESYSTEM": int64(milepost.ErrUnsupportedFilesystem),
	"MILEPOST_E_PERMISSION":             int64(milepost.ErrPermission),
	"MILEPOST_E_NOT_A_DATABASE":         int64(milepost.ErrNotADatabase),
	"MILEPOST_E_VERSION":                int64(milepost.ErrVersion),
	"MILEPOST_E_CORRUPT":                int64(milepost.ErrCorrupt),
	"MILEPOST_E_IO":                     int64(milepost.ErrIO),
	"MILEPOST_E_OUT_OF_MEMORY":          int64(milepost.ErrOutOfMemory),
	"MILEPOST_E_OUT_OF_ADDRESS_SPACE":   int64(milepost.ErrOutOfAddressSpace),
	"MILEPOST_E_INTERNAL":               int64(milepost.ErrInternal),
	"MILEPOST_APPLIED_NO":               int64(milepost.AppliedNo),
	"MILEPOST_APPLIED_YES":              int64(milepost.AppliedYes),
	"MILEPOST_APPLIED_UNKNOWN":          int64(milepost.AppliedUnknown),
	"MILEPOST_RUN_QUEUED":               int64(milepost.Queued),
	"MILEPOST_RUN_RUNNING":              int64(milepost.Running),
	"MILEPOST_RUN_COMPLETED":            int64(milepost.Completed),
	"MILEPOST_RUN_FAILED":               int64(milepost.Failed),
	"MILEPOST_RUN_EXITED":               int64(milepost.Exited),
	"MILEPOST_OUTCOME_CREATED":          int64(milepost.OutcomeCreated),
	"MILEPOST_OUTCOME_APPLIED":          int64(milepost.OutcomeApplied),
	"MILEPOST_OUTCOME_UNCHANGED":        int64(milepost.OutcomeUnchanged),
	"MILEPOST_OUTCOME_ILLEGAL":          int64(milepost.OutcomeIllegal),
	"MILEPOST_OUTCOME_CONFLICT":         int64(milepost.OutcomeConflict),
	"MILEPOST_OUTCOME_NOT_FOUND":        int64(milepost.OutcomeNotFound),
	"MILEPOST_NEWEST_FIRST":             int64(milepost.NewestFirst),
	"MILEPOST_OLDEST_FIRST":             int64(milepost.OldestFirst),
	"MILEPOST_LATEST":                   int64(milepost.Latest),
	"MILEPOST_PUBLISHED":                int64(milepost.Published),
	"MILEPOST_CHANGE_CREATED":           int64(milepost.ChangeCreated),
	"MILEPOST_CHANGE_STARTED":           int64(milepost.ChangeStarted),
	"MILEPOST_CHANGE_COMPLETED":         int64(milepost.ChangeCompleted),
	"MILEPOST_CHANGE_FAILED":            int64(milepost.ChangeFailed),
	"MILEPOST_CHANGE_EXITED":            int64(milepost.ChangeExited),
	"MILEPOST_CHANGE_ADOPTED":           int64(milepost.ChangeAdopted),
	"MILEPOST_CHANGE_IMPORTED":          int64(milepost.ChangeImported),
	"MILEPOST_CHANGE_PURGED":            int64(milepost.ChangePurged),
	"MILEPOST_CHANGE_ERASED":            int64(milepost.ChangeErased),
	"MILEPOST_CHANGE_PROFILE_ERASED":    int64(milepost.ChangeProfileErased),
	"MILEPOST_CHANGE_BLANKED":           int64(milepost.ChangeBlanked),
	"MILEPOST_BULK_FAIL":                int64(milepost.BulkFail),
	"MILEPOST_BULK_EXIT":                int64(milepost.BulkExit),
	"MILEPOST_DURABLE":                  int64(milepost.Durable),
	"MILEPOST_RELAXED":                  int64(milepost.Relaxed),
	"MILEPOST_LOG_DEBUG":                int64(milepost.LogDebug),
	"MILEPOST_LOG_INFO":                 int64(milepost.LogInfo),
	"MILEPOST_LOG_WARNING":              int64(milepost.LogWarning),
	"MILEPOST_LOG_ERROR":                int64(milepost.LogError),
	"MILEPOST_ERROR_TEXT_SIZE_MAX":      milepost.ErrorTextSizeMax,
	"MILEPOST_OWNER_SIZE_MAX":           milepost.OwnerSizeMax,
	"MILEPOST_IDEMPOTENCY_KEY_SIZE_MAX": milepost.IdempotencyKeySizeMax,
	"MILEPOST_BATCH_COMMANDS_MAX":       milepost.BatchCommandsMax,
	"MILEPOST_GET_MANY_MAX":             milepost.GetManyMax,
	"MILEPOST_LIST_LIMIT_MAX":           milepost.ListLimitMax,
	"MILEPOST_CHANGES_LIMIT_MAX":        milepost.ChangesLimitMax,
	"MILEPOST_REMOVE_LIMIT_MAX":         milepost.RemoveLimitMax,
	"MILEPOST_FINDINGS_MAX":             milepost.FindingsMax,
	"MILEPOST_VERIFY_RECORDS":           int64(milepost.VerifyRecords),
	"MILEPOST_VERIFY_PAGES":             int64(milepost.VerifyPages),
}

// Structs are the header's own here, laid out by the C compiler; kinds of commands are Go types.
func TestConstantsAreTheHeaders(t *testing.T) {
	path := os.Getenv("MILEPOST_HEADER_FACTS")
	file, err := os.Open(path)
	if err != nil {
		t.Skip("not run: MILEPOST_HEADER_FACTS names no file (ci.sh header makes one)")
	}
	defer file.Close()
	compared := 0
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		fact := strings.Fields(scanner.Text())
		value, known := constants[fact[1]]
		if !known {
			if fact[0] == "enum" && !strings.HasPrefix(fact[1], "MILEPOST_COMMAND_") {
				t.Errorf("%s is not in this package", fact[1])
			}
			continue
		}
		if strconv.FormatInt(value, 10) != fact[2] {
			t.Errorf("%s is %s in the header, %d here", fact[1], fact[2], value)
		}
		compared++
	}
	if compared != len(constants) {
		t.Errorf("%d constants are the header's, %d are here", compared, len(constants))
	}
	t.Logf("%d constants compared", compared)
}

func TestTheSampleMakesNothingTwice(t *testing.T) {
	program := os.Getenv("MILEPOST_SAMPLE")
	if program == "" {
		t.Skip("not run: MILEPOST_SAMPLE names no program (ci.sh test builds it)")
	}
	folder := t.TempDir()
	for round := 0; round < 2; round++ {
		out, err := exec.Command(program, "-directory", folder, "-runs", "200").CombinedOutput()
		want := "completed=140 failed=40 exited=20\n{\"runId\":"
		if err != nil || !strings.HasPrefix(string(out), want) {
			t.Fatalf("%s %v", out, err)
		}
	}
}
