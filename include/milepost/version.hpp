// SPDX-License-Identifier: Apache-2.0
//
// The version of the library. Before 1.0 a minor release may change the API.
#pragma once

#define MILEPOST_VERSION_MAJOR 0
#define MILEPOST_VERSION_MINOR 1
#define MILEPOST_VERSION_PATCH 0
#define MILEPOST_VERSION_STRING "0.1.0"
