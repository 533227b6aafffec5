// SPDX-License-Identifier: Apache-2.0
//
// The command line as a tree of commands, and helpers to declare one. A command's options live as
// long as the tree; what it does is chosen while the line is read, and runs afterwards.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session.hpp"

#include "milepost/list.hpp"
#include "milepost/run.hpp"

namespace cli {

using Action = std::function<int(Session&)>;

/// Everything the command line may say. `chosen` is set by reading it.
class Commands {
 public:
  explicit Commands(Session& session);

  CLI::App& root() noexcept { return root_; }
  [[nodiscard]] const CLI::App& root() const noexcept { return root_; }
  [[nodiscard]] const Action& chosen() const noexcept { return chosen_; }
  /// Of all commands, wherever it is given.
  [[nodiscard]] bool& json_flag() noexcept { return session_.json; }
  [[nodiscard]] bool needs_store() const noexcept { return needs_store_; }

  /// A command with --store and --json. `examples` are lines of shell.
  CLI::App* add(const std::string& name, const std::string& description,
                const std::string& examples, Action action);
  /// One that needs no store, below `parent`, or below the program.
  CLI::App* add_plain(CLI::App* parent, const std::string& name, const std::string& description,
                      const std::string& examples, Action action);

 private:
  Session& session_;
  CLI::App root_;
  Action chosen_;
  bool needs_store_ = false;
};

// The groups, one file each.
void add_read_commands(Commands& commands);
void add_watch_commands(Commands& commands);
void add_run_commands(Commands& commands);
void add_upkeep_commands(Commands& commands);
void add_transfer_commands(Commands& commands);
void add_store_commands(Commands& commands);
void add_stats_command(Commands& commands);
void add_key_commands(Commands& commands);
void add_shell_commands(Commands& commands);

// Options of the same name mean the same everywhere.
CLI::Option* add_id(CLI::App* app, const std::string& name, milepost::Uuid& id,
                    const std::string& description);
CLI::Option* add_id(CLI::App* app, const std::string& name, std::optional<milepost::Uuid>& id,
                    const std::string& description);
CLI::Option* add_instant(CLI::App* app, const std::string& name,
                         std::optional<milepost::Instant>& instant, const std::string& description);
/// `90s`, `5m`, `12h`, `30d`.
CLI::Option* add_duration(CLI::App* app, const std::string& name,
                          std::optional<std::chrono::milliseconds>& duration,
                          const std::string& description);
CLI::Option* add_statuses(CLI::App* app, milepost::StatusSet& statuses);

}  // namespace cli
