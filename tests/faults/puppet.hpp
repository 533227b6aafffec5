// SPDX-License-Identifier: Apache-2.0
//
// Puppet: a process of its own that holds a tracker and obeys one line at a time, so that a test
// can kill it, stop it, fork it, take its disk away or swap its files, and go on asking.
//
// Every command is answered by one line. Calls of the API answer `ok ...` or the outcome's name, or
// `error <code> <applied>`, or `thrown <what>`. Options of `open` are words like `ro`, `wait=200`.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "milepost/milepost.hpp"

namespace milepost::faults {

using Words = std::vector<std::string>;

/// What a puppet is between two lines.
struct Puppet {
  OpenOptions options{};
  std::optional<Tracker> tracker{};
  std::vector<std::thread> background{};
};

using Verb = std::function<std::string(Puppet&, const Words&)>;

/// puppet_calls.cpp: calls of the tracker.
void add_call_verbs(std::map<std::string, Verb>& verbs);
/// puppet_process.cpp: fork, limits, other copies of the library.
void add_process_verbs(std::map<std::string, Verb>& verbs);

/// Small everything, so that segments recycle and the map grows.
[[nodiscard]] OpenOptions small_options(const std::string& directory);
/// Reads options as `open` takes them, from the second word on.
void read_options(OpenOptions& options, const Words& words);

[[nodiscard]] std::string told(const Error& error);
template <typename T>
[[nodiscard]] std::string told(const Result<T>& result) {
  return result ? std::string("ok") : told(result.error());
}
[[nodiscard]] std::string told(const Result<Outcome>& outcome);

/// Writes a line past every buffer, in one system call.
void say(const std::string& line);

[[nodiscard]] std::uint64_t number_at(const Words& words, std::size_t index,
                                      std::uint64_t fallback = 0);
[[nodiscard]] std::string text_at(const Words& words, std::size_t index);

}  // namespace milepost::faults
