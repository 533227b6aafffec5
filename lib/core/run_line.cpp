// SPDX-License-Identifier: Apache-2.0
//
// Reading is event by event, with Boost.JSON's parser: a tree of values would swallow members that
// come twice, and nothing but the eight texts is ever kept, whatever a line nests.
#include "core/run_line.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/boost_json.hpp"
#include "core/errors.hpp"
#include "core/state.hpp"
#include "core/text.hpp"

namespace milepost::core {
namespace {

namespace json = boost::milepost_json;

enum class Member : std::uint8_t {
  run_id,
  journey_id,
  profile_id,
  status,
  triggered_at,
  completed_at,
  error,
  organization_id,
};

constexpr std::array<std::string_view, 8> kNames{"runId",  "journeyId",     "profileId",
                                                 "status", "triggeredAt",   "completedAt",
                                                 "error",  "organizationId"};

std::string name_of(Member member) { return std::string(kNames[static_cast<std::size_t>(member)]); }

std::string quoted(std::string_view text) { return '"' + shown(text) + '"'; }

bool may_be_null(Member member) noexcept {
  return member == Member::completed_at || member == Member::error;
}

/// What a line says of one member.
struct Value {
  bool given = false;
  std::optional<std::string> text{};  ///< Nothing: null.
};

/// Takes the parser's events; the first that does not belong into a line ends it with a reason.
class LineHandler {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;  // NOLINT: the parser's names
  static constexpr std::size_t max_array_size = SIZE_MAX;   // NOLINT
  static constexpr std::size_t max_key_size = SIZE_MAX;     // NOLINT
  static constexpr std::size_t max_string_size = SIZE_MAX;  // NOLINT
  using ErrorCode = boost::system::error_code;
  using Text = json::string_view;

  std::array<Value, kNames.size()> values{};
  std::string reason{};

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_object_begin(ErrorCode& code) {
    if (in_object_) return refuse_value("an object", code);
    in_object_ = true;
    return true;
  }
  bool on_object_end(std::size_t, ErrorCode&) { return true; }
  bool on_array_begin(ErrorCode& code) { return refuse_value("an array", code); }
  bool on_array_end(std::size_t, ErrorCode&) { return true; }
  bool on_key_part(Text part, std::size_t, ErrorCode&) { return take(part); }
  bool on_key(Text part, std::size_t, ErrorCode& code);
  bool on_string_part(Text part, std::size_t, ErrorCode&) { return take(part); }
  bool on_string(Text part, std::size_t, ErrorCode& code);
  bool on_number_part(Text part, ErrorCode&) { return take(part); }
  bool on_int64(std::int64_t, Text part, ErrorCode& code) { return on_number(part, code); }
  bool on_uint64(std::uint64_t, Text part, ErrorCode& code) { return on_number(part, code); }
  bool on_double(double, Text part, ErrorCode& code) { return on_number(part, code); }
  bool on_bool(bool value, ErrorCode& code) { return refuse_value(value ? "true" : "false", code); }
  bool on_null(ErrorCode& code);
  bool on_comment_part(Text, ErrorCode&) { return true; }
  bool on_comment(Text, ErrorCode&) { return true; }

 private:
  bool take(Text part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_number(Text part, ErrorCode& code) {
    take(part);
    return refuse_value("a number (" + shown(text_) + ")", code);
  }
  bool refuse(std::string why, ErrorCode& code) {
    reason = std::move(why);
    code = json::error::syntax;  // Any will do: `reason` says more.
    return false;
  }
  bool refuse_value(const std::string& what, ErrorCode& code) {
    if (!in_object_) return refuse("not a JSON object but " + what, code);
    return refuse(name_of(member_) + " is " + what + ", not a string", code);
  }
  [[nodiscard]] Value& value() { return values[static_cast<std::size_t>(member_)]; }

  bool in_object_ = false;
  Member member_ = Member::run_id;
  std::string text_{};  ///< Of a key, string or number that comes in parts.
};

bool LineHandler::on_key(Text part, std::size_t, ErrorCode& code) {
  take(part);
  const std::string name = std::exchange(text_, {});
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name != kNames[i]) continue;
    member_ = static_cast<Member>(i);
    if (std::exchange(value().given, true)) return refuse(name + " comes twice", code);
    return true;
  }
  return refuse(quoted(name) + " is no member of a run", code);
}

bool LineHandler::on_string(Text part, std::size_t, ErrorCode& code) {
  take(part);
  std::string text = std::exchange(text_, {});
  if (!in_object_) return refuse_value("a string", code);
  value().text = std::move(text);
  return true;
}

bool LineHandler::on_null(ErrorCode& code) {
  if (!in_object_ || !may_be_null(member_)) return refuse_value("null", code);
  return true;
}

using Reason = std::optional<std::string>;

/// From the texts of a line to a run. Each step yields the reason why it cannot be done.
class RunMaker {
 public:
  explicit RunMaker(std::array<Value, kNames.size()>& values) : values_(values) {}

