// SPDX-License-Identifier: Apache-2.0
//
// The public text functions of run.hpp: the strict readers and writers with errors that say what
// was wrong. A Run may come from anybody, so everything is checked before it is rendered.
#include "core/errors.hpp"
#include "core/record.hpp"
#include "core/run_json.hpp"
#include "core/state.hpp"
#include "core/text.hpp"

#include "milepost/run.hpp"

namespace milepost {
namespace {

using core::invalid_argument;
using core::shown;

bool has_text_form(Instant instant) noexcept {
  return instant >= core::kInstantMin && instant <= core::kInstantMax;
}

Error out_of_years(std::string_view what, Instant instant) {
  return invalid_argument(
      std::string(what) + " " + std::to_string(instant.time_since_epoch().count()) + " us",
      "The instant is outside the years 1400-9999.",
      "Give microseconds since the Unix epoch within those years.");
}

Error not_renderable(std::string subject, std::string message) {
  return invalid_argument(std::move(subject), std::move(message),
                          "Render runs as the tracker hands them out.");
}

Result<void> check_renderable(const Run& run) {
  const auto number = static_cast<std::uint8_t>(run.status);
  if (!core::status_from_number(number)) {
    return not_renderable("status " + std::to_string(number), "There is no such status.");
  }
  if (!has_text_form(run.triggered_at)) return out_of_years("triggered_at", run.triggered_at);
  if (core::is_final(run.status)) {
    if (!run.completed_at) {
      return not_renderable("completed_at", "A run in a final status lacks its completion time.");
    }
    if (!has_text_form(*run.completed_at)) return out_of_years("completed_at", *run.completed_at);
  }
  if (run.status == RunStatus::failed && run.error) {
    if (run.error->size() > kErrorTextSizeMax) {
      return not_renderable("error", "The error text has " + std::to_string(run.error->size()) +
                                         " bytes, more than " + std::to_string(kErrorTextSizeMax) +
                                         ".");
    }
    if (!core::is_valid_utf8(*run.error)) {
      return not_renderable("error", "The error text is not valid UTF-8.");
    }
  }
  return {};
}

}  // namespace

Result<Uuid> parse_uuid(std::string_view text) {
  if (const auto id = core::read_uuid(text)) return *id;
  return invalid_argument("uuid \"" + shown(text) + "\"",
                          "This is not a UUID in its 36-character form.",
                          "Give hex digits as 8-4-4-4-12 with a version digit 1-8 and a variant "
                          "digit 8-b, or the nil UUID, or the max UUID in lower case.");
}

std::string to_string(const Uuid& id) {
  std::string text(kUuidTextSize, '\0');
  core::write_uuid(id, text.data());
  return text;
}

Result<Instant> parse_instant(std::string_view text) {
  if (const auto instant = core::read_instant(text)) return *instant;
  return invalid_argument("instant \"" + shown(text) + "\"",
                          "This is not a UTC instant, or its date does not exist, or its year is "
                          "outside 1400-9999.",
                          "Give it like 2023-11-07T05:31:56Z; seconds and fraction may be absent.");
}

Result<std::string> to_string(Instant instant) {
  if (!has_text_form(instant)) return out_of_years("instant", instant);
  char text[kInstantTextSizeMax];
  const char* const end = core::write_instant(instant, text);
  return std::string(text, static_cast<std::size_t>(end - text));
}

Result<std::size_t> to_json(const Run& run, std::span<char> out) {
  if (const auto checked = check_renderable(run); !checked) return checked.error();
  const core::RecordView record = core::view_of(run);
  if (const std::size_t size = core::render_run_json(record, out); size != 0) return size;
  return invalid_argument("buffer of " + std::to_string(out.size()) + " bytes",
                          "The run needs " + std::to_string(core::run_json_size(record)) + ".",
                          "Give kRunJsonSizeMax bytes, which always suffice.");
}

Result<std::string> to_json(const Run& run) {
  if (const auto checked = check_renderable(run); !checked) return checked.error();
  const core::RecordView record = core::view_of(run);
  std::string text(core::run_json_size(record), '\0');
  text.resize(core::render_run_json(record, text));
  return text;
}

}  // namespace milepost
