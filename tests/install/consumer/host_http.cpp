// SPDX-License-Identifier: Apache-2.0
//
// A host that answers the published call itself: starts the server over its tracker on a free port
// and stops it again. That the server answers is shown elsewhere; here it must be found and linked.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <milepost/http/keys.hpp>
#include <milepost/http/server.hpp>
#include <string>

#include "milepost/milepost.hpp"

int main() {
  std::string pattern = (std::filesystem::temp_directory_path() / "milepost-host-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return 2;
  {
    milepost::http::KeyStore keys(pattern + "/keys");
    const auto scopes = milepost::http::parse_scopes("journeys:read").value();
    if (keys.create({.scopes = scopes}).value().text.empty()) return 3;
    const auto tracker = milepost::Tracker::open({.directory = pattern + "/runs"}).value();
    auto server =
        milepost::http::Server::start(tracker, {.port = 0, .key_file = keys.file()}).value();
    std::cout << "serving " << server.url() << '\n';
    server.stop();
  }
  std::filesystem::remove_all(pattern);
  return 0;
}
