// SPDX-License-Identifier: Apache-2.0
//
// Opening and closing, errors and outcomes: what all commands have in common.
#include "session.hpp"

#include <unistd.h>
#include <utility>

#include "json_line.hpp"
#include "table.hpp"
#include "text.hpp"

namespace cli {
namespace {

using milepost::Errc;
using milepost::Error;
using milepost::Outcome;
using milepost::OutcomeKind;
using milepost::Tracker;

std::string sentence(const Outcome& outcome, std::string_view run_id) {
  const std::string status(milepost::to_string(outcome.run.status));
  switch (outcome.kind) {
    case OutcomeKind::created:
      return "created";
    case OutcomeKind::applied:
      return "applied: the run is " + status;
    case OutcomeKind::unchanged:
      return "unchanged: it had already happened";
    case OutcomeKind::illegal:
      return "refused: a run that is " + status + " does not allow it; nothing changed";
    case OutcomeKind::conflict:
      return outcome.has_run()
                 ? "refused: it conflicts with the run as it is, or with who owns it; nothing "
                   "changed"
                 : "refused: the id belongs to another organization's run; nothing changed";
    case OutcomeKind::not_found:
      return "not found: there is no run " + std::string(run_id) + " in that organization";
  }
  return "an outcome that this program does not know";
}

int exit_of(const Outcome& outcome) {
  if (outcome.holds()) return kDone;
  return outcome.kind == OutcomeKind::not_found ? kNotFound : kRefused;
}

}  // namespace

milepost::Result<Tracker> Session::open_to_read() const {
  return Tracker::open({.directory = store, .create = false, .read_only = true});
}

milepost::Result<Tracker> Session::open_to_write(bool make) const {
  return Tracker::open({.directory = store, .create = make});
}

int Session::close(Tracker& tracker, int code) {
  const auto closed = tracker.close();
  if (closed) return code;
  const int told = complain(closed.error());
  return code == kDone ? told : code;
}

int Session::complain(const Error& error) {
  out.flush();
  if (json) {
    err.line(error_json(error));
  } else {
    std::string text = err.styled(Style::red, "milepost: ");
    if (!error.subject.empty()) text += for_terminal(error.subject) + ": ";
    text += for_terminal(error.message);
    text += " [" + std::string(milepost::to_string(error.code)) + "]";
    if (!error.advice.empty()) text += "\n  " + for_terminal(error.advice);
    err.line(text);
  }
  err.flush();
  return exit_code(error.code);
}

int Session::complain(Errc code, std::string message, std::string subject, std::string advice) {
  return complain(Error{.code = code,
                        .subject = std::move(subject),
                        .message = std::move(message),
                        .advice = std::move(advice)});
}

void Session::remark(std::string_view text) {
  if (json) return;
  out.flush();
  err.line("milepost: " + for_terminal(text));
  err.flush();
}

int Session::tell(const Outcome& outcome, std::string_view run_id) {
  if (json) {
    JsonLine line;
    line.text("outcome", milepost::to_string(outcome.kind));
    if (outcome.has_run()) {
      line.raw("run", public_json(outcome.run))
          .text("organizationId", milepost::to_string(outcome.run.organization_id))
          .text_or_null("owner", outcome.run.owner)
          .number("fencingToken", outcome.run.fencing_token)
          .number("sequence", outcome.run.sequence);
    } else {
      line.raw("run", "null");
    }
    out.line(line.done());
  } else {
    Stream& stream = outcome.holds() ? out : err;
    const Style style = outcome.holds() ? Style::green : Style::red;
    const std::string text = sentence(outcome, run_id);
    stream.line((outcome.holds() ? "" : "milepost: ") + stream.styled(style, text));
    if (outcome.has_run()) print_run(stream, outcome.run);
    stream.flush();
  }
  return exit_of(outcome);
}

milepost::Result<bool> Session::confirm(bool yes, const std::string& question) {
  if (yes) return true;
  if (::isatty(STDIN_FILENO) != 1 || !err.terminal()) {
    return Error{.code = Errc::invalid_argument,
                 .message = "Nothing is removed unasked, and there is no terminal to ask at.",
                 .advice = "Add --yes, or --dry-run where there is one."};
  }
  err.write(for_terminal(question) + " [y/N] ");
  err.flush();
  std::string answer;
  for (char c = 0; ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) answer += c;
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace cli
