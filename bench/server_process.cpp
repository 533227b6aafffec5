// SPDX-License-Identifier: Apache-2.0
//
// Starting, measuring and stopping server processes.
#include "bench/server_process.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "bench/engine.hpp"

namespace bench {
namespace {

constexpr const char* kServerUser = "nobody";

const passwd* server_user() {
  const passwd* const user = ::geteuid() == 0 ? ::getpwnam(kServerUser) : ::getpwuid(::geteuid());
  if (user == nullptr) fail("no user to run servers as: `nobody` is not in the password file");
  return user;
}

// Between fork and exec only async-signal-safe calls are allowed, so all is prepared before.
[[noreturn]] void become(char* const* argv, const char* directory, const char* log, uid_t uid,
                         gid_t gid, int death_signal) {
  const int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int in = ::open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) {
    ::_exit(126);
  }
  if (::chdir(directory) != 0) ::_exit(126);
  if (::geteuid() == 0 &&
      (::setgroups(0, nullptr) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0)) {
    ::_exit(126);
  }
  // A terminal's interrupt is for the suite, which then stops what it has started.
  ::setpgid(0, 0);
  // After setuid, which clears it.
  ::prctl(PR_SET_PDEATHSIG, death_signal);
  ::signal(SIGPIPE, SIG_DFL);
  ::execvp(argv[0], argv);
  ::_exit(127);
}

pid_t spawn(const std::vector<std::string>& args, const std::string& directory,
            const std::string& log, int death_signal) {
  std::vector<char*> argv;
  argv.reserve(args.size() + 1);
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const passwd* const user = server_user();
  const uid_t uid = user->pw_uid;
  const gid_t gid = user->pw_gid;
  const pid_t pid = ::fork();
  if (pid < 0) fail(std::string("cannot fork: ") + std::strerror(errno));
  if (pid == 0) become(argv.data(), directory.c_str(), log.c_str(), uid, gid, death_signal);
  return pid;
}

std::string end_of(const std::string& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  return all.size() > 600 ? all.substr(all.size() - 600) : all;
}

void add_children(pid_t pid, std::vector<pid_t>& out) {
  out.push_back(pid);
  std::ifstream in("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  for (pid_t child = 0; in >> child;) add_children(child, out);
}

}  // namespace

std::string server_user_name() { return server_user()->pw_name; }

void give_to_server_user(const std::string& directory) {
  if (::geteuid() != 0) return;
  const passwd* const user = server_user();
  if (::chown(directory.c_str(), user->pw_uid, user->pw_gid) != 0) {
    fail("cannot give " + directory + " to " + user->pw_name + ": " + std::strerror(errno));
  }
}

void run_as_server_user(const std::vector<std::string>& argv, const std::string& directory) {
  const std::string log =
      directory + "/" + argv.front().substr(argv.front().rfind('/') + 1) + ".log";
  const pid_t pid = spawn(argv, directory, log, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) fail(argv.front() + " failed: " + end_of(log));
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) kill_tree();
}

void ServerProcess::start(const std::vector<std::string>& argv, const std::string& directory,
                          const std::string& log, int death_signal) {
  log_ = log;
  pid_ = spawn(argv, directory, log, death_signal);
}

void ServerProcess::check_running() {
  int status = 0;
  if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == 0) return;
  pid_ = -1;
  // What a shell says, too: 127 for a program that is not there.
  const bool absent = WIFEXITED(status) && WEXITSTATUS(status) == 127;
  fail(absent ? "the server's program is not installed" : "the server ended: " + end_of(log_));
}

void ServerProcess::stop(int signal, int seconds) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < deadline) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  kill_tree();
}

void ServerProcess::kill_tree() {
  if (pid_ <= 0) return;
  kill_process_tree(pid_);
  pid_ = -1;
}

void kill_process_tree(pid_t pid) {
  std::vector<pid_t> all;
  add_children(pid, all);
  for (const pid_t one : all) ::kill(one, SIGKILL);
  for (const pid_t one : all) {
    // One that is not our child yet becomes it when its parent is gone.
    for (int i = 0; i < 5000; ++i) {
      if (::waitpid(one, nullptr, WNOHANG) == one || ::kill(one, 0) != 0) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

std::uint64_t ServerProcess::memory() const {
  if (pid_ <= 0) return 0;
  std::vector<pid_t> all;
  add_children(pid_, all);
  std::uint64_t kib = 0;
  for (const pid_t pid : all) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("Pss:")) kib += std::stoull(line.substr(4));
    }
  }
  return kib * 1024;
}

}  // namespace bench
