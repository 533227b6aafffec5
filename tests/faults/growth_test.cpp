// SPDX-License-Identifier: Apache-2.0
//
// A map that grows from its smallest size while other processes read: they never hear of it, and
// where the address space does not allow it the answer says so and reads go on.
#include <memory>

#include "puppet_process.hpp"
#include "support/catch.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

constexpr std::uint64_t kRunsPerStep = 10;
constexpr std::uint64_t kStepsPerStore = 125;

void grow_under_readers(std::size_t readers, std::uint64_t steps) {
  std::uint64_t done = 0;
  while (done < steps) {
    const test::TempDirectory folder;
    const std::string directory = folder / "store";
    PuppetProcess writer(directory);
    REQUIRE(writer.ask("open interval=3600000") == "ok");
    std::vector<std::unique_ptr<PuppetProcess>> all;
    for (std::size_t i = 0; i < readers; ++i) {
      all.push_back(std::make_unique<PuppetProcess>(directory));
      REQUIRE(all.back()->ask("open ro") == "ok");
      // One of them reads on and on by itself, from three threads; it dies if a read fails.
      if (i == 0) REQUIRE(all.back()->ask("keep-reading 1 40 3") == "ok");
    }
    std::uint64_t last = 0;
    for (std::uint64_t step = 0; step < kStepsPerStore && done < steps; ++step, ++done) {
      const std::string first = std::to_string(last + 1);
      REQUIRE(writer.ask("fill " + first + " " + std::to_string(kRunsPerStep) + " 4000") == "ok");
      REQUIRE(writer.ask("flush") == "ok");
      last += kRunsPerStep;
      for (const auto& reader : all) {
        CAPTURE(step, last);
        REQUIRE(reader->ask("one-by-one " + first + " " + std::to_string(kRunsPerStep)) ==
                std::to_string(kRunsPerStep));
      }
    }
    for (const auto& reader : all) {
      CHECK(reader->ask("count 1 " + std::to_string(last)) == std::to_string(last));
    }
    CHECK(writer.ask("close") == "ok");
  }
}

TEST_CASE("two to four processes read on while a map grows from its smallest size",
          "[faults][growth]") {
  const std::size_t readers = GENERATE(2u, 4u);
  grow_under_readers(readers, test::test_count("MILEPOST_FAULT_GROWTH_STEPS", 500));
}

TEST_CASE("growth that does not fit the address space is told, reads go on, and it heals",
          "[faults][growth]") {
  if (test::kSanitizer) {
    WARN("not run: sanitizers need the address space that this test takes away");
    return;
  }
  const std::uint64_t room = GENERATE(1u << 20, 5u << 20, 20u << 20);
  const test::TempDirectory folder;
  PuppetProcess writer(folder / "store");
  REQUIRE(writer.ask("open wait=200 map=4194304") == "ok");
  REQUIRE(writer.ask("fill 1 10 4000") == "ok");
  REQUIRE(writer.ask("flush") == "ok");
  REQUIRE(writer.ask("limit as " + std::to_string(room)) == "ok");
  std::uint64_t last = 10;
  std::string answer = "ok";
  while (answer == "ok" && last < 100'000) {
    answer = writer.ask("fill " + std::to_string(last + 1) + " 10 4000");
    if (answer == "ok") last += 10;
  }
  INFO(answer);
  CHECK(
      (code_of(answer) == "out_of_address_space" || answer.rfind("thrown std::bad_alloc", 0) == 0));
  CHECK(writer.ask("one-by-one 1 " + std::to_string(last)) == std::to_string(last));
  PuppetProcess reader(folder / "store");
  CHECK(reader.ask("open ro") == "ok");
  CHECK(reader.ask("one-by-one 1 10") == "10");
  REQUIRE(writer.ask("limit as off") == "ok");
  std::string healed = "no";
  for (int i = 0; i < 100 && healed != "-"; ++i) healed = code_of(writer.ask("flush"));
  CHECK(healed == "-");
  CHECK(writer.ask("fill " + std::to_string(last + 1) + " 10 4000") == "ok");
  CHECK(writer.ask("flush") == "ok");
  CHECK(reader.ask("count 1 " + std::to_string(last + 10)) == std::to_string(last + 10));
  CHECK(writer.ask("close") == "ok");
}

TEST_CASE("a reader whose address space the grown map does not fit is told so and heals",
          "[faults][growth]") {
  if (test::kSanitizer) {
    WARN("not run: sanitizers need the address space that this test takes away");
    return;
  }
  const test::TempDirectory folder;
  PuppetProcess writer(folder / "store");
  REQUIRE(writer.ask("open") == "ok");
  REQUIRE(writer.ask("fill 1 10 4000") == "ok");
  REQUIRE(writer.ask("flush") == "ok");
  PuppetProcess reader(folder / "store");
  REQUIRE(reader.ask("open ro wait=200") == "ok");
  REQUIRE(reader.ask("one-by-one 1 10") == "10");
  REQUIRE(reader.ask("limit as 1048576") == "ok");
  std::string answer = "10";
  std::uint64_t last = 10;
  while (answer == "10" && last < 20'000) {
    REQUIRE(writer.ask("fill " + std::to_string(last + 1) + " 10 4000") == "ok");
    last += 10;
    REQUIRE(writer.ask("flush") == "ok");
    answer = reader.ask("one-by-one 1 10");
  }
  CHECK(code_of(answer) == "out_of_address_space");
  CHECK(code_of(reader.ask("get 1")) == "out_of_address_space");
  CHECK(code_of(reader.ask("count 1 10")) == "out_of_address_space");
  REQUIRE(reader.ask("limit as off") == "ok");
  CHECK(reader.ask("one-by-one 1 " + std::to_string(last)) == std::to_string(last));
  CHECK(reader.ask("close") == "ok");
}

TEST_CASE("an address space too small for the map refuses the opening", "[faults][growth]") {
  if (test::kSanitizer) {
    WARN("not run: sanitizers need the address space that this test takes away");
    return;
  }
  const test::TempDirectory folder;
  PuppetProcess puppet(folder / "store");
  REQUIRE(puppet.ask("limit as 33554432") == "ok");
  const std::string answer = puppet.ask("open map=268435456 map-max=1073741824");
  INFO(answer);
  CHECK(code_of(answer) == "out_of_address_space");
  REQUIRE(puppet.ask("limit as off") == "ok");
  CHECK(puppet.ask("open") == "ok");
  CHECK(puppet.ask("create 1") == "created");
}

}  // namespace
}  // namespace milepost::faults
