// SPDX-License-Identifier: Apache-2.0
//
// What the README's examples may use without saying where it is from: a store (`tracker`), a few
// ids, and functions of the host that they are part of.
#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "milepost/milepost.hpp"

namespace readme {

/// A block of the README, by the line it begins in.
struct Example {
  int line = 0;
  void (*run)(milepost::Tracker& tracker) = nullptr;
};

extern const std::vector<Example> kExamples;

}  // namespace readme

using namespace std::chrono_literals;

/// Ids; `run_id` is a run that is queued, `finished_id` one that is not any more.
extern milepost::Uuid journey;
extern milepost::Uuid profile;
extern milepost::Uuid run_id;
extern milepost::Uuid finished_id;
/// A place in the change feed that the host has kept.
extern std::uint64_t position;

void show(const milepost::Run& run);
void resume(const milepost::Run& run);
/// False: enough.
bool publish(const milepost::Change& change);
