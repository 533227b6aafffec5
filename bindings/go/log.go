// SPDX-License-Identifier: Apache-2.0

// The log hooks, by number: C never holds a Go pointer.

package milepost

/*
#include <stddef.h>
#include <stdint.h>
*/
import "C"

import "sync"

type hookTable struct {
	mutex sync.RWMutex
	last  uintptr
	hooks map[uintptr]func(LogLevel, string)
}

var hooks = hookTable{hooks: map[uintptr]func(LogLevel, string){}}

func (h *hookTable) add(hook func(LogLevel, string)) uintptr {
	if hook == nil {
		return 0
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.last++
	h.hooks[h.last] = hook
	return h.last
}

func (h *hookTable) remove(number uintptr) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.hooks, number)
}

func (h *hookTable) get(number uintptr) func(LogLevel, string) {
	h.mutex.RLock()
	defer h.mutex.RUnlock()
	return h.hooks[number]
}

//export milepostGoLog
func milepostGoLog(user C.uintptr_t, level C.int32_t, text *C.char, size C.size_t) {
	hook := hooks.get(uintptr(user))
	if hook == nil {
		return
	}
	// Frames of C lie below: a panic must not unwind them.
	defer func() { _ = recover() }()
	hook(LogLevel(level), C.GoStringN(text, C.int(size)))
}
