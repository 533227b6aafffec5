// SPDX-License-Identifier: Apache-2.0
//
// NO_COLOR (no-color.org) and TERM=dumb are heeded here and nowhere else.
#include "terminal.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace cli {
namespace {

constexpr std::size_t kPendingMax = 64u << 10;

bool set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool dumb() {
  const char* kind = std::getenv("TERM");
  return kind == nullptr || std::strcmp(kind, "dumb") == 0;
}

winsize size_of(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

constexpr std::array<std::string_view, 8> kCodes = {"",         "\x1b[1m",  "\x1b[2m",  "\x1b[31m",
                                                    "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[35m"};

}  // namespace

Style style_of(milepost::RunStatus status) noexcept {
  static constexpr std::array kStyles = {Style::blue, Style::yellow, Style::green, Style::red,
                                         Style::magenta};
  const auto number = static_cast<std::size_t>(status);
  return number < kStyles.size() ? kStyles[number] : Style::plain;
}

Stream::Stream(int descriptor)
    : descriptor_(descriptor),
      terminal_(::isatty(descriptor) == 1),
      movable_(terminal_ && !dumb()),
      colours_(movable_ && !set("NO_COLOR")) {}

std::size_t Stream::columns() const {
  const std::size_t columns = terminal_ ? size_of(descriptor_).ws_col : 0;
  return columns == 0 ? 80 : columns;
}

std::size_t Stream::rows() const {
  const std::size_t rows = terminal_ ? size_of(descriptor_).ws_row : 0;
  return rows == 0 ? 24 : rows;
}

std::string Stream::styled(Style style, std::string_view text) const {
  if (!colours_ || style == Style::plain) return std::string(text);
  return std::string(kCodes[static_cast<std::size_t>(style)]) + std::string(text) + "\x1b[0m";
}

void Stream::write(std::string_view text) {
  if (!open()) return;
  pending_ += text;
  if (pending_.size() >= kPendingMax) flush();
}

void Stream::line(std::string_view text) {
  write(text);
  write("\n");
}

void Stream::flush() {
  std::string_view rest = pending_;
  while (!rest.empty() && open()) {
    const auto written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // The descriptor is somebody's who made it non-blocking.
      pollfd ready{.fd = descriptor_, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno == EPIPE) {
      gone_ = true;
    } else if (errno != EINTR) {
      failed_ = errno;
    }
  }
  pending_.clear();
}

}  // namespace cli
