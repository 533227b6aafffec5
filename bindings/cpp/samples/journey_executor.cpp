// SPDX-License-Identifier: Apache-2.0
//
// journey_executor: a small but real host. It reads triggers, creates a run for each, executes the
// runs on worker threads, and tracks every change in a Milepost store. Start reading at run_host()
// in host.cpp.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <sys/prctl.h>
#include <variant>

#include "crash_demo.hpp"
#include "host.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "sample_triggers.hpp"
#include "stop.hpp"
#include "workspace.hpp"

namespace sample {
namespace {

int run(const Options& options) {
  const bool is_child = options.acknowledgements_fd >= 0;
  Console console(is_child);
  if (!install_stop_handlers()) {
    console.error("error: the signal handlers cannot be installed: " +
                  std::string(std::strerror(errno)));
    return kExitStoreError;
  }
  if (!options.write_sample.empty()) {
    const auto written = write_sample(options.write_sample, options.seed, options.count);
    if (written) return stop_requested() ? kExitStopped : kExitDone;
    console.error("error: " + milepost::to_string(written.error()));
    return kExitUsage;
  }
  if (options.crash) return run_crash_demo(options, console);
  // The process that --crash kills must not outlive the one that watches it.
  if (is_child) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto workspace = Workspace::open(options.directory);
  if (!workspace) {
    console.error("error: " + milepost::to_string(workspace.error()));
    return kExitUsage;
  }
  return run_host(options, *workspace, console,
                  is_child ? acknowledge_to(options.acknowledgements_fd) : Acknowledged{});
}

}  // namespace
}  // namespace sample

int main(int argc, char** argv) {
  try {
    auto options = sample::parse_options(argc, argv);
    if (const int* code = std::get_if<int>(&options)) return *code;
    return sample::run(std::get<sample::Options>(options));
  } catch (const std::exception& problem) {
    // Memory ran out: nothing else throws. Whatever was acknowledged is in the store.
    std::fprintf(stderr, "error: %s\n", problem.what());
    return sample::kExitStoreError;
  }
}
