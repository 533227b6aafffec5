// SPDX-License-Identifier: Apache-2.0
//
// PuppetProcess: a puppet (puppet.hpp) as a test sees it.
#pragma once

#include <signal.h>
#include <string>
#include <system_error>
#include <vector>

#include "support/child_process.hpp"

namespace milepost::faults {

class PuppetProcess {
 public:
  /// `environment`: words like `NAME=value`; `before`: a program and its arguments in front.
  explicit PuppetProcess(const std::string& directory,
                         const std::vector<std::string>& environment = {},
                         const std::vector<std::string>& before = {})
      : process_(words_of(directory, environment, before)) {}

  /// Sends a command; its answer, or `gone` if the puppet died.
  std::string ask(const std::string& command) {
    if (!send(command)) return "gone";
    return answer();
  }
  /// Only sends; false if nobody reads any more.
  bool send(const std::string& command) {
    try {
      process_.write_line(command);
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }
  std::string answer() { return process_.read_line().value_or("gone"); }

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  void signal(int number) const { process_.kill(number); }
  /// Ends its input; its exit code, or minus the signal that ended it.
  int end() {
    process_.close_input();
    return process_.wait();
  }
  /// Kills it.
  void kill() {
    process_.kill(SIGKILL);
    process_.wait();
  }

 private:
  static std::vector<std::string> words_of(const std::string& directory,
                                           const std::vector<std::string>& environment,
                                           const std::vector<std::string>& before) {
    // A puppet that died must not take the test along.
    ::signal(SIGPIPE, SIG_IGN);
    std::vector<std::string> words = before;
    words.emplace_back("env");
    words.insert(words.end(), environment.begin(), environment.end());
    words.emplace_back(MILEPOST_FAULT_PUPPET);
    words.push_back(directory);
    return words;
  }

  test::ChildProcess process_;
};

/// The code of an answer like `error needs_reopen no ...`; `-` if it is no error.
[[nodiscard]] inline std::string code_of(const std::string& answer) {
  if (answer.rfind("error ", 0) != 0) return "-";
  return answer.substr(6, answer.find(' ', 6) - 6);
}

/// Whether an error's answer says that nothing was applied.
[[nodiscard]] inline bool says_not_applied(const std::string& answer) {
  return answer.find(" no ") == 6 + code_of(answer).size();
}

}  // namespace milepost::faults
