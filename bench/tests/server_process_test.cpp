// SPDX-License-Identifier: Apache-2.0
//
// Servers are started, stopped and killed with everything below them, by pid.
#include "bench/server_process.hpp"

#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>

#include "bench/tests/catch.hpp"

namespace {

using namespace bench;

/// A folder that the servers' user may write in.
class ServerFolder {
 public:
  ServerFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "bench-server-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    path_ = name;
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
    give_to_server_user(path_);
  }
  ~ServerFolder() { std::filesystem::remove_all(path_); }
  ServerFolder(const ServerFolder&) = delete;
  ServerFolder& operator=(const ServerFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The number that the server writes into a file once it is up.
pid_t number_in(ServerProcess& server, const std::string& file) {
  for (;;) {
    pid_t pid = 0;
    char end = 0;
    std::ifstream in(file);
    if (in >> pid && in.get(end) && end == '\n') return pid;
    server.check_running();
    std::this_thread::yield();
  }
}

// A server of two processes; the one below says who it is.
constexpr const char* kTwo = "sleep 600 & echo $! > child; wait";

}  // namespace

TEST_CASE("a killed server takes the processes below it along", "[bench][server]") {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const ServerFolder folder;
  ServerProcess server;
  server.start({"/bin/sh", "-c", kTwo}, folder.path(), folder.path() + "/log", SIGKILL);
  const pid_t child = number_in(server, folder.path() + "/child");
  REQUIRE(::kill(child, 0) == 0);
  server.kill_tree();
  REQUIRE_FALSE(server.running());
  REQUIRE(::kill(child, 0) != 0);
}

TEST_CASE("a server that ignores its signal is killed in the end", "[bench][server]") {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const ServerFolder folder;
  ServerProcess server;
  server.start({"/bin/sh", "-c", std::string("trap '' TERM; ") + kTwo}, folder.path(),
               folder.path() + "/log", SIGKILL);
  const pid_t child = number_in(server, folder.path() + "/child");
  server.stop(SIGTERM, 0);
  REQUIRE_FALSE(server.running());
  REQUIRE(::kill(child, 0) != 0);
}

TEST_CASE("servers never run as root", "[bench][server]") {
  const ServerFolder folder;
  ServerProcess server;
  server.start({"/bin/sh", "-c", "id -u > user; sleep 600"}, folder.path(), folder.path() + "/log",
               SIGKILL);
  REQUIRE(number_in(server, folder.path() + "/user") != 0);
}

TEST_CASE("a server that is not installed or ends says so", "[bench][server]") {
  const ServerFolder folder;
  const auto why = [&](const char* script) {
    ServerProcess server;
    server.start({"/bin/sh", "-c", script}, folder.path(), folder.path() + "/log", SIGKILL);
    try {
      for (;;) server.check_running();
    } catch (const std::exception& e) {
      return std::string(e.what());
    }
  };
  REQUIRE(why("exit 127") == "the server's program is not installed");
  REQUIRE(why("echo no such port; exit 1").find("no such port") != std::string::npos);
}
