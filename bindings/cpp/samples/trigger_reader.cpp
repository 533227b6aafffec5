// SPDX-License-Identifier: Apache-2.0
//
// JSON is read by Boost.JSON; ids and instants by Milepost, exactly as its contract has them.
#include "trigger_reader.hpp"

#include <array>
#include <boost/json.hpp>
#include <boost/uuid/name_generator_sha1.hpp>
#include <cstring>
#include <utility>

#include "text.hpp"

namespace sample {
namespace {

namespace json = boost::json;

constexpr std::size_t kNotedNamesMax = 20;

/// Any fixed id will do; it keeps our names apart from everybody else's.
constexpr milepost::Uuid kRunNames = {{0x5b, 0x1d, 0x7e, 0x90, 0x3a, 0x4c, 0x4f, 0x21, 0x9e, 0x0b,
                                       0x6d, 0x2c, 0x88, 0x57, 0xf1, 0x64}};

/// A reason of ours in the words of a library error.
std::string reason_of(std::string_view member, const milepost::Error& error) {
  return std::string(member) + ": " + milepost::to_string(error);
}

/// The text of a member; `reason` is set if there is one that is no text.
std::optional<std::string_view> text_of(const json::object& object, std::string_view member,
                                        bool required, std::string& reason) {
  const json::value* const value =
      object.if_contains(json::string_view(member.data(), member.size()));
  if (value == nullptr || (value->is_null() && !required)) {
    if (required) reason = std::string(member) + " is missing";
    return std::nullopt;
  }
  if (const json::string* const text = value->if_string()) {
    return std::string_view(text->data(), text->size());
  }
  reason = std::string(member) + " is not a string";
  return std::nullopt;
}

/// Reads a UUID member into `id`. False: `reason` says why.
bool read_id(const json::object& object, std::string_view member, bool required, milepost::Uuid& id,
             std::string& reason) {
  const auto text = text_of(object, member, required, reason);
  if (!text) return reason.empty();
  const auto parsed = milepost::parse_uuid(*text);
  if (!parsed) {
    reason = reason_of(member, parsed.error());
    return false;
  }
  id = *parsed;
  return true;
}

/// The line as a JSON value, or the reason why it is none, with the column.
std::variant<json::value, std::string> parse_json(std::string_view text) {
  json::stream_parser parser;
  json::error_code problem;
  const std::size_t read = parser.write_some(text.data(), text.size(), problem);
  // Where the value ended, white space aside, the line must end too.
  if (!problem && read < text.size()) {
    return "not JSON: more text follows at column " + std::to_string(read + 1);
  }
  if (!problem) parser.finish(problem);
  if (problem) {
    return "not JSON: " + problem.message() + " at column " + std::to_string(read + 1);
  }
  return parser.release();
}

}  // namespace

milepost::Uuid run_id_of(const Trigger& trigger) {
  // Everything that makes a trigger this trigger, in a fixed layout.
  std::array<unsigned char, 3 * 16 + 1 + 8> name{};
  unsigned char* at = name.data();
  for (const auto* id : {&trigger.organization_id, &trigger.journey_id, &trigger.profile_id}) {
    std::memcpy(at, id->data, sizeof id->data);
    at += sizeof id->data;
  }
  *at++ = trigger.triggered_at.has_value() ? 1 : 0;
  if (trigger.triggered_at) {
    auto micros = static_cast<std::uint64_t>(trigger.triggered_at->time_since_epoch().count());
    for (int i = 0; i < 8; ++i, micros >>= 8) *at++ = static_cast<unsigned char>(micros);
  }
  milepost::Uuid id = boost::uuids::name_generator_sha1(kRunNames)(name.data(), name.size());
  // The line comes first, so that runs of one file lie side by side in the store. Version 8 of
  // RFC 9562 is for such layouts.
  for (int i = 0; i < 6; ++i) {
    id.data[i] = static_cast<std::uint8_t>(trigger.line >> (8 * (5 - i)));
  }
  id.data[6] = static_cast<std::uint8_t>((id.data[6] & 0x0f) | 0x80);
  return id;
}

std::variant<Trigger, std::string> parse_trigger(std::string_view text,
                                                 std::vector<std::string>& unknown_members) {
  auto parsed = parse_json(text);
  if (auto* reason = std::get_if<std::string>(&parsed)) return std::move(*reason);
  const json::object* const object = std::get<json::value>(parsed).if_object();
  if (object == nullptr) return "not a JSON object";

  Trigger trigger;
  std::string reason;
  if (!read_id(*object, "journeyId", true, trigger.journey_id, reason) ||
      !read_id(*object, "profileId", true, trigger.profile_id, reason) ||
      !read_id(*object, "organizationId", false, trigger.organization_id, reason)) {
    return reason;
  }
  const auto instant = text_of(*object, "triggeredAt", false, reason);
  if (!reason.empty()) return reason;
  if (instant) {
    const auto at = milepost::parse_instant(*instant);
    if (!at) return reason_of("triggeredAt", at.error());
    trigger.triggered_at = *at;
  }
  if (const auto key = text_of(*object, "idempotencyKey", false, reason)) {
    trigger.idempotency_key = *key;
    if (key->empty() || key->size() > milepost::kIdempotencyKeySizeMax) {
      reason = "idempotencyKey has " + counted(key->size(), "byte") + ", not 1 to " +
               std::to_string(milepost::kIdempotencyKeySizeMax);
    }
  }
  if (!reason.empty()) return reason;
  for (const auto& member : *object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (name != "journeyId" && name != "profileId" && name != "organizationId" &&
        name != "triggeredAt" && name != "idempotencyKey") {
      unknown_members.emplace_back(name);
    }
  }
  return trigger;
}

milepost::Result<std::optional<Trigger>> TriggerReader::next() {
  for (;;) {
    auto line = lines_.next();
    if (!line) return line.error();
    if (!line->has_value()) return std::optional<Trigger>{};
    const Line& found = **line;
    if (found.text.find_first_not_of(" \t\r") == std::string_view::npos && !found.too_long) {
      continue;  // Blank lines are customary at the end.
    }
    std::vector<std::string> unknown_members;
    auto parsed =
        found.too_long
            ? std::variant<Trigger, std::string>("longer than " + counted(kLineSizeMax, "byte"))
            : parse_trigger(found.text, unknown_members);
    if (auto* trigger = std::get_if<Trigger>(&parsed)) {
      trigger->line = found.number;
      organizations_.insert(trigger->organization_id);
      note_unknown(found.number, unknown_members);
      return std::optional<Trigger>(std::move(*trigger));
    }
    ++skipped_;
    console_.note("line " + std::to_string(found.number) +
                  " skipped: " + printable(std::get<std::string>(parsed)));
  }
}

void TriggerReader::note_unknown(std::uint64_t line, const std::vector<std::string>& names) {
  // A misspelt member should be noticed, and one that is on every line must not flood the screen.
  for (const std::string& name : names) {
    if (noted_.size() >= kNotedNamesMax || !noted_.insert(name).second) continue;
    console_.note("line " + std::to_string(line) + ": member \"" + printable(name, 60) +
                  "\" is not known and is ignored (said once)");
  }
}

}  // namespace sample
