// SPDX-License-Identifier: Apache-2.0
//
// milepost-server as operators run it: beside a host that writes (this process), asked by curl,
// told to stop, started wrongly, short of descriptors.
#include <algorithm>
#include <fstream>
#include <signal.h>

#include "client.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

#include "milepost/http/keys.hpp"
#include "milepost/milepost.hpp"

namespace milepost::http::test {
namespace {

using milepost::test::ChildProcess;
using milepost::test::id;
using milepost::test::ok;

const std::string kServer = MILEPOST_TEST_SERVER;
const std::string kListening = "milepost-server: listening on http://127.0.0.1:";

OpenOptions options_for(const std::string& directory) {
  return {.directory = directory,
          .map_size_start = 1u << 20,
          .publish_interval = std::chrono::hours(1),
          .journal_segment_bytes = 256u << 10,
          .journal_bytes_max = 4u << 20};
}

struct Bed {
  milepost::test::TempDirectory folder;
  std::string directory = folder / "store";
  KeyStore keys{folder / "keys"};
  NewKey key =
      keys.create({.organization_id = Uuid{}, .scopes = parse_scopes("journeys:read").value()})
          .value();

  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {kServer,  "--directory", directory, "--keys", keys.file(),
                                      "--port", "0",           "--rate",  "0"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

/// The port it says that it listens on.
std::uint16_t port_of(ChildProcess& server) {
  const std::string line = server.read_line().value_or("gone");
  REQUIRE(line.substr(0, kListening.size()) == kListening);
  return static_cast<std::uint16_t>(std::stoul(line.substr(kListening.size())));
}

Response ask(std::uint16_t port, const std::string& request) {
  Client client(port);
  REQUIRE(client.send(request));
  auto response = client.read();
  REQUIRE(response.has_value());
  return *response;
}

/// All lines a program writes, with newlines between them, and its exit code.
std::pair<std::string, int> output_of(const std::vector<std::string>& words) {
  ChildProcess child(words);
  child.close_input();
  std::string text;
  while (const auto line = child.read_line()) text += (text.empty() ? "" : "\n") + *line;
  return {text, child.wait()};
}

std::string in_shell(const std::vector<std::string>& words, const std::string& before = "") {
  std::string script = before + " exec";
  for (const std::string& word : words) script += " '" + word + "'";
  return script + " 2>&1";
}

TEST_CASE("after flush every run is served as it is, by a server that reads the directory",
          "[http][program]") {
  Bed bed;
  Tracker tracker = Tracker::open(options_for(bed.directory)).value();
  ChildProcess server(bed.command());
  const std::uint16_t port = port_of(server);
  Client client(port);
  for (std::uint64_t i = 1; i <= 300; ++i) {
    const std::string request = get(run_path(milepost::to_string(id(i))), key_header(bed.key.text));
    milepost::test::bring(tracker, id(i), milepost::test::kStatuses[i % 5]);
    if (i % 100 == 1) {  // not published yet: unknown
      REQUIRE(client.send(request));
      CHECK(client.read()->status == 404);
    }
    REQUIRE(ok(tracker.flush()));
    REQUIRE(client.send(request));
    const auto response = client.read();
    REQUIRE(response->status == 200);
    REQUIRE(response->body == tracker.get_json(id(i)).value());
  }
  server.kill(SIGTERM);
  CHECK(server.read_line() == "milepost-server: stopping");
  CHECK(server.wait() == 0);
}

TEST_CASE("without flush runs are served later, in the order they were made", "[http][program]") {
  Bed bed;
  OpenOptions options = options_for(bed.directory);
  options.publish_interval = std::chrono::milliseconds(20);
  Tracker tracker = Tracker::open(options).value();
  ChildProcess server(bed.command());
  Client client(port_of(server));
  const auto status = [&](std::uint64_t number) {
    REQUIRE(client.send(get(run_path(milepost::to_string(id(number))), key_header(bed.key.text))));
    return client.read().value_or(Response{}).status;
  };
  for (std::uint64_t i = 1; i <= 500; ++i) {
    tracker.create(milepost::test::request(id(i))).value().require_applied();
    // Whatever is seen of the newest, all before it is there.
    if (i % 50 == 0 && status(i) == 200) CHECK(status(i - 1) == 200);
  }
  while (status(500) != 200) {
  }
  for (std::uint64_t i = 1; i <= 500; ++i) REQUIRE(status(i) == 200);
}

TEST_CASE("who waits at a reading server is answered when the host ends the run",
          "[http][program]") {
  Bed bed;
  OpenOptions options = options_for(bed.directory);
  options.publish_interval = std::chrono::milliseconds(20);
  Tracker tracker = Tracker::open(options).value();
  milepost::test::bring(tracker, id(1), RunStatus::running);
  REQUIRE(ok(tracker.flush()));
  ChildProcess server(bed.command({"--wait-max", "300"}));
  const std::uint16_t port = port_of(server);
  Client client(port);
  REQUIRE(client.send(get(run_path(milepost::to_string(id(1))),
                          key_header(bed.key.text) + "Prefer: wait=250\r\n")));
  while (ask(port, get("/metrics")).body.find("milepost_http_waiting 1\n") == std::string::npos) {
  }
  tracker.fail(id(1), "mailbox full").value().require_applied();
  const auto response = client.read();
  REQUIRE(response.has_value());
  CHECK(response->body.find(R"("error":"mailbox full")") != std::string::npos);
}

TEST_CASE("curl gets the published answer from the published command", "[http][program]") {
  Bed bed;
  Tracker tracker = Tracker::open(options_for(bed.directory)).value();
  milepost::test::bring(tracker, id(1), RunStatus::completed);
  REQUIRE(ok(tracker.flush()));
  ChildProcess server(bed.command());
  const std::string base = "http://localhost:" + std::to_string(port_of(server));
  const std::string url = base + run_path(milepost::to_string(id(1)));
  const std::vector<std::string> curl = {"curl",      "--silent", "--show-error",
                                         "--request", "GET",      "--url",
                                         url,         "--header", "x-api-key: " + bed.key.text};
  std::vector<std::string> plain = curl;
  plain.insert(plain.end(), {"--write-out", "\n"});  // a last line without end would not be read
  const auto [body_text, body_code] = output_of(plain);
  CHECK(body_text == tracker.get_json(id(1)).value());
  CHECK(body_code == 0);
  std::vector<std::string> again = curl;
  again.insert(again.end(),
               {"--output", "/dev/null", "--write-out", "%{http_code} %header{etag}\n"});
  const auto [first, code] = output_of(again);
  REQUIRE(first.size() == 22);
  CHECK(code == 0);
  again.insert(again.end(), {"--header", "If-None-Match: " + first.substr(4)});
  CHECK(output_of(again).first == "304 " + first.substr(4));
  const std::vector<std::string> none = {"curl", "--silent", "--write-out", " %{http_code}\n", url};
  CHECK(
      output_of(none).first ==
      R"({"error":"unauthorized","message":"The x-api-key header is missing or not valid."} 401)");
  const std::vector<std::string> body = {
      "curl", "--silent", "--write-out", " %{http_code}\n", "--data", "x=y", url};
  CHECK(output_of(body).first.substr(0, 28) == R"({"error":"payload_too_large")");
  const std::vector<std::string> head = {"curl", "--silent", "--head", base + "/healthz"};
  CHECK(output_of(head).first.substr(0, 15) == "HTTP/1.1 200 OK");
}

TEST_CASE("a key is revoked and rotated without a restart", "[http][program][keys]") {
  Bed bed;
  Tracker tracker = Tracker::open(options_for(bed.directory)).value();
  milepost::test::bring(tracker, id(1), RunStatus::queued);
  REQUIRE(ok(tracker.flush()));
  ChildProcess server(bed.command());
  const std::uint16_t port = port_of(server);
  const auto status = [&](const NewKey& key) {
    return ask(port, get(run_path(milepost::to_string(id(1))), key_header(key.text))).status;
  };
  CHECK(status(bed.key) == 200);
  const NewKey fresh = bed.keys.rotate(bed.key.info.id).value();
  CHECK(status(bed.key) == 200);
  CHECK(status(fresh) == 200);
  REQUIRE(ok(bed.keys.revoke(bed.key.info.id)));
  CHECK(status(bed.key) == 401);
  CHECK(status(fresh) == 200);
}

TEST_CASE("SIGTERM answers who waits, then ends with 0", "[http][program][stop]") {
  Bed bed;
  Tracker tracker = Tracker::open(options_for(bed.directory)).value();
  milepost::test::bring(tracker, id(1), RunStatus::running);
  REQUIRE(ok(tracker.flush()));
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    ChildProcess server(bed.command());
    const std::uint16_t port = port_of(server);
    Client client(port);
    REQUIRE(client.send(get(run_path(milepost::to_string(id(1))),
                            key_header(bed.key.text) + "Prefer: wait=30\r\n")));
    while (ask(port, get("/metrics")).body.find("milepost_http_waiting 1\n") == std::string::npos) {
    }
    server.kill(signal);
    const auto response = client.read();
    REQUIRE(response.has_value());
    CHECK(response->status == 200);
    CHECK(response->header("connection") == "close");
    client.close();
    CHECK(server.wait() == 0);
  }
}

TEST_CASE("a server may own the store, and then nobody else writes", "[http][program]") {
  Bed bed;
  ChildProcess server(bed.command({"--own"}));
  const std::uint16_t port = port_of(server);
  CHECK(ask(port, get("/healthz")).status == 200);
  CHECK(milepost::test::code_of(Tracker::open(options_for(bed.directory))) == Errc::locked);
  server.kill(SIGTERM);
  CHECK(server.wait() == 0);
  CHECK(ok(Tracker::open(options_for(bed.directory))));
}

TEST_CASE("what is wrong at the start is said, and told by the exit code", "[http][program]") {
  Bed bed;
  const auto started = [&](const std::vector<std::string>& words) {
    return output_of({"sh", "-c", in_shell(words)});
  };
  const auto nothing_there = started(bed.command());
  CHECK(nothing_there.second == 1);
  CHECK(nothing_there.first.find(bed.directory) != std::string::npos);
  Tracker tracker = Tracker::open(options_for(bed.directory)).value();
  const auto remote = started(bed.command({"--listen", "0.0.0.0"}));
  CHECK(remote.second == 1);
  CHECK(remote.first.find("TLS") != std::string::npos);
  CHECK(started(bed.command({"--listen", "nowhere"})).second == 1);
  CHECK(started(bed.command({"--own"})).second == 1);  // this process writes
  CHECK(started(bed.command({"--head-timeout", "0"})).second == 2);
  CHECK(started(bed.command({"--nonsense"})).second == 2);
  CHECK(started({kServer}).second == 2);
  CHECK(started({kServer, "--help"}).second == 0);
  CHECK(started({kServer, "--version"}).first.substr(0, 15) == "milepost-server");
  std::filesystem::permissions(bed.keys.file(), std::filesystem::perms(0640));
  const auto open_file = started(bed.command());
  CHECK(open_file.second == 1);
  CHECK(open_file.first.find("0600") != std::string::npos);
}

TEST_CASE("the manual has every option that --help has", "[http][program]") {
  std::ifstream file(MILEPOST_TEST_MANUAL);
  std::string manual{std::istreambuf_iterator<char>(file), {}};
  manual.erase(std::remove(manual.begin(), manual.end(), '\\'), manual.end());
  const std::string help = output_of({kServer, "--help"}).first;
  std::size_t options = 0;
  for (std::size_t at = 0; (at = help.find("--", at)) != std::string::npos; ++options) {
    const std::size_t end = help.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
    const std::string option = help.substr(at, end - at);
    INFO(option);
    CHECK(manual.find(option) != std::string::npos);
    at = end;
  }
  CHECK(options > 15);
}

TEST_CASE("a server without descriptors serves again once there are some", "[http][program]") {
  Bed bed;
  Tracker tracker = Tracker::open(options_for(bed.directory)).value();
  ChildProcess server({"sh", "-c", in_shell(bed.command(), "ulimit -n 40;")});
  const std::uint16_t port = port_of(server);
  {
    std::vector<Client> clients;
    for (int i = 0; i < 80; ++i) clients.emplace_back(port);
    // It says so when it pauses.
    CHECK(server.read_line().value_or("").find("Accepting pauses") != std::string::npos);
  }
  CHECK(ask(port, get("/healthz")).status == 200);
  server.kill(SIGTERM);
  CHECK(server.wait() == 0);
}

TEST_CASE("the access log has a line a request, and no line more", "[http][program][log]") {
  Bed bed;
  Tracker tracker = Tracker::open(options_for(bed.directory)).value();
  ChildProcess server(bed.command({"--access-log"}));
  const std::uint16_t port = port_of(server);
  CHECK(ask(port, get("/healthz?\"x")).status == 400);
  CHECK(ask(port, get(run_path("x"), key_header(bed.key.text))).status == 400);
  CHECK(server.read_line()->find("127.0.0.1 - \"GET /healthz?\\x22x\" 400 ") == 0);
  CHECK(server.read_line()->find("127.0.0.1 " + bed.key.info.id + " \"GET " + run_path("x") +
                                 "\" 400 ") == 0);
  server.kill(SIGTERM);
  CHECK(server.read_line() == "milepost-server: stopping");
}

}  // namespace
}  // namespace milepost::http::test
