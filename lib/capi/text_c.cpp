// SPDX-License-Identifier: Apache-2.0
//
// Names, ids, instants and one run's JSON: what needs no store.
#include <cstring>
#include <span>

#include "capi/guard.hpp"
#include "capi/input.hpp"

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {
namespace {

/// The name of a number of an enumeration that begins at 0. Names are literals, which end in NUL.
template <typename Enum>
const char* name_of(std::int32_t number, Enum last) noexcept {
  if (number < 0 || number > static_cast<std::int32_t>(last)) return "unknown";
  return to_string(static_cast<Enum>(number)).data();
}

const char* error_name(std::int32_t code) noexcept {
  return code == MILEPOST_OK ? "ok" : to_string(static_cast<Errc>(code)).data();
}

/// Reads a text by one of the C++ API's functions.
template <typename Value, typename Out, typename Read>
Result<void> parse(const milepost_text& text, Out* out, const Read& read) {
  Input in;
  const std::string_view given = in.text(text, "text");
  in.not_null(out, "output");
  if (!in.ok()) return in.problem();
  const Result<Value> value = read(given);
  if (!value) return value.error();
  if constexpr (std::is_same_v<Out, milepost_id>) {
    *out = to_id(*value);
  } else {
    *out = to_micros(*value);
  }
  return {};
}

Result<void> parse_run_status(const milepost_text& text, std::int32_t* out) {
  Input in;
  const std::string_view given = in.text(text, "text");
  in.not_null(out, "status");
  if (!in.ok()) return in.problem();
  const auto status = parse_status(given);
  if (!status) {
    return invalid("status", "The text is not the name of a status.",
                   "Give queued, running, completed, failed or exited.");
  }
  *out = static_cast<std::int32_t>(*status);
  return {};
}

Result<void> format_id(const milepost_id* id, char* text) {
  Input in;
  const Uuid uuid = in.id(id, "id");
  in.not_null(text, "text");
  if (!in.ok()) return in.problem();
  std::memcpy(text, to_string(uuid).data(), kUuidTextSize);
  return {};
}

Result<void> format_instant(std::int64_t micros, std::span<char> out, std::size_t* size) {
  Input in;
  in.not_null(out.data(), "text");
  in.not_null(size, "size");
  if (!in.ok()) return in.problem();
  const auto text = to_string(to_instant(micros));
  if (!text) return text.error();
  if (text->size() > out.size()) {
    return invalid(std::to_string(out.size()) + " bytes", "The buffer is too small.",
                   "Give MILEPOST_INSTANT_TEXT_SIZE_MAX bytes.");
  }
  std::memcpy(out.data(), text->data(), text->size());
  *size = text->size();
  return {};
}

Run from_run(Input& in, const milepost_run& from) {
  Run run;
  run.run_id = to_uuid(from.run_id);
  run.journey_id = to_uuid(from.journey_id);
  run.profile_id = to_uuid(from.profile_id);
  run.status = in.enumerator(from.status, RunStatus::exited, "status");
  run.triggered_at = to_instant(from.triggered_at);
  if (in.flag(from.has_completed_at, "has_completed_at")) {
    run.completed_at = to_instant(from.completed_at);
  }
  if (in.flag(from.has_error, "has_error")) run.error = in.text(from.error, "error");
  if (!in.flag(from.found, "found")) {
    in.refuse(invalid("run", "There is no run: it was not found.", "Look at `found` first."));
  }
  return run;
}

Result<void> run_json(const milepost_run* from, std::span<char> out, std::size_t* size) {
  Input in;
  const milepost_run given = in.sized(from, milepost_run{}, "run");
  in.not_null(out.data(), "out");
  in.not_null(size, "size");
  if (!in.ok()) return in.problem();
  const Run run = from_run(in, given);
  if (!in.ok()) return in.problem();
  const auto written = to_json(run, out.first(std::min<std::size_t>(out.size(), kRunJsonSizeMax)));
  if (!written) return written.error();
  *size = *written;
  return {};
}

}  // namespace
}  // namespace milepost::capi

using namespace milepost::capi;  // the bodies are its calls
using milepost::Instant;
using milepost::Uuid;

const char* milepost_version(void) noexcept { return MILEPOST_VERSION_STRING; }

int32_t milepost_abi_version(void) noexcept { return MILEPOST_ABI_VERSION; }

const char* milepost_error_name(int32_t code) noexcept { return error_name(code); }

const char* milepost_run_status_name(int32_t status) noexcept {
  return name_of(status, milepost::RunStatus::exited);
}

milepost_status milepost_run_status_parse(const char* text, size_t size, int32_t* status,
                                          milepost_error* err) noexcept {
  return guard(err, [&] { return parse_run_status({text, size}, status); });
}

const char* milepost_outcome_name(int32_t kind) noexcept {
  return name_of(kind, milepost::OutcomeKind::not_found);
}

const char* milepost_change_name(int32_t kind) noexcept {
  return name_of(kind, milepost::ChangeKind::blanked);
}

milepost_status milepost_id_parse(const char* text, size_t size, milepost_id* id,
                                  milepost_error* err) noexcept {
  return guard(err, [&] { return parse<Uuid>({text, size}, id, milepost::parse_uuid); });
}

milepost_status milepost_id_format(const milepost_id* id, char* text,
                                   milepost_error* err) noexcept {
  return guard(err, [&] { return format_id(id, text); });
}

milepost_status milepost_instant_parse(const char* text, size_t size, int64_t* instant,
                                       milepost_error* err) noexcept {
  return guard(err, [&] { return parse<Instant>({text, size}, instant, milepost::parse_instant); });
}

milepost_status milepost_instant_format(int64_t instant, char* text, size_t capacity, size_t* size,
                                        milepost_error* err) noexcept {
  return guard(err, [&] { return format_instant(instant, {text, capacity}, size); });
}

milepost_status milepost_run_json(const milepost_run* run, char* out, size_t capacity, size_t* size,
                                  milepost_error* err) noexcept {
  return guard(err, [&] { return run_json(run, {out, capacity}, size); });
}
