// SPDX-License-Identifier: Apache-2.0
//
// The parent's side of a cell: forks the child, asks, and waits for no longer than it was told.
#include "bench/cell.hpp"

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "bench/cell_protocol.hpp"
#include "bench/server_process.hpp"

namespace bench {
namespace {

namespace json = boost::json;

std::atomic<bool> interrupted{false};

// Ends of all living cells: a new child must not keep another's stream open.
std::vector<int>& open_ends() {
  static std::vector<int> fds;
  return fds;
}

double number(const json::object& o, std::string_view name) {
  const json::value* const v = o.if_contains(name);
  return v == nullptr ? 0 : v->to_number<double>();
}

Reply parse_reply(const std::string& line) {
  const json::object o = json::parse(line).as_object();
  if (const json::value* const error = o.if_contains("error")) {
    fail(json::value_to<std::string>(*error));
  }
  Reply reply;
  Result& r = reply.result;
  r.ops_per_s = number(o, "ops_per_s");
  r.p50_us = number(o, "p50_us");
  r.p90_us = number(o, "p90_us");
  r.p99_us = number(o, "p99_us");
  r.p999_us = number(o, "p999_us");
  r.max_us = number(o, "max_us");
  r.bytes_per_run = number(o, "bytes_per_run");
  r.peak_memory_mib = number(o, "peak_memory_mib");
  r.own_memory_mib = number(o, "own_memory_mib");
  r.server_memory_mib = number(o, "server_memory_mib");
  if (const json::value* const extra = o.if_contains("extra")) {
    r.extra = json::value_to<std::map<std::string, double>>(*extra);
  }
  if (const json::value* const hash = o.if_contains("hash")) {
    reply.hash = json::value_to<std::string>(*hash);
  }
  return reply;
}

[[noreturn]] void run_child(int fd, const EngineInfo& engine, const StoreSpec& store) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // What a server leaves behind becomes ours to bury.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (const int other : open_ends()) ::close(other);
  // Only the parent decides what an interrupt means.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);
  int code = 1;
  try {
    code = serve_cell(fd, engine, store);
  } catch (const std::exception& e) {
    std::cerr << engine.name << ": " << e.what() << '\n';
  }
  ::_exit(code);
}

}  // namespace

void interrupt() noexcept { interrupted.store(true); }

Cell::Cell(const EngineInfo& engine, StoreSpec store) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    fail(std::string("cannot make a socket pair: ") + std::strerror(errno));
  }
  std::cout.flush();
  // A cell that dies leaves its server to us; see kill_process_tree.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_ = ::fork();
  if (pid_ < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    fail(std::string("cannot fork: ") + std::strerror(errno));
  }
  if (pid_ == 0) {
    ::close(ends[0]);
    run_child(ends[1], engine, store);
  }
  ::close(ends[1]);
  fd_ = ends[0];
  open_ends().push_back(fd_);
}

Cell::~Cell() {
  std::erase(open_ends(), fd_);
  ::close(fd_);
  if (pid_ > 0) kill_process_tree(pid_);
}

std::string Cell::how_it_died() {
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) return "its process is gone";
  pid_ = -1;
  if (WIFSIGNALED(status)) {
    return std::string("its process died: ") + ::strsignal(WTERMSIG(status));
  }
  return "its process ended with code " + std::to_string(WEXITSTATUS(status));
}

Reply Cell::ask(const std::string& line, std::chrono::seconds limit) {
  if (pid_ <= 0) fail("its process is gone");
  write_line(fd_, line);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (interrupted.load()) throw Interrupted();
    if (std::chrono::steady_clock::now() >= deadline) {
      kill_process_tree(pid_);
      pid_ = -1;
      fail("no answer within " + std::to_string(limit.count()) + " s");
    }
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, 100) > 0) break;
  }
  std::string pending;
  std::string answer;
  if (!read_line(fd_, pending, answer)) fail(how_it_died());
  return parse_reply(answer);
}

Reply Cell::check(std::chrono::seconds limit) { return ask(R"({"do":"check"})", limit); }
Reply Cell::load(std::chrono::seconds limit) { return ask(R"({"do":"load"})", limit); }
Reply Cell::ingest(std::chrono::seconds limit) { return ask(R"({"do":"ingest"})", limit); }
Reply Cell::recover(std::chrono::seconds limit) { return ask(R"({"do":"recover"})", limit); }

Reply Cell::measure(const CellSpec& spec, std::chrono::seconds limit) {
  return ask(json::serialize(json::object{{"do", "measure"},
                                          {"workload", spec.workload},
                                          {"threads", spec.threads},
                                          {"seconds", spec.seconds},
                                          {"cell", spec.cell},
                                          {"quota", spec.quota}}),
             limit);
}

Reply Cell::fill_and_crash(double seconds, std::chrono::seconds limit) {
  const Reply reply =
      ask(json::serialize(json::object{{"do", "fill"}, {"seconds", seconds}}), limit);
  (void)how_it_died();
  return reply;
}

void Cell::close(std::chrono::seconds limit) { (void)ask(R"({"do":"close"})", limit); }

}  // namespace bench
