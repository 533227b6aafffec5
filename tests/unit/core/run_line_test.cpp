// SPDX-License-Identifier: Apache-2.0
//
// Lines of exports and imports: the bytes that are written, what is read, and for everything that
// is not read the reason in words.
#include "core/run_line.hpp"

#include <string>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"

#include "milepost/transfer.hpp"

namespace milepost::core {
namespace {

using namespace std::string_literals;
using test::at;

const std::string kId = "3c90c3cc-0d44-4b50-8888-8dd25736052a";

/// The line of a run, member by member; a part that is empty is left out.
struct Parts {
  std::string run = R"("runId":")" + kId + '"';
  std::string journey = R"("journeyId":")" + kId + '"';
  std::string profile = R"("profileId":")" + kId + '"';
  std::string status = R"("status":"queued")";
  std::string triggered = R"("triggeredAt":"2023-11-07T05:31:56Z")";
  std::string completed = R"("completedAt":null)";
  std::string error = R"("error":null)";
  std::string organization = R"("organizationId":"00000000-0000-0000-0000-000000000000")";

  [[nodiscard]] std::string line() const {
    std::string text = "{";
    for (const std::string* part :
         {&run, &journey, &profile, &status, &triggered, &completed, &error, &organization}) {
      if (part->empty()) continue;
      if (text.size() > 1) text += ',';
      text += *part;
    }
    return text + "}";
  }
};

std::string reason_of(std::string_view line) {
  auto read = read_run_line(line);
  const auto* reason = std::get_if<std::string>(&read);
  return reason != nullptr ? *reason : "(none)";
}

Run read(std::string_view line) {
  auto run = read_run_line(line);
  if (const auto* reason = std::get_if<std::string>(&run)) FAIL(*reason);
  return std::get<Run>(run);
}

std::string written(const RecordView& record) {
  std::string line;
  append_run_line(record, line);
  return line;
}

TEST_CASE("a line is the public response, the organization, and a newline", "[core][transfer]") {
  RecordView record;
  record.run_id = record.journey_id = record.profile_id = parse_uuid(kId).value();
  record.triggered_at = at("2023-11-07T05:31:56Z");
  CHECK(written(record) == Parts{}.line() + "\n");
  record.status = RunStatus::failed;
  record.completed_at = at("2023-11-07T05:31:57.250Z");
  record.error = "full\n";
  record.organization_id = parse_uuid("11111111-2222-4333-8444-555555555555").value();
  Parts parts;
  parts.status = R"("status":"failed")";
  parts.completed = R"("completedAt":"2023-11-07T05:31:57.250Z")";
  parts.error = R"("error":"full\n")";
  parts.organization = R"("organizationId":"11111111-2222-4333-8444-555555555555")";
  CHECK(written(record) == parts.line() + "\n");

  const Run run = read(parts.line());
  CHECK(view_of(run) == [&] {
    RecordView same = record;
    same.request = {};
    return same;
  }());
  std::string both = "before ";
  append_run_line(record, both);
  CHECK(both == "before " + parts.line() + "\n");
}

TEST_CASE("the longest line has the documented size, and imports take it", "[core][transfer]") {
  const std::string error(kErrorTextSizeMax, '\x01');
  RecordView record;
  record.status = RunStatus::failed;
  record.triggered_at = record.completed_at.emplace(at("2023-11-07T05:31:56.123456Z"));
  record.error = error;
  CHECK(written(record).size() == kRunLineSizeMax);
  STATIC_REQUIRE(kRunLineSizeMax - 1 <= kImportLineSizeMax);
  const std::string line = written(record);
  CHECK(read(std::string_view(line).substr(0, line.size() - 1)).error == error);
}

TEST_CASE("lines may differ in white space, order, escapes and case", "[core][transfer]") {
  const Run plain = read(Parts{}.line());
  CHECK(plain.status == RunStatus::queued);
  CHECK(plain.organization_id.is_nil());
  CHECK_FALSE(plain.completed_at.has_value());
  CHECK_FALSE(plain.error.has_value());
  Parts none;
  none.organization = "";
  CHECK(read(none.line()) == plain);
  CHECK(read(" \t" + Parts{}.line() + " \t\r") == plain);
  Parts escaped;
  escaped.run = R"("\u0072unId" : "3C90C3CC-0D44-4B50-8888-8DD25736052A")";
  escaped.triggered = R"("triggered\u0041t":"2023-11-07T05:31:56.0000009Z")";
  escaped.status = "\"status\"\t:\r\"\\u0071ueued\"";
  std::swap(escaped.journey, escaped.error);
  CHECK(read(escaped.line()) == plain);
}

