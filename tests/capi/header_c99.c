// SPDX-License-Identifier: Apache-2.0
//
// The header alone, in C99.
#include "milepost/milepost.h"

typedef int not_an_empty_file;
