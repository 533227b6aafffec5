// SPDX-License-Identifier: Apache-2.0
//
// What every command is given: where the store is, where output goes, and how an error is told.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exit_code.hpp"
#include "stop.hpp"
#include "terminal.hpp"

#include "milepost/command.hpp"
#include "milepost/tracker.hpp"

namespace cli {

class Session {
 public:
  explicit Session(Stop& stop_flag) : stop(stop_flag) {}

  // Options that all commands have.
  std::string store;
  bool json = false;

  Stream out{1};
  Stream err{2};
  Stop& stop;

  /// Opens the store to read what is published; works while a host writes.
  [[nodiscard]] milepost::Result<milepost::Tracker> open_to_read() const;
  /// Opens it as its one writer, as no more than it is: the feed's and the keys' settings are the
  /// host's and are left as they are. `make`: make the store if there is none.
  [[nodiscard]] milepost::Result<milepost::Tracker> open_to_write(bool make = false) const;
  /// Closes and yields `code`, or the exit for what went wrong at closing.
  int close(milepost::Tracker& tracker, int code);

  /// Tells an error on stderr, in JSON with --json, and yields its exit.
  int complain(const milepost::Error& error);
  /// The same for what the program itself finds wrong.
  int complain(milepost::Errc code, std::string message, std::string subject = {},
               std::string advice = {});
  /// A remark on stderr; none with --json.
  void remark(std::string_view text);

  /// Tells what became of a command, and yields its exit.
  int tell(const milepost::Outcome& outcome, std::string_view run_id);

  /// Whether the user agrees. Nobody is asked with `yes`, and without a terminal the answer is an
  /// error: nothing is removed by accident.
  [[nodiscard]] milepost::Result<bool> confirm(bool yes, const std::string& question);
};

}  // namespace cli
