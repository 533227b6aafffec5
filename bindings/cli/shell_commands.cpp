// SPDX-License-Identifier: Apache-2.0
//
// completion and manual: texts about the program itself. The build installs what they print.
#include "command_tree.hpp"
#include "commands.hpp"

namespace cli {

void add_shell_commands(Commands& commands) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* app =
      commands.add_plain(nullptr, "completion", "Prints the completions for a shell",
                         "  source <(milepost completion bash)\n"
                         "  milepost completion fish > ~/.config/fish/completions/milepost.fish",
                         [shell, &commands](Session& session) {
                           const CommandInfo program = describe(commands.root());
                           session.out.write(*shell == "bash"  ? bash_completion(program)
                                             : *shell == "zsh" ? zsh_completion(program)
                                                               : fish_completion(program));
                           return static_cast<int>(kDone);
                         });
  app->add_option("SHELL", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
  commands.add_plain(nullptr, "manual", "Prints the manual page, for man",
                     "  milepost manual | man -l -", [&commands](Session& session) {
                       session.out.write(manual(describe(commands.root())));
                       return static_cast<int>(kDone);
                     });
}

}  // namespace cli