  [[nodiscard]] Reason make();
  Run run{};

 private:
  [[nodiscard]] Value& of(Member member) { return values_[static_cast<std::size_t>(member)]; }
  [[nodiscard]] Reason check_presence();
  [[nodiscard]] Reason read_id(Member member, Uuid& id);
  [[nodiscard]] Reason read_time(Member member, Instant& instant);
  [[nodiscard]] Reason read_status();
  [[nodiscard]] Reason read_completion();
  [[nodiscard]] Reason read_error();

  std::array<Value, kNames.size()>& values_;
};

Reason RunMaker::make() {
  if (auto reason = check_presence()) return reason;
  if (auto reason = read_id(Member::run_id, run.run_id)) return reason;
  if (auto reason = read_id(Member::journey_id, run.journey_id)) return reason;
  if (auto reason = read_id(Member::profile_id, run.profile_id)) return reason;
  if (of(Member::organization_id).given) {
    if (auto reason = read_id(Member::organization_id, run.organization_id)) return reason;
  }
  if (auto reason = read_status()) return reason;
  if (auto reason = read_time(Member::triggered_at, run.triggered_at)) return reason;
  if (auto reason = read_completion()) return reason;
  return read_error();
}

Reason RunMaker::check_presence() {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const auto member = static_cast<Member>(i);
    if (!of(member).given && member != Member::organization_id) {
      return name_of(member) + " is missing";
    }
  }
  return std::nullopt;
}

Reason RunMaker::read_id(Member member, Uuid& id) {
  const std::string& text = *of(member).text;
  const auto read = read_uuid(text);
  if (!read) return name_of(member) + ' ' + quoted(text) + " is not a UUID of 36 characters";
  id = *read;
  return std::nullopt;
}

Reason RunMaker::read_time(Member member, Instant& instant) {
  const std::string& text = *of(member).text;
  const auto read = read_instant(text);
  if (!read) {
    return name_of(member) + ' ' + quoted(text) +
           " is not a UTC instant of an existing date in the years 1400-9999";
  }
  instant = *read;
  return std::nullopt;
}

Reason RunMaker::read_status() {
  const std::string& text = *of(Member::status).text;
  const auto status = parse_status(text);
  if (!status) {
    return "status " + quoted(text) + " is none of queued, running, completed, failed, exited";
  }
  run.status = *status;
  return std::nullopt;
}

Reason RunMaker::read_completion() {
  const auto& text = of(Member::completed_at).text;
  if (text.has_value() != is_final(run.status)) {
    return "completedAt is " + (text ? quoted(*text) : "null") + " in a run that is " +
           std::string(to_string(run.status));
  }
  if (!text) return std::nullopt;
  Instant at{};
  if (auto reason = read_time(Member::completed_at, at)) return reason;
  if (at < run.triggered_at) {
    return "completedAt " + quoted(*text) + " is before triggeredAt " +
           quoted(*of(Member::triggered_at).text);
  }
  run.completed_at = at;
  return std::nullopt;
}

Reason RunMaker::read_error() {
  auto& text = of(Member::error).text;
  if (text.has_value() != (run.status == RunStatus::failed)) {
    return "error is " + (text ? quoted(*text) : "null") + " in a run that is " +
           std::string(to_string(run.status));
  }
  if (!text) return std::nullopt;
  std::string storage;
  const std::string_view clean = clean_error_text(*text, storage);
  run.error = storage.empty() ? std::move(*text) : std::string(clean);
  return std::nullopt;
}

/// Why a line is not JSON, and where.
std::string syntax_reason(std::string_view line, std::size_t at, const std::string& what) {
  if (line.starts_with("\xef\xbb\xbf")) return "not JSON: the line begins with a byte order mark";
  std::string reason = "not JSON: " + what + " at column " + std::to_string(at + 1);
  if (at < line.size()) reason += ", near " + quoted(line.substr(at));
  return reason;
}

}  // namespace

void append_run_line(const RecordView& record, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + run_json_size(record));
  out.resize(before + render_run_json(record, std::span(out).subspan(before)));
  out.pop_back();  // The object goes on.
  out += kOrganizationMember;
  std::array<char, kUuidTextSize> id{};
  write_uuid(record.organization_id, id.data());
  out.append(id.data(), id.size());
  out += kLineEnd;
}

std::variant<Run, std::string> read_run_line(std::string_view line) {
  json::basic_parser<LineHandler> parser{json::parse_options{}};
  boost::system::error_code problem;
  const std::size_t read = parser.write_some(false, line.data(), line.size(), problem);
  LineHandler& handler = parser.handler();
  if (!handler.reason.empty()) return std::move(handler.reason);
  if (problem) return syntax_reason(line, read, problem.message());
  if (read < line.size()) return syntax_reason(line, read, "more text follows the object");
  RunMaker maker(handler.values);
  if (auto reason = maker.make()) return std::move(*reason);
  return std::move(maker.run);
}

}  // namespace milepost::core
