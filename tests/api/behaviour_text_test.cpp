// SPDX-License-Identifier: Apache-2.0
//
// Error texts from the host's bytes to the public response, on any store.
#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

using test::bring;
using test::code_of;
using test::DirectoryBed;
using test::expected_json;
using test::id;
using test::MemoryBed;
using test::Step;
using test::take;

struct Text {
  std::string given;
  std::string kept;
  std::string json;  ///< The `error` member.
};

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::vector<Text> texts() {
  const std::string replacement = "\xef\xbf\xbd";
  const std::string dots = "\xe2\x80\xa6";
  std::vector<Text> all{
      {"", "", "\"\""},
      {"mailbox full", "mailbox full", "\"mailbox full\""},
      {"\"\\/", "\"\\/", R"("\"\\/")"},
      {"\b\f\n\r\t", "\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {std::string("\0\x01\x0b\x1f\x7f", 5), std::string("\0\x01\x0b\x1f\x7f", 5),
       "\"\\u0000\\u0001\\u000b\\u001f\x7f\""},
      {"\xe2\x82\xac \xf0\x9f\x93\xae", "\xe2\x82\xac \xf0\x9f\x93\xae",
       "\"\xe2\x82\xac \xf0\x9f\x93\xae\""},
      // One U+FFFD per maximal ill-formed part.
      {"a\xff"
       "b",
       "a" + replacement + "b", "\"a" + replacement + "b\""},
      {"\xf0\x9f\x93", replacement, quoted(replacement)},
      {"\xed\xa0\x80", replacement + replacement + replacement,
       quoted(replacement + replacement + replacement)},
      {"\xc0\xaf", replacement + replacement, quoted(replacement + replacement)},
  };
  const std::string edge(4096, 'e');
  all.push_back({edge, edge, quoted(edge)});
  const std::string cut = std::string(4093, 'e') + dots;
  all.push_back({edge + "e", cut, quoted(cut)});
  all.push_back({std::string(1u << 20, 'e'), cut, quoted(cut)});
  // Cut at a code point: 4,092 bytes of two-byte letters leave a byte unused.
  std::string letters;
  for (int i = 0; i < 2'049; ++i) letters += "\xc3\xa9";
  const std::string whole = letters.substr(0, 4'092) + dots;
  all.push_back({letters, whole, quoted(whole)});
  return all;
}

TEMPLATE_TEST_CASE("error texts are cleaned on the way in and escaped on the way out",
                   "[api][text][limits]", MemoryBed, DirectoryBed) {
  TestType bed;
  const auto all = texts();
  const auto check_all = [&] {
    for (std::size_t i = 0; i < all.size(); ++i) {
      CAPTURE(i);
      const Run run = bed.tracker().get(id(i)).value().value();
      CHECK(run.error == all[i].kept);
      CHECK(bed.tracker().get_json(id(i)).value() == expected_json(run, all[i].json));
    }
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    bring(bed.tracker(), id(i), RunStatus::running);
    const Outcome failed = take(bed.tracker(), Step::fail, id(i), {.error = all[i].given}).value();
    CHECK(failed.run.error == all[i].kept);
  }
  check_all();
  bed.reopen();
  check_all();
}

TEMPLATE_TEST_CASE("texts in a batch are cleaned each by itself", "[api][text][batch]", MemoryBed,
                   DirectoryBed) {
  TestType bed([](OpenOptions& options) { options.journal_segment_bytes = 4u << 20; });
  const auto all = texts();
  std::vector<Command> commands;
  for (std::size_t i = 0; i < all.size(); ++i) {
    commands.emplace_back(test::request(id(i)));
    commands.emplace_back(FailCommand{.run_id = id(i), .error = all[i].given});
  }
  const auto outcomes = bed.tracker().apply(commands).value();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    CHECK(outcomes[2 * i + 1].applied());
    CHECK(bed.tracker().get(id(i)).value()->error == all[i].kept);
  }
}

TEMPLATE_TEST_CASE("only a failed run has an error", "[api][text]", MemoryBed, DirectoryBed) {
  TestType bed;
  std::uint64_t number = 0;
  for (const RunStatus status : test::kStatuses) {
    const Uuid run = id(++number);
    bring(bed.tracker(), run, status);
    const Run seen = bed.tracker().get(run).value().value();
    CHECK(seen.error.has_value() == (status == RunStatus::failed));
    CHECK(seen.completed_at.has_value() ==
          (status != RunStatus::queued && status != RunStatus::running));
    CHECK(bed.tracker().get_json(run).value() ==
          expected_json(seen, seen.error ? "\"mailbox full\"" : "null"));
  }
}

TEMPLATE_TEST_CASE("instants are written with the fewest digits that lose nothing", "[api][json]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  const std::array<std::pair<const char*, const char*>, 6> instants{{
      {"2023-11-07T05:31:56Z", "2023-11-07T05:31:56Z"},
      {"2023-11-07T05:31Z", "2023-11-07T05:31:00Z"},
      {"2023-11-07T05:31:56.100Z", "2023-11-07T05:31:56.100Z"},
      {"2023-11-07T05:31:56.1234Z", "2023-11-07T05:31:56.123400Z"},
      {"2024-02-29T23:59:59.9999999Z", "2024-02-29T23:59:59.999999Z"},
      {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
  }};
  std::uint64_t number = 0;
  for (const auto& [in, out] : instants) {
    CreateCommand command = test::request(id(++number));
    command.triggered_at = test::at(in);
    bed.tracker().create(command).value().require_applied();
    const std::string body = bed.tracker().get_json(*command.run_id).value();
    CHECK(body.find("\"triggeredAt\":\"" + std::string(out) + "\"") != std::string::npos);
  }
}

