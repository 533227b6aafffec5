// SPDX-License-Identifier: Apache-2.0
//
// What the server answers to those who ask properly: the published bytes, to whom they belong.
#include <cstring>
#include <set>
#include <thread>

#include "bed.hpp"
#include "support/threads.hpp"

namespace milepost::http::test {
namespace {

std::string without_date(const Response& response) {
  std::string head = response.head;
  const std::size_t date = head.find("Date: ");
  REQUIRE(date != std::string::npos);
  return head.erase(date, head.find("\r\n", date) + 2 - date);
}

TEST_CASE("a run is answered with the published bytes", "[http][server]") {
  Bed bed;
  for (const RunStatus status : milepost::test::kStatuses) {
    const Uuid run = id(static_cast<std::uint64_t>(status) + 1);
    bed.bring(run, status);
    const Response response = bed.ask_run(run, bed.ours.text);
    CHECK(response.status == 200);
    CHECK(response.body == bed.tracker.get_json(run, {.organization_id = id(1)}).value());
    CHECK(response.header("content-type") == "application/json");
    CHECK(response.header("cache-control") == "no-store");
    CHECK(response.header("x-content-type-options") == "nosniff");
    CHECK(response.header("date").size() == std::strlen("Thu, 07 Nov 2023 05:31:56 GMT"));
  }
}

TEST_CASE("the published example goes in and comes out unchanged", "[http][server]") {
  Bed bed;
  const Uuid one = milepost::test::kJourney;
  bed.tracker
      .create({.journey_id = one,
               .profile_id = one,
               .run_id = one,
               .triggered_at = milepost::test::at("2023-11-07T05:31:56Z"),
               .organization_id = id(1)})
      .value()
      .require_applied();
  CHECK(bed.ask_run(one, bed.ours.text).body ==
        R"({"runId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
        R"("journeyId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
        R"("profileId":"3c90c3cc-0d44-4b50-8888-8dd25736052a","status":"queued",)"
        R"("triggeredAt":"2023-11-07T05:31:56Z","completedAt":null,"error":null})");
  const Response upper =
      bed.ask(get(run_path("3C90C3CC-0D44-4B50-8888-8DD25736052A"), key_header(bed.ours.text)));
  CHECK(upper.status == 200);
}

TEST_CASE("the largest run there may be is answered whole", "[http][server]") {
  Bed bed;
  bed.tracker.create(milepost::test::request(id(1), id(1))).value().require_applied();
  bed.tracker.fail(id(1), std::string(kErrorTextSizeMax, '\x01'), {.organization_id = id(1)})
      .value()
      .require_applied();
  const Response response = bed.ask_run(id(1), bed.ours.text);
  CHECK(response.status == 200);
  CHECK(response.body == bed.tracker.get_json(id(1), {.organization_id = id(1)}).value());
  CHECK(response.body.size() > 24'000);
}

TEST_CASE("an unknown run and one of somebody else are the same bytes", "[http][server]") {
  Bed bed;
  bed.bring(id(1), RunStatus::failed, 2);
  bed.bring(id(2), RunStatus::running, 2);
  const Response unknown = bed.ask_run(id(99), bed.ours.text);
  CHECK(unknown.status == 404);
  for (const Uuid& foreign : {id(1), id(2)}) {
    for (const std::string& headers :
         {std::string(), std::string("If-None-Match: *\r\n"), std::string("Prefer: wait=9\r\n")}) {
      const Response answer = bed.ask_run(foreign, bed.ours.text, headers);
      CHECK(answer.body == unknown.body);
      CHECK(without_date(answer) == without_date(unknown));
    }
  }
  CHECK(bed.ask_run(id(1), bed.theirs.text).status == 200);
}

TEST_CASE("who has no good key gets one and the same answer", "[http][server][keys]") {
  Bed bed;
  bed.bring(id(1), RunStatus::queued);
  const std::string path = run_path(milepost::to_string(id(1)));
  const std::string good = key_header(bed.ours.text);
  const std::string other = bed.ours.text.substr(0, 46) + (bed.ours.text[46] == 'A' ? "E" : "A");
  const Response none = bed.ask(get(path));
  CHECK(none.status == 401);
  CHECK(none.header("www-authenticate") == "ApiKey");
  const std::vector<std::string> wrong = {"x-api-key:\r\n",
                                          "x-api-key: \r\n",
                                          "x-api-key: nonsense\r\n",
                                          key_header(other),
                                          good + good,
                                          good + key_header("x"),
                                          key_header("x") + good,
                                          good + "x-api-key:\r\n",
                                          key_header(std::string(257, 'k')),
                                          key_header(std::string(8'000, 'k')),
                                          key_header(bed.ours.text + ", " + bed.ours.text),
                                          key_header(bed.ours.info.id),
                                          "Authorization: Bearer " + bed.ours.text + "\r\n",
                                          "x-api-keys: " + bed.ours.text + "\r\n",
                                          key_header("\xff\xfe")};
  for (const std::string& headers : wrong) {
    const Response response = bed.ask(get(path, headers));
    INFO(headers);
    CHECK(response.status == 401);
    CHECK(response.body == none.body);
    CHECK(without_date(response) == without_date(none));
  }
  CHECK(bed.ask(get(path, "X-API-KEY:\t" + bed.ours.text + " \r\n")).status == 200);
}

TEST_CASE("a key without the scope is told which one it lacks", "[http][server][keys]") {
  Bed bed;
  const NewKey metrics = bed.make(1, "metrics:read");
  const Response response = bed.ask_run(id(1), metrics.text);
  CHECK(response.status == 403);
  CHECK(response.body.find(R"("error":"insufficient_scope")") != std::string::npos);
  CHECK(response.body.find(R"("required":"journeys:read")") != std::string::npos);
}

TEST_CASE("a revoked key is refused on a connection that is open",
          "[http][server][keys][concurrency]") {
  Bed bed;
  bed.bring(id(1), RunStatus::queued);
  Client client = bed.client();
  const std::string request = get(run_path(milepost::to_string(id(1))), key_header(bed.ours.text));
  REQUIRE(client.send(request));
  CHECK(client.read()->status == 200);
  REQUIRE(milepost::test::ok(bed.store.revoke(bed.ours.info.id)));
  REQUIRE(client.send(request));
  CHECK(client.read()->status == 401);
  const NewKey fresh = bed.make(1, "journeys:read");
  CHECK(bed.ask_run(id(1), fresh.text).status == 200);
}

TEST_CASE("a key file that can no longer be trusted lets nobody in", "[http][server][keys]") {
  Bed bed;
  bed.bring(id(1), RunStatus::queued);
  std::filesystem::permissions(bed.store.file(), std::filesystem::perms(0644));
  const Response response = bed.ask_run(id(1), bed.ours.text);
  CHECK(response.status == 503);
  CHECK(response.body.find(bed.store.file()) == std::string::npos);
  std::filesystem::permissions(bed.store.file(), std::filesystem::perms(0600));
  CHECK(bed.ask_run(id(1), bed.ours.text).status == 200);
}

TEST_CASE("the checks come in the contract's order", "[http][server]") {
  Bed bed;
  const NewKey metrics = bed.make(1, "metrics:read");
  const auto status = [&](const std::string& request) { return bed.ask(request).status; };
  const std::string tail = " HTTP/1.1\r\nHost: x\r\n";
  // Each request has every fault from some point on.
  CHECK(status("POST /no" + tail + "Content-Length: 1\r\n\r\nx") == 413);
  CHECK(status("POST /no" + tail + "\r\n") == 404);
  CHECK(status("POST " + run_path("x") + tail + "\r\n") == 405);
  CHECK(status("GET " + run_path("x") + tail + "\r\n") == 401);
  CHECK(status("GET " + run_path("x") + tail + key_header(metrics.text) + "\r\n") == 403);
  CHECK(status("GET " + run_path("x") + tail + key_header(bed.ours.text) + "\r\n") == 400);
  CHECK(status("GET " + run_path(milepost::to_string(id(5))) + tail + key_header(bed.ours.text) +
               "\r\n") == 404);
}

TEST_CASE("HEAD is GET without its body, on the same connection", "[http][server]") {
  Bed bed;
  bed.bring(id(1), RunStatus::completed);
  Client client = bed.client();
  for (const char* path : {"/healthz", "/metrics", "/openapi.json", "/none"}) {
    REQUIRE(client.send("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto head = client.read(true);
    REQUIRE(client.send(get(path)));
    const auto whole = client.read();
    CHECK(head->status == whole->status);
    CHECK(head->header("content-type") == whole->header("content-type"));
  }
  const std::string path = run_path(milepost::to_string(id(1)));
  REQUIRE(client.send("HEAD " + path + " HTTP/1.1\r\nHost: x\r\n" + key_header(bed.ours.text) +
                      "\r\n"));
  const auto head = client.read(true);
  REQUIRE(client.send(get(path, key_header(bed.ours.text))));
  const auto whole = client.read();
  CHECK(without_date(*head) == without_date(*whole));
}

TEST_CASE("a client that has the answer is told so, until it changes", "[http][server][etag]") {
  Bed bed;
  bed.bring(id(1), RunStatus::queued);
  const std::string tag = bed.ask_run(id(1), bed.ours.text).header("etag");
  CHECK(tag.size() == 18);
  const auto status = [&](const std::string& line) {
    return bed.ask_run(id(1), bed.ours.text, "If-None-Match: " + line + "\r\n").status;
  };
  for (const std::string& line : {tag, "W/" + tag, "\"x\", " + tag, tag + ",\"y\"",
                                  std::string("*"), "\"a,b\" , W/" + tag, ",," + tag}) {
    INFO(line);
    CHECK(status(line) == 304);
  }
  for (const std::string& line :
       {std::string("\"x\""), tag.substr(1, 16), std::string(), "w/" + tag, "\"" + tag + "\"",
        tag.substr(0, 17), std::string("\"*\""), "x" + tag}) {
    INFO(line);
    CHECK(status(line) == 200);
  }
  const Response same = bed.ask_run(id(1), bed.ours.text, "If-None-Match: " + tag + "\r\n");
  CHECK(same.header("etag") == tag);
  CHECK(same.body.empty());
  CHECK(same.header("content-length").empty());
  CHECK(bed.ask_run(id(1), bed.ours.text, "If-None-Match: \"x\"\r\nIf-None-Match: " + tag + "\r\n")
            .status == 304);
  bed.tracker.start(id(1), {.organization_id = id(1)}).value().require_applied();
  CHECK(status(tag) == 200);
}

TEST_CASE("many requests are answered in order on one connection", "[http][server]") {
  Bed bed;
  std::string pipeline;
  for (std::uint64_t i = 0; i < 500; ++i) {
    bed.bring(id(i + 1), RunStatus::queued);
    pipeline += get(run_path(milepost::to_string(id(i + 1))), key_header(bed.ours.text));
  }
  Client client = bed.client();
  REQUIRE(client.send(pipeline));
  for (std::uint64_t i = 0; i < 500; ++i) {
    const auto response = client.read();
    REQUIRE(response.has_value());
    REQUIRE(response->status == 200);
    REQUIRE(response->body.find(milepost::to_string(id(i + 1))) != std::string::npos);
  }
  REQUIRE(client.send(get("/healthz", "Connection: close\r\n")));
  CHECK(client.read()->header("connection") == "close");
  CHECK(client.ends());
}

TEST_CASE("a request may come byte by byte", "[http][server]") {
  Bed bed;
  bed.bring(id(1), RunStatus::queued);
  Client client = bed.client();
  for (const char byte : get(run_path(milepost::to_string(id(1))), key_header(bed.ours.text))) {
    REQUIRE(client.send(std::string_view(&byte, 1)));
  }
  CHECK(client.read()->status == 200);
}

TEST_CASE("metrics tell the engine's and the server's numbers", "[http][server][metrics]") {
  Bed bed;
  bed.bring(id(1), RunStatus::queued);
  REQUIRE(milepost::test::ok(bed.tracker.flush()));
  CHECK(bed.ask_run(id(1), bed.ours.text).status == 200);
  CHECK(bed.ask_run(id(2), bed.ours.text).status == 404);
  const Response page = bed.ask(get("/metrics"));
  CHECK(page.status == 200);
  CHECK(page.header("content-type") == "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"milepost_runs{status=\"queued\"} 1\n", "milepost_http_responses_total{status=\"200\"} 1\n",
        "milepost_http_responses_total{status=\"404\"} 1\n", "milepost_http_connections_total 3\n",
        "# TYPE milepost_http_connections gauge\n"}) {
    INFO(line);
    CHECK(page.body.find(line) != std::string::npos);
  }
}

TEST_CASE("metrics need a key where others than this machine can reach them",
          "[http][server][metrics]") {
  Bed bed({.address = "0.0.0.0", .allow_remote = true});
  const NewKey metrics = bed.make(1, "metrics:read");
  CHECK(bed.ask(get("/metrics")).status == 401);
  const Response lacks = bed.ask(get("/metrics", key_header(bed.ours.text)));
  CHECK(lacks.status == 403);
  CHECK(lacks.body.find(R"("required":"metrics:read")") != std::string::npos);
  CHECK(bed.ask(get("/metrics", key_header(metrics.text))).status == 200);
  CHECK(bed.ask(get("/healthz")).status == 200);
  CHECK(bed.ask(get("/openapi.json")).status == 200);
}

TEST_CASE("health is whether runs can be read", "[http][server]") {
  Bed bed;
  CHECK(bed.ask(get("/healthz")).body == R"({"status":"ok"})");
  bed.bring(id(1), RunStatus::queued);
  REQUIRE(milepost::test::ok(bed.tracker.close()));
  const Response health = bed.ask(get("/healthz"));
  CHECK(health.status == 503);
  CHECK(health.header("retry-after") == "1");
  const Response run = bed.ask_run(id(1), bed.ours.text);
  CHECK(run.status == 503);
  CHECK(run.body == health.body);
  CHECK(bed.ask(get("/metrics")).status == 503);
}

TEST_CASE("a key that asks too often is told when to come back", "[http][server][rate]") {
  Bed bed({.rate_per_key = 1, .burst_per_key = 5});
  bed.bring(id(1), RunStatus::queued);
  const NewKey second = bed.make(1, "journeys:read");
  // 10 at once from both threads' connections; the clock lets at most a few more through.
  std::size_t limited = 0;
  for (int i = 0; i < 40; ++i) {
    const Response response = bed.ask_run(id(1), bed.ours.text);
    if (response.status != 429) continue;
    ++limited;
    CHECK(std::stoi(response.header("retry-after")) >= 1);
    CHECK(response.body.find(R"("error":"rate_limited")") != std::string::npos);
  }
  CHECK(limited > 0);
  CHECK(bed.ask_run(id(1), second.text).status == 200);
  CHECK(bed.ask_run(id(2), bed.theirs.text).status == 404);
}

TEST_CASE("who prefers to wait is answered as soon as the run has ended",
          "[http][server][wait][concurrency]") {
  Bed bed({.wait_max = std::chrono::seconds(300)});
  bed.bring(id(1), RunStatus::running);
  bed.bring(id(2), RunStatus::completed);
  const std::string wait = "Prefer: respond-async, wait=250\r\n";
  // A run that has ended is answered at once.
  CHECK(bed.ask_run(id(2), bed.ours.text, wait).header("preference-applied").empty());
  CHECK(bed.ask_run(id(3), bed.ours.text, wait).status == 404);
  Client client = bed.client();
  const std::string path = run_path(milepost::to_string(id(1)));
  REQUIRE(client.send(get(path, key_header(bed.ours.text) + wait) + get("/healthz")));
  while (bed.ask(get("/metrics")).body.find("milepost_http_waiting 1\n") == std::string::npos) {
  }
  CHECK(bed.ask_run(id(1), bed.ours.text).body.find("running") != std::string::npos);
  bed.tracker.complete(id(1), {.organization_id = id(1)}).value().require_applied();
  const auto response = client.read();
  REQUIRE(response.has_value());
  CHECK(response->status == 200);
  CHECK(response->header("preference-applied") == "wait=250");
  CHECK(response->body == bed.tracker.get_json(id(1), {.organization_id = id(1)}).value());
  CHECK(client.read()->body == R"({"status":"ok"})");
}

TEST_CASE("a wait ends with its time, and then says how things stand",
          "[http][server][wait][concurrency]") {
  Bed bed({.wait_max = std::chrono::seconds(1)});
  bed.bring(id(1), RunStatus::queued);
  const auto before = std::chrono::steady_clock::now();
  const Response response = bed.ask_run(id(1), bed.ours.text, "Prefer: wait=60\r\n");
  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::seconds(1));
  CHECK(response.status == 200);
  CHECK(response.header("preference-applied") == "wait=1");
  CHECK(response.body.find("queued") != std::string::npos);
}

TEST_CASE("where as many wait as may, others are answered at once",
          "[http][server][wait][concurrency]") {
  Bed bed({.wait_max = std::chrono::seconds(300), .waits_max = 2});
  bed.bring(id(1), RunStatus::queued);
  const std::string path = run_path(milepost::to_string(id(1)));
  const std::string request = get(path, key_header(bed.ours.text) + "Prefer: wait=250\r\n");
  std::vector<Client> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(bed.client());
    REQUIRE(clients.back().send(request));
  }
  while (bed.ask(get("/metrics")).body.find("milepost_http_waiting 2\n") == std::string::npos) {
  }
  const Response response = bed.ask(request);
  CHECK(response.status == 200);
  CHECK(response.header("preference-applied").empty());
  bed.tracker.exit(id(1), {.organization_id = id(1)}).value().require_applied();
  for (Client& client : clients) CHECK(client.read()->body.find("exited") != std::string::npos);
  while (bed.ask(get("/metrics")).body.find("milepost_http_waiting 0\n") == std::string::npos) {
  }
  CHECK(bed.ask(request).header("preference-applied").empty());
}

TEST_CASE("a server refuses options that cannot work", "[http][server]") {
  Bed bed;
  const auto code = [&](auto change) {
    ServerOptions options = bed.options;
    change(options);
    return milepost::test::code_of(Server::start(bed.tracker, options));
  };
  CHECK(code([](ServerOptions& o) { o.address = "0.0.0.0"; }) == Errc::permission);
  CHECK(code([](ServerOptions& o) { o.address = "::"; }) == Errc::permission);
  CHECK(code([](ServerOptions& o) { o.address = "192.0.2.1"; }) == Errc::permission);
  CHECK(code([](ServerOptions& o) { o.address = "::ffff:127.0.0.1"; }) == Errc::permission);
  CHECK(code([](ServerOptions& o) { o.address = "example.org"; }) == Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) { o.address = ""; }) == Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) { o.key_file = ""; }) == Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) { o.key_file += "x"; }) == Errc::not_found);
  CHECK(code([](ServerOptions& o) { o.connections_max = 0; }) == Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) { o.connections_max = kConnectionsMax + 1; }) ==
        Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) { o.threads = kThreadsMax + 1; }) == Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) { o.waits_max = kWaitsMax + 1; }) == Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) { o.rate_per_key = kRateMax + 1; }) == Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) { o.wait_max = kWaitMax + std::chrono::seconds(1); }) ==
        Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) {
          o.head_timeout = kTimeoutMin - std::chrono::milliseconds(1);
        }) == Errc::invalid_argument);
  CHECK(code([](ServerOptions& o) {
          o.idle_timeout = kTimeoutMax + std::chrono::milliseconds(1);
        }) == Errc::invalid_argument);
  CHECK(code([&](ServerOptions& o) { o.port = bed.server->port(); }) == Errc::io);
  CHECK(code([](ServerOptions& o) { o.address = "localhost"; }) == Errc{});
}

TEST_CASE("many threads read while one writes, and each sees a run go one way only",
          "[http][server][concurrency]") {
  Bed bed({.rate_per_key = 0});
  for (std::uint64_t i = 0; i < 20; ++i) bed.bring(id(i + 1), RunStatus::queued);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&] {
      Client client = bed.client();
      std::vector<int> seen(20, 0);
      for (std::uint64_t i = 0; !done.load(); i = (i + 1) % 20) {
        client.send(get(run_path(milepost::to_string(id(i + 1))), key_header(bed.ours.text)));
        const auto response = client.read();
        const int now = response->body.find("queued") != std::string::npos    ? 0
                        : response->body.find("running") != std::string::npos ? 1
                                                                              : 2;
        if (response->status != 200 || now < seen[i]) ++wrong;
        seen[i] = now;
      }
    });
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    bed.tracker.start(id(i + 1), {.organization_id = id(1)}).value().require_applied();
    bed.tracker.complete(id(i + 1), {.organization_id = id(1)}).value().require_applied();
  }
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong.load() == 0);
}

}  // namespace
}  // namespace milepost::http::test
