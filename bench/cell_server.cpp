// SPDX-License-Identifier: Apache-2.0
//
// The child's side of a cell: holds the engine, does what it is asked, and adds what the process
// used up in doing so.
#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <fstream>
#include <signal.h>
#include <unistd.h>

#include "bench/cell_protocol.hpp"
#include "bench/check.hpp"
#include "bench/record.hpp"

namespace bench {
namespace {

namespace json = boost::json;
using SteadyClock = std::chrono::steady_clock;
constexpr double kMiB = 1 << 20;
constexpr std::uint64_t kFillCell = 7;
constexpr unsigned kFillCallers = 16;

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

double status_mib(std::string_view field) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (std::string_view(line).starts_with(field)) {
      return std::stod(line.substr(field.size() + 1)) / 1024;
    }
  }
  return 0;
}

// The kernel then counts the largest resident size anew.
void forget_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5\n"; }

class Server {
 public:
  Server(const EngineInfo& info, const StoreSpec& store)
      : info_(info), store_(store), data_(store.seed, store.ids, store.runs) {}

  json::object answer(const json::object& request) {
    const std::string what = json::value_to<std::string>(request.at("do"));
    forget_peak_memory();
    if (what == "check") return check();
    if (what == "load") return load_store();
    if (what == "measure") return measure(request);
    if (what == "ingest") return ingest();
    if (what == "fill") return fill(request.at("seconds").to_number<double>());
    if (what == "recover") return recover();
    if (what == "close") return close();
    fail("unknown request " + what);
  }

  void crash() { engine_->crash(); }

 private:
  void open(Durability durability, bool keep_log = false) {
    engine_ = info_.make();
    engine_->open({.directory = store_.directory, .durability = durability, .keep_log = keep_log});
  }

  json::object check() {
    const std::unique_ptr<Engine> engine = info_.make();
    return {{"hash", std::to_string(check_engine(*engine, store_.directory))}};
  }

  json::object load_store() {
    const auto begin = SteadyClock::now();
    if (store_.runs > 0 && info_.answers) {
      open(info_.relaxed ? Durability::relaxed : Durability::durable);
      load(*engine_, data_);
      engine_->close();
      engine_.reset();
    }
    open(store_.durability);
    if (info_.answers) verify_loaded(*engine_, data_);
    json::object reply = usage(store_.runs);
    reply["extra"] = {{"load_s", seconds_since(begin)}};
    return reply;
  }

  json::object measure(const json::object& request) {
    CellSpec spec;
    spec.workload = json::value_to<std::string>(request.at("workload"));
    spec.threads = request.at("threads").to_number<unsigned>();
    spec.seconds = request.at("seconds").to_number<double>();
    spec.cell = request.at("cell").to_number<std::uint64_t>();
    spec.quota = request.at("quota").to_number<std::uint64_t>();
    spec.verify = info_.answers;
    json::object reply = describe(run_cell(*engine_, data_, spec), 0);
    // Whatever this cell left undone must not be paid for by another engine's next cell.
    engine_->drain();
    return reply;
  }

  json::object ingest() {
    open(store_.durability);
    return describe(run_ingest(*engine_, data_), data_.size());
  }

  // The last run acknowledged is what recovery must bring back.
  json::object fill(double seconds) {
    open(store_.durability, true);
    const CellSpec spec{
        .workload = "lifecycle", .threads = kFillCallers, .seconds = seconds, .cell = kFillCell};
    json::object reply = describe(run_cell(*engine_, data_, spec), 0);
    reply["extra"] = {{"log_mib", static_cast<double>(engine_->size_on_disk()) / kMiB},
                      {"steps", reply.at("ops").to_number<double>()}};
    return reply;
  }

  json::object recover() {
    const auto begin = SteadyClock::now();
    open(store_.durability);
    const std::unique_ptr<Session> session = engine_->session();
    std::vector<char> out(milepost::kRunJsonSizeMax);
    const std::size_t size = session->get_json(data_.live_run(kFillCell, 0, 0).run_id, out);
    const double seconds = seconds_since(begin);
    if (std::string_view(out.data(), size).find("completed") == std::string_view::npos) {
      fail("an acknowledged run did not survive the crash");
    }
    json::object reply = usage(0);
    reply["ops_per_s"] = 1 / seconds;
    reply["p50_us"] = seconds * 1e6;
    return reply;
  }

  json::object close() {
    if (engine_) engine_->close();
    engine_.reset();
    return {};
  }

  json::object usage(std::uint64_t runs) {
    json::object o;
    if (runs > 0) {
      o["bytes_per_run"] = static_cast<double>(engine_->size_on_disk()) / static_cast<double>(runs);
    }
    o["peak_memory_mib"] = status_mib("VmHWM:");
    o["own_memory_mib"] = status_mib("RssAnon:");
    o["server_memory_mib"] = static_cast<double>(engine_->server_memory()) / kMiB;
    return o;
  }

  json::object describe(const Measured& m, std::uint64_t runs) {
    json::object o = usage(runs);
    const auto us = [&](double q) { return static_cast<double>(m.latency_ns.quantile(q)) / 1e3; };
    o["ops"] = m.ops;
    o["ops_per_s"] = static_cast<double>(m.ops) / m.seconds;
    o["p50_us"] = us(0.5);
    o["p90_us"] = us(0.9);
    o["p99_us"] = us(0.99);
    o["p999_us"] = us(0.999);
    o["max_us"] = static_cast<double>(m.latency_ns.max()) / 1e3;
    if (!m.extra.empty()) o["extra"] = json::value_from(m.extra);
    return o;
  }

  const EngineInfo& info_;
  const StoreSpec store_;
  const Data data_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

bool read_line(int fd, std::string& pending, std::string& line) {
  for (;;) {
    const std::size_t end = pending.find('\n');
    if (end != std::string::npos) {
      line = pending.substr(0, end);
      pending.erase(0, end + 1);
      return true;
    }
    char chunk[4096];
    const ssize_t got = ::read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    pending.append(chunk, static_cast<std::size_t>(got));
  }
}

void write_line(int fd, std::string line) {
  line.push_back('\n');
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t put = ::write(fd, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return;  // the other side is gone, which its reader notices
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
}

int serve_cell(int fd, const EngineInfo& info, const StoreSpec& store) {
  Server server(info, store);
  std::string pending;
  for (std::string line; read_line(fd, pending, line);) {
    bool crash = false;
    json::object reply;
    try {
      const json::object request = json::parse(line).as_object();
      reply = server.answer(request);
      crash = request.at("do") == "fill";
    } catch (const std::exception& e) {
      reply = {{"error", e.what()}};
    }
    write_line(fd, json::serialize(reply));
    if (crash) {
      server.crash();
      ::_exit(0);  // a server was killed; its client has nothing left to do
    }
  }
  return 0;
}

}  // namespace bench
