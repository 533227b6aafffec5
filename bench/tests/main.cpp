// SPDX-License-Identifier: Apache-2.0
//
// The test program's main function, compiled once.
#define CATCH_CONFIG_MAIN
#include "bench/tests/catch.hpp"
