// SPDX-License-Identifier: Apache-2.0
//
// The log hook. The library calls it from threads that Python does not know, at moments when the
// interpreter may be busy, or gone; so it only puts lines into a bounded ring, and a thread of
// Python's takes them out.
#ifndef MILEPOST_PYTHON_LOG_H
#define MILEPOST_PYTHON_LOG_H

#include <stddef.h>
#include <stdint.h>

/// A milepost_log_function; `user` is a ring.
void log_hook(void* user, int32_t level, const char* text, size_t size);
/// The ring of a number that log_new() yielded.
void* log_ring(uint64_t number);

#endif  // MILEPOST_PYTHON_LOG_H
