// SPDX-License-Identifier: Apache-2.0
//
// Completions for bash, zsh and fish. None needs more than the shell itself.
#include <algorithm>

#include "command_tree.hpp"

namespace cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

/// In single quotes; the quote itself as that shell has it.
std::string in_quotes(const std::string& text, const std::string& quote) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += quote;
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

bool takes_path(const OptionInfo& option) { return option.type == "DIR" || option.type == "FILE"; }

// bash

/// What follows an option, or stands as an argument: words, folders, files.
std::string bash_values(const OptionInfo& option) {
  if (!option.words.empty()) return "compgen -W '" + joined(option.words) + "' -- \"$cur\"";
  if (option.type == "DIR") return "compgen -d -- \"$cur\"";
  if (option.type == "FILE") return "compgen -f -- \"$cur\"";
  return ":";
}

void bash_command(const CommandInfo& command, std::string& paths, std::string& cases) {
  std::vector<std::string> words;
  std::string values;
  std::string arguments;
  for (const CommandInfo& below : command.commands) words.push_back(below.name);
  for (const OptionInfo& option : command.options) {
    if (option.argument) {
      if (takes_path(option) || !option.words.empty())
        arguments += "      __milepost_add < <(" + bash_values(option) + ")\n";
      continue;
    }
    words.insert(words.end(), option.names.begin(), option.names.end());
    if (option.type.empty()) continue;
    std::string names;
    for (const std::string& name : option.names) names += (names.empty() ? "" : "|") + name;
    values += "        " + names + ") __milepost_add < <(" + bash_values(option) + "); return ;;\n";
  }
  cases += "    " + in_quotes(command.path, "'\\''") + ")\n";
  if (!values.empty()) cases += "      case $prev in\n" + values + "      esac\n";
  cases += "      __milepost_add < <(compgen -W '" + joined(words) + "' -- \"$cur\")\n";
  cases += arguments + "      ;;\n";
  for (const CommandInfo& below : command.commands) {
    paths += (paths.empty() ? "" : "|") + in_quotes(below.path, "'\\''");
    bash_command(below, paths, cases);
  }
}

// zsh

std::string zsh_escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string zsh_values(const OptionInfo& option) {
  if (!option.words.empty()) {
    std::string words;
    for (const std::string& word : option.words) words += zsh_escaped(word) + " ";
    return "(" + words + ")";
  }
  if (option.type == "DIR") return "_files -/";
  if (option.type == "FILE") return "_files";
  return " ";
}

std::string zsh_option(const OptionInfo& option) {
  const std::string quote = "'\\''";
  if (option.argument)
    return " \\\n    " +
           in_quotes("*:" + zsh_escaped(option.names.front()) + ":" + zsh_values(option), quote);
  std::string text;
  for (const std::string& name : option.names) {
    std::string one;
    if (option.names.size() > 1) one += "(" + joined(option.names) + ")";
    one += name + "[" + zsh_escaped(option.description) + "]";
    if (!option.type.empty()) one += ":" + option.type + ":" + zsh_values(option);
    text += " \\\n    " + in_quotes(one, quote);
  }
  return text;
}

std::string zsh_function(const CommandInfo& command) {
  std::string name = "_milepost";
  if (!command.path.empty()) name += "_" + command.path;
  std::replace(name.begin(), name.end(), ' ', '_');
  std::string below;
  std::string text = name + "() {\n";
  std::string options;
  for (const OptionInfo& option : command.options) options += zsh_option(option);
  if (command.commands.empty()) return text + "  _arguments" + options + "\n}\n\n";
  text += "  local context state state_descr line\n  typeset -A opt_args\n  local -a commands=(\n";
  for (const CommandInfo& one : command.commands) {
    text += "    " + in_quotes(one.name + ":" + zsh_escaped(one.description), "'\\''") + "\n";
    below += zsh_function(one);
  }
  text += "  )\n  _arguments -C" + options + " \\\n    '1: :->command' '*:: :->rest'\n";
  text += "  case $state in\n    command) _describe command commands ;;\n    rest)\n";
  text += "      (( ${+functions[" + name + "_$line[1]]} )) && " + name + "_$line[1]\n";
  return below + text + "      ;;\n  esac\n}\n\n";
}

// fish

std::string fish_quoted(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  return in_quotes(escaped, "\\'");
}

void fish_command(const CommandInfo& command, const std::string& condition, std::string& text) {
  const std::string start = "complete -c milepost -n " + fish_quoted(condition);
  for (const OptionInfo& option : command.options) {
    if (option.argument) {
      if (takes_path(option)) text += start + " -F\n";
      if (!option.words.empty()) text += start + " -a '" + joined(option.words) + "'\n";
      continue;
    }
    text += start;
    for (const std::string& name : option.names)
      text += name.compare(0, 2, "--") == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (!option.type.empty()) {
      text += option.type == "FILE" ? " -r" : " -x";
      if (!option.words.empty()) text += " -a '" + joined(option.words) + "'";
      if (option.type == "DIR") text += " -a '(__fish_complete_directories)'";
      if (option.type == "FILE") text += " -F";
    }
    text += " -d " + fish_quoted(option.description) + "\n";
  }
}

}  // namespace

std::string bash_completion(const CommandInfo& program) {
  std::string paths;
  std::string cases;
  bash_command(program, paths, cases);
  return R"(# bash completion for milepost; made by: milepost completion bash

__milepost_add() {
  local line
  while IFS= read -r line; do COMPREPLY+=("$line"); done
}

_milepost() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} path='' next at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    next=${path:+$path }${COMP_WORDS[at]}
    case $next in
      )" +
         paths + R"() path=$next ;;
    esac
  done
  case $path in
)" + cases +
         R"(  esac
}

complete -o filenames -F _milepost milepost
)";
}

std::string zsh_completion(const CommandInfo& program) {
  return "#compdef milepost\n# zsh completion for milepost; made by: milepost completion zsh\n\n" +
         zsh_function(program) +
         "if [[ $funcstack[1] == _milepost ]]; then\n  _milepost \"$@\"\nelse\n"
         "  compdef _milepost milepost\nfi\n";
}

std::string fish_completion(const CommandInfo& program) {
  std::string text =
      "# fish completion for milepost; made by: milepost completion fish\n"
      "complete -c milepost -f\n";
  fish_command(program, "__fish_use_subcommand", text);
  for (const CommandInfo& command : program.commands) {
    text += "complete -c milepost -n '__fish_use_subcommand' -a " + command.name + " -d " +
            fish_quoted(command.description) + "\n";
    if (command.commands.empty()) {
      // The names below a command that has some, as in "key list", are names of commands as well.
      std::string condition = "__fish_seen_subcommand_from " + command.name;
      for (const CommandInfo& other : program.commands) {
        if (!other.commands.empty())
          condition += "; and not __fish_seen_subcommand_from " + other.name;
      }
      fish_command(command, condition, text);
      continue;
    }
    const std::string seen = "__fish_seen_subcommand_from " + command.name;
    std::vector<std::string> names;
    for (const CommandInfo& below : command.commands) names.push_back(below.name);
    const std::string open = seen + "; and not __fish_seen_subcommand_from " + joined(names);
    fish_command(command, open, text);
    for (const CommandInfo& below : command.commands) {
      text += "complete -c milepost -n " + fish_quoted(open) + " -a " + below.name + " -d " +
              fish_quoted(below.description) + "\n";
      fish_command(below, seen + "; and __fish_seen_subcommand_from " + below.name, text);
    }
  }
  return text;
}

}  // namespace cli
