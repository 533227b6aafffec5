// SPDX-License-Identifier: Apache-2.0
//
// The header alone, in the C++ that the target says.
#include "milepost/milepost.h"

static_assert(noexcept(milepost_version()), "no function of the C ABI throws");
