// SPDX-License-Identifier: Apache-2.0

// The enumerations of the library. Every number is the header's own, taken by the compiler.

package milepost

/*
#include "shim.h"
*/
import "C"

// Code says why a call failed. Each is an error, to be compared with [errors.Is]:
//
//	if errors.Is(err, milepost.ErrBusy) { ... }
type Code int32

// The codes. Their numbers never change.
const (
	ErrInvalidArgument       Code = C.MILEPOST_E_INVALID_ARGUMENT
	ErrNotFound              Code = C.MILEPOST_E_NOT_FOUND
	ErrBusy                  Code = C.MILEPOST_E_BUSY
	ErrOutcomeUnknown        Code = C.MILEPOST_E_OUTCOME_UNKNOWN
	ErrReadOnly              Code = C.MILEPOST_E_READ_ONLY
	ErrClosed                Code = C.MILEPOST_E_CLOSED
	ErrAlreadyOpen           Code = C.MILEPOST_E_ALREADY_OPEN
	ErrLocked                Code = C.MILEPOST_E_LOCKED
	ErrForked                Code = C.MILEPOST_E_FORKED
	ErrNeedsReopen           Code = C.MILEPOST_E_NEEDS_REOPEN
	ErrSnapshotExpired       Code = C.MILEPOST_E_SNAPSHOT_EXPIRED
	ErrTooOld                Code = C.MILEPOST_E_TOO_OLD
	ErrOtherStore            Code = C.MILEPOST_E_OTHER_STORE
	ErrCancelled             Code = C.MILEPOST_E_CANCELLED
	ErrDiskFull              Code = C.MILEPOST_E_DISK_FULL
	ErrMapFull               Code = C.MILEPOST_E_MAP_FULL
	ErrReadersFull           Code = C.MILEPOST_E_READERS_FULL
	ErrPidClash              Code = C.MILEPOST_E_PID_CLASH
	ErrUnsupportedFilesystem Code = C.MILEPOST_E_UNSUPPORTED_FILESYSTEM
	ErrPermission            Code = C.MILEPOST_E_PERMISSION
	ErrNotADatabase          Code = C.MILEPOST_E_NOT_A_DATABASE
	ErrVersion               Code = C.MILEPOST_E_VERSION
	ErrCorrupt               Code = C.MILEPOST_E_CORRUPT
	ErrIO                    Code = C.MILEPOST_E_IO
	ErrOutOfMemory           Code = C.MILEPOST_E_OUT_OF_MEMORY
	ErrOutOfAddressSpace     Code = C.MILEPOST_E_OUT_OF_ADDRESS_SPACE
	ErrInternal              Code = C.MILEPOST_E_INTERNAL
)

// Name is the code's stable name, e.g. "disk_full".
func (c Code) Name() string { return C.GoString(C.milepost_error_name(C.int32_t(c))) }

// Error implements error.
func (c Code) Error() string { return "milepost: " + c.Name() }

// Applied says whether a call that failed changed the store all the same.
type Applied uint8

// What may have become of a call that failed.
const (
	AppliedNo      Applied = C.MILEPOST_APPLIED_NO
	AppliedYes     Applied = C.MILEPOST_APPLIED_YES
	AppliedUnknown Applied = C.MILEPOST_APPLIED_UNKNOWN
)

// Status is where a run stands.
type Status int32

// The statuses; the last three are final.
const (
	Queued    Status = C.MILEPOST_RUN_QUEUED
	Running   Status = C.MILEPOST_RUN_RUNNING
	Completed Status = C.MILEPOST_RUN_COMPLETED
	Failed    Status = C.MILEPOST_RUN_FAILED
	Exited    Status = C.MILEPOST_RUN_EXITED
)

var statusNames = [...]string{"queued", "running", "completed", "failed", "exited"}

// String is the status's name in the public response.
func (s Status) String() string {
	if s < 0 || int(s) >= len(statusNames) {
		return "unknown"
	}
	return statusNames[s]
}

// Final tells whether a run in this status never changes again.
func (s Status) Final() bool { return s >= Completed && s <= Exited }

// OutcomeKind is what became of a command.
type OutcomeKind int32

// The outcomes. Only Created and Applied changed anything.
const (
	OutcomeCreated   OutcomeKind = C.MILEPOST_OUTCOME_CREATED
	OutcomeApplied   OutcomeKind = C.MILEPOST_OUTCOME_APPLIED
	OutcomeUnchanged OutcomeKind = C.MILEPOST_OUTCOME_UNCHANGED
	OutcomeIllegal   OutcomeKind = C.MILEPOST_OUTCOME_ILLEGAL
	OutcomeConflict  OutcomeKind = C.MILEPOST_OUTCOME_CONFLICT
	OutcomeNotFound  OutcomeKind = C.MILEPOST_OUTCOME_NOT_FOUND
)

