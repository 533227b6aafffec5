// SPDX-License-Identifier: Apache-2.0
//
// The smallest host: makes a run in a directory of its own and compares the public response to the
// byte. Written so that the library's own warnings would refuse it: none of them may reach a host.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "milepost/milepost.hpp"

int main() {
  std::string pattern = (std::filesystem::temp_directory_path() / "milepost-host-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return 2;
  int narrowed = 0.5 + static_cast<double>(pattern.size());  // -Wconversion would object

  const char* const text = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
  const milepost::Uuid id = milepost::parse_uuid(text).value();
  const milepost::Instant at = milepost::parse_instant("2023-11-07T05:31:56Z").value();
  std::string body;
  {
    milepost::Tracker tracker = milepost::Tracker::open({.directory = pattern + "/runs"}).value();
    const milepost::Outcome created =
        tracker.create({.journey_id = id, .profile_id = id, .run_id = id, .triggered_at = at})
            .value();
    if (created.kind != milepost::OutcomeKind::created) return 3;
    body = tracker.get_json(id).value();
    if (!tracker.close()) return 4;
  }
  std::filesystem::remove_all(pattern);

  const std::string expected =
      R"({"runId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
      R"("journeyId":"3c90c3cc-0d44-4b50-8888-8dd25736052a",)"
      R"("profileId":"3c90c3cc-0d44-4b50-8888-8dd25736052a","status":"queued",)"
      R"("triggeredAt":"2023-11-07T05:31:56Z","completedAt":null,"error":null})";
  std::cout << body << '\n';
  if (body != expected) {
    std::cerr << "expected " << expected << '\n';
    return 1;
  }
  return narrowed > 0 ? 0 : 5;
}
