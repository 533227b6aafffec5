// SPDX-License-Identifier: Apache-2.0
//
// A read through the C ABI, to be held against the same read through the C++ API.
#pragma once

#include <cstdint>
#include <functional>

/// get_json of one of `runs` queued runs, all of them in the recent map. Names the run of the
/// repetition by `pick`.
std::function<std::uint64_t(std::uint64_t)> c_get_piece(
    std::uint32_t runs, const std::function<std::uint32_t(std::uint64_t)>& pick);
