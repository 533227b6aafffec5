// SPDX-License-Identifier: Apache-2.0
//
// The command line, read by CLI11, and written back for child processes and advice.
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <string_view>

#include "milepost/options.hpp"
#include "milepost/version.hpp"

namespace sample {
namespace {

constexpr const char* kFooter = R"(Each line of the input is one trigger:
  {"journeyId":"<uuid>","profileId":"<uuid>","triggeredAt":"2023-11-07T05:31:56Z"}
triggeredAt, organizationId and idempotencyKey may be left out. A line that
cannot be used is reported with its number and skipped.

A trigger is told from others by its key, or else by its line, so the same
command on the same directory continues where an earlier one stopped and makes
nothing twice.

Examples:
  journey_executor                              20,000 sample triggers, 8 workers
  journey_executor --workers 64                 more callers share each sync
  journey_executor --write-sample sample.jsonl  the sample as a file
  journey_executor --input my.jsonl --directory runs
  tail -n 1000 my.jsonl | journey_executor --input - --directory runs
  journey_executor --crash                      kill -9 midway, recover, prove it

Exit codes:
  0    done
  1    the store reported an error
  2    the command line or the input cannot be used
  3    the store does not hold what it acknowledged
  130  stopped by Ctrl-C or SIGTERM; the printed command continues
)";

std::string quote_for_shell(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

/// What is wrong with the text of an id; empty: nothing.
std::string id_problem(const std::string& text) {
  const auto id = milepost::parse_uuid(text);
  return id ? std::string() : milepost::to_string(id.error());
}

/// `organizations` and `step_time_ms` are still to be converted.
void add_options(CLI::App& app, Options& options, std::vector<std::string>& organizations,
                 unsigned& step_time_ms) {
  auto* input = app.add_option("-i,--input", options.input,
                               "JSON Lines file of triggers; - reads stdin (default: a sample)");
  auto* count =
      app.add_option("-n,--count", options.count, "Triggers in the sample (default: 20000)")
          ->check(CLI::Range(std::uint64_t{0}, kSampleCountMax));
  auto* seed = app.add_option("--seed", options.seed, "Seed of the sample (default: 7)");
  count->excludes(input);
  seed->excludes(input);
  auto* write = app.add_option("--write-sample", options.write_sample,
                               "Write the sample to FILE (- is stdout) and do nothing else");
  write->type_name("FILE")->excludes(input);
  input->type_name("FILE");
  app.add_option("-d,--directory", options.directory,
                 "Keep the store here (default: a temporary one, removed at the end)")
      ->type_name("DIR");
  app.add_option("-w,--workers", options.workers, "Threads that execute runs (default: 8)")
      ->check(CLI::Range(1u, kWorkersMax));
  app.add_option("-b,--batch", options.batch, "Runs created by one commit (default: 500)")
      ->check(CLI::Range(std::size_t{1}, milepost::kBatchCommandsMax));
  app.add_option("--step-time", step_time_ms,
                 "Milliseconds each step of a journey takes (default: 0)")
      ->check(CLI::Range(0u, kStepTimeMsMax));
  app.add_option("--organization", organizations,
                 "Execute this organization's runs too, beside those that the input names")
      ->type_name("ID")
      ->allow_extra_args(false)
      ->check(id_problem);
  app.add_flag("--relaxed", options.relaxed,
               "Acknowledge before the sync: a power cut may take the last 50 ms");
  auto* crash = app.add_flag("--crash", options.crash,
                             "Kill the executor midway with SIGKILL, start it again, and check "
                             "every acknowledged change");
  crash->excludes(write);
  app.add_option("--acknowledgements-fd", options.acknowledgements_fd)->group("");
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
  Options options;
  if (argc > 0) options.program = argv[0];
  std::vector<std::string> organizations;
  unsigned step_time_ms = 0;
  CLI::App app("Executes journeys and tracks each run of them in a Milepost store.",
               "journey_executor");
  app.set_version_flag("--version", "journey_executor (milepost " MILEPOST_VERSION_STRING ")");
  app.footer(kFooter);
  add_options(app, options, organizations, step_time_ms);
  try {
    app.parse(argc, argv);
    if (options.crash && options.input == "-") {
      throw CLI::ValidationError(
          "--crash reads the input twice, so it cannot be stdin: save it to a file first");
    }
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kExitDone : kExitUsage;
  }
  for (const std::string& id : organizations) {
    options.organizations.push_back(milepost::parse_uuid(id).value());
  }
  options.step_time = std::chrono::milliseconds(step_time_ms);
  return options;
}

std::vector<std::string> to_arguments(const Options& options) {
  std::vector<std::string> arguments;
  const auto add = [&](std::string name, std::string value) {
    arguments.push_back(std::move(name));
    arguments.push_back(std::move(value));
  };
  if (!options.input.empty()) add("--input", options.input);
  if (options.count != kSampleCount) add("--count", std::to_string(options.count));
  if (options.seed != kSampleSeed) add("--seed", std::to_string(options.seed));
  if (!options.directory.empty()) add("--directory", options.directory);
  if (options.workers != kWorkers) add("--workers", std::to_string(options.workers));
  if (options.batch != kBatch) add("--batch", std::to_string(options.batch));
  if (options.step_time.count() != 0) {
    add("--step-time", std::to_string(options.step_time.count()));
  }
  for (const milepost::Uuid& id : options.organizations) {
    add("--organization", milepost::to_string(id));
  }
  if (options.relaxed) arguments.emplace_back("--relaxed");
  return arguments;
}

std::string continue_command(const Options& options) {
  Options again = options;
  // What stdin held is gone; the runs made from it are in the store.
  if (again.input == "-") again.input = "/dev/null";
  std::string command = quote_for_shell(options.program);
  for (const std::string& argument : to_arguments(again)) {
    command += ' ' + quote_for_shell(argument);
  }
  return command;
}

}  // namespace sample
