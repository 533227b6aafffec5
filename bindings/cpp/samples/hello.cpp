// SPDX-License-Identifier: Apache-2.0
//
// The smallest host: one run from queued to failed, and its public JSON. The store is kept in the
// directory named on the command line (default: runs).
#include <iostream>

#include "milepost/milepost.hpp"

int main(int argc, char** argv) {
  try {
    const auto journey = milepost::parse_uuid("3c90c3cc-0d44-4b50-8888-8dd25736052a").value();
    const auto profile = milepost::parse_uuid("9a1f0c52-77d1-4e6b-9b60-2f6f3f0f3a11").value();

    auto tracker = milepost::Tracker::open({.directory = argc > 1 ? argv[1] : "runs"}).value();
    const auto run =
        tracker.create({.journey_id = journey, .profile_id = profile}).value().run;  // queued
    if (!tracker.start(run.run_id, {.owner = "worker-7"}).value().applied()) {       // running
      return 0;  // another worker has it
    }
    tracker.fail(run.run_id, "mailbox full").value().require_applied();  // failed
    std::cout << tracker.get_json(run.run_id).value() << '\n';           // the public response
    tracker.close().value();
  } catch (const milepost::Exception& problem) {  // only value() throws it
    std::cerr << "hello: " << problem.what() << '\n';
    return 1;
  }
}
