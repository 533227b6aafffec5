// SPDX-License-Identifier: Apache-2.0
//
// guard: the wall that no exception passes. Every function of the C ABI that can fail is one
// `return guard(err, [&] { ... });` whose body yields a Result<void>; tests/tidy sees to it.
#pragma once

#include <exception>
#include <new>
#include <utility>

#include "capi/errors.hpp"

#include "milepost/milepost.h"
#include "milepost/result.hpp"

namespace milepost::capi {

/// Memory ran out while a command was under way: it may have been made durable.
class CommandInterrupted : public std::bad_alloc {};

/// Runs a body that is a command: see CommandInterrupted.
template <typename Body>
auto as_command(Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const std::bad_alloc&) {
    throw CommandInterrupted();
  }
}

template <typename Body>
milepost_status guard(milepost_error* err, Body&& body) noexcept {
  try {
    const Result<void> result = std::forward<Body>(body)();
    return result ? succeed(err) : fail(err, result.error());
  } catch (const CommandInterrupted&) {
    return fail(err, Errc::out_of_memory, Applied::unknown,
                "Memory ran out while the command was made durable. Repeat it to learn.");
  } catch (const std::bad_alloc&) {
    return fail(err, Errc::out_of_memory, Applied::no, "Memory ran out. Free some and call again.");
  } catch (const std::exception& e) {
    return fail(err, Errc::internal, Applied::unknown, e.what());
  } catch (...) {
    return fail(err, Errc::internal, Applied::unknown, "An unknown exception. Please report it.");
  }
}

}  // namespace milepost::capi
