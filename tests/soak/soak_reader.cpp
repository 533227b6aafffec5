// SPDX-License-Identifier: Apache-2.0
//
// `soak_reader DIRECTORY`: a process that reads what another one writes, and is killed whenever the
// test likes. For each line it is sent it looks once and answers `fine` or what was wrong.
#include <iostream>
#include <string>

#include "milepost/milepost.hpp"

namespace milepost::soak {
namespace {

std::string look(const Tracker& tracker, std::uint64_t& last) {
  const Snapshot snapshot = tracker.snapshot().value();
  if (snapshot.sequence() < last) return "it went back";
  last = snapshot.sequence();
  std::uint64_t listed = 0;
  std::string cursor;
  do {
    const Page page = snapshot.list({.limit = 500, .cursor = cursor}).value();
    for (const Run& run : page.runs) {
      if (run.sequence > last) return "a run of a later moment";
    }
    listed += page.runs.size();
    cursor = page.next;
  } while (!cursor.empty());
  const auto counts = snapshot.counts({.organization_id = Uuid{}}).value();
  return counts.total() == listed ? "fine" : "counts and list differ";
}

}  // namespace
}  // namespace milepost::soak

int main(int count, char** arguments) {
  using namespace milepost;
  if (count != 2) return 2;
  OpenOptions options{.directory = arguments[1], .read_only = true};
  options.snapshot_age_max = kSnapshotAgeMax;
  const auto tracker = Tracker::open(options).value();
  std::uint64_t last = 0;
  for (std::string line; std::getline(std::cin, line);) {
    std::string answer;
    try {
      answer = soak::look(tracker, last);
    } catch (const std::exception& error) {
      answer = error.what();
    }
    std::cout << answer << std::endl;
  }
  return 0;
}
