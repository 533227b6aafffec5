// SPDX-License-Identifier: Apache-2.0
//
// How far long work is: one line on stderr that is drawn over, on a terminal only, and gone when
// the work is done.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "stop.hpp"
#include "terminal.hpp"

namespace cli {

/// Also the place where long work learns that it shall end. One thread at a time.
class Progress {
 public:
  /// `wake` ends what the work waits for, as in Stop::Scope.
  Progress(Stream& err, Stop& stop, std::string_view verb, std::function<void()> wake = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Draws now and then. False when the user asked to stop.
  bool operator()(std::string_view how_far);
  /// Takes the line away, before something else is written.
  void clear();

 private:
  Stream& err_;
  Stop& stop_;
  Stop::Scope scope_;
  std::string verb_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace cli
