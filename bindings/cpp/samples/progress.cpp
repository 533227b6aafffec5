// SPDX-License-Identifier: Apache-2.0
//
// One thread redraws; workers only add to a counter, so showing progress costs them nothing.
#include "progress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "text.hpp"

namespace sample {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{100};
constexpr std::chrono::milliseconds kLineEvery{2'000};
constexpr std::size_t kLabelWidth = 8;
constexpr std::size_t kTextWidth = 54;
constexpr std::size_t kBarWidthMax = 40;
constexpr std::size_t kBarWidthMin = 8;

bool set_in_environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool stderr_draws() {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || *term == '\0' || std::string_view(term) == "dumb";
  return ::isatty(STDERR_FILENO) == 1 && !dumb;
}

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void write_stderr(std::string_view text) {
  // One write for each update, so that lines of several processes do not mix.
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

Console::Console(bool quiet)
    : quiet_(quiet),
      terminal_(stderr_draws()),
      colours_(terminal_ && !set_in_environment("NO_COLOR")) {}

void Console::put(std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::string text;
  if (!bar_.empty()) text += "\r\x1b[K";
  text += printable(line, 4'000);
  text += '\n';
  text += bar_;
  write_stderr(text);
}

void Console::note(std::string_view line) {
  if (!quiet_) put(line);
}

void Console::error(std::string_view line) { put(line); }

void Console::draw(const std::string& bar) {
  const std::lock_guard lock(mutex_);
  if (quiet_ || !terminal_ || (bar.empty() && bar_.empty())) return;
  bar_ = bar;
  write_stderr("\r" + bar_ + "\x1b[K");
}

void Console::leave(const std::string& bar) {
  draw(bar);
  const std::lock_guard lock(mutex_);
  if (bar_.empty()) return;
  bar_.clear();
  write_stderr("\n");
}

Progress::Progress(Console& console, std::string label, std::string unit, std::uint64_t items_max)
    : console_(console),
      label_(std::move(label)),
      unit_(std::move(unit)),
      items_max_(items_max),
      began_(std::chrono::steady_clock::now()) {
  if (!console_.quiet()) ticker_ = std::thread([this] { tick(); });
}

Progress::~Progress() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  finished_cv_.notify_all();
  if (!ticker_.joinable()) return;
  ticker_.join();
  if (console_.terminal()) {
    console_.leave(bar());
  } else {
    console_.note(line(true));
  }
}

void Progress::tick() {
  std::unique_lock lock(mutex_);
  while (!finished_) {
    if (console_.terminal()) console_.draw(bar());
    finished_cv_.wait_for(lock, console_.terminal() ? kRedrawEvery : kLineEvery,
                          [this] { return finished_; });
    if (!finished_ && !console_.terminal()) console_.note(line(false));
  }
}

double Progress::fraction() const noexcept {
  if (items_max_ == 0) return fraction_.load();
  const double done = static_cast<double>(done_.load(std::memory_order_relaxed));
  return std::clamp(done / static_cast<double>(items_max_), 0.0, 1.0);
}

std::string Progress::bar() const {
  const std::uint64_t done = done_.load(std::memory_order_relaxed);
  const auto elapsed = std::chrono::steady_clock::now() - began_;
  const double part = fraction();
  std::string head = label_ + ' ';
  if (head.size() < kLabelWidth) head.resize(kLabelWidth, ' ');
  std::string tail = ' ' + counted(done, unit_);
  if (items_max_ != 0) tail += " of " + with_separators(items_max_);
  tail += "  " + rate_text(done, elapsed);
  if (part > 0.0 && part < 1.0) {
    const double left = std::chrono::duration<double>(elapsed).count() * (1.0 - part) / part;
    tail += "  " + with_separators(static_cast<std::uint64_t>(std::ceil(left))) + " s left";
  }
  // The last column stays free: writing to it makes some terminals wrap.
  const std::size_t columns = terminal_columns() - 1;
  char percent[16] = "";
  if (part >= 0.0) std::snprintf(percent, sizeof percent, "%3.0f%%", std::floor(part * 100.0));
  // The texts get a fixed share, so that the bar does not change its width with them.
  const std::size_t texts = head.size() + kTextWidth;
  if (part < 0.0 || columns < texts + kBarWidthMin) {
    return (head + percent + tail).substr(0, columns);
  }
  const std::size_t width = std::min(columns - texts, kBarWidthMax);
  tail = (std::string(" ") + percent + tail).substr(0, columns - head.size() - width - 2);
  const auto filled = static_cast<std::size_t>(part * static_cast<double>(width));
  const char* on = console_.colours() ? "\x1b[32m" : "";
  const char* off = console_.colours() ? "\x1b[0m" : "";
  return head + '[' + on + std::string(filled, '#') + off + std::string(width - filled, '-') + ']' +
         tail;
}

std::string Progress::line(bool finished) const {
  const std::uint64_t done = done_.load(std::memory_order_relaxed);
  const auto elapsed = std::chrono::steady_clock::now() - began_;
  std::string text = label_ + ": " + counted(done, unit_);
  if (items_max_ != 0) text += " of " + with_separators(items_max_);
  if (const double part = fraction(); part >= 0.0 && !finished) {
    text += ", " + std::to_string(static_cast<int>(part * 100.0)) + "%";
  }
  text += ", " + seconds_text(elapsed);
  if (done > 0) text += ", " + rate_text(done, elapsed);
  return text;
}

}  // namespace sample
