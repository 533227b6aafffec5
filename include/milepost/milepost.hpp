// SPDX-License-Identifier: Apache-2.0
//
// The whole public C++ API.
#pragma once

#include "milepost/command.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"
#include "milepost/tracker.hpp"
#include "milepost/version.hpp"
