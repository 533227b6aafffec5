// SPDX-License-Identifier: Apache-2.0

// Errors, and the frames that calls are made with.

package milepost

/*
#cgo pkg-config: milepost-c
#include "shim.h"
*/
import "C"

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// Error is what every call of this package fails with. Match it by its code,
//
//	errors.Is(err, milepost.ErrLocked)
//
// or take it apart with [errors.As]. When the end of a context is what ended the call, it also
// matches context.Canceled or context.DeadlineExceeded; when the system refused something, the
// syscall.Errno and with it errors such as fs.ErrPermission.
type Error struct {
	Code      Code
	System    int     // errno or LMDB's number, 0 when there is none.
	Applied   Applied // Whether the call changed the store all the same.
	RetrySafe bool    // Whether the same call may simply be made again.
	Message   string  // What it is about, what was wrong, what to do.
	cause     error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code.Error()
	}
	return e.Code.Error() + ": " + e.Message
}

// Is matches the error's Code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap yields the context's error or the system's, or nil.
func (e *Error) Unwrap() error {
	if e.cause != nil {
		return e.cause
	}
	if e.System > 0 {
		return syscall.Errno(e.System)
	}
	return nil
}

func invalid(message string) error { return &Error{Code: ErrInvalidArgument, Message: message} }

// frame is the C memory of one call.
type frame struct{ c *C.mp_frame }

var frames = sync.Pool{New: func() any {
	f := &frame{c: C.mp_frame_new()}
	runtime.SetFinalizer(f, func(f *frame) { C.mp_frame_free(f.c) })
	return f
}}

func takeFrame() *frame { return frames.Get().(*frame) }

func (f *frame) put() { frames.Put(f) }

// err is the error that the last call with this frame left behind.
func (f *frame) err() error { return errorOf(&f.c.err) }

func errorOf(e *C.milepost_error) error {
	return &Error{
		Code:      Code(e.code),
		System:    int(e.system),
		Applied:   Applied(e.applied),
		RetrySafe: e.retry_safe != 0,
		Message:   C.GoString(&e.message[0]),
	}
}

// errOfContext is the error of a call that a context ended.
func errOfContext(cause error) error {
	code := ErrCancelled
	if errors.Is(cause, context.DeadlineExceeded) {
		code = ErrBusy
	}
	return &Error{Code: code, RetrySafe: true, Message: "The context ended first.", cause: cause}
}

// errIn is the frame's error; where time ran out it is the context's, if that has a deadline.
func (f *frame) errIn(ctx context.Context) error {
	err := f.err().(*Error)
	if _, ok := ctx.Deadline(); ok && err.Code == ErrBusy {
		err.cause = context.DeadlineExceeded
	}
	return err
}

// timeoutOf is how long a call may wait for its turn, or the error of a context that has ended.
func timeoutOf(ctx context.Context) (C.int64_t, error) {
	if err := ctx.Err(); err != nil {
		return 0, errOfContext(err)
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return C.MILEPOST_TIMEOUT_DEFAULT, nil
	}
	return C.int64_t(milliseconds(time.Until(deadline))), nil
}

// milliseconds rounds up, so that nobody waits shorter than they asked for.
func milliseconds(d time.Duration) int64 {
	ms := int64(d / time.Millisecond)
	if d%time.Millisecond > 0 {
		ms++
	}
	if ms < 0 {
		return 0
	}
	return ms
}

// waitIn calls wait, which blocks for at most the given time, until it is done or the context is.
// Somebody who cancels is noticed within a slice; one that a commit wakes returns at once.
func (f *frame) waitIn(ctx context.Context, wait func(ms C.int64_t) C.milepost_status) error {
	const slice = 50 * time.Millisecond
	for {
		ms, err := timeoutOf(ctx)
		if err != nil {
			return err
		}
		sliced := ctx.Done() != nil && (ms < 0 || ms > C.int64_t(slice/time.Millisecond))
		if sliced {
			ms = C.int64_t(slice / time.Millisecond)
		}
		switch status := wait(ms); {
		case status == 0:
			return nil
		case sliced && Code(status) == ErrBusy:
			continue
		default:
			return f.errIn(ctx)
		}
	}
}

func textOf(t C.milepost_text) string {
	return C.GoStringN(t.data, C.int(t.size))
}

// at is the i-th of structs that lie stride bytes apart.
func at(first unsafe.Pointer, i, stride C.size_t) unsafe.Pointer {
	return unsafe.Add(first, int(i)*int(stride))
}

func flag(b bool) C.uint8_t {
	if b {
		return 1
	}
	return 0
}
