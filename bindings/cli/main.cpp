// SPDX-License-Identifier: Apache-2.0
//
// milepost: the store from a command line. Reads what the line says, does it, and lets nothing but
// an exit code out.
#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "commands.hpp"
#include "text.hpp"

namespace {

using cli::Commands;
using cli::Session;

int usage(Session& session, const std::string& text) {
  session.err.line("milepost: " + cli::for_terminal(text));
  session.err.line(
      "  'milepost --help' lists the commands, 'milepost COMMAND --help' explains one.");
  session.err.flush();
  return cli::kUsage;
}

/// The word that stands where a command should, if it is none; empty: there is no such word.
std::string unknown_command(const CLI::App& root, int argc, char** argv) {
  const CLI::App* app = &root;
  for (int at = 1; at < argc && argv[at][0] != '-'; ++at) {
    const auto below = app->get_subcommands([](const CLI::App*) { return true; });
    if (below.empty()) break;
    const auto named = [&](const CLI::App* one) { return one->check_name(argv[at]); };
    const auto found = std::find_if(below.begin(), below.end(), named);
    if (found == below.end()) return argv[at];
    app = *found;
  }
  return {};
}

/// CLI11's own exits are help and version, which go to stdout, and what is wrong with the line.
int end_of_parsing(Session& session, const Commands& commands, const CLI::ParseError& problem,
                   int argc, char** argv) {
  if (dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr) {
    if (const std::string name = unknown_command(commands.root(), argc, argv); !name.empty())
      return usage(session, "there is no command '" + name + "'");
  }
  if (problem.get_exit_code() != 0) return usage(session, problem.what());
  std::ostringstream text;
  commands.root().exit(problem, text, text);
  session.out.write(text.str());
  return cli::kDone;
}

int finish(Session& session, int code) {
  session.out.flush();
  session.err.flush();
  if (session.out.failed() == 0) return code;
  const int told = session.complain(milepost::Errc::io, std::string("Output cannot be written: ") +
                                                            std::strerror(session.out.failed()) +
                                                            ".");  // NOLINT
  return code == cli::kDone ? told : code;
}

int run(Session& session, int argc, char** argv) {
  Commands commands(session);
  cli::add_read_commands(commands);
  cli::add_watch_commands(commands);
  cli::add_run_commands(commands);
  cli::add_upkeep_commands(commands);
  cli::add_transfer_commands(commands);
  cli::add_store_commands(commands);
  cli::add_stats_command(commands);
  cli::add_key_commands(commands);
  cli::add_shell_commands(commands);
  try {
    commands.root().parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return end_of_parsing(session, commands, problem, argc, argv);
  }
  if (commands.needs_store() && session.store.empty()) {
    const char* variable = std::getenv("MILEPOST_STORE");
    if (variable == nullptr || *variable == '\0')
      return usage(session, "which store? Give --store DIR, or set MILEPOST_STORE.");
    session.store = variable;
  }
  return commands.chosen()(session);
}

}  // namespace

int main(int argc, char** argv) {
  // Widths of characters depend on it; texts are UTF-8 whatever the user's locale.
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  std::signal(SIGPIPE, SIG_IGN);
  try {
    // Lives as long as the process: a signal may come while main returns.
    static auto* const stop = new cli::Stop;
    Session session(*stop);
    return finish(session, run(session, argc, argv));
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "milepost: %s\n", cli::for_terminal(failed.what()).c_str());
    return cli::kInternal;
  }
}
