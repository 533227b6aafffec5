// SPDX-License-Identifier: Apache-2.0
//
// A table of requests that nobody should send, each with the status it gets. After every one that
// breaks the framing the connection ends; after every other a good request on the same connection
// is answered. None of them disturbs anybody else.
#include <set>

#include "bed.hpp"

namespace milepost::http::test {
namespace {

const std::string kId = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
const std::string kGet = "GET /healthz HTTP/1.1\r\n";
const std::string kHost = "Host: localhost\r\n";
const std::string kStart = kGet + kHost;
const std::string kEnd = "\r\n";

struct Case {
  std::string name;
  std::string bytes;
  int status;
  bool closes;
};

using Cases = std::vector<Case>;

void add_framing(Cases& cases) {
  const auto header = [&](const std::string& name, const std::string& lines, int status) {
    cases.push_back({name, kStart + lines + kEnd, status, true});
  };
  header("chunked", "Transfer-Encoding: chunked\r\n", 400);
  header("chunked and a length", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400);
  header("a length and chunked", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400);
  header("identity", "Transfer-Encoding: identity\r\n", 400);
  header("gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n", 400);
  header("chunked in odd letters", "TrAnSfEr-EnCoDiNg: cHuNkEd\r\n", 400);
  header("xchunked", "Transfer-Encoding: xchunked\r\n", 400);
  header("an empty encoding", "Transfer-Encoding:\r\n", 400);
  header("chunked with a tab", "Transfer-Encoding:\tchunked\r\n", 400);
  header("chunked in quotes", "Transfer-Encoding: \"chunked\"\r\n", 400);
  header("two encodings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400);
  header("an encoding with a space before its colon", "Transfer-Encoding : chunked\r\n", 400);
  header("an encoding with a folded value", "Transfer-Encoding:\r\n chunked\r\n", 400);
  header("an encoding with a vertical tab",
         "Transfer-Encoding: \x0b"
         "chunked\r\n",
         400);
  header("an encoding named with an underscore", "Transfer_Encoding: chunked\r\nX\x01: y\r\n", 400);
  header("the same length twice", "Content-Length: 0\r\nContent-Length: 0\r\n", 400);
  header("two lengths", "Content-Length: 0\r\nContent-Length: 5\r\n", 400);
  header("lengths in a list", "Content-Length: 0, 0\r\n", 400);
  header("a length with a plus", "Content-Length: +0\r\n", 400);
  header("a negative length", "Content-Length: -1\r\n", 400);
  header("a hexadecimal length", "Content-Length: 0x0\r\n", 400);
  header("a length with a fraction", "Content-Length: 0.0\r\n", 400);
  header("a length with an exponent", "Content-Length: 0e1\r\n", 400);
  header("an empty length", "Content-Length:\r\n", 400);
  header("a length of spaces", "Content-Length:   \r\n", 400);
  header("a length in words", "Content-Length: none\r\n", 400);
  header("a length with a space inside", "Content-Length: 0 0\r\n", 400);
  header("a length past 64 bits", "Content-Length: 18446744073709551616\r\n", 400);
  header("a length with a space before its colon", "Content-Length : 0\r\n", 400);
  header("a folded length", "Content-Length: 0\r\n 5\r\n", 400);
  header("a body of one byte", "Content-Length: 1\r\n\r\nx", 413);
  header("a body announced with Expect", "Content-Length: 9\r\nExpect: 100-continue\r\n", 413);
  header("a huge body", "Content-Length: 9223372036854775807\r\n", 413);
  header("a body with zeros before its length", "Content-Length: 0001\r\n", 413);
  header("a folded header", "X-A: b\r\n c\r\n", 400);
  header("a header folded with a tab", "X-A: b\r\n\tc\r\n", 400);
  header("a fold before any header", " X-A: b\r\n", 400);
  header("a header without a colon", "X-A\r\n", 400);
  header("a header without a name", ": b\r\n", 400);
  header("a name with a space", "X A: b\r\n", 400);
  header("a name with a tab", "X\tA: b\r\n", 400);
  header("a space before the colon", "X-A : b\r\n", 400);
  header("a tab before the colon", "X-A\t: b\r\n", 400);
  header("a name in brackets", "(X): b\r\n", 400);
  header("a name with a quote", "X\"A: b\r\n", 400);
  header("a name that is not ASCII", "X\xc3\xa4: b\r\n", 400);
  header("a NUL in a name", std::string("X\0A: b\r\n", 8), 400);
  header("a NUL in a value", std::string("X-A: b\0c\r\n", 10), 400);
  header("a bell in a value", "X-A: b\x07\r\n", 400);
  header("an escape in a value", "X-A: \x1b[31m\r\n", 400);
  header("a delete in a value", "X-A: b\x7f\r\n", 400);
  header("a bare carriage return in a value", "X-A: b\rc\r\n", 400);
  header("a bare carriage return before the end", "X-A: b\r\r\n", 400);
  header("a bare line feed between headers", "X-A: b\nX-B: c\r\n", 400);
  header("a line feed in a name", "X-\nA: b\r\n", 400);
  header("two hosts", kHost, 400);
  header("two hosts that differ", "Host: other\r\n", 400);
  cases.push_back({"no host", kGet + kEnd, 400, true});
  for (const char* host : {"a b", "a/b", "a@b", "a\\b", "a\"b", "<a>", "a,b c", "\xe4.example"}) {
    cases.push_back(
        {std::string("the host ") + host, kGet + "Host: " + host + "\r\n\r\n", 400, true});
  }
}

void add_lines(Cases& cases) {
  const auto line = [&](const std::string& name, const std::string& text, int status) {
    cases.push_back({name, text + "\r\n" + kHost + kEnd, status, true});
  };
  line("no version", "GET /healthz", 400);
  line("an empty version", "GET /healthz ", 400);
  line("HTTP/0.9", "GET /healthz HTTP/0.9", 505);
  line("HTTP/1.2", "GET /healthz HTTP/1.2", 505);
  line("HTTP/2.0", "GET /healthz HTTP/2.0", 505);
  line("HTTP/11", "GET /healthz HTTP/11", 400);
  line("HTTP/1", "GET /healthz HTTP/1", 400);
  line("HTTP/1.", "GET /healthz HTTP/1.", 400);
  line("HTTP/1.10", "GET /healthz HTTP/1.10", 400);
  line("HTTP/1.1 and more", "GET /healthz HTTP/1.1 x", 400);
  line("HTTP/1.1 and a space", "GET /healthz HTTP/1.1 ", 400);
  line("http/1.1", "GET /healthz http/1.1", 400);
  line("HTTPS/1.1", "GET /healthz HTTPS/1.1", 400);
  line("a version in Roman letters", "GET /healthz HTTP/I.I", 400);
  line("two spaces before the target", "GET  /healthz HTTP/1.1", 400);
  line("two spaces before the version", "GET /healthz  HTTP/1.1", 400);
  line("a tab before the target", "GET\t/healthz HTTP/1.1", 400);
  line("a tab before the version", "GET /healthz\tHTTP/1.1", 400);
  line("a space before the method", " GET /healthz HTTP/1.1", 400);
  line("a space in the target", "GET /health z HTTP/1.1", 400);
  line("no target", "GET HTTP/1.1", 400);
  line("only a method", "GET", 400);
  line("no method", "/healthz HTTP/1.1", 400);
  line("a method in brackets", "<GET> /healthz HTTP/1.1", 400);
  line("a method with a colon", "GET: /healthz HTTP/1.1", 400);
  line("a method that is not ASCII", "G\xc3\x89T /healthz HTTP/1.1", 400);
  line("a NUL in the method", std::string("G\0T /healthz HTTP/1.1", 21), 400);
  line("a NUL in the target", std::string("GET /health\0z HTTP/1.1", 22), 400);
  line("a NUL in the version", std::string("GET /healthz HTTP/1.\0001", 21), 400);
  line("a delete in the target", "GET /health\x7fz HTTP/1.1", 400);
  line("a bare carriage return in the target", "GET /health\rz HTTP/1.1", 400);
  line("a byte past ASCII in the target", "GET /healthz\xff HTTP/1.1", 400);
  line("UTF-8 in the target", "GET /h\xc3\xa9lth HTTP/1.1", 400);
}

void add_targets(Cases& cases) {
  const auto line = [&](const std::string& name, const std::string& text, int status) {
    cases.push_back({name, text + "\r\n" + kHost + kEnd, status, true});
  };
  for (const char* target : {"/a#b",
                             "/a\"b",
                             "/<a>",
                             "/a\\b",
                             "/a^b",
                             "/a`b",
                             "/{a}",
                             "/a|b",
                             "/%",
                             "/%2",
                             "/%zz",
                             "/a%g0",
                             "/%%41",
                             "/%2g",
                             "healthz",
                             "example.org:80",
                             "http://",
                             "http:///healthz",
                             "http://a@b/",
                             "https://localhost/healthz",
                             "ftp://localhost/healthz",
                             "?x",
                             "*x",
                             "http:/healthz"}) {
    line(std::string("the target ") + target, std::string("GET ") + target + " HTTP/1.1", 400);
  }
  cases.push_back({"an empty line first", "\r\n" + kStart + kEnd, 400, true});
  cases.push_back({"a line feed first", "\n" + kStart + kEnd, 400, true});
  cases.push_back({"a NUL first", std::string(1, '\0') + kStart + kEnd, 400, true});
  cases.push_back({"a greeting of TLS", "\x16\x03\x01\x02\x01\x01\xfc\x03\x03", 400, true});
  cases.push_back({"a greeting of SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 400, true});
  cases.push_back({"a greeting of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, true});
  cases.push_back({"a header of PROXY", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n" + kStart, 400, true});
  cases.push_back({"bare line feeds", "GET /healthz HTTP/1.1\nHost: x\n\n", 400, true});
  cases.push_back({"a bare line feed at the end", kStart + "\n", 400, true});
  cases.push_back({"HTTP/0.9 alone", "GET /healthz\r\n\r\n", 400, true});
  cases.push_back({"bytes by chance", "\xde\xad\xbe\xef\r\n\r\n", 400, true});
}

std::string lines(std::size_t count, const std::string& line) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += line;
  return text;
}

/// A header line of exactly that many bytes, its end with it.
std::string long_line(std::size_t size) { return "X: " + std::string(size - 5, 'a') + "\r\n"; }

std::string long_request_line(std::size_t size) {
  const std::string before = "GET /";
  const std::string after = " HTTP/1.1\r\n";
  return before + std::string(size - before.size() - after.size(), 'a') + after;
}

void add_sizes(Cases& cases) {
  cases.push_back(
      {"the longest request line", long_request_line(kRequestLineMax) + kHost + kEnd, 404, false});
  cases.push_back({"a request line too long by a byte",
                   long_request_line(kRequestLineMax + 1) + kHost + kEnd, 414, true});
  cases.push_back({"a request line without end", "GET /" + std::string(100'000, 'a'), 414, true});
  cases.push_back({"a method without end", std::string(100'000, 'G'), 414, true});
  cases.push_back({"the longest header", kStart + long_line(kHeaderLineMax) + kEnd, 200, false});
  cases.push_back(
      {"a header too long by a byte", kStart + long_line(kHeaderLineMax + 1) + kEnd, 431, true});
  cases.push_back({"a header without end", kStart + "X: " + std::string(100'000, 'a'), 431, true});
  cases.push_back({"a name without end", kStart + std::string(100'000, 'a'), 431, true});
  cases.push_back({"as many headers as may be", kStart + lines(kHeadersMax - 1, "X: y\r\n") + kEnd,
                   200, false});
  cases.push_back({"a header too many", kStart + lines(kHeadersMax, "X: y\r\n") + kEnd, 431, true});
  cases.push_back({"ten thousand headers", kStart + lines(10'000, "X: y\r\n") + kEnd, 431, true});
  const std::size_t room = kHeadersSizeMax - kHost.size() - 2;
  cases.push_back({"the largest headers",
                   kStart + long_line(room / 2) + long_line(room - room / 2) + kEnd, 200, false});
  cases.push_back({"headers too large by a byte",
                   kStart + long_line(room / 2) + long_line(room - room / 2 + 1) + kEnd, 431,
                   true});
  cases.push_back({"empty headers without end", kStart + lines(5'000, "X:\r\n"), 431, true});
}

/// Well-formed, and still not to be served.
void add_routes(Cases& cases) {
  const auto target = [&](const std::string& text, int status) {
    cases.push_back(
        {"the target " + text, "GET " + text + " HTTP/1.1\r\n" + kHost + kEnd, status, false});
  };
  for (const char* path : {"/",
                           "//",
                           "/healthz/",
                           "//healthz",
                           "/./healthz",
                           "/a/../healthz",
                           "/healthz/.",
                           "/HEALTHZ",
                           "/healthz;a=b",
                           "/%68ealthz",
                           "/healthz%00",
                           "/healthz%0d%0aX:y",
                           "/metrics/x",
                           "/openapi.yaml",
                           "/api",
                           "/api/v1/public/journeys/runs",
                           "/api/v1/public/journeys/runs/",
                           "/favicon.ico",
                           "/api/v1/public/journeys/runs//",
                           "/api/v1/public//journeys/runs/x",
                           "/.git/config",
                           "/api/v1/public/journeys/runs/../runs/x",
                           "/api/v1/public/journeys/runs/x/y",
                           "/api/v1/public/journeys/runs/x/",
                           "/API/v1/public/journeys/runs/x",
                           "/api/v2/public/x",
                           "*",
                           "/api/v1/public/journeys/runs/..",
                           "/api/v1/public/journeys/runs/.",
                           "http://localhost",
                           "/etc/passwd",
                           "/..%2f..%2fetc%2fpasswd",
                           "/%2e%2e/healthz",
                           "/api%2fv1/public/journeys/runs/x"}) {
    target(path, 404);
  }
  target("/healthz?", 200);
  target("/healthz?x=y&z=%41", 200);
  target("http://localhost/healthz", 200);
  target("HTTP://localhost:3001/healthz?x", 200);
  target(run_path(kId), 401);
  target(run_path("x"), 401);
}

void add_methods(Cases& cases) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get",
                             "Get", "GETS", "PROPFIND", "M-SEARCH", "BREW", "G", "head"}) {
    const std::string request = std::string(method) + " /healthz HTTP/1.1\r\n" + kHost;
    cases.push_back({std::string("the method ") + method, request + kEnd, 405, false});
  }
  cases.push_back({"POST with an empty body",
                   "POST /healthz HTTP/1.1\r\n" + kHost + "Content-Length: 0\r\n\r\n", 405, false});
  const auto header = [&](const std::string& name, const std::string& text) {
    cases.push_back({name, kStart + text + kEnd, 200, false});
  };
  header("an empty body", "Content-Length: 0\r\n");
  header("a range", "Range: bytes=0-0,5-,-1\r\n");
  header("ten ranges", "Range: bytes=" + std::string(500, '0') + "-\r\n");
  header("an upgrade", "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n");
  header("Expect without a body", "Expect: 100-continue\r\n");
  header("a header with nothing", "X-A:\r\n");
  header("a header not in ASCII", "User-Agent: \xc3\xa4\xff\r\n");
  header("every hop", "X-Forwarded-For: 127.0.0.1\r\nX-Original-URL: /metrics\r\n");
  header("an override", "X-HTTP-Method-Override: DELETE\r\n");
  header("a wait without sense", "Prefer: wait=99999999999999999999, wait=, wait\r\n");
  header("a tag without end", "If-None-Match: \"\r\n");
  cases.push_back({"HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", 200, true});
  cases.push_back({"HTTP/1.0 that would stay",
                   "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, true});
}

/// Everything that could stand where a run's id does; with a good key.
void add_ids(Cases& cases, const std::string& key) {
  const std::string upper = "3C90C3CC-0D44-4B50-8888-8DD25736052A";
  const std::vector<std::string> ids = {"x",
                                        "1",
                                        "0",
                                        "-1",
                                        kId.substr(0, 35),
                                        kId + "a",
                                        "{" + kId.substr(0, 35),
                                        kId.substr(1),
                                        "3c90c3cc0d444b5088888dd25736052a",
                                        "3c90c3cc-0d44-0b50-8888-8dd25736052a",
                                        "3c90c3cc-0d44-9b50-8888-8dd25736052a",
                                        "3c90c3cc-0d44-4b50-7888-8dd25736052a",
                                        "3c90c3cc-0d44-4b50-c888-8dd25736052a",
                                        "3c90c3cc_0d44_4b50_8888_8dd25736052a",
                                        "3c90c3cc-0d44-4b50-8888-8dd25736052g",
                                        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
                                        "urn:uuid:" + kId,
                                        kId + "%00",
                                        kId + "%0a",
                                        "%33" + kId.substr(1),
                                        kId + "%2f",
                                        kId + ";v=1",
                                        "%2e%2e%2fhealthz",
                                        "..%2f" + kId,
                                        "...",
                                        kId + ".json",
                                        "'" + kId,
                                        kId + "'--",
                                        "*",
                                        "%20" + kId,
                                        "$(id)",
                                        "null",
                                        "undefined",
                                        "~",
                                        "@",
                                        "00000000-0000-0000-0000-000000000001"};
  for (const std::string& one : ids) {
    if (one.find('{') != std::string::npos) {
      cases.push_back({"the id " + one, get(run_path(one), key_header(key)), 400, true});
      continue;
    }
    cases.push_back({"the id " + one, get(run_path(one), key_header(key)), 400, false});
  }
  for (const std::string& one : {upper, std::string("00000000-0000-0000-0000-000000000000"),
                                 std::string("ffffffff-ffff-ffff-ffff-ffffffffffff"), kId}) {
    cases.push_back({"the unknown id " + one, get(run_path(one), key_header(key)), 404, false});
    cases.push_back({"the unknown id with a query " + one,
                     get(run_path(one) + "?runId=x", key_header(key)), 404, false});
  }
}

const std::set<std::string> kCodes = {
    "bad_request",  "validation_failed",  "unauthorized",
    "not_found",    "method_not_allowed", "payload_too_large",
    "uri_too_long", "headers_too_large",  "version_not_supported"};

/// Exactly the envelope: `{"error":"code","message":"..."`.
bool is_envelope(const std::string& body) {
  const std::string start = R"({"error":")";
  if (body.substr(0, start.size()) != start) return false;
  const std::size_t end = body.find('"', start.size());
  return kCodes.count(body.substr(start.size(), end - start.size())) == 1 &&
         body.substr(end, 13) == R"(","message":")" && body.back() == '}';
}

TEST_CASE("requests nobody should send get their status and harm nobody", "[http][hostile]") {
  Bed bed({.rate_per_key = 0});
  Cases cases;
  add_framing(cases);
  add_lines(cases);
  add_targets(cases);
  add_methods(cases);
  add_sizes(cases);
  add_routes(cases);
  add_ids(cases, bed.ours.text);
  CHECK(cases.size() >= 150);
  Client bystander = bed.client();
  for (const Case& one : cases) {
    INFO(one.name);
    Client client = bed.client();
    client.send(one.bytes);
    const auto response = client.read();
    REQUIRE(response.has_value());
    CHECK(response->status == one.status);
    CHECK(response->header("x-content-type-options") == "nosniff");
    if (response->status >= 400) CHECK(is_envelope(response->body));
    CHECK((response->header("connection") == "close") == one.closes);
    if (one.closes) {
      CHECK(client.ends_orderly());
    } else {
      CHECK(client.send(kStart + kEnd));
      CHECK(client.read().value_or(Response{}).status == 200);
    }
    REQUIRE(bystander.send(kStart + kEnd));
    CHECK(bystander.read().value_or(Response{}).status == 200);
  }
}

TEST_CASE("nothing is answered behind a request that was refused", "[http][hostile]") {
  Bed bed;
  const std::string good = kStart + kEnd;
  for (const std::string& smuggler :
       {kStart + "Content-Length: " + std::to_string(good.size()) + "\r\n\r\n" + good,
        kStart + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + good,
        kStart + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + good,
        kStart + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5c\r\n" + good,
        kStart + "X: y\n\r\n" + good, "GET /healthz HTTP/1.1\n\n" + good,
        kStart + " x\r\n\r\n" + good}) {
    Client client = bed.client();
    client.send(good + smuggler + good);
    CHECK(client.read().value_or(Response{}).status == 200);
    CHECK(client.read().value_or(Response{}).status >= 400);
    CHECK(client.ends_orderly());
  }
}

TEST_CASE("a request cut off anywhere is never answered", "[http][hostile]") {
  Bed bed;
  bed.bring(id(1), RunStatus::queued);
  const std::string whole = get(run_path(milepost::to_string(id(1))), key_header(bed.ours.text));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Client client = bed.client();
    REQUIRE(client.send(whole.substr(0, size)));
    client.end_sending();
    CHECK(client.ends_orderly());
  }
  Client client = bed.client();
  REQUIRE(client.send(whole));
  client.end_sending();
  CHECK(client.read()->status == 200);
  CHECK(client.ends_orderly());
}

TEST_CASE("bytes by chance never get more than a refusal", "[http][hostile]") {
  Bed bed;
  std::mt19937_64 random(milepost::test::test_seed("bytes by chance"));
  const std::string good = get(run_path(kId), key_header(bed.ours.text));
  for (int round = 0; round < 300; ++round) {
    std::string bytes = good;
    for (std::uint64_t changes = random() % 4 + 1; changes > 0; --changes) {
      const std::size_t place = random() % bytes.size();
      if (random() % 3 == 0) {
        bytes.erase(place, random() % 9);
      } else if (random() % 2 == 0) {
        bytes[place] = static_cast<char>(random());
      } else {
        bytes.insert(place, 1, static_cast<char>(random()));
      }
      if (bytes.empty()) bytes = "x";
    }
    Client client = bed.client();
    client.send(bytes);
    client.end_sending();
    while (const auto response = client.read()) {
      INFO(bytes);
      REQUIRE((response->status >= 400 && response->status < 506));
      CHECK(response->status != 500);
      CHECK(response->status != 503);
    }
  }
  CHECK(bed.ask(kStart + kEnd).status == 200);
}

}  // namespace
}  // namespace milepost::http::test
