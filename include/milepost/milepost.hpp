// SPDX-License-Identifier: Apache-2.0
//
// The whole public C++ API.
#pragma once

#include "milepost/backup.hpp"
#include "milepost/changes.hpp"
#include "milepost/command.hpp"
#include "milepost/list.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"
#include "milepost/snapshot.hpp"
#include "milepost/stats.hpp"
#include "milepost/tracker.hpp"
#include "milepost/transfer.hpp"
#include "milepost/upkeep.hpp"
#include "milepost/verify.hpp"
#include "milepost/version.hpp"
