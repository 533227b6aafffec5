// SPDX-License-Identifier: Apache-2.0
//
// What clients send, made safe for a line of a log.
#include <algorithm>
#include <string>

#include "milepost/http/server.hpp"

namespace milepost::http {
namespace {

constexpr std::size_t kTextMax = 256;

void append_safe(std::string& line, std::string_view text) {
  if (text.empty()) line += '-';
  for (const char c : text.substr(0, kTextMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '\\' && c != '"') {
      line += c;
    } else {
      line.append("\\x");
      line += "0123456789abcdef"[byte >> 4];
      line += "0123456789abcdef"[byte & 15];
    }
  }
  if (text.size() > kTextMax) line.append("...");
}

}  // namespace

std::string to_log_line(const Access& access) {
  std::string line;
  append_safe(line, access.peer);
  line += ' ';
  append_safe(line, access.key_id);
  line.append(" \"");
  append_safe(line, access.method);
  line += ' ';
  append_safe(line, access.target);
  line.append("\" ").append(std::to_string(access.status));
  line.append(" ").append(std::to_string(access.bytes));
  line.append(" ").append(std::to_string(std::max<std::int64_t>(0, access.took.count())));
  line.append("us");
  return line;
}

}  // namespace milepost::http
