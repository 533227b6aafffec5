// SPDX-License-Identifier: Apache-2.0
//
// milepost-server: the published call over a directory that another process writes to, or that this
// one owns.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include "milepost/http/keys.hpp"
#include "milepost/http/server.hpp"
#include "milepost/tracker.hpp"
#include "milepost/version.hpp"

namespace {

constexpr int kExitDone = 0;
constexpr int kExitError = 1;
constexpr int kExitUsage = 2;

constexpr const char* kFooter = R"(Examples:
  milepost-server --directory runs --keys runs.keys
  milepost-server --directory runs --keys runs.keys --own --port 8080
  curl --header 'x-api-key: <api-key>' \
    http://localhost:3001/api/v1/public/journeys/runs/<runId>

Serves GET /api/v1/public/journeys/runs/{runId}, /healthz, /metrics and
/openapi.json. SIGTERM or Ctrl-C: requests under way are finished first.
There is no TLS here: let a proxy have it and keep the server on the loopback.

Exit codes:
  0  stopped as asked
  1  the store, the key file or the address cannot be used
  2  the command line cannot be used
)";

struct Options {
  milepost::http::ServerOptions server;
  std::string directory;
  bool own = false;
  bool access_log = false;
};

/// One write a line, so that lines of different threads do not mix.
void say(int fd, std::string line) {
  line += '\n';
  [[maybe_unused]] const auto written = ::write(fd, line.data(), line.size());
}

void log_line(milepost::LogLevel level, std::string_view text) {
  if (level != milepost::LogLevel::debug)
    say(STDERR_FILENO, "milepost-server: " + std::string(text));
}

int complain(const milepost::Error& error) {
  say(STDERR_FILENO, "milepost-server: " + milepost::to_string(error));
  return kExitError;
}

void add_limits(CLI::App& app, milepost::http::ServerOptions& server) {
  app.add_option("--threads", server.threads, "Threads that serve (default: one a core)");
  app.add_option("--connections", server.connections_max, "Most connections at once")
      ->capture_default_str();
  app.add_option("--connections-per-address", server.connections_per_address_max,
                 "Most from one address (default: all on the loopback, else a quarter)");
  app.add_option("--rate", server.rate_per_key, "Requests a second of one key; 0: any")
      ->capture_default_str();
  app.add_option("--burst", server.burst_per_key, "Requests one key may make at once")
      ->capture_default_str();
  app.add_option("--waits", server.waits_max, "Most requests that wait for a run at once")
      ->capture_default_str();
  const auto seconds = [&app](const char* name, std::chrono::milliseconds& time, const char* text) {
    app.add_option_function<double>(
           name,
           [&time](const double& value) {
             time = std::chrono::milliseconds(static_cast<std::int64_t>(value * 1'000));
           },
           std::string(text) + " (default: " + std::to_string(time.count() / 1'000) + ")")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.01, 3600.0));
  };
  seconds("--head-timeout", server.head_timeout, "For a request to arrive");
  seconds("--idle-timeout", server.idle_timeout, "Between requests");
  seconds("--write-timeout", server.write_timeout, "For a client to take its response");
  seconds("--stop-timeout", server.stop_timeout, "For requests under way at the end");
  app.add_option_function<unsigned>(
         "--wait-max",
         [&server](const unsigned& value) { server.wait_max = std::chrono::seconds(value); },
         "Longest wait that 'Prefer: wait' gets (default: 30)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0u, 300u));
}

std::optional<int> read_arguments(int argc, char** argv, Options& options) {
  CLI::App app("Answers \"how is run X?\" over HTTP.", "milepost-server");
  app.set_version_flag("--version", "milepost-server (milepost " MILEPOST_VERSION_STRING ")");
  app.footer(kFooter);
  app.add_option("-d,--directory", options.directory, "The store's folder")
      ->required()
      ->type_name("DIR");
  app.add_option("-k,--keys", options.server.key_file, "The key file, 0600")
      ->required()
      ->type_name("FILE")
      ->envname("MILEPOST_KEYS");
  app.add_flag("--own", options.own,
               "Open the store for writing, as its one owner; without it the store is read while "
               "another process writes");
  app.add_option("--listen", options.server.address, "Address to listen on")
      ->capture_default_str()
      ->type_name("ADDRESS");
  app.add_option("-p,--port", options.server.port, "Port; 0: any that is free")
      ->capture_default_str();
  app.add_flag("--allow-remote", options.server.allow_remote,
               "Listen on addresses that other machines can reach, without TLS");
  app.add_flag("--access-log", options.access_log, "Write a line for each request to stdout");
  add_limits(app, options.server);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kExitDone : kExitUsage;
  }
  return std::nullopt;
}

/// As many descriptors as we may have, for as many connections.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int serve(const Options& options, const sigset_t& ends) {
  auto tracker = milepost::Tracker::open(
      {.directory = options.directory, .read_only = !options.own, .log = log_line});
  if (!tracker) return complain(tracker.error());
  auto server = milepost::http::Server::start(*tracker, options.server);
  if (!server) return complain(server.error());
  say(STDOUT_FILENO, "milepost-server: listening on " + server->url());
  int number = 0;
  ::sigwait(&ends, &number);
  say(STDOUT_FILENO, "milepost-server: stopping");
  // Another signal ends the process at once.
  ::pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
  server->stop();
  const auto closed = tracker->close();
  return closed ? kExitDone : complain(closed.error());
}

int run(int argc, char** argv) {
  Options options;
  if (const auto code = read_arguments(argc, argv, options)) return *code;
  options.server.log = log_line;
  if (options.access_log) {
    options.server.access = [](const milepost::http::Access& access) {
      say(STDOUT_FILENO, milepost::http::to_log_line(access));
    };
  }
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t ends;
  ::sigemptyset(&ends);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ends, number);
  // Before any thread is made, so that the signals wait for sigwait.
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  return serve(options, ends);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& failed) {
    // Not by way of say(), which needs memory.
    std::fprintf(stderr, "milepost-server: %s\n", failed.what());
    return kExitError;
  }
}