TEMPLATE_TEST_CASE("a buffer of the right size is enough, one byte less is refused",
                   "[api][json][limits]", MemoryBed, DirectoryBed) {
  TestType bed;
  bring(bed.tracker(), id(1), RunStatus::failed, {.error = std::string(4096, '\x01')});
  bring(bed.tracker(), id(2), RunStatus::queued);
  for (const Uuid& run : {id(1), id(2)}) {
    const std::string body = bed.tracker().get_json(run).value();
    CHECK(body.size() <= kRunJsonSizeMax);
    std::vector<char> buffer(body.size() + 1, '#');
    const std::span<char> exact(buffer.data(), body.size());
    CHECK(bed.tracker().get_json(run, exact).value() == body.size());
    CHECK(std::string_view(exact.data(), exact.size()) == body);
    CHECK(buffer.back() == '#');
    for (const std::size_t size : {body.size() - 1, body.size() / 2, std::size_t{1}}) {
      buffer.assign(size + 1, '#');
      CHECK(code_of(bed.tracker().get_json(run, std::span(buffer).first(size))) ==
            Errc::invalid_argument);
      CHECK(buffer.back() == '#');  // nothing past the end
    }
    CHECK(code_of(bed.tracker().get_json(run, std::span<char>())) == Errc::invalid_argument);
  }
  std::vector<char> room(kRunJsonSizeMax);
  CHECK(code_of(bed.tracker().get_json(id(3), room)) == Errc::not_found);
}

TEMPLATE_TEST_CASE("the longest public response is as long as promised", "[api][json][limits]",
                   MemoryBed, DirectoryBed) {
  TestType bed;
  bed.clock.set(test::at("2023-11-07T05:31:56.123Z"));
  CreateCommand command = test::request(id(1));
  command.triggered_at = test::at("2023-11-07T05:31:56.123456Z");
  bed.tracker().create(command).value().require_applied();
  bed.tracker().fail(id(1), std::string(4096, '\x01')).value().require_applied();
  CHECK(bed.tracker().get_json(id(1)).value().size() == kRunJsonSizeMax);
}

TEMPLATE_TEST_CASE("a batch cleans the error texts of its commands before it judges them",
                   "[api][text]", MemoryBed, DirectoryBed) {
  TestType bed;
  const std::string long_text(10'000, 'x');
  std::vector<Command> commands;
  for (const std::string_view text : {std::string_view(long_text), std::string_view("\xff")}) {
    const Uuid run = id(commands.size());
    commands.emplace_back(ImportCommand{.run_id = run,
                                        .journey_id = test::kJourney,
                                        .profile_id = test::kProfile,
                                        .status = RunStatus::failed,
                                        .triggered_at = test::at("2023-11-07T05:31:56Z"),
                                        .completed_at = test::at("2023-11-07T05:31:56Z"),
                                        .error = text});
    commands.emplace_back(test::request(id(commands.size())));
    commands.emplace_back(FailCommand{.run_id = id(commands.size() - 1), .error = text});
  }
  const auto outcomes = bed.tracker().apply(commands);
  REQUIRE(test::ok(outcomes));
  const std::string cut = std::string(4'093, 'x') + "\xe2\x80\xa6";
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (i % 3 == 1) continue;
    CHECK((*outcomes)[i].applied());
    CHECK((*outcomes)[i].run.error == (i < 3 ? cut : "\xef\xbf\xbd"));
  }
  // A repeat means the same texts.
  const auto again = bed.tracker().apply(commands);
  REQUIRE(test::ok(again));
  CHECK((*again)[0].kind == OutcomeKind::unchanged);
  CHECK((*again)[3].kind == OutcomeKind::unchanged);
}

}  // namespace
}  // namespace milepost
