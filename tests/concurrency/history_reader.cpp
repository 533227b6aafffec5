// SPDX-License-Identifier: Apache-2.0
//
// `history_reader DIRECTORY`: a process that reads a store while another writes to it. For each
// line it is sent it takes a snapshot, follows the feed to it, compares list and counts with the
// feed, and answers `SEQUENCE DIGEST`, or `wrong ...`.
#include <iostream>
#include <string>

#include "histories.hpp"

namespace milepost::test {
namespace {

std::string look(const Tracker& tracker, PrefixWatch& watch) {
  const Snapshot snapshot = tracker.snapshot().value();
  if (snapshot.sequence() < watch.position()) {
    return "wrong: " + std::to_string(snapshot.sequence()) + " after " +
           std::to_string(watch.position());
  }
  while (watch.position() < snapshot.sequence()) {
    const auto page = snapshot.changes({.after = watch.position(), .limit = 100}).value();
    if (page.changes.empty()) return "wrong: the feed ends before the moment";
    for (const Change& change : page.changes) {
      if (const std::string wrong = watch.change(change); !wrong.empty()) return "wrong: " + wrong;
    }
  }
  std::vector<Run> listed;
  std::string cursor;
  do {
    const Page page = snapshot.list({.limit = 7, .cursor = cursor}).value();
    listed.insert(listed.end(), page.runs.begin(), page.runs.end());
    cursor = page.next;
  } while (!cursor.empty());
  for (const Run& run : listed) {
    if (snapshot.get(run.run_id).value() != run) return "wrong: get differs from list";
  }
  const std::string wrong = watch.moment(snapshot.sequence(), listed, snapshot.counts().value());
  if (!wrong.empty()) return "wrong: " + wrong;
  return std::to_string(watch.position()) + " " + std::to_string(watch.digest());
}

}  // namespace
}  // namespace milepost::test

int main(int count, char** arguments) {
  using namespace milepost;
  if (count != 2) return 2;
  const auto tracker = Tracker::open({.directory = arguments[1], .read_only = true}).value();
  test::PrefixWatch watch;
  for (std::string line; std::getline(std::cin, line);) {
    std::string answer;
    try {
      answer = test::look(tracker, watch);
    } catch (const std::exception& error) {
      answer = std::string("wrong: ") + error.what();
    }
    std::cout << answer << std::endl;
  }
  return 0;
}
