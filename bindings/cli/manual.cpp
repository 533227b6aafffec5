// SPDX-License-Identifier: Apache-2.0
//
// The manual page, from what the parser knows and the texts that nobody else has.
#include "command_tree.hpp"

#include "milepost/version.hpp"

namespace cli {
namespace {

/// Text that roff takes as it is: backslashes, hyphens, and dots that begin a line.
std::string roff(const std::string& text) {
  std::string escaped;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else if (c == '\'') {
      escaped += "\\(aq";
    } else {
      escaped += c;
    }
    line_begins = c == '\n';
  }
  return escaped;
}

std::string option_text(const OptionInfo& option) {
  std::string names;
  for (const std::string& name : option.names) {
    if (!names.empty()) names += ", ";
    names += (option.argument ? "\\fI" : "\\fB") + roff(name) + "\\fR";
  }
  if (!option.argument && !option.type.empty()) names += " \\fI" + roff(option.type) + "\\fR";
  std::string text = ".TP\n" + names + "\n" + roff(option.description);
  if (!option.words.empty()) {
    text += ". One of";
    for (const std::string& word : option.words)
      text += (word == option.words.front() ? " " : ", ") + roff(word);
  }
  return text + ".\n";
}

/// The part of a footer below its heading, up to an empty line.
std::string part(const std::string& footer, const std::string& heading) {
  const auto at = footer.find(heading + "\n");
  if (at == std::string::npos) return {};
  const auto begin = at + heading.size() + 1;
  return footer.substr(begin, footer.find("\n\n", begin) - begin);
}

void command_text(const CommandInfo& command, std::string& text) {
  if (!command.commands.empty()) {
    for (const CommandInfo& below : command.commands) command_text(below, text);
    return;
  }
  text += ".SS milepost " + roff(command.path);
  for (const OptionInfo& option : command.options) {
    if (option.argument)
      text += option.required ? " " + option.names[0] : " [" + option.names[0] + "]";
  }
  text += "\n" + roff(command.description) + ".\n";
  for (const OptionInfo& option : command.options) {
    if (option.names.front() != "-h") text += option_text(option);
  }
  text += ".PP\n.nf\n" + roff(part(command.footer, "Examples:")) + "\n.fi\n";
}

constexpr const char* kDescription = R"(.SH SYNOPSIS
.B milepost
.I COMMAND
.RB [ \-\-store
.IR DIR ]
.RB [ \-\-json ]
.RI [ ARGUMENT ...]
.SH DESCRIPTION
.B milepost
looks at and changes the runs in a Milepost store, the folder a host's process keeps them in.
.PP
Commands that read (get, list, count, watch, wait, export, backup, verify, stats) open the
store read\-only and work while a host writes. They see what the host has published, a
fraction of a second behind. The others need to be the one writer: while another process
writes, they are refused with exit 4, and the text names that process.
.PP
A run that is started here and whose host is this program is an orphan as soon as the program has
ended, as the runs of any process that is gone.
.PP
Tables and colours are for people. With
.B \-\-json
each answer is JSON, one value a line, on stdout, and each error is a JSON object on stderr. Texts
of runs are shown with control characters and marks of direction escaped.
.PP
Long work shows its progress on stderr, if that is a terminal. Ctrl\-C ends it in order; a second
one at once.
.SH COMMANDS
Every command also has
.BR \-h ,
.BR \-\-help .
)";

constexpr const char* kEnd = R"(.SH ENVIRONMENT
.TP
.B MILEPOST_STORE
The store, where \-\-store is not given.
.TP
.B MILEPOST_KEYS
The key file, where \-\-keys is not given.
.TP
.B NO_COLOR
If set and not empty there are no colours.
.TP
.B TERM
If unset or dumb there are neither colours nor lines that are drawn over.
.SH SEE ALSO
.BR milepost\-server (1)
)";

}  // namespace

std::string manual(const CommandInfo& program) {
  std::string text = ".\\\" SPDX-License-Identifier: Apache-2.0\n.\\\" Made by: milepost manual\n";
  text += ".TH MILEPOST 1 \"\" \"milepost " MILEPOST_VERSION_STRING "\" \"User Commands\"\n";
  text += ".SH NAME\nmilepost \\- look at and change the runs in a store\n";
  text += kDescription;
  for (const CommandInfo& command : program.commands) command_text(command, text);
  text += ".SH OPTIONS\n";
  for (const OptionInfo& option : program.options) text += option_text(option);
  text += ".SH EXIT STATUS\n.nf\n" + roff(part(program.footer, "Exit codes:")) + "\n.fi\n";
  return text + kEnd;
}

}  // namespace cli
