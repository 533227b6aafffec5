// SPDX-License-Identifier: Apache-2.0
//
// Both headers in one file: a C++ host may use the C ABI beside the C++ API.
#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

static_assert(MILEPOST_VERSION_MAJOR == 0);
