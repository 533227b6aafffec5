// SPDX-License-Identifier: Apache-2.0
//
// The public response, written front to back without a look at the room left: the room is checked
// once, against the worst case or else against the exact size.
#include "core/run_json.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/state.hpp"
#include "core/text.hpp"

namespace milepost::core {
namespace {

constexpr std::string_view kRunId = R"({"runId":")";
constexpr std::string_view kJourneyId = R"(","journeyId":")";
constexpr std::string_view kProfileId = R"(","profileId":")";
constexpr std::string_view kStatus = R"(","status":")";
constexpr std::string_view kTriggeredAt = R"(","triggeredAt":")";
constexpr std::string_view kCompletedAt = R"(","completedAt":)";
constexpr std::string_view kError = R"(,"error":)";
constexpr std::string_view kNull = "null";
constexpr std::string_view kEnd = "}";

constexpr std::size_t kFrameSize = kRunId.size() + kJourneyId.size() + kProfileId.size() +
                                   kStatus.size() + kTriggeredAt.size() + kCompletedAt.size() +
                                   kError.size() + kEnd.size() + 3 * kUuidTextSize;
constexpr std::size_t kQuotes = 2;
constexpr std::size_t kEscapeSizeMax = 6;  // \u001f
constexpr std::size_t kFailedNameSize = 6;
constexpr std::size_t kLongestNameSize = 9;  // completed

/// Without the bytes of an error text: an upper bound for any record.
constexpr std::size_t kSizeMaxWithoutError = kFrameSize + kLongestNameSize + kInstantTextSizeMax +
                                             (kInstantTextSizeMax + kQuotes) +
                                             std::max(kQuotes, kNull.size());
/// The largest is a failed run, since nothing else has an error text.
static_assert(kFrameSize + kFailedNameSize + 2 * kInstantTextSizeMax + kQuotes + kQuotes +
                  kEscapeSizeMax * kErrorTextSizeMax ==
              kRunJsonSizeMax);

/// For each byte: 0 as it is, 'u' as \u00xx, else the letter after the backslash.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> escapes{};
  for (std::size_t i = 0; i < 0x20; ++i) escapes[i] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
constexpr auto kEscapes = make_escapes();

char escape_of(char c) noexcept { return kEscapes[static_cast<unsigned char>(c)]; }

inline char* put(char* out, std::string_view text) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

std::size_t escaped_size(std::string_view text) noexcept {
  std::size_t size = text.size();
  for (const char c : text) {
    const char escape = escape_of(c);
    if (escape == 'u') {
      size += kEscapeSizeMax - 1;
    } else if (escape != 0) {
      size += 1;
    }
  }
  return size;
}

char* put_escaped(char* out, std::string_view text) noexcept {
  constexpr char kHexDigits[] = "0123456789abcdef";
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && escape_of(text[plain]) == 0) ++plain;
    out = put(out, text.substr(0, plain));
    if (plain == text.size()) break;
    const char c = text[plain];
    const char escape = escape_of(c);
    *out++ = '\\';
    *out++ = escape;
    if (escape == 'u') {
      out = put(out, "00");
      *out++ = kHexDigits[static_cast<unsigned char>(c) >> 4];
      *out++ = kHexDigits[static_cast<unsigned char>(c) & 0xf];
    }
    text.remove_prefix(plain + 1);
  }
  return out;
}

bool shows_completed_at(const RecordView& record) noexcept {
  return is_final(record.status) && record.completed_at.has_value();
}

/// Precondition: there is room.
char* put_run(char* out, const RecordView& record) noexcept {
  out = put(out, kRunId);
  out = write_uuid(record.run_id, out);
  out = put(out, kJourneyId);
  out = write_uuid(record.journey_id, out);
  out = put(out, kProfileId);
  out = write_uuid(record.profile_id, out);
  out = put(out, kStatus);
  out = put(out, to_string(record.status));
  out = put(out, kTriggeredAt);
  out = write_instant(record.triggered_at, out);
  out = put(out, kCompletedAt);
  if (shows_completed_at(record)) {
    *out++ = '"';
    out = write_instant(*record.completed_at, out);
    *out++ = '"';
  } else {
    out = put(out, kNull);
  }
  out = put(out, kError);
  if (record.status == RunStatus::failed) {
    *out++ = '"';
    out = put_escaped(out, record.error);
    *out++ = '"';
  } else {
    out = put(out, kNull);
  }
  return put(out, kEnd);
}

std::size_t instant_text_size(Instant instant) noexcept {
  char text[kInstantTextSizeMax];
  return static_cast<std::size_t>(write_instant(instant, text) - text);
}

}  // namespace

std::size_t run_json_size(const RecordView& record) noexcept {
  std::size_t size = kFrameSize + to_string(record.status).size();
  size += instant_text_size(record.triggered_at);
  size +=
      shows_completed_at(record) ? instant_text_size(*record.completed_at) + kQuotes : kNull.size();
  size += record.status == RunStatus::failed ? escaped_size(record.error) + kQuotes : kNull.size();
  return size;
}

std::size_t render_run_json(const RecordView& record, std::span<char> out) noexcept {
  const std::size_t worst = kSizeMaxWithoutError + kEscapeSizeMax * record.error.size();
  if (out.size() < worst && out.size() < run_json_size(record)) return 0;
  return static_cast<std::size_t>(put_run(out.data(), record) - out.data());
}

}  // namespace milepost::core
