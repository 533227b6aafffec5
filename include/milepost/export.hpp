// SPDX-License-Identifier: Apache-2.0
//
// Symbol visibility. Everything is hidden unless it carries MILEPOST_EXPORT.
#pragma once

#if defined(__GNUC__)
#define MILEPOST_EXPORT [[gnu::visibility("default")]]
#else
#define MILEPOST_EXPORT
#endif
