// SPDX-License-Identifier: Apache-2.0
//
// A store, a key file and a server in this process, and a request in one line.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "client.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

#include "milepost/http/keys.hpp"
#include "milepost/http/server.hpp"
#include "milepost/milepost.hpp"

namespace milepost::http::test {

using milepost::test::id;

struct Bed {
  /// Organization 1 is `ours`, organization 2 `theirs`.
  explicit Bed(ServerOptions wanted = {}) : options(std::move(wanted)) {
    options.port = 0;
    options.key_file = store.file();
    if (options.threads == 0) options.threads = 2;
    server.emplace(Server::start(tracker, options).value());
  }

  [[nodiscard]] Client client(const std::string& from = "127.0.0.1") const {
    return Client(server->port(), from);
  }
  /// One request on a connection of its own.
  [[nodiscard]] Response ask(const std::string& request, bool head = false) const {
    Client one = client();
    REQUIRE(one.send(request));
    auto response = one.read(head);
    REQUIRE(response.has_value());
    return *response;
  }
  [[nodiscard]] Response ask_run(const Uuid& run, const std::string& key,
                                 const std::string& headers = "") const {
    return ask(get(run_path(milepost::to_string(run)), key_header(key) + headers));
  }
  /// Brings a run of ours to a status.
  void bring(const Uuid& run, RunStatus status, std::uint64_t organization = 1) {
    milepost::test::bring(tracker, run, status, {.organization = id(organization)});
  }

  milepost::test::TempDirectory folder;
  Tracker tracker = Tracker::open({.directory = folder / "store",
                                   .map_size_start = 1u << 20,
                                   .journal_segment_bytes = 256u << 10,
                                   .journal_bytes_max = 4u << 20})
                        .value();
  KeyStore store{folder / "keys"};
  const NewKey ours = make(1, "journeys:read");
  const NewKey theirs = make(2, "journeys:read");
  ServerOptions options;
  std::optional<Server> server;

  NewKey make(std::uint64_t organization, std::string_view scopes) {
    return store
        .create({.organization_id = id(organization), .scopes = parse_scopes(scopes).value()})
        .value();
  }
};

}  // namespace milepost::http::test
