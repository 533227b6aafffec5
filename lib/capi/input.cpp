// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with an argument, in words.
#include "capi/input.hpp"

#include <algorithm>
#include <string>

namespace milepost::capi {
namespace {

/// Timeouts beyond this are as good as none, and no clock overflows.
constexpr std::int64_t kTimeoutMsMax = std::int64_t{1'000} * 60 * 60 * 24 * 365;

}  // namespace

bool Input::flag(std::uint8_t value, const char* name) {
  if (value > 1) {
    refuse(invalid(std::string(name) + " " + std::to_string(value),
                   "A bool is neither 0 nor 1: the struct was not initialised.",
                   "Initialise the struct by its _init function."));
  }
  return value == 1;
}

std::string_view Input::text(const milepost_text& text, const char* name) {
  if (text.size > MILEPOST_TEXT_SIZE_MAX) {
    refuse(invalid(std::string(name) + " of " + std::to_string(text.size) + " bytes",
                   "No text may be that long.",
                   "Give at most " + std::to_string(MILEPOST_TEXT_SIZE_MAX) + " bytes."));
    return {};
  }
  if (text.data == nullptr && text.size != 0) {
    refuse(invalid(std::string(name) + " of " + std::to_string(text.size) + " bytes at NULL",
                   "The text's pointer is NULL.", "Give its address, or size 0."));
    return {};
  }
  return {text.data, text.size};
}

void Input::buffer(const char* out, std::size_t capacity, const char* name) {
  if (out == nullptr && capacity != 0) {
    refuse(invalid(std::string(name) + " of " + std::to_string(capacity) + " bytes at NULL",
                   "The buffer's pointer is NULL.", "Give its address, or capacity 0."));
  }
}

Uuid Input::id(const milepost_id* id, const char* name) {
  if (id != nullptr) return to_uuid(*id);
  refuse(null_argument(name));
  return Uuid{};
}

std::optional<Deadline> Input::deadline(std::int64_t timeout_ms) {
  if (timeout_ms == MILEPOST_TIMEOUT_DEFAULT) return std::nullopt;
  if (timeout_ms < 0) {
    refuse(invalid("timeout_ms " + std::to_string(timeout_ms), "The timeout is negative.",
                   "Give milliseconds, or MILEPOST_TIMEOUT_DEFAULT."));
    return std::nullopt;
  }
  return std::chrono::steady_clock::now() +
         std::chrono::milliseconds(std::min(timeout_ms, kTimeoutMsMax));
}

void Input::unknown_number(std::int32_t value, const char* name) {
  refuse(invalid(std::string(name) + " " + std::to_string(value), "There is no such enumerator.",
                 "Give one of the numbers in milepost.h."));
}

Error Input::reserved_is_set(const char* name) {
  return invalid(name, "Reserved bytes are not zero: the struct was not initialised.",
                 "Initialise the struct by its _init function.");
}

}  // namespace milepost::capi
