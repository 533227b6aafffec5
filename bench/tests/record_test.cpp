// SPDX-License-Identifier: Apache-2.0
//
// The peers' record and the reference rendering, by hand-written examples.
#include "bench/record.hpp"

#include <algorithm>
#include <vector>

#include "bench/data.hpp"
#include "bench/tests/catch.hpp"

namespace {

using namespace bench;

std::string json(const Uuid& id, const Record& record) {
  std::string out(milepost::kRunJsonSizeMax, '\0');
  out.resize(render(id, record, out));
  return out;
}

Uuid id_of(unsigned char last) {
  Uuid id{};
  id.data[6] = 0x40;
  id.data[8] = 0x80;
  id.data[15] = last;
  return id;
}

}  // namespace

TEST_CASE("a queued run is rendered as the contract's example has it", "[bench][record]") {
  Uuid id{};
  const unsigned char bytes[] = {0x3c, 0x90, 0xc3, 0xcc, 0x0d, 0x44, 0x4b, 0x50,
                                 0x88, 0x88, 0x8d, 0xd2, 0x57, 0x36, 0x05, 0x2a};
  std::copy(std::begin(bytes), std::end(bytes), std::begin(id.data));
  const Record record = make_record({id, id, id, 1'699'335'116'000'000});
  REQUIRE(json(id, record) ==
          R"({"runId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
          R"("journeyId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
          R"("profileId":"3c90c3cc-0d44-4b50-8888-8dd25736052a","status":"queued",)"
          R"("triggeredAt":"2023-11-07T05:31:56Z","completedAt":null,"error":null})");
}

TEST_CASE("fractions have 0, 3 or 6 digits and errors are escaped", "[bench][record]") {
  Record record = make_record({id_of(1), id_of(2), id_of(3), 1'699'335'116'120'000});
  REQUIRE(apply_step(record, Step::start, 0, {}) == Answer::done);
  REQUIRE(record.started_us == record.triggered_us);
  const std::string error = "a\"\\\n\x01\x1f/\x7f";
  REQUIRE(apply_step(record, Step::fail, record.triggered_us + 1, error) == Answer::done);
  const std::string text = json(id_of(1), record);
  REQUIRE(text.find(R"("triggeredAt":"2023-11-07T05:31:56.120Z")") != std::string::npos);
  REQUIRE(text.find(R"("completedAt":"2023-11-07T05:31:56.120001Z")") != std::string::npos);
  REQUIRE(text.find("\"error\":\"a\\\"\\\\\\n\\u0001\\u001f/\x7f\"}") != std::string::npos);
}

TEST_CASE("a record comes back, and a flipped bit does not", "[bench][record]") {
  Record record = make_record({id_of(1), id_of(2), id_of(3), 5});
  REQUIRE(apply_step(record, Step::fail, 9, "it broke") == Answer::done);
  RecordBytes bytes;
  const std::string packed(encode(id_of(1), record, bytes));
  REQUIRE(json(id_of(1), decode(id_of(1), packed, Verify::yes)) == json(id_of(1), record));
  REQUIRE_THROWS(decode(id_of(9), packed, Verify::yes));
  for (std::size_t i = 0; i < packed.size(); ++i) {
    std::string damaged = packed;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    REQUIRE_THROWS(decode(id_of(1), damaged, Verify::yes));
  }
}

TEST_CASE("index keys sort by time, also before the epoch", "[bench][record]") {
  std::vector<std::string> keys;
  for (const std::int64_t us : {INT64_C(-5'000'000'000), INT64_C(-1), INT64_C(0), INT64_C(255),
                                INT64_C(256), INT64_C(1'699'335'116'000'000)}) {
    keys.emplace_back(status_key(id_of(1), make_record({id_of(1), {}, {}, us})).view());
  }
  REQUIRE(std::is_sorted(keys.begin(), keys.end()));
}

TEST_CASE("a page begins just after its position and stays within its prefix", "[bench][record]") {
  const Record record = make_record({id_of(1), id_of(2), id_of(3), 77});
  const auto test = [&](ListBy by, const Uuid& id, auto key_of) {
    const ListRange range = list_range({.by = by, .id = id, .after_us = 77, .after_run = id_of(1)});
    const IndexKey own = key_of(id_of(1), record);
    const IndexKey next = key_of(id_of(2), record);
    REQUIRE(range.from.view() > own.view());
    REQUIRE(range.from.view() < next.view());
    REQUIRE(range.from.view().substr(0, range.prefix) == next.view().substr(0, range.prefix));
    REQUIRE(range.prefix + 8 + 16 == own.view().size());
    REQUIRE(run_of_key(next.view()) == id_of(2));
  };
  test(ListBy::journey_and_status, id_of(2), journey_key);
  test(ListBy::profile, id_of(3), profile_key);
  test(ListBy::status, {}, status_key);
  REQUIRE_THROWS(run_of_key("short"));
}

TEST_CASE("ids are well formed, in order and never repeated", "[bench][data]") {
  const Data v7(3, IdKind::v7, 1'000);
  const Data v4(3, IdKind::v4, 1'000);
  std::vector<Uuid> all;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    REQUIRE(v7.run_id(i).data[6] >> 4 == 7);
    REQUIRE(v4.run_id(i).data[6] >> 4 == 4);
    REQUIRE(v4.run_id(i).data[8] >> 6 == 2);
    if (i > 0) REQUIRE(v7.run_id(i - 1) < v7.run_id(i));
    REQUIRE(v7.run(i).run_id == v7.run_id(i));
    all.push_back(v4.run_id(i));
    for (std::uint64_t caller = 0; caller < 4; ++caller) {
      all.push_back(v7.live_run(1, caller, i).run_id);
      all.push_back(v7.live_run(2, caller, i).run_id);
    }
  }
  std::sort(all.begin(), all.end());
  REQUIRE(std::adjacent_find(all.begin(), all.end()) == all.end());
}
