// SPDX-License-Identifier: Apache-2.0
//
// Forks while another thread is making ids, many times, and fails if a child hangs or makes an id
// that its parent makes too. Exit status 0: passed.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "core/uuid_v7.hpp"

namespace {

using milepost::Instant;
using milepost::Uuid;

constexpr std::size_t kIds = 64;
/// One millisecond for all, so that only the random bits tell parent from child.
constexpr Instant kNow{std::chrono::microseconds{1'699'335'116'000'000}};

std::vector<Uuid> make_ids() {
  std::vector<Uuid> ids(kIds);
  milepost::core::fresh_run_ids(kNow, ids);
  return ids;
}

int child_main(int to_parent) {
  ::alarm(20);  // a child that hangs is killed, which the parent sees
  Uuid ids[kIds];
  milepost::core::fresh_run_ids(kNow, ids);
  const bool sent = ::write(to_parent, ids, sizeof ids) == static_cast<ssize_t>(sizeof ids);
  return sent ? 0 : 1;
}

/// The child's ids, or none if it failed.
std::vector<Uuid> ids_of_a_child() {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) ::_exit(child_main(ends[1]));
  ::close(ends[1]);
  std::vector<Uuid> ids(kIds);
  const ssize_t got = ::read(ends[0], ids.data(), kIds * sizeof(Uuid));
  ::close(ends[0]);
  int status = -1;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) return {};
  if (got != static_cast<ssize_t>(kIds * sizeof(Uuid))) return {};
  return ids;
}

bool one_round() {
  const std::vector<Uuid> before = make_ids();
  const std::vector<Uuid> theirs = ids_of_a_child();
  const std::vector<Uuid> again = ids_of_a_child();
  const std::vector<Uuid> after = make_ids();
  if (theirs.empty() || again.empty()) {
    std::puts("a child hung or failed");
    return false;
  }
  // The parent's last id is what the child inherits; it must not go on counting from there.
  const auto same_millis_as_parent = [&before](const Uuid& id) {
    return std::equal(id.data, id.data + 6, before.back().data);
  };
  if (std::any_of(theirs.begin(), theirs.end(), same_millis_as_parent)) {
    std::puts("a child went on counting from its parent's last id");
    return false;
  }
  std::vector<Uuid> all = before;
  all.insert(all.end(), theirs.begin(), theirs.end());
  all.insert(all.end(), again.begin(), again.end());
  all.insert(all.end(), after.begin(), after.end());
  std::sort(all.begin(), all.end());
  if (std::adjacent_find(all.begin(), all.end()) != all.end()) {
    std::puts("parent and child made the same id");
    return false;
  }
  return true;
}

}  // namespace

int main() {
  std::atomic<bool> stop{false};
  std::thread busy([&stop] {
    while (!stop.load()) (void)milepost::core::fresh_run_id(kNow);
  });
  bool passed = true;
  for (int round = 0; round < 100 && passed; ++round) passed = one_round();
  stop.store(true);
  busy.join();
  return passed ? 0 : 1;
}
