// SPDX-License-Identifier: Apache-2.0

// Export and import as streams of JSON Lines.

package milepost

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"errors"
	"io"
	"unsafe"
)

// ExportRuns writes every run of an organization (nil: of all) as a line of JSON, in order of run
// ids, and yields how many. Each run is as it was at some moment of the export. The context is
// looked at between steps; no snapshot is held while w writes.
func (t *Tracker) ExportRuns(ctx context.Context, w io.Writer, organization *UUID,
	freshness Freshness) (lines uint64, err error) {
	f := takeFrame()
	defer f.put()
	var operation C.milepost_export
	if C.milepost_tracker_export_runs(t.handle, optionalID(organization), C.int32_t(freshness),
		&operation, &f.c.err) != 0 {
		return 0, f.err()
	}
	defer C.milepost_export_free(operation)
	progress := C.milepost_progress{struct_size: C.sizeof_milepost_progress}
	for progress.done == 0 {
		if err := ctx.Err(); err != nil {
			return lines, errOfContext(err)
		}
		var text C.milepost_text
		if C.milepost_export_step(operation, &text, &progress, &f.c.err) != 0 {
			return lines, f.err()
		}
		if text.size > 0 {
			if _, err := w.Write(C.GoBytes(unsafe.Pointer(text.data), C.int(text.size))); err != nil {
				return lines, err
			}
		}
		lines = uint64(progress.lines)
	}
	return lines, nil
}

// ImportReport is what an import has done.
type ImportReport struct{ Lines, Created, Unchanged, Refused uint64 }

// ImportProblem is a line that an import refused, its number counted from 1.
type ImportProblem struct {
	Line   uint64
	Reason string
}

// ImportRuns imports lines such as ExportRuns writes; problem, if it is not nil, is told of those
// that are refused. Importing a line again changes nothing: after an error the whole import may be
// repeated. The report is of what was done by then.
func (t *Tracker) ImportRuns(ctx context.Context, r io.Reader, problem func(ImportProblem)) (
	ImportReport, error) {
	f := takeFrame()
	defer f.put()
	var operation C.milepost_import
	if C.milepost_tracker_import_runs(t.handle, &operation, &f.c.err) != 0 {
		return ImportReport{}, f.err()
	}
	defer C.milepost_import_free(operation)
	c := C.milepost_import_report{struct_size: C.sizeof_milepost_import_report}
	report := func() ImportReport {
		return ImportReport{uint64(c.lines), uint64(c.created), uint64(c.unchanged),
			uint64(c.refused)}
	}
	buffer := make([]byte, 1<<20)
	for last := false; !last; {
		n, err := io.ReadFull(r, buffer)
		last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return report(), err
		}
		ms, err := timeoutOf(ctx)
		if err != nil {
			return report(), err
		}
		if C.milepost_import_step(operation, (*C.char)(unsafe.Pointer(&buffer[0])), C.size_t(n),
			flag(last), ms, &c, &f.c.err) != 0 {
			return report(), f.errIn(ctx)
		}
		for i := C.uint32_t(0); problem != nil && i < c.problems; i++ {
			var line C.uint64_t
			var reason C.milepost_text
			if C.milepost_import_problem(operation, C.size_t(i), &line, &reason, &f.c.err) != 0 {
				return report(), f.err()
			}
			problem(ImportProblem{uint64(line), textOf(reason)})
		}
	}
	return report(), nil
}
