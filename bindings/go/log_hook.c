// SPDX-License-Identifier: Apache-2.0
//
// From the library's log hook to the exported Go function.
#include <_cgo_export.h>
#include <stdint.h>

void mp_log_hook(void* user, int32_t level, const char* text, size_t size) {
  milepostGoLog((uintptr_t)user, level, (char*)text, size);
}
