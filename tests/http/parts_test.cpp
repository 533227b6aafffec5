// SPDX-License-Identifier: Apache-2.0
//
// The parts of the server that need no socket: heads cut anywhere, targets, preferences, tags,
// lines of the log, rates.
#include <random>

#include "head_scanner.hpp"
#include "rate_limiter.hpp"
#include "request.hpp"
#include "responder.hpp"
#include "support/catch.hpp"
#include "support/runs.hpp"
#include "support/steps.hpp"

#include "milepost/http/server.hpp"

namespace milepost::http {
namespace {

const std::string kHead = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\r\n";

TEST_CASE("a head is found wherever it is cut", "[http][scanner]") {
  const std::string bytes = kHead + "GET ";
  for (std::size_t first = 0; first <= kHead.size(); ++first) {
    for (std::size_t second = first; second <= kHead.size(); ++second) {
      HeadScanner scanner;
      for (const std::size_t size : {first, second}) {
        const auto state = scanner.scan(std::string_view(bytes).substr(0, size));
        REQUIRE(state == (size < kHead.size() ? HeadScanner::State::incomplete
                                              : HeadScanner::State::complete));
        if (size == kHead.size()) break;
      }
      if (second < kHead.size()) {
        REQUIRE(scanner.scan(bytes) == HeadScanner::State::complete);
      }
      REQUIRE(scanner.size() == kHead.size());
    }
  }
}

TEST_CASE("the scanner refuses by itself what parsers disagree about", "[http][scanner]") {
  const std::string line = "GET / HTTP/1.1\r\n";
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\n"), line + "Host: x\n", line + "\n", line + "A: b\rc\r\n",
        line + " A: b\r\n", line + "A: b\r\n c\r\n", line + "A : b\r\n", line + "A\r\n",
        line + ": b\r\n", line + "A: \x7f\r\n", line + std::string("A: \0\r\n", 6),
        std::string("\r\n"), std::string("GET /\xe9 HTTP/1.1\r\n"),
        std::string("GET\t/ HTTP/1.1\r\n")}) {
    INFO(bytes);
    HeadScanner scanner;
    CHECK(scanner.scan(bytes) == HeadScanner::State::refused);
    CHECK(scanner.problem() == Problem::bad_request);
  }
}

TEST_CASE("what is refused stays refused", "[http][scanner]") {
  HeadScanner scanner;
  CHECK(scanner.scan("GET / HTTP/1.1\n") == HeadScanner::State::refused);
  CHECK(scanner.scan(kHead) == HeadScanner::State::refused);
  scanner.reset();
  CHECK(scanner.scan(kHead) == HeadScanner::State::complete);
}

TEST_CASE("Prefer tells how long to wait, or nothing", "[http][target]") {
  const auto seconds = [](std::string_view text) {
    const auto wait = parse_wait(text);
    return wait ? wait->count() : -1;
  };
  CHECK(seconds("wait=10") == 10);
  CHECK(seconds("WAIT = 10") == 10);
  CHECK(seconds("wait=\"10\"") == 10);
  CHECK(seconds("respond-async, wait=7") == 7);
  CHECK(seconds("wait=7; x=y, wait=8") == 7);
  CHECK(seconds(" ,, wait=0") == 0);
  CHECK(seconds("wait=4294967295") == 4'294'967'295);
  for (const char* bad :
       {"", "wait", "wait=", "wait=-1", "wait=+1", "wait=1.5", "wait=1s", "waits=1", "await=1",
        "wait=4294967296", "x=wait=1", "wait=\"", "wait=\"\""}) {
    INFO(bad);
    CHECK(seconds(bad) == -1);
  }
}

TEST_CASE("lines of the log are one line of plain ASCII", "[http][log]") {
  Access access{.peer = "127.0.0.1",
                .method = "GET",
                .target = "/healthz",
                .key_id = "0123456789abcdef",
                .status = 200,
                .bytes = 321,
                .took = std::chrono::microseconds(45)};
  CHECK(to_log_line(access) == "127.0.0.1 0123456789abcdef \"GET /healthz\" 200 321 45us");
  access.key_id = {};
  const std::pair<std::string, std::string> cases[] = {
      {"", "-"},
      {"/a b", "/a\\x20b"},
      {"/a\r\nGET /b", "/a\\x0d\\x0aGET\\x20/b"},
      {"/\x1b[2J", "/\\x1b[2J"},
      {std::string("/\0", 2), "/\\x00"},
      {"/\xc3\xa9\x7f", "/\\xc3\\xa9\\x7f"},
      {"/\"\\", "/\\x22\\x5c"},
      {"/\xe2\x80\xae", "/\\xe2\\x80\\xae"},
      {std::string(256, 'a'), std::string(256, 'a')},
      {std::string(257, 'a'), std::string(256, 'a') + "..."}};
  for (const auto& [target, shown] : cases) {
    access.target = target;
    CHECK(to_log_line(access) == "127.0.0.1 - \"GET " + shown + "\" 200 321 45us");
  }
}

TEST_CASE("a rate lets a burst through, then so many a second", "[http][rate]") {
  RateLimiter limiter(10, 3);
  RateLimiter::Bucket& bucket = limiter.bucket("a");
  CHECK(&limiter.bucket("a") == &bucket);
  CHECK(&limiter.bucket("b") != &bucket);
  RateLimiter::Clock::time_point now{std::chrono::hours(1)};
  for (int i = 0; i < 3; ++i) CHECK_FALSE(limiter.refuse(bucket, now));
  CHECK(limiter.refuse(bucket, now) == 1);
  CHECK_FALSE(limiter.refuse(limiter.bucket("b"), now));
  now += std::chrono::milliseconds(99);
  CHECK(limiter.refuse(bucket, now));
  now += std::chrono::milliseconds(1);
  CHECK_FALSE(limiter.refuse(bucket, now));
  CHECK(limiter.refuse(bucket, now));
  now += std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(limiter.refuse(bucket, now));
  CHECK(limiter.refuse(bucket, now));
  RateLimiter slow(1, 1);
  CHECK_FALSE(slow.refuse(slow.bucket("a"), now));
  CHECK(slow.refuse(slow.bucket("a"), now) == 1);
  RateLimiter none(0, 0);
  for (int i = 0; i < 1'000; ++i) CHECK_FALSE(none.refuse(none.bucket("a"), now));
}

TEST_CASE("an open run is told from its JSON", "[http][wait]") {
  for (const RunStatus status : milepost::test::kStatuses) {
    Run run;
    run.status = status;
    const bool open = status == RunStatus::queued || status == RunStatus::running;
    if (!open) run.completed_at = Instant{};
    if (status == RunStatus::failed) run.error = "queued";
    CHECK(is_open_run(to_json(run).value()) == open);
  }
  CHECK_FALSE(is_open_run(""));
}

TEST_CASE("every head of a response fits its room", "[http][response]") {
  ResponseBuffer buffer;
  buffer.set_body(std::string(100'000, 'x'));
  const std::string_view response =
      buffer.finish({.status = 431,
                     .keep_alive = false,
                     .type = "text/plain; version=0.0.4; charset=utf-8",
                     .tag = "\"0123456789abcdef\"",
                     .allow = "GET, HEAD",
                     .retry_after = "9223372036854775807",
                     .applied_wait = "9223372036854775807",
                     .challenge = true},
                    100'000);
  const std::size_t end = response.find("\r\n\r\n");
  REQUIRE(end != std::string_view::npos);
  CHECK(response.size() == end + 4 + 100'000);
  CHECK(response.substr(0, end).find("Connection: close") != std::string_view::npos);
}

}  // namespace
}  // namespace milepost::http
