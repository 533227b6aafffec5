// SPDX-License-Identifier: Apache-2.0
//
// The public response to the byte, its escapes, its sizes, and a strict parser's opinion of it.
#include "core/run_json.hpp"

#include <boost/json/src.hpp>
#include <random>
#include <vector>

#include "core/state.hpp"
#include "unit/core/support.hpp"

namespace milepost::core {
namespace {

using test::at;
using test::kMicros;
using test::record_in;

const std::string kExample =
    R"({"runId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
    R"("journeyId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
    R"("profileId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
    R"("status":"queued","triggeredAt":"2023-11-07T05:31:56Z","completedAt":null,"error":null})";

std::string rendered(const RecordView& record) {
  std::vector<char> out(kRunJsonSizeMax);
  return std::string(out.data(), render_run_json(record, out));
}

std::string rendered_error(std::string_view error) {
  RecordView record = record_in(RunStatus::failed);
  record.error = error;
  const std::string json = rendered(record);
  const std::string before = R"("error":)";
  const std::size_t from = json.find(before) + before.size();
  return json.substr(from, json.size() - from - 1);
}

}  // namespace

TEST_CASE("the published example comes out to the byte", "[core][json]") {
  RecordView record;
  record.run_id = parse_uuid("3c90c3cc-0d44-4b50-8888-8dd25736052a").value();
  record.journey_id = record.run_id;
  record.profile_id = record.run_id;
  record.triggered_at = parse_instant("2023-11-07T05:31:56Z").value();
  CHECK(rendered(record) == kExample);
  CHECK(to_json(to_run(record)).value() == kExample);
}

TEST_CASE("each status has its own members", "[core][json]") {
  const std::string ids = R"({"runId":"3c90c3cc-0d44-4b50-8888-8dd257360501",)"
                          R"("journeyId":"3c90c3cc-0d44-4b50-8888-8dd257360502",)"
                          R"("profileId":"3c90c3cc-0d44-4b50-8888-8dd257360503",)";
  CHECK(rendered(record_in(RunStatus::queued)) ==
        ids + R"("status":"queued","triggeredAt":"2023-11-07T05:31:56Z","completedAt":null,)"
              R"("error":null})");
  CHECK(rendered(record_in(RunStatus::running)) ==
        ids + R"("status":"running","triggeredAt":"2023-11-07T05:31:56Z","completedAt":null,)"
              R"("error":null})");
  CHECK(rendered(record_in(RunStatus::completed)) ==
        ids + R"("status":"completed","triggeredAt":"2023-11-07T05:31:56Z",)"
              R"("completedAt":"2023-11-07T05:31:58Z","error":null})");
  CHECK(rendered(record_in(RunStatus::failed)) ==
        ids + R"("status":"failed","triggeredAt":"2023-11-07T05:31:56Z",)"
              R"("completedAt":"2023-11-07T05:31:58Z","error":"mailbox full"})");
  CHECK(rendered(record_in(RunStatus::exited)) ==
        ids + R"("status":"exited","triggeredAt":"2023-11-07T05:31:56Z",)"
              R"("completedAt":"2023-11-07T05:31:58Z","error":null})");
}

TEST_CASE("a failed run without a text has an empty error, not null", "[core][json]") {
  CHECK(rendered_error("") == R"("")");
  Run run = to_run(record_in(RunStatus::failed));
  run.error.reset();
  const std::string json = to_json(run).value();
  CHECK(json.substr(json.size() - 11) == R"("error":""})");
}

TEST_CASE("an unfinished run shows neither completion time nor error", "[core][json]") {
  RecordView record = record_in(RunStatus::running);
  const std::string expected = rendered(record);
  record.completed_at = at(kMicros + 5);
  record.error = "not yet";
  CHECK(rendered(record) == expected);
  CHECK(run_json_size(record) == expected.size());
}

TEST_CASE("control characters, quotes and backslashes are escaped, nothing else", "[core][json]") {
  CHECK(rendered_error("\"") == R"("\"")");
  CHECK(rendered_error("\\") == R"("\\")");
  CHECK(rendered_error("a/b") == R"("a/b")");
  CHECK(rendered_error("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(rendered_error(std::string_view("\0", 1)) == R"("\u0000")");
  CHECK(rendered_error("\x01\x0b\x1b\x1f") == R"("\u0001\u000b\u001b\u001f")");
  CHECK(rendered_error("\x20\x7f") == "\"\x20\x7f\"");
  CHECK(rendered_error("Zo\xC3\xAB \xE2\x80\xA8 \xF0\x9F\x98\x80") ==
        "\"Zo\xC3\xAB \xE2\x80\xA8 \xF0\x9F\x98\x80\"");
  CHECK(rendered_error("<script>&'") == R"("<script>&'")");
  CHECK(rendered_error("say \"hi\"\n\ttwice\\") == R"("say \"hi\"\n\ttwice\\")");
  for (unsigned byte = 0; byte < 0x80; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    const std::string json = rendered_error(one);
    const bool escaped = byte < 0x20 || byte == '"' || byte == '\\';
    CHECK((json.size() > 3) == escaped);
    CHECK(boost::json::parse(json).as_string() == one);
  }
}

TEST_CASE("a run of the largest size exists, and none larger", "[core][json]") {
  const std::string error(kErrorTextSizeMax, '\x01');
  RecordView record = record_in(RunStatus::failed);
  record.triggered_at = kInstantMax;
  record.started_at = kInstantMax;
  record.completed_at = kInstantMax;
  record.error = error;
  REQUIRE(broken_rule(record) == nullptr);
  CHECK(run_json_size(record) == kRunJsonSizeMax);
  std::vector<char> out(kRunJsonSizeMax);
  CHECK(render_run_json(record, out) == kRunJsonSizeMax);
  CHECK(out.back() == '}');
  CHECK(to_json(to_run(record)).value().size() == kRunJsonSizeMax);
}

TEST_CASE("a buffer of the exact size is enough and one byte less is not", "[core][json]") {
  MILEPOST_SHOW_SEED();
  std::mt19937_64 random(test::test_seed());
  for (int i = 0; i < 500; ++i) {
    RecordView record = record_in(kAllStatuses[static_cast<std::size_t>(i) % 5]);
    std::string error;
    for (auto left = random() % 300; left > 0; --left) {
      error += static_cast<char>(random() % 0x80);
    }
    if (record.status == RunStatus::failed) record.error = error;
    record.triggered_at = at(kMicros + static_cast<std::int64_t>(random() % 3) * 500);
    const std::size_t size = run_json_size(record);
    // The heap, so that the address sanitizer sees a byte too many.
    std::vector<char> exact(size);
    REQUIRE(render_run_json(record, exact) == size);
    REQUIRE(std::string(exact.begin(), exact.end()) == rendered(record));
    std::vector<char> small(size - 1);
    REQUIRE(render_run_json(record, small) == 0);
  }
  CHECK(render_run_json(record_in(RunStatus::queued), {}) == 0);
}

TEST_CASE("a buffer a byte or two short is not written past, whatever the status and instants",
          "[core][json]") {
  for (const RunStatus status : kAllStatuses) {
    RecordView record = record_in(status);
    record.triggered_at = kInstantMax;
    if (record.started_at) record.started_at = kInstantMax;
    if (record.completed_at) record.completed_at = kInstantMax;
    const std::size_t size = run_json_size(record);
    for (std::size_t less = 1; less <= 8; ++less) {
      std::vector<char> small(size - less);
      CHECK(render_run_json(record, small) == 0);
    }
  }
}

TEST_CASE("a strict parser reads back what was rendered, in order", "[core][json]") {
  MILEPOST_SHOW_SEED();
  std::mt19937_64 random(test::test_seed());
  const std::string_view parts[] = {
      "a", "\"",   "\\",      "\n",          "\x1f", "\xC3\xAB", "\xF0\x9F\x98\x80",
      "/", "\x7f", "\\u0041", "\xEF\xBF\xBD"};
  for (int i = 0; i < 500; ++i) {
    std::string error;
    for (auto left = random() % 40; left > 0; --left) error += parts[random() % std::size(parts)];
    RecordView record = record_in(RunStatus::failed);
    record.error = error;
    const boost::json::object object = boost::json::parse(rendered(record)).as_object();
    REQUIRE(object.size() == 7);
    const char* names[] = {"runId",       "journeyId",   "profileId", "status",
                           "triggeredAt", "completedAt", "error"};
    auto name = std::begin(names);
    for (const auto& member : object) REQUIRE(member.key() == *name++);
    REQUIRE(object.at("runId").as_string() == to_string(record.run_id));
    REQUIRE(object.at("error").as_string() == error);
  }
}

TEST_CASE("a buffer that is too small is an error that says how large it must be", "[core][json]") {
  const Run run = to_run(record_in(RunStatus::queued));
  std::vector<char> out(kExample.size() - 1);
  const auto result = to_json(run, out);
  REQUIRE(result.has_error());
  CHECK(result.error().code == Errc::invalid_argument);
  CHECK(result.error().message == "The run needs " + std::to_string(kExample.size()) + ".");
  out.resize(kExample.size());
  CHECK(to_json(run, out).value() == kExample.size());
}

TEST_CASE("a run that no response can show is refused", "[core][json]") {
  const Run fine = to_run(record_in(RunStatus::failed));
  REQUIRE(to_json(fine).has_value());
  std::vector<Run> bad(6, fine);
  bad[0].status = static_cast<RunStatus>(5);
  bad[1].triggered_at = kInstantMax + std::chrono::microseconds(1);
  bad[2].completed_at = kInstantMin - std::chrono::microseconds(1);
  bad[3].completed_at.reset();
  bad[4].error = std::string(kErrorTextSizeMax + 1, 'x');
  bad[5].error = "\xFF";
  std::vector<char> out(10 * kRunJsonSizeMax);
  for (const Run& run : bad) {
    const auto text = to_json(run);
    REQUIRE(text.has_error());
    CHECK(text.error().code == Errc::invalid_argument);
    CHECK_FALSE(text.error().subject.empty());
    CHECK(to_json(run, out).has_error());
  }
}

}  // namespace milepost::core
