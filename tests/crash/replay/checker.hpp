// SPDX-License-Identifier: Apache-2.0
//
// A child process that opens one recovered folder after another and says what it found. It is a
// process of its own because a crash of the code under test is a finding, not the end of the test.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/process.hpp"

namespace milepost::crash {

class CheckerProcess {
 public:
  /// `arguments` make this very program call serve_checks().
  explicit CheckerProcess(std::vector<std::string> arguments);
  ~CheckerProcess();
  CheckerProcess(const CheckerProcess&) = delete;
  CheckerProcess& operator=(const CheckerProcess&) = delete;

  /// What is wrong; empty if nothing. A signal or a wait of more than `kCheckSecondsMax` is.
  [[nodiscard]] std::string check(const std::string& request);

 private:
  void start();
  void stop();

  std::vector<std::string> arguments_;
  pid_t child_ = -1;
  int socket_ = -1;
};

inline constexpr int kCheckSecondsMax = 30;
inline constexpr std::size_t kReplySizeMax = 4096;

/// The child's side: answers requests on descriptor 3 until the parent is gone.
int serve_checks(const std::function<std::string(const std::string&)>& check);

}  // namespace milepost::crash
