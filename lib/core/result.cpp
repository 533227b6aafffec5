// SPDX-License-Identifier: Apache-2.0
//
// Errors as text and as the one exception, and the wording helpers of the core.
#include "milepost/result.hpp"

#include <utility>

#include "core/errors.hpp"

#include "milepost/command.hpp"

namespace milepost {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void append_escaped(std::string& out, unsigned char byte) {
  out += "\\x";
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 0xf];
}

/// One line stays one line, whatever a file name holds. UTF-8 passes.
void append_one_line(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      append_escaped(out, byte);
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string to_string(const Error& error) {
  std::string line(to_string(error.code));
  if (error.system != 0) {
    line += " (system ";
    line += std::to_string(error.system);
    line += ')';
  }
  for (const std::string* part : {&error.subject, &error.message}) {
    if (part->empty()) continue;
    line += ": ";
    append_one_line(line, *part);
  }
  if (!error.advice.empty()) {
    line += ' ';
    append_one_line(line, error.advice);
  }
  return line;
}

Exception::Exception(Error error)
    : std::runtime_error(to_string(error)), error_(std::move(error)) {}

Exception::~Exception() = default;

void throw_exception_from_error(const Error& error, const boost::source_location& /*where*/) {
  throw Exception(error);
}

void Outcome::require_applied() const {
  if (holds()) return;
  std::string what = "the command was answered ";
  what += to_string(kind);
  if (run_known) {
    what += ": run ";
    what += to_string(run.run_id);
    what += " is ";
    what += to_string(run.status);
  } else if (kind == OutcomeKind::not_found) {
    what += ": there is no such run";
  } else {
    what += ": the run id is taken";
  }
  throw std::logic_error(what);
}

namespace core {

std::string shown(std::string_view value) {
  const bool cut = value.size() > kShownBytesMax;
  std::string text;
  for (const char c : value.substr(0, kShownBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '\\') {
      append_escaped(text, byte);
    } else {
      text += c;
    }
  }
  if (cut) text += "...";
  return text;
}

Error invalid_argument(std::string subject, std::string message, std::string advice) {
  Error error;
  error.code = Errc::invalid_argument;
  error.subject = std::move(subject);
  error.message = std::move(message);
  error.advice = std::move(advice);
  return error;
}

}  // namespace core
}  // namespace milepost