// String is the outcome's stable name, e.g. "unchanged".
func (k OutcomeKind) String() string { return C.GoString(C.milepost_outcome_name(C.int32_t(k))) }

// ChangeKind is what happened to a run.
type ChangeKind int32

// The changes of the feed.
const (
	ChangeCreated       ChangeKind = C.MILEPOST_CHANGE_CREATED
	ChangeStarted       ChangeKind = C.MILEPOST_CHANGE_STARTED
	ChangeCompleted     ChangeKind = C.MILEPOST_CHANGE_COMPLETED
	ChangeFailed        ChangeKind = C.MILEPOST_CHANGE_FAILED
	ChangeExited        ChangeKind = C.MILEPOST_CHANGE_EXITED
	ChangeAdopted       ChangeKind = C.MILEPOST_CHANGE_ADOPTED
	ChangeImported      ChangeKind = C.MILEPOST_CHANGE_IMPORTED
	ChangePurged        ChangeKind = C.MILEPOST_CHANGE_PURGED         // Only RunID is known.
	ChangeErased        ChangeKind = C.MILEPOST_CHANGE_ERASED         // Only RunID is known.
	ChangeProfileErased ChangeKind = C.MILEPOST_CHANGE_PROFILE_ERASED // Only profile and organization.
	ChangeBlanked       ChangeKind = C.MILEPOST_CHANGE_BLANKED        // Of a profile erased since.
)

// String is the change's stable name, e.g. "started".
func (k ChangeKind) String() string { return C.GoString(C.milepost_change_name(C.int32_t(k))) }

// Durability is what an acknowledgement means.
type Durability int32

// The durabilities.
const (
	// Durable survives a crash of the process, of the machine, and a cut of power.
	Durable Durability = C.MILEPOST_DURABLE
	// Relaxed may lose a bounded last stretch in a cut of power.
	Relaxed Durability = C.MILEPOST_RELAXED
)

// Order of a list, by the instant of the trigger.
type Order int32

// The orders.
const (
	NewestFirst Order = C.MILEPOST_NEWEST_FIRST
	OldestFirst Order = C.MILEPOST_OLDEST_FIRST
)

// Freshness says which moment a read of many runs is of.
type Freshness int32

// The moments.
const (
	Latest    Freshness = C.MILEPOST_LATEST    // Everything acknowledged before the call.
	Published Freshness = C.MILEPOST_PUBLISHED // What is published already; never waits.
)

// BulkAction is what a bulk step does to the runs that match.
type BulkAction int32

// The bulk actions.
const (
	BulkFail BulkAction = C.MILEPOST_BULK_FAIL
	BulkExit BulkAction = C.MILEPOST_BULK_EXIT
)

// LogLevel is how grave a log line is.
type LogLevel int32

// The levels.
const (
	LogDebug   LogLevel = C.MILEPOST_LOG_DEBUG
	LogInfo    LogLevel = C.MILEPOST_LOG_INFO
	LogWarning LogLevel = C.MILEPOST_LOG_WARNING
	LogError   LogLevel = C.MILEPOST_LOG_ERROR
)

// Limits of the library.
const (
	ErrorTextSizeMax      = C.MILEPOST_ERROR_TEXT_SIZE_MAX // A longer error text is cut.
	OwnerSizeMax          = C.MILEPOST_OWNER_SIZE_MAX
	IdempotencyKeySizeMax = C.MILEPOST_IDEMPOTENCY_KEY_SIZE_MAX
	BatchCommandsMax      = C.MILEPOST_BATCH_COMMANDS_MAX
	GetManyMax            = C.MILEPOST_GET_MANY_MAX
	ListLimitMax          = C.MILEPOST_LIST_LIMIT_MAX
	ChangesLimitMax       = C.MILEPOST_CHANGES_LIMIT_MAX
	RemoveLimitMax        = C.MILEPOST_REMOVE_LIMIT_MAX
	FindingsMax           = C.MILEPOST_FINDINGS_MAX
)

// Version is the version of the library that is loaded, e.g. "0.1.0".
func Version() string { return C.GoString(C.milepost_version()) }

// The number of the ABI that this package was built for; Open compares it with the library's.
const abiVersion = C.MILEPOST_ABI_VERSION
