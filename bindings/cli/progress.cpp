// SPDX-License-Identifier: Apache-2.0
//
// At most ten drawings a second; the first at once, so that something is seen to happen.
#include "progress.hpp"

#include <utility>

#include "text.hpp"

namespace cli {

Progress::Progress(Stream& err, Stop& stop, std::string_view verb, std::function<void()> wake)
    : err_(err), stop_(stop), scope_(stop, std::move(wake)), verb_(verb) {
  (*this)("");
}

Progress::~Progress() { clear(); }

bool Progress::operator()(std::string_view how_far) {
  if (stop_.asked()) return false;
  const auto now = std::chrono::steady_clock::now();
  if (err_.movable() && now >= next_) {
    next_ = now + std::chrono::milliseconds(how_far.empty() ? 0 : 100);
    std::string text = verb_ + "...";
    if (!how_far.empty()) text.append(" ").append(how_far);
    err_.write("\r\x1b[K" + err_.styled(Style::dim, cut_to(text, err_.columns() - 1)));
    err_.flush();
    drawn_ = true;
  }
  return true;
}

void Progress::clear() {
  if (!drawn_) return;
  err_.write("\r\x1b[K");
  err_.flush();
  drawn_ = false;
}

}  // namespace cli
