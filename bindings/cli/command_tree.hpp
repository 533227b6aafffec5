// SPDX-License-Identifier: Apache-2.0
//
// The command line as plain values, for the texts that are made from it: completions and the manual
// name every command and option because they are made from what the parser accepts.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace cli {

struct OptionInfo {
  std::vector<std::string> names;  ///< With dashes, or the one name of an argument.
  std::string type;                ///< Empty for flags.
  std::string description;
  std::vector<std::string> words;  ///< All values there are, if they are few.
  bool argument = false;           ///< Without dashes.
  bool required = false;
};

struct CommandInfo {
  std::string name;
  std::string path;  ///< `key create`; of the program: empty.
  std::string description;
  std::string footer;
  std::vector<OptionInfo> options;
  std::vector<CommandInfo> commands;
};

[[nodiscard]] CommandInfo describe(const CLI::App& app, const std::string& path = {});

[[nodiscard]] std::string bash_completion(const CommandInfo& program);
[[nodiscard]] std::string zsh_completion(const CommandInfo& program);
[[nodiscard]] std::string fish_completion(const CommandInfo& program);
/// Section 1, for man(1).
[[nodiscard]] std::string manual(const CommandInfo& program);

}  // namespace cli