TEST_CASE("an error text is kept as a failing worker's would be", "[core][transfer]") {
  Parts parts;
  parts.status = R"("status":"failed")";
  parts.completed = R"("completedAt":"2023-11-07T05:31:56Z")";
  const auto error_of = [&](const std::string& json) {
    parts.error = "\"error\":\"" + json + '"';
    return *read(parts.line()).error;
  };
  CHECK(error_of("") == "");
  CHECK(error_of(R"(a\u0000b\u001f\/\"\\ \ud83d\ude00)") == "a\0b\x1f/\"\\ \xf0\x9f\x98\x80"s);
  CHECK(error_of(std::string(4096, 'x')) == std::string(4096, 'x'));
  CHECK(error_of(std::string(4097, 'x')) == std::string(4093, 'x') + "\xe2\x80\xa6");
  CHECK(error_of(std::string(60'000, 'x')) == std::string(4093, 'x') + "\xe2\x80\xa6");
}

/// Lines that are no runs because of one member, which stands in for the sound one.
struct BadMember {
  std::string Parts::*member;
  std::string text;
  std::string reason;
};

std::vector<BadMember> bad_ids() {
  return {
      {&Parts::run, "", "runId is missing"},
      {&Parts::journey, "", "journeyId is missing"},
      {&Parts::profile, "", "profileId is missing"},
      {&Parts::status, "", "status is missing"},
      {&Parts::triggered, "", "triggeredAt is missing"},
      {&Parts::completed, "", "completedAt is missing"},
      {&Parts::error, "", "error is missing"},
      {&Parts::run, R"("runId":5)", "runId is a number (5), not a string"},
      {&Parts::run, R"("runId":-1.5e300)", "runId is a number (-1.5e300), not a string"},
      {&Parts::run, R"("runId":18446744073709551616)",
       "runId is a number (18446744073709551616), not a string"},
      {&Parts::run, R"("runId":true)", "runId is true, not a string"},
      {&Parts::run, R"("runId":false)", "runId is false, not a string"},
      {&Parts::run, R"("runId":null)", "runId is null, not a string"},
      {&Parts::run, R"("runId":{})", "runId is an object, not a string"},
      {&Parts::run, R"("runId":[])", "runId is an array, not a string"},
      {&Parts::run, R"("runId":"{3c90c3cc-0d44-4b50-8888-8dd25736052a}")",
       R"(runId "{3c90c3cc-0d44-4b50-8888-8dd25736052a}" is not a UUID of 36 characters)"},
      {&Parts::run, R"("runId":"3c90c3cc-0d44-0b50-8888-8dd25736052a")",
       R"(runId "3c90c3cc-0d44-0b50-8888-8dd25736052a" is not a UUID of 36 characters)"},
      {&Parts::journey, R"("journeyId":"")", R"(journeyId "" is not a UUID of 36 characters)"},
      {&Parts::profile, R"("profileId":"x\u001b[2J\u00e9")",
       R"(profileId "x\x1b[2J\xc3\xa9" is not a UUID of 36 characters)"},
      {&Parts::profile, "\"profileId\":\"" + std::string(100, 'p') + '"',
       "profileId \"" + std::string(64, 'p') + "...\" is not a UUID of 36 characters"},
      {&Parts::organization, R"("organizationId":null)", "organizationId is null, not a string"},
      {&Parts::organization, R"("organizationId":"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF")",
       R"(organizationId "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF" is not a UUID of 36 characters)"},
  };
}

std::vector<BadMember> other_bad_members() {
  return {
      {&Parts::status, R"("status":"done")",
       R"(status "done" is none of queued, running, completed, failed, exited)"},
      {&Parts::status, R"("status":"Queued")",
       R"(status "Queued" is none of queued, running, completed, failed, exited)"},
      {&Parts::status, R"("status":"queued\u0000")",
       R"(status "queued\x00" is none of queued, running, completed, failed, exited)"},
      {&Parts::status, R"("status":0)", "status is a number (0), not a string"},
      {&Parts::triggered, R"("triggeredAt":1699335116)",
       "triggeredAt is a number (1699335116), not a string"},
      {&Parts::triggered, R"("triggeredAt":null)", "triggeredAt is null, not a string"},
      {&Parts::triggered, R"("triggeredAt":"2023-02-29T00:00:00Z")",
       R"(triggeredAt "2023-02-29T00:00:00Z" is not a UTC instant)"
       " of an existing date in the years 1400-9999"},
      {&Parts::triggered, R"("triggeredAt":"2023-11-07T05:31:56+01:00")",
       R"(triggeredAt "2023-11-07T05:31:56+01:00" is not a UTC instant)"
       " of an existing date in the years 1400-9999"},
      {&Parts::triggered, R"("triggeredAt":"1399-12-31T23:59:59Z")",
       R"(triggeredAt "1399-12-31T23:59:59Z" is not a UTC instant)"
       " of an existing date in the years 1400-9999"},
      {&Parts::completed, R"("completedAt":"2023-11-07T05:31:56Z")",
       R"(completedAt is "2023-11-07T05:31:56Z" in a run that is queued)"},
      {&Parts::completed, R"("completedAt":false)", "completedAt is false, not a string"},
      {&Parts::error, R"("error":"")", R"(error is "" in a run that is queued)"},
      {&Parts::error, R"("error":"late")", R"(error is "late" in a run that is queued)"},
      {&Parts::error, R"("error":0)", "error is a number (0), not a string"},
      {&Parts::error, R"("error":["late"])", "error is an array, not a string"},
      {&Parts::run, "\"runId\":\"" + kId + "\",\"runId\":\"" + kId + '"', "runId comes twice"},
      {&Parts::error, R"("error":null,"error":null)", "error comes twice"},
      {&Parts::error, R"("error":null,"\u0065rror":null)", "error comes twice"},
      {&Parts::error, R"("Error":null)", R"("Error" is no member of a run)"},
      {&Parts::error, R"("error":null,"startedAt":null)", R"("startedAt" is no member of a run)"},
      {&Parts::error, R"("error":null,"":null)", R"("" is no member of a run)"},
      {&Parts::error, R"("error":null,"\n\"":null)", R"("\x0a"" is no member of a run)"},
      {&Parts::error, "\"" + std::string(1000, 'k') + "\":1",
       "\"" + std::string(64, 'k') + "...\" is no member of a run"},
  };
}

TEST_CASE("a line that one member spoils is refused by its name and value", "[core][transfer]") {
  for (const auto& table : {bad_ids(), other_bad_members()}) {
    for (const BadMember& row : table) {
      Parts parts;
      parts.*row.member = row.text;
      INFO(parts.line());
      CHECK(reason_of(parts.line()) == row.reason);
    }
  }
}

TEST_CASE("status, instants and error must fit each other", "[core][transfer]") {
  const auto reason = [](const std::string& status, const std::string& completed,
                         const std::string& error) {
    Parts parts;
    parts.status = "\"status\":\"" + status + '"';
    parts.completed = "\"completedAt\":" + completed;
    parts.error = "\"error\":" + error;
    return reason_of(parts.line());
  };
  const std::string later = R"("2023-11-07T05:31:57Z")";
  CHECK(reason("completed", later, "null") == "(none)");
  CHECK(reason("exited", later, "null") == "(none)");
  CHECK(reason("failed", later, R"("x")") == "(none)");
  CHECK(reason("running", "null", "null") == "(none)");
  CHECK(reason("completed", "null", "null") == "completedAt is null in a run that is completed");
  CHECK(reason("failed", "null", R"("x")") == "completedAt is null in a run that is failed");
  CHECK(reason("running", later, "null") ==
        R"(completedAt is "2023-11-07T05:31:57Z" in a run that is running)");
  CHECK(reason("failed", later, "null") == "error is null in a run that is failed");
  CHECK(reason("completed", later, R"("x")") == R"(error is "x" in a run that is completed)");
  CHECK(reason("exited", R"("soon")", "null") ==
        R"(completedAt "soon" is not a UTC instant of an existing date in the years 1400-9999)");
  CHECK(
      reason("completed", R"("2023-11-07T05:31:55.999999Z")", "null") ==
      R"(completedAt "2023-11-07T05:31:55.999999Z" is before triggeredAt "2023-11-07T05:31:56Z")");
  CHECK(reason("completed", R"("2023-11-07T05:31:56Z")", "null") == "(none)");
}

TEST_CASE("what is not one JSON object is refused with the place", "[core][transfer]") {
  const std::string good = Parts{}.line();
  const std::string end = std::to_string(good.size() + 1);
  const std::string inside = good.substr(0, good.size() - 1) + ",\"error\":";
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "not JSON: incomplete JSON at column 1"},
      {"not json", R"(not JSON: syntax error at column 1, near "not json")"},
      {"{", "not JSON: incomplete JSON at column 2"},
      {good.substr(0, good.size() - 1),
       "not JSON: incomplete JSON at column " + std::to_string(good.size())},
      {"{}", "runId is missing"},
      {"[1,2]", "not a JSON object but an array"},
      {"5", "not a JSON object but a number (5)"},
      {"\"" + kId + "\"", "not a JSON object but a string"},
      {"null", "not a JSON object but null"},
      {"true", "not a JSON object but true"},
      {good + " x", "not JSON: more text follows the object at column " +
                        std::to_string(good.size() + 2) + ", near \"x\""},
      {good + good, "not JSON: more text follows the object at column " + end + ", near \"" +
                        good.substr(0, 64) + "...\""},
      {good + ",", "not JSON: more text follows the object at column " + end + ", near \",\""},
      {"\xef\xbb\xbf" + good, "not JSON: the line begins with a byte order mark"},
      {"\xff\xfe{"s, R"(not JSON: syntax error at column 1, near "\xff\xfe{")"},
      {"\0\0"s, R"(not JSON: syntax error at column 1, near "\x00\x00")"},
      {good + "\0"s,
       "not JSON: more text follows the object at column " + end + R"(, near "\x00")"},
      {"{\"runId\":\"a\0b\"}"s, R"(not JSON: syntax error at column 12, near "\x00b"}")"},
      {"{\"runId\":\"a\tb\"}", R"(not JSON: syntax error at column 12, near "\x09b"}")"},
      {"{\"runId\":\"\xc3\x28\"}", R"(not JSON: syntax error at column 11, near "\xc3("}")"},
      {"{\"runId\":\"\xed\xa0\x80\"}",
       R"(not JSON: syntax error at column 11, near "\xed\xa0\x80"}")"},
      {"{\"\xff\":1}", R"(not JSON: syntax error at column 3, near "\xff":1}")"},
      {R"({"runId":"\ud800"})", ""},
      {R"({"runId":"\udc00"})", ""},
      {R"({"runId":"\u12"})", ""},
      {R"({"runId":"\x41"})", ""},
      {"{'runId':1}", ""},
      {"{runId:1}", ""},
      {good.substr(0, good.size() - 1) + ",}", ""},
      {"{,}", ""},
      {"{\"runId\"}", ""},
      {"{\"runId\":}", ""},
      {"{\"runId\":01}", "runId is a number (0), not a string"},
      {"{\"runId\":NaN}", ""},
      {"/* hello */" + good, ""},
      {good + "// hello", ""},
      {std::string(60'000, '['), "not a JSON object but an array"},
      {inside + std::string(60'000, '{'), "error comes twice"},
      {"{\"error\":" + std::string(60'000, '['), "error is an array, not a string"},
      {"{\"error\":1e999999999999}", ""},
      {"{\"error\":" + std::string(60'000, '9') + "}",
       "error is a number (" + std::string(64, '9') + "...), not a string"},
  };
  for (const auto& [line, reason] : table) {
    INFO(line.substr(0, 400));
    const std::string found = reason_of(line);
    if (reason.empty()) {
      INFO(found);
      CHECK(found.starts_with("not JSON: "));
    } else {
      CHECK(found == reason);
    }
    CHECK(found.size() < 400);
  }
}

TEST_CASE("no prefix of a line is a run, and no byte of it may be another control character",
          "[core][transfer]") {
  const std::string good = Parts{}.line();
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO(size);
    CHECK(reason_of(good.substr(0, size)) ==
          "not JSON: incomplete JSON at column " + std::to_string(size + 1));
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'\0', '\x01', '\n', '\x7f', '\xff'}) {
      std::string line = good;
      line[i] = c;
      INFO(i);
      CHECK(reason_of(line) != "(none)");
    }
  }
}

}  // namespace
}  // namespace milepost::core
