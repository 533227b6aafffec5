// SPDX-License-Identifier: Apache-2.0
//
// Strings are Boost.JSON's business, commas are ours.
#include "json_line.hpp"

#include <boost/json/serialize.hpp>

#include "text.hpp"

namespace cli {

std::string quoted(std::string_view text) {
  const std::string formed = well_formed(text);
  return boost::json::serialize(boost::json::string_view(formed.data(), formed.size()));
}

void JsonLine::name(std::string_view name) {
  if (body_.size() > 1) body_ += ',';
  body_ += '"';
  body_ += name;
  body_ += "\":";
}

JsonLine& JsonLine::text(std::string_view key, std::string_view value) {
  return raw(key, quoted(value));
}

JsonLine& JsonLine::number(std::string_view key, std::uint64_t value) {
  return raw(key, std::to_string(value));
}

JsonLine& JsonLine::boolean(std::string_view key, bool value) {
  return raw(key, value ? "true" : "false");
}

JsonLine& JsonLine::raw(std::string_view key, std::string_view value) {
  name(key);
  body_ += value;
  return *this;
}

JsonLine& JsonLine::text_or_null(std::string_view key, std::string_view value) {
  return value.empty() ? raw(key, "null") : text(key, value);
}

JsonLine& JsonLine::instant_or_null(std::string_view key,
                                    const std::optional<milepost::Instant>& value) {
  return value ? text(key, instant_text(*value)) : raw(key, "null");
}

std::string instant_text(milepost::Instant instant) { return milepost::to_string(instant).value(); }

std::string public_json(const milepost::Run& run) { return milepost::to_json(run).value(); }

std::string counts_json(const milepost::Counts& counts) {
  return JsonLine()
      .number("queued", counts.queued)
      .number("running", counts.running)
      .number("completed", counts.completed)
      .number("failed", counts.failed)
      .number("exited", counts.exited)
      .number("total", counts.total())
      .done();
}

std::string error_json(const milepost::Error& error) {
  static constexpr std::string_view kApplied[] = {"no", "yes", "unknown"};
  return JsonLine()
      .text("error", milepost::to_string(error.code))
      .text("message", error.message)
      .text_or_null("subject", error.subject)
      .text_or_null("advice", error.advice)
      .text("applied", kApplied[static_cast<unsigned>(error.applied) % 3])
      .boolean("retrySafe", error.retry_safe)
      .done();
}

}  // namespace cli
