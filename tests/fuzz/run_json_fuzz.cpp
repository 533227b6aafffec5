// SPDX-License-Identifier: Apache-2.0
//
// Runs as JSON: what the writer makes of any texts is what a strict parser reads back, to the
// character, within the published size; an error text is cleaned as a slow reading of the Unicode
// Standard cleans it; a line of an export says the run again; and any line is a run or a reason.
#include <array>
#include <boost/json.hpp>

#include "core/run_json.hpp"
#include "core/run_line.hpp"
#include "core/text.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/records.hpp"

namespace milepost::fuzz {
namespace {

/// How many bytes a lead byte promises in all; 0: it is none.
std::size_t promised(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc0 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf8 ? 4 : 0;
}

/// Whether these bytes begin some well-formed sequence: whether among the code points that they
/// leave possible one is allowed.
bool may_begin(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const std::size_t size = promised(byte(0));
  if (size == 0 || bytes.size() > size) return false;
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  constexpr std::array<unsigned, 5> kMask{0, 0x7f, 0x1f, 0x0f, 0x07};
  std::uint32_t low = byte(0) & kMask[size];
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return false;
    low = low << 6 | (byte(i) & 0x3fu);
  }
  std::uint32_t high = low;
  for (std::size_t i = bytes.size(); i < size; ++i) {
    low <<= 6;
    high = high << 6 | 0x3fu;
  }
  low = std::max(low, kLeast[size]);
  high = std::min(high, std::uint32_t{0x10ffff});
  if (low > high) return false;
  return !(low >= 0xd800 && high <= 0xdfff);
}

/// What clean_error_text promises, one part after the other.
std::string cleaned_slowly(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    std::size_t size = 1;
    if (may_begin(text.substr(0, 1))) {
      while (size < text.size() && size < promised(static_cast<unsigned char>(text[0])) &&
             may_begin(text.substr(0, size + 1))) {
        ++size;
      }
      const bool whole = size == promised(static_cast<unsigned char>(text[0]));
      parts.emplace_back(whole ? text.substr(0, size) : "\xEF\xBF\xBD");
    } else {
      parts.emplace_back("\xEF\xBF\xBD");
    }
    text.remove_prefix(size);
  }
  std::string all;
  for (const std::string& part : parts) all += part;
  if (all.size() <= kErrorTextSizeMax) return all;
  all.clear();
  for (const std::string& part : parts) {
    if (all.size() + part.size() > kErrorTextSizeMax - 3) break;
    all += part;
  }
  return all + "\xE2\x80\xA6";
}

std::string id_text(const Uuid& id) { return to_string(id); }

void check_json(const core::RecordView& record) {
  std::string json(core::run_json_size(record), '?');
  require(json.size() <= kRunJsonSizeMax && core::render_run_json(record, json) == json.size());
  std::string small(json.size() - 1, '?');
  require(core::render_run_json(record, small) == 0, "a byte less is not enough");
  boost::json::error_code problem;
  const boost::json::value parsed = boost::json::parse(json, problem);
  require(!problem && parsed.is_object(), "it is JSON");
  const boost::json::object& run = parsed.get_object();
  constexpr std::array<std::string_view, 7> kNames{
      "runId", "journeyId", "profileId", "status", "triggeredAt", "completedAt", "error"};
  require(run.size() == kNames.size());
  std::size_t at = 0;
  for (const auto& member : run) {
    require(std::string_view(member.key().data(), member.key().size()) == kNames[at++], "in order");
  }
  const auto text = [&](std::string_view name) {
    const boost::json::string& value = run.at({name.data(), name.size()}).as_string();
    return std::string(value.data(), value.size());
  };
  require(text("runId") == id_text(record.run_id) &&
          text("profileId") == id_text(record.profile_id));
  require(text("journeyId") == id_text(record.journey_id));
  require(text("status") == to_string(record.status));
  require(parse_instant(text("triggeredAt")).value() == record.triggered_at);
  require(run.at("completedAt").is_null() == !record.completed_at.has_value());
  if (record.completed_at) {
    require(parse_instant(text("completedAt")).value() == *record.completed_at);
  }
  const bool failed = record.status == RunStatus::failed;
  require(failed ? text("error") == record.error : run.at("error").is_null(), "the very text");
}

void check_line(const core::RecordView& record) {
  std::string line;
  core::append_run_line(record, line);
  require(line.size() <= core::kRunLineSizeMax && line.back() == '\n' &&
          line.find('\n') == line.size() - 1);
  line.pop_back();
  const auto read = core::read_run_line(line);
  const bool readable = core::read_uuid(id_text(record.run_id)).has_value();
  require(std::holds_alternative<Run>(read) == readable, "an export can be imported");
  if (!readable) return;
  const Run& run = std::get<Run>(read);
  std::string again;
  core::append_run_line(core::view_of(run), again);
  again.pop_back();
  require(again == line, "and says the same");
}

void run(Input input) {
  const std::string text = Bytes(input).rest();
  std::string storage;
  const std::string clean(core::clean_error_text(text, storage));
  require(clean == cleaned_slowly(text), "texts are cleaned as the Standard recommends");
  require(core::is_valid_utf8(clean) && clean.size() <= kErrorTextSizeMax);
  require(core::is_valid_utf8(text) ==
          (text.size() > kErrorTextSizeMax ? core::is_valid_utf8(text) : clean == text));
  const auto read = core::read_run_line(text);
  if (const Run* run = std::get_if<Run>(&read)) {
    check_line(core::view_of(*run));
  } else {
    const std::string& reason = std::get<std::string>(read);
    require(!reason.empty() && reason.size() < 1'000, "a reason for people");
    for (const char c : reason) require(c >= 0x20 && c < 0x7f, "in plain ASCII");
  }
  MadeRecord made;
  Bytes bytes(input);
  fill_record(bytes, made);
  if (made.record.status == RunStatus::failed) made.record.error = clean;
  check_json(made.record);
  check_line(made.record);
}

Seeds seeds() {
  Seeds all = record_seeds();
  for (const std::string& seed : record_seeds()) {
    MadeRecord made;
    Bytes bytes(input_of(seed));
    fill_record(bytes, made);
    core::append_run_line(made.record, all.emplace_back());
    all.back().pop_back();
  }
  all.emplace_back(5'000, '\xe2');
  all.emplace_back(4'095, 'x');
  all.back() += "\xf0\x9f\x98\x80\xf0\x9f\x98";
  all.emplace_back("\xf0\x80\x80\xed\xa0\x80\xf4\x90\xc0\xaf\xe0\x9f\xfe\xf0\x9f\x98");
  return all;
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"run_json", milepost::fuzz::run, milepost::fuzz::seeds, 1'500, 6'000})
