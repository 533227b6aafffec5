// SPDX-License-Identifier: Apache-2.0
//
// CLI11's tree, read once.
#include "command_tree.hpp"

#include <map>

namespace cli {
namespace {

std::vector<std::string> words_of(const std::string& name) {
  static const std::map<std::string, std::vector<std::string>> kWords = {
      {"--status", {"queued", "running", "completed", "failed", "exited"}},
      {"--expect", {"completed", "failed", "exited"}},
      {"--scope", {"journeys:read", "metrics:read"}},
      {"--level", {"records", "pages"}},
      {"SHELL", {"bash", "zsh", "fish"}}};
  const auto found = kWords.find(name);
  return found == kWords.end() ? std::vector<std::string>() : found->second;
}

OptionInfo describe_option(const CLI::Option& option) {
  OptionInfo info;
  info.argument = option.get_positional();
  if (info.argument) {
    info.names.push_back(option.get_name(true));
  } else {
    for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
  }
  if (option.get_items_expected_max() != 0) info.type = option.get_type_name();
  info.description = option.get_description();
  info.required = option.get_required();
  for (const std::string& name : info.names) {
    if (auto words = words_of(name); !words.empty()) info.words = std::move(words);
  }
  return info;
}

}  // namespace

CommandInfo describe(const CLI::App& app, const std::string& path) {
  CommandInfo info{.name = app.get_name(),
                   .path = path,
                   .description = app.get_description(),
                   .footer = app.get_footer(),
                   .options = {},
                   .commands = {}};
  for (const CLI::Option* option : app.get_options())
    info.options.push_back(describe_option(*option));
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    info.commands.push_back(
        describe(*command, path.empty() ? command->get_name() : path + " " + command->get_name()));
  }
  return info;
}

}  // namespace cli
