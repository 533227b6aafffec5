// SPDX-License-Identifier: Apache-2.0
//
// Clients that are slow, too many, or idle, and how a server stops.
#include <thread>

#include "bed.hpp"
#include "support/threads.hpp"

namespace milepost::http::test {
namespace {

using std::chrono::milliseconds;

const std::string kHealth = get("/healthz");

std::string number_of(const Bed& bed, const std::string& metric) {
  const std::string page = bed.ask(get("/metrics")).body;
  const std::size_t line = page.find("\n" + metric + " ");
  REQUIRE(line != std::string::npos);
  const std::size_t start = line + metric.size() + 2;
  return page.substr(start, page.find('\n', start) - start);
}

TEST_CASE("five hundred idle connections are in nobody's way", "[http][limits]") {
  Bed bed({.connections_max = 1'000, .rate_per_key = 0, .idle_timeout = std::chrono::minutes(5)});
  bed.bring(id(1), RunStatus::completed);
  std::vector<Client> idle;
  for (int i = 0; i < 500; ++i) idle.push_back(bed.client());
  // Half of them have sent a part of a request, or have had an answer before.
  for (std::size_t i = 0; i < 500; i += 4) REQUIRE(idle[i].send("GET /hea"));
  for (std::size_t i = 1; i < 500; i += 4) {
    REQUIRE(idle[i].send(kHealth));
    CHECK(idle[i].read()->status == 200);
  }
  CHECK(std::stoul(number_of(bed, "milepost_http_connections")) >= 500);
  for (int i = 0; i < 200; ++i) REQUIRE(bed.ask_run(id(1), bed.ours.text).status == 200);
  for (std::size_t i = 0; i < 500; i += 4)
    REQUIRE(idle[i].send("lthz HTTP/1.1\r\nHost: x\r\n\r\n"));
  for (std::size_t i = 0; i < 500; i += 4) CHECK(idle[i].read()->status == 200);
}

TEST_CASE("a head that does not end is told that its time is up", "[http][limits]") {
  Bed bed({.head_timeout = milliseconds(50)});
  for (const std::string& part :
       {std::string("G"), std::string("GET /healthz HTTP/1.1\r\n"), kHealth.substr(0, 40)}) {
    Client client = bed.client();
    REQUIRE(client.send(part));
    const auto response = client.read();
    REQUIRE(response.has_value());
    CHECK(response->status == 408);
    CHECK(response->body.find(R"("error":"request_timeout")") != std::string::npos);
    CHECK(response->header("connection") == "close");
    CHECK(client.ends());
  }
}

TEST_CASE("sending a byte now and then buys no time", "[http][limits]") {
  Bed bed({.head_timeout = milliseconds(50), .idle_timeout = std::chrono::minutes(1)});
  Client client = bed.client();
  Client other = bed.client();
  REQUIRE(client.send("GET /healthz HTTP/1.1\r\nX: "));
  // Others are served between any two bytes.
  while (!client.readable()) {
    client.send("a");
    REQUIRE(other.send(kHealth));
    CHECK(other.read()->status == 200);
  }
  const auto response = client.read();
  REQUIRE(response.has_value());
  CHECK(response->status == 408);
}

TEST_CASE("an idle connection is closed without a word", "[http][limits]") {
  Bed bed({.idle_timeout = milliseconds(50)});
  Client silent = bed.client();
  CHECK(silent.ends());
  Client once = bed.client();
  REQUIRE(once.send(kHealth));
  CHECK(once.read()->status == 200);
  CHECK(once.ends());
}

TEST_CASE("a client that takes no response is dropped, and holds up nobody", "[http][limits]") {
  Bed bed({.write_timeout = milliseconds(200)});
  Client greedy = bed.client();
  greedy.small_receive_buffer();
  std::string pipeline;
  for (int i = 0; i < 64; ++i) pipeline += get("/openapi.json");
  milepost::test::Gate over;
  std::thread sending([&] {
    while (!over.is_open() && greedy.send(pipeline)) {
    }
  });
  // Once it is dropped its sending fails.
  sending.join();
  CHECK(bed.ask(kHealth).status == 200);
}

TEST_CASE("over the cap a connection is answered and closed", "[http][limits]") {
  Bed bed({.connections_max = 3});
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(bed.client());
    REQUIRE(clients.back().send(kHealth));
    CHECK(clients.back().read()->status == 200);
  }
  Client fourth = bed.client();
  const auto refused = fourth.read();
  REQUIRE(refused.has_value());
  CHECK(refused->status == 503);
  CHECK(refused->header("retry-after") == "1");
  CHECK(fourth.ends());
  REQUIRE(clients[0].send(get("/metrics", "Connection: close\r\n")));
  CHECK(clients[0].read()->body.find("milepost_http_connections_refused_total 1\n") !=
        std::string::npos);
  clients[0].close();
  // There is room again as soon as the server has noticed.
  for (bool served = false; !served;) {
    Client again = bed.client();
    again.send(kHealth);
    const auto response = again.read();
    served = response.has_value() && response->status == 200;
  }
}

TEST_CASE("one address has no more than its share", "[http][limits]") {
  Bed bed({.connections_per_address_max = 2});
  std::vector<Client> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(bed.client("127.0.0.2"));
    REQUIRE(clients.back().send(kHealth));
    CHECK(clients.back().read()->status == 200);
  }
  CHECK(bed.client("127.0.0.2").read()->status == 503);
  CHECK(bed.ask(kHealth).status == 200);
}

TEST_CASE("stopping closes what is idle and finishes what was asked",
          "[http][limits][stop][concurrency]") {
  Bed bed({.wait_max = std::chrono::seconds(300), .idle_timeout = std::chrono::minutes(5)});
  bed.bring(id(1), RunStatus::running);
  Client idle = bed.client();
  Client half = bed.client();
  REQUIRE(half.send(kHealth.substr(0, 30)));
  Client waiting = bed.client();
  REQUIRE(waiting.send(get(run_path(milepost::to_string(id(1))),
                           key_header(bed.ours.text) + "Prefer: wait=250\r\n")));
  while (number_of(bed, "milepost_http_waiting") != "1") {
  }
  std::thread stopping([&] { bed.server->stop(); });
  CHECK(idle.ends());
  const auto answered = waiting.read();
  REQUIRE(answered.has_value());
  CHECK(answered->status == 200);
  CHECK(answered->header("connection") == "close");
  CHECK(answered->body.find("running") != std::string::npos);
  // What had begun is heard to its end.
  REQUIRE(half.send(kHealth.substr(30)));
  const auto last = half.read();
  CHECK(last.value_or(Response{}).status == 200);
  CHECK(last.value_or(Response{}).header("connection") == "close");
  idle.close();
  half.close();
  waiting.close();
  stopping.join();
  CHECK_THROWS(bed.client());
  bed.server->stop();
}

TEST_CASE("stopping waits no longer than it is told", "[http][limits][stop][concurrency]") {
  Bed bed({.stop_timeout = milliseconds(50)});
  Client half = bed.client();
  REQUIRE(half.send("GET /hea"));
  CHECK(bed.ask(kHealth).status == 200);
  bed.server->stop();
  CHECK_FALSE(half.read().has_value());
}

TEST_CASE("servers come and go while clients call", "[http][limits][stop][concurrency]") {
  Bed bed;
  for (int round = 0; round < 20; ++round) {
    ServerOptions options = bed.options;
    Server server = Server::start(bed.tracker, options).value();
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([port = server.port()] {
        std::optional<Client> client;
        try {
          client.emplace(port);
        } catch (const std::system_error&) {
          return;  // refused: it has stopped
        }
        for (;;) {
          client->send(kHealth);
          const auto response = client->read();
          if (!response || response->header("connection") == "close") return;
        }
      });
    }
    Client first(server.port());
    first.send(kHealth);
    CHECK(first.read()->status == 200);
    server.stop();
    for (std::thread& caller : callers) caller.join();
  }
}

}  // namespace
}  // namespace milepost::http::test
