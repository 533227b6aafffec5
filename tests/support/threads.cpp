// SPDX-License-Identifier: Apache-2.0
//
// What the kernel tells about threads, read from /proc.
#include "support/threads.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace milepost::test {
namespace {

std::string task_file(pid_t thread, const char* name) {
  return "/proc/self/task/" + std::to_string(thread) + "/" + name;
}

/// The state letter: the first one after the name's closing bracket.
char state_of(pid_t thread) {
  std::ifstream file(task_file(thread, "stat"));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string::npos || bracket + 2 >= text.size()) return '?';
  return text[bracket + 2];
}

}  // namespace

void Threads::start(std::function<void()> body) {
  threads_.push_back(std::make_unique<One>());
  One* one = threads_.back().get();
  one->thread = std::thread([one, body = std::move(body)] {
    one->id.store(::gettid());
    body();
    one->ended.store(true);
  });
}

void Threads::join() {
  for (const auto& one : threads_) {
    if (one->thread.joinable()) one->thread.join();
  }
}

void Threads::wait_until_asleep() const {
  std::vector<std::uint64_t> seen;
  for (;;) {
    std::vector<std::uint64_t> now;
    bool asleep = true;
    for (const auto& one : threads_) {
      if (one->ended.load()) {
        now.push_back(0);
        continue;
      }
      const pid_t id = one->id.load();
      asleep = asleep && id != 0 && state_of(id) == 'S';
      now.push_back(id == 0 ? 0 : voluntary_switches(id));
    }
    if (asleep && now == seen) return;
    seen = asleep ? now : std::vector<std::uint64_t>{};
    std::this_thread::yield();
  }
}

void wait_until_asleep(pid_t thread) {
  std::uint64_t seen = 0;
  for (bool before = false;;) {
    const std::uint64_t switches = voluntary_switches(thread);
    const bool asleep = state_of(thread) == 'S';
    if (asleep && before && switches == seen) return;
    before = asleep;
    seen = switches;
    std::this_thread::yield();
  }
}

std::vector<pid_t> thread_ids() {
  std::vector<pid_t> ids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    ids.push_back(static_cast<pid_t>(std::stol(entry.path().filename().string())));
  }
  return ids;
}

std::uint64_t voluntary_switches(pid_t thread) {
  std::ifstream file(task_file(thread, "status"));
  const std::string name = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name, 0) == 0) return std::stoull(line.substr(name.size()));
  }
  return 0;
}

}  // namespace milepost::test
