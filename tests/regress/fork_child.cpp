// SPDX-License-Identifier: Apache-2.0
//
// `regress_fork_child FOLDER`: forks with a read-only tracker open; the child's exit code tells how
// many of its calls were answered by anything but `forked`.
#include <sys/wait.h>
#include <unistd.h>

#include "support/steps.hpp"

#include "milepost/milepost.hpp"

int main(int count, char** words) {
  using namespace milepost;
  if (count < 2) return 100;
  OpenOptions options;
  options.directory = words[1];
  options.read_only = true;
  auto tracker = Tracker::open(options);
  if (!tracker) return 101;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto is_forked = [](const auto& result) {
      return !result && result.error().code == Errc::forked;
    };
    int wrong = 0;
    wrong += is_forked(tracker->create(test::request(test::id(1)))) ? 0 : 1;
    wrong += is_forked(tracker->flush()) ? 0 : 1;
    ::_exit(wrong);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 102;
}
