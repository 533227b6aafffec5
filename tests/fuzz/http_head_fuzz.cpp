// SPDX-License-Identifier: Apache-2.0
//
// Heads of requests: the scanner says the same wherever the bytes are cut, lets nothing through
// that two parsers might read differently, and what it lets through is understood or refused; all
// that a request says lies within its bytes.
#include <optional>

#include "fuzz/fuzz.hpp"
#include "head_scanner.hpp"
#include "request.hpp"

#include "milepost/http/server.hpp"

namespace milepost::fuzz {
namespace {

using http::HeadScanner;
using http::Problem;
using http::Request;

void check_within(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size(),
          "a request views its bytes");
}

/// A slow look at a head that was let through: lines end with CR LF, none is folded, no control
/// bytes, within the limits.
void check_strict(std::string_view head) {
  std::size_t lines = 0;
  for (std::size_t at = 0; at < head.size(); ++lines) {
    const std::size_t end = head.find('\n', at);
    require(end != std::string_view::npos && end > at && head[end - 1] == '\r',
            "CR LF ends a line");
    const std::string_view line = head.substr(at, end - 1 - at);
    for (const char c : line) {
      const auto byte = static_cast<unsigned char>(c);
      require((byte >= 0x20 && byte != 0x7f) || (lines > 0 && byte == '\t'), "no control bytes");
    }
    if (lines > 0 && !line.empty()) {
      const std::size_t colon = line.find(':');
      require(colon != std::string_view::npos && http::is_token(line.substr(0, colon)));
    }
    at = end + 1;
  }
  require(lines >= 2 && lines - 2 <= http::kHeadersMax, "not too many headers");
  require(head.size() <= http::kRequestLineMax + http::kHeadersSizeMax + 4, "nor too large ones");
  require(head.ends_with("\r\n\r\n"));
}

void understand(std::string_view head) {
  Request request;
  const Problem problem = http::parse_request(head, request);
  check_within(request.method_text, head);
  check_within(request.target, head);
  check_within(request.run_id, head);
  check_within(request.api_key, head);
  require(request.if_none_match_lines <= http::kConditionLinesMax);
  for (std::size_t i = 0; i < request.if_none_match_lines; ++i) {
    check_within(request.if_none_match[i], head);
    (void)http::names_tag(request.if_none_match[i], "\"0123456789abcdef\"");
  }
  if (problem != Problem::none) {
    require(http::text_of(problem).status >= 400, "a problem has an answer");
    return;
  }
  if (request.wait) require(request.wait->count() >= 0);
  if (request.route == http::Route::run) {
    require(!request.run_id.empty() && request.run_id.find('/') == std::string_view::npos);
  }
}

void run(Input input) {
  Bytes bytes(input);
  const auto piece = std::size_t{1} + bytes.take<std::uint8_t>();
  const std::string text = bytes.rest();

  HeadScanner whole;
  const auto state = whole.scan(text);
  HeadScanner cut;
  auto last = HeadScanner::State::incomplete;
  for (std::size_t size = 0; last == HeadScanner::State::incomplete && size < text.size();) {
    size = std::min(size + piece, text.size());
    last = cut.scan(std::string_view(text).substr(0, size));
  }
  if (!text.empty()) require(last == state, "cuts change nothing");
  if (state == HeadScanner::State::refused) {
    require(whole.problem() != Problem::none && whole.scan(text) == state, "refused for good");
  }
  if (state == HeadScanner::State::complete) {
    require(whole.size() == cut.size() && whole.size() <= text.size());
    // Of its own, so that the address sanitizer sees a byte too many.
    const std::string head = text.substr(0, whole.size());
    check_strict(head);
    understand(head);
  }
  Request request;
  (void)http::parse_target(text, request);
  (void)http::parse_wait(text);
  (void)http::names_tag(text, "\"0123456789abcdef\"");
}

Seeds seeds() {
  const std::string id = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
  const std::string line = "GET /api/v1/public/journeys/runs/" + id + " HTTP/1.1\r\n";
  return {"\x05" + line + "Host: x:3001\r\nx-api-key: 0123\r\n\r\n",
          "\x01" + line +
              "Host: x\r\nIf-None-Match: W/\"0123456789abcdef\", *\r\n"
              "Prefer: respond-async, wait=\"10\"; x\r\nConnection: close\r\n\r\nGET",
          "\xff" + line + "Host: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
          "\x10" + line + "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "\x03HEAD http://x/healthz?a=%20 HTTP/1.0\r\n\r\n",
          "\x02GET /metrics HTTP/2.0\r\nHost: x\r\n\r\n",
          "\x07GET * HTTP/1.1\r\nHost: [::1]:80\r\nA:\tb\xe9\r\n c\r\n\r\n",
          "\x20POST /openapi.json HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
          "Content-Length: +5\r\nUpgrade: h2c\r\n\r\n"};
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"http_head", milepost::fuzz::run, milepost::fuzz::seeds, 5'000, 4'096})
