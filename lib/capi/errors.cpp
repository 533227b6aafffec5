// SPDX-License-Identifier: Apache-2.0
//
// Errors as one line of UTF-8 in a buffer that is not ours. What they quote may be anything, a file
// name of any bytes, so control characters and ill-formed bytes are escaped.
#include "capi/errors.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "capi/sized.hpp"

namespace milepost::capi {
namespace {

/// The size of the well-formed UTF-8 sequence that a text begins with, or 0.
std::size_t sequence_size(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  // The second byte's range is narrower after some leads: no surrogates, no overlong forms.
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

/// Writes to a buffer until it is full, always a whole code point or escape at a time.
class Line {
 public:
  Line(char* out, std::size_t capacity) noexcept : out_(out), room_(capacity - 1) {}

  void add(std::string_view text) noexcept {
    while (!text.empty() && !full_) {
      const std::size_t size = sequence_size(text);
      const auto lead = static_cast<unsigned char>(text.front());
      if (size == 0 || lead < 0x20 || lead == 0x7f) {
        add_escaped(lead);
        text.remove_prefix(1);
      } else {
        put(text.substr(0, size));
        text.remove_prefix(size);
      }
    }
  }
  void end() noexcept { *out_ = '\0'; }

 private:
  void add_escaped(unsigned char byte) noexcept {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const char escape[] = {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    put({escape, sizeof escape});
  }
  void put(std::string_view piece) noexcept {
    full_ = piece.size() > room_;
    if (full_) return;
    std::memcpy(out_, piece.data(), piece.size());
    out_ += piece.size();
    room_ -= piece.size();
  }

  char* out_;
  std::size_t room_;
  bool full_ = false;
};

/// Whether there is an error to write to, of a form that somebody released.
bool is_writable(const milepost_error* err) noexcept {
  return err != nullptr && is_released<milepost_error>(err->struct_size);
}

/// Everything of an error but its words.
struct Head {
  milepost_status code = MILEPOST_OK;
  int system = 0;
  Applied applied = Applied::no;
  bool retry_safe = false;
};

/// Sets all of it, with no words yet. Member by member: every call that succeeds comes here.
void set(milepost_error* err, const Head& head) noexcept {
  err->code = head.code;
  err->system = head.system;
  err->applied = static_cast<std::uint8_t>(head.applied);
  err->retry_safe = head.retry_safe ? 1 : 0;
  err->reserved[0] = 0;
  err->reserved[1] = 0;
  err->message[0] = '\0';
  if (err->struct_size > sizeof *err) {
    std::memset(reinterpret_cast<char*>(err) + sizeof *err, 0, err->struct_size - sizeof *err);
  }
}

}  // namespace

milepost_status succeed(milepost_error* err) noexcept {
  if (is_writable(err)) set(err, {});
  return MILEPOST_OK;
}

milepost_status fail(milepost_error* err, const Error& error) noexcept {
  const auto code = static_cast<milepost_status>(error.code);
  if (!is_writable(err)) return code;
  set(err, {code, error.system, error.applied, error.retry_safe});
  Line line(err->message, sizeof err->message);
  line.add(error.subject);
  if (!error.subject.empty() && !error.message.empty()) line.add(": ");
  line.add(error.message);
  if (!error.advice.empty()) line.add(" ");
  line.add(error.advice);
  // Where memory runs out inside the engine there is none for words.
  if (error.message.empty() && error.code == Errc::out_of_memory) line.add("Memory ran out.");
  line.end();
  return code;
}

milepost_status fail(milepost_error* err, Errc code, Applied applied,
                     const char* message) noexcept {
  const auto status = static_cast<milepost_status>(code);
  if (!is_writable(err)) return status;
  set(err, {status, 0, applied, applied == Applied::no});
  Line line(err->message, sizeof err->message);
  line.add(message);
  line.end();
  return status;
}

}  // namespace milepost::capi
