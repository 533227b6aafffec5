// SPDX-License-Identifier: Apache-2.0
//
// What a puppet does to its own process: forks, lowers limits, loads the library once more.
#include <array>
#include <atomic>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "puppet.hpp"
#include "support/steps.hpp"

namespace milepost::faults {
namespace {

using test::id;

constexpr unsigned kForkSecondsMax = 30;

template <typename T>
bool is_forked(const Result<T>& result) {
  return !result && result.error().code == Errc::forked;
}

/// Bit by bit, what a child was allowed to do with its parent's tracker.
int use_all(Tracker& tracker) {
  const std::vector<Uuid> ids{id(1)};
  const std::vector<Command> commands{test::request(id(900))};
  int wrong = 0;
  if (!is_forked(tracker.get(id(1)))) wrong |= 1;
  if (!is_forked(tracker.get_json(id(1)))) wrong |= 2;
  if (!is_forked(tracker.get_many(ids))) wrong |= 4;
  if (!is_forked(tracker.create(test::request(id(901))))) wrong |= 8;
  if (!is_forked(tracker.start(id(1)))) wrong |= 16;
  if (!is_forked(tracker.apply(commands))) wrong |= 32;
  if (!is_forked(tracker.flush())) wrong |= 64;
  if (!is_forked(tracker.unpublished())) wrong |= 128;
  return wrong;
}

/// Its own store elsewhere, from its making to its closing.
int own_store(const std::string& directory) {
  auto tracker = Tracker::open(small_options(directory));
  if (!tracker) return 1;
  for (std::uint64_t number = 0; number < 20; ++number) {
    auto outcome = tracker->create(test::request(id(number)));
    if (!outcome || !outcome->applied()) return 2;
  }
  if (!tracker->flush()) return 3;
  auto run = tracker->get(id(7));
  if (!run || !*run) return 4;
  if (!tracker->close()) return 5;
  return 0;
}

int open_same(const std::string& directory, bool read_only) {
  OpenOptions options = small_options(directory);
  options.read_only = read_only;
  auto tracker = Tracker::open(options);
  if (!read_only) return !tracker && tracker.error().code == Errc::locked ? 0 : 1;
  if (!tracker) return 2;
  auto run = tracker->get(id(1));
  return run && *run && tracker->close() ? 0 : 3;
}

int fork_and(const std::function<int()>& deed);

/// What a child does; its exit code, unless it does not come back.
int child_deed(Puppet& puppet, const std::string& deed, const std::string& directory) {
  if (deed == "nothing") return 0;
  if (deed == "use") return use_all(*puppet.tracker);
  if (deed == "close") return is_forked(puppet.tracker->close()) ? 0 : 1;
  if (deed == "destroy") return puppet.tracker.reset(), 0;
  if (deed == "move") {
    Tracker moved = std::move(*puppet.tracker);
    return use_all(moved);
  }
  if (deed == "exit") std::exit(0);
  if (deed == "kill") ::raise(SIGKILL);
  if (deed == "own") return own_store(directory);
  if (deed == "write-same") return open_same(puppet.options.directory, false);
  if (deed == "read-same") return open_same(puppet.options.directory, true);
  if (deed == "grandchild") {
    return fork_and([&] { return use_all(*puppet.tracker) + own_store(directory); });
  }
  if (deed == "use-in-thread") {
    int wrong = 0;
    std::thread([&] { wrong = use_all(*puppet.tracker); }).join();
    return wrong;
  }
  return 200;
}

int fork_and(const std::function<int()>& deed) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kForkSecondsMax);
    ::_exit(deed());
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// `fork main|thread DEED [FOLDER]`: the child's exit code, or minus its signal.
std::string fork_it(Puppet& puppet, const Words& words) {
  const std::string deed = text_at(words, 2);
  const std::string directory = text_at(words, 3);
  int code = 0;
  const auto go = [&] { code = fork_and([&] { return child_deed(puppet, deed, directory); }); };
  if (text_at(words, 1) == "thread") {
    std::thread(go).join();
  } else {
    go();
  }
  return std::to_string(code);
}

/// A child that lives until its own alarm, with its parent's descriptors.
std::string orphan(Puppet&, const Words&) {
  std::array<int, 2> told{};
  if (::pipe2(told.data(), O_CLOEXEC) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child != 0) {
    // Until it has come back from fork, it holds what its parent held.
    char byte = 0;
    ::close(told[1]);
    const bool runs = child > 0 && ::read(told[0], &byte, 1) == 1;
    ::close(told[0]);
    return runs ? "ok" : "cannot fork";
  }
  if (::write(told[1], "r", 1) != 1) ::_exit(1);
  ::close(STDIN_FILENO);
  ::close(STDOUT_FILENO);
  ::close(STDERR_FILENO);
  ::alarm(kForkSecondsMax);
  for (;;) ::pause();
}

/// `keep-writing FIRST`: lifecycles until the process ends; a failed one ends it.
std::string keep_writing(Puppet& puppet, const Words& words) {
  puppet.background.emplace_back([&puppet, first = number_at(words, 1)] {
    for (std::uint64_t number = first;; ++number) {
      auto created = puppet.tracker->create(test::request(id(number)));
      auto failed = puppet.tracker->fail(id(number), std::string(200, 'w'));
      if (!created || !created->applied() || !failed || !failed->applied()) ::_exit(9);
    }
  });
  return "ok";
}

/// `limit fsize|as|nofile|off BYTES`; `as` counts from what the process has mapped now.
std::string limit(Puppet&, const Words& words) {
  const std::string what = text_at(words, 1);
  const bool off = text_at(words, 2) == "off";
  rlim_t value = off ? 0 : number_at(words, 2);
  int resource = RLIMIT_FSIZE;
  if (what == "nofile") resource = RLIMIT_NOFILE;
  if (what == "as") {
    resource = RLIMIT_AS;
    unsigned long pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    value += pages * static_cast<unsigned long>(::sysconf(_SC_PAGESIZE));
  }
  rlimit now{};
  ::getrlimit(resource, &now);
  now.rlim_cur = off ? now.rlim_max : value;
  return ::setrlimit(resource, &now) == 0 ? "ok" : "cannot set the limit";
}

/// `signal xfsz ignore|default`.
std::string set_signal(Puppet&, const Words& words) {
  ::signal(SIGXFSZ, text_at(words, 2) == "ignore" ? SIG_IGN : SIG_DFL);
  return "ok";
}

/// Whether a SIGXFSZ hangs over this thread.
std::string pending(Puppet&, const Words&) {
  sigset_t set;
  ::sigpending(&set);
  return ::sigismember(&set, SIGXFSZ) != 0 ? "xfsz" : "none";
}

std::string change_directory(Puppet&, const Words& words) {
  return ::chdir(text_at(words, 1).c_str()) == 0 ? "ok" : "cannot go there";
}

/// `library dlopen|dlmopen FILE [ro] [dir=...]`: Tracker::open of another copy of the library in
/// this process, closed again if it opens.
std::string library(Puppet& puppet, const Words& words) {
  const char* file = words.at(2).c_str();
  void* handle = text_at(words, 1) == "dlmopen"
                     ? ::dlmopen(LM_ID_NEWLM, file, RTLD_NOW | RTLD_LOCAL)
                     : ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return std::string("no library: ") + ::dlerror();
  void* open = ::dlsym(handle, "_ZN8milepost7Tracker4openERKNS_11OpenOptionsE");
  void* close = ::dlsym(handle, "_ZN8milepost7Tracker5closeEv");
  if (open == nullptr || close == nullptr) return "no symbol";
  OpenOptions options = puppet.options;
  read_options(options, words);
  using Open = Result<Tracker> (*)(const OpenOptions&);
  using Close = Result<void> (*)(Tracker*);
  auto tracker = reinterpret_cast<Open>(open)(options);
  if (!tracker) return told(tracker.error());
  auto closed = reinterpret_cast<Close>(close)(&*tracker);
  // What is left of it belongs to the other copy, which stays loaded.
  static auto* const left = new std::vector<Tracker>;
  left->push_back(std::move(*tracker));
  return told(closed);
}

/// `race THREADS ROUNDS`: threads that open, look, and close. Never two at once, never another
/// answer than already_open.
std::string race(Puppet& puppet, const Words& words) {
  std::atomic<int> holders{0};
  std::atomic<int> opened{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < number_at(words, 1); ++t) {
    threads.emplace_back([&, t] {
      OpenOptions options = puppet.options;
      options.read_only = t % 4 == 3;
      for (std::uint64_t round = 0; round < number_at(words, 2); ++round) {
        auto tracker = Tracker::open(options);
        if (!tracker) {
          if (tracker.error().code != Errc::already_open) ++wrong;
          std::this_thread::yield();
          continue;
        }
        if (holders.fetch_add(1) != 0) ++wrong;
        ++opened;
        if (!tracker->get(id(1)).has_value()) ++wrong;
        holders.fetch_sub(1);
        if (round % 2 == 0 && !tracker->close()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return "opened " + std::to_string(opened) + " wrong " + std::to_string(wrong);
}

}  // namespace

void add_process_verbs(std::map<std::string, Verb>& verbs) {
  verbs.insert({{"fork", fork_it},
                {"orphan", orphan},
                {"keep-writing", keep_writing},
                {"limit", limit},
                {"signal", set_signal},
                {"pending", pending},
                {"chdir", change_directory},
                {"library", library},
                {"race", race}});
}

}  // namespace milepost::faults
