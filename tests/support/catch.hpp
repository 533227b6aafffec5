// SPDX-License-Identifier: Apache-2.0
//
// Catch2 under the name it has here: version 2 on Debian 12, version 3 upstream.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
