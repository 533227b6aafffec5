// SPDX-License-Identifier: Apache-2.0
//
// Kill, look, carry on, look again. The story goes to stdout.
#include "crash_demo.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "child_process.hpp"
#include "crash_oracle.hpp"
#include "host.hpp"
#include "stop.hpp"
#include "text.hpp"
#include "workspace.hpp"

namespace sample {
namespace {

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

/// Reads acknowledgements until the child is gone; kills it once half its steps are done.
/// False: the pipe cannot be read.
bool watch_and_kill(ChildProcess& child, Console& console, CrashOracle& oracle) {
  Progress progress(console, "crash", "acknowledged change", 0);
  std::vector<std::uint8_t> bytes;
  bool killed = false;
  bool stopped = false;
  for (;;) {
    pollfd waits[2] = {{.fd = child.pipe_fd(), .events = POLLIN, .revents = 0},
                       {.fd = stopped ? -1 : stop_fd(), .events = POLLIN, .revents = 0}};
    if (::poll(waits, 2, -1) < 0 && errno != EINTR) return false;
    if (stop_requested() && !stopped) {
      stopped = true;
      child.send(SIGTERM);
    }
    if (waits[0].revents == 0) continue;
    std::array<std::uint8_t, 4'096> chunk{};
    const ssize_t size = ::read(child.pipe_fd(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    if (size == 0) return true;
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + size);
    std::size_t used = 0;
    for (; bytes.size() - used >= kAcknowledgementSize; used += kAcknowledgementSize) {
      oracle.take(std::span<const std::uint8_t, kAcknowledgementSize>(bytes.data() + used,
                                                                      kAcknowledgementSize));
      progress.advance(1);
    }
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(used));
    // A run takes two steps, so as many steps as runs is half the work.
    const std::uint64_t enough = std::max<std::uint64_t>(1, oracle.created());
    progress.set_fraction(static_cast<double>(oracle.steps()) / static_cast<double>(enough));
    if (!killed && oracle.steps() >= enough) {
      child.send(SIGKILL);
      killed = true;
    }
  }
}

/// Opens the store and looks for everything. Yields the exit code.
int look(const Options& options, const Workspace& workspace, const CrashOracle& oracle,
         bool unfinished_too, Console& console) {
  const auto failure = [&console](const milepost::Error& error) {
    console.error("error: " + milepost::to_string(error));
    return kExitStoreError;
  };
  const auto began = std::chrono::steady_clock::now();
  auto tracker = open_store(options, workspace, console);
  if (!tracker) return failure(tracker.error());
  const auto opened = std::chrono::steady_clock::now() - began;
  const auto verdict = oracle.check(*tracker);
  if (!verdict) return failure(verdict.error());
  say("   opened in " + seconds_text(opened) + ": " + with_separators(verdict->there) + " of " +
      with_separators(oracle.changes()) + " acknowledged changes are there, " +
      with_separators(verdict->missing) + " missing");
  if (verdict->missing > 0) {
    console.error("error: lost changes, first of run " +
                  milepost::to_string(verdict->first_missing) + "; the store is kept in " +
                  workspace.directory());
    return kExitNotAsAcknowledged;
  }
  if (unfinished_too) {
    const auto counts = tracker->counts();
    if (!counts) return failure(counts.error());
    say("   and " + counted(verdict->untold, "change") +
        " that nobody had been told of: the kill came between the two");
    say("   left to do: " + with_separators(counts->queued) + " queued, " +
        with_separators(counts->running) + " running");
  }
  if (auto closed = tracker->close(); !closed) return failure(closed.error());
  return kExitDone;
}

/// Starts the executor, and kills it. Yields an exit code when the story ends here.
std::optional<int> crash(const Options& options, Workspace& workspace, Console& console,
                         CrashOracle& oracle) {
  std::vector<std::string> arguments = to_arguments(options);
  arguments.insert(arguments.end(),
                   {"--acknowledgements-fd", std::to_string(ChildProcess::kPipeFd)});
  auto child = ChildProcess::start(arguments);
  if (!child) {
    console.error("error: " + milepost::to_string(child.error()));
    return kExitStoreError;
  }
  say("1. The executor runs as process " + std::to_string(child->pid()) + " in " +
      workspace.directory());
  if (!watch_and_kill(*child, console, oracle)) {
    console.error("error: the pipe of the executor cannot be read: " +
                  std::string(std::strerror(errno)));
    return kExitStoreError;
  }
  const int status = child->wait();
  if (stop_requested()) {
    workspace.keep();
    console.error("Stopped by " + stop_reason().value_or("a signal") +
                  ". Continue with:  " + continue_command(options));
    return kExitStopped;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != kExitDone) {
    if (WEXITSTATUS(status) != kExitUsage) workspace.keep();  // It said so.
    return WEXITSTATUS(status);
  }
  if (WIFEXITED(status)) {
    say("2. It ended before it could be killed; try a larger --count");
  } else if (WTERMSIG(status) != SIGKILL) {
    console.error("error: the executor died of signal " + std::to_string(WTERMSIG(status)) +
                  ", not of our SIGKILL; the store is kept in " + workspace.directory());
    workspace.keep();
    return kExitStoreError;
  } else {
    say("2. Killed it with SIGKILL. Acknowledged until then: " +
        counted(oracle.changes(), "change") + " (" + counted(oracle.created(), "create") + ", " +
        counted(oracle.steps(), "step") + ")");
  }
  return std::nullopt;
}

}  // namespace

Acknowledged acknowledge_to(int fd) {
  return [fd](const milepost::Run& run) {
    std::array<std::uint8_t, kAcknowledgementSize> record{};
    std::memcpy(record.data(), run.run_id.data, 16);
    std::memcpy(record.data() + 16, run.organization_id.data, 16);
    record.back() = static_cast<std::uint8_t>(run.status);
    // Writes this small are never mixed with those of other threads.
    ssize_t size = 0;
    do {
      size = ::write(fd, record.data(), record.size());
    } while (size < 0 && errno == EINTR);
  };
}

int run_crash_demo(const Options& options, Console& console) {
  auto workspace = Workspace::open(options.directory);
  if (!workspace) {
    console.error("error: " + milepost::to_string(workspace.error()));
    return kExitUsage;
  }
  Options here = options;
  here.crash = false;
  here.directory = workspace->directory();

  CrashOracle oracle;
  if (const auto over = crash(here, *workspace, console, oracle)) return *over;
  say("3. The same directory again");
  if (const int code = look(here, *workspace, oracle, true, console); code != kExitDone) {
    workspace->keep();
    return code;
  }
  say("4. The executor runs again, with the same arguments");
  if (const int code = run_host(here, *workspace, console, {}); code != kExitDone) return code;
  say("\n5. And once more, now that all is done");
  if (const int code = look(here, *workspace, oracle, false, console); code != kExitDone) {
    workspace->keep();
    return code;
  }
  say("Nothing that was acknowledged was lost.");
  return kExitDone;
}

}  // namespace sample
