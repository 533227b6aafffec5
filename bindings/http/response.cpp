// SPDX-License-Identifier: Apache-2.0
//
// Heads are short and their parts known, so they are put together by hand.
#include "response.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <xxhash.h>

#include "problem.hpp"

namespace milepost::http {
namespace {

/// Appends to a fixed room, which the longest head fits (a test makes it).
class Line {
 public:
  explicit Line(std::span<char> room) noexcept : room_(room) {}

  Line& operator<<(std::string_view text) noexcept {
    const std::size_t size = std::min(text.size(), room_.size() - used_);
    std::memcpy(room_.data() + used_, text.data(), size);
    used_ += size;
    return *this;
  }
  Line& operator<<(std::size_t number) noexcept {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return *this << std::string_view(digits.data(),
                                     static_cast<std::size_t>(end.ptr - digits.data()));
  }
  [[nodiscard]] std::string_view text() const noexcept { return {room_.data(), used_}; }

 private:
  std::span<char> room_;
  std::size_t used_ = 0;
};

}  // namespace

void ResponseBuffer::set_body(std::string_view body) {
  if (bytes_.size() < kHeadRoom + body.size()) bytes_.resize(kHeadRoom + body.size());
  std::memcpy(bytes_.data() + kHeadRoom, body.data(), body.size());
}

Tag ResponseBuffer::tag(std::size_t size) const noexcept {
  const XXH64_hash_t hash = XXH3_64bits(bytes_.data() + kHeadRoom, size);
  Tag tag{};
  tag.front() = tag.back() = '"';
  for (std::size_t i = 0; i < 16; ++i) {
    tag[i + 1] = "0123456789abcdef"[(hash >> (60 - 4 * i)) & 15];
  }
  return tag;
}

std::string_view ResponseBuffer::date() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec == date_of_) return {date_.data(), date_.size()};
  date_of_ = now.tv_sec;
  std::tm parts{};
  ::gmtime_r(&date_of_, &parts);
  // Not by strftime: a host's locale may have other names.
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto two = [&](std::size_t at, int number) {
    date_[at] = static_cast<char>('0' + number / 10 % 10);
    date_[at + 1] = static_cast<char>('0' + number % 10);
  };
  std::memcpy(date_.data(), "Sun, 00 Jan 0000 00:00:00 GMT", date_.size());
  std::memcpy(date_.data(), kDays.data() + std::ptrdiff_t{3} * parts.tm_wday, 3);
  two(5, parts.tm_mday);
  std::memcpy(date_.data() + 8, kMonths.data() + std::ptrdiff_t{3} * parts.tm_mon, 3);
  two(12, (parts.tm_year + 1900) / 100);
  two(14, (parts.tm_year + 1900) % 100);
  two(17, parts.tm_hour);
  two(20, parts.tm_min);
  two(23, parts.tm_sec);
  return {date_.data(), date_.size()};
}

std::string_view ResponseBuffer::finish(const Head& head, std::size_t body_size) {
  std::array<char, kHeadRoom> room;  // NOLINT: written before it is read
  Line line(room);
  line << "HTTP/1.1 " << static_cast<std::size_t>(head.status) << " " << reason_of(head.status)
       << "\r\nDate: " << date() << "\r\n";
  if (head.status != 304) {
    line << "Content-Type: " << head.type << "\r\nContent-Length: " << body_size << "\r\n";
  }
  if (!head.tag.empty()) line << "ETag: " << head.tag << "\r\n";
  if (!head.allow.empty()) line << "Allow: " << head.allow << "\r\n";
  if (!head.retry_after.empty()) line << "Retry-After: " << head.retry_after << "\r\n";
  if (!head.applied_wait.empty())
    line << "Preference-Applied: wait=" << head.applied_wait << "\r\n";
  if (head.challenge) line << "WWW-Authenticate: ApiKey\r\n";
  line << "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  if (!head.keep_alive) line << "Connection: close\r\n";
  line << "\r\n";
  const std::string_view text = line.text();
  char* const begin = bytes_.data() + kHeadRoom - text.size();
  std::memcpy(begin, text.data(), text.size());
  return {begin, text.size() + (head.body ? body_size : 0)};
}

}  // namespace milepost::http
