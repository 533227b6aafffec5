// SPDX-License-Identifier: Apache-2.0
//
// Results as lines of JSON, there and back, and the description of the machine.
#include "bench/results.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/utsname.h>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "bench/engine.hpp"

namespace bench {
namespace {

namespace json = boost::json;

std::string value_after(const std::string& file, std::string_view name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!std::string_view(line).starts_with(name)) continue;
    const std::size_t colon = line.find(':');
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &utc)};
}

/// Every number of a result with its name, so that writing and reading cannot differ.
template <typename R, typename F>
void each_number(R& r, F&& use) {
  use("ops_per_s", r.ops_per_s);
  use("p50_us", r.p50_us);
  use("p90_us", r.p90_us);
  use("p99_us", r.p99_us);
  use("p999_us", r.p999_us);
  use("max_us", r.max_us);
  use("bytes_per_run", r.bytes_per_run);
  use("peak_memory_mib", r.peak_memory_mib);
  use("own_memory_mib", r.own_memory_mib);
  use("server_memory_mib", r.server_memory_mib);
}

template <typename S, typename F>
void each_text(S& s, F&& use) {
  use("mode", s.mode);
  use("file_system", s.file_system);
  use("cpu", s.cpu);
  use("kernel", s.kernel);
  use("compiler", s.compiler);
  use("date", s.date);
}

std::string string_at(const json::object& o, std::string_view name) {
  const json::value* const v = o.if_contains(name);
  return v == nullptr ? "" : json::value_to<std::string>(*v);
}

double number_at(const json::object& o, std::string_view name) {
  const json::value* const v = o.if_contains(name);
  return v == nullptr ? 0 : v->to_number<double>();
}

template <typename T>
T count_at(const json::object& o, std::string_view name) {
  const json::value* const v = o.if_contains(name);
  return v == nullptr ? T{} : v->to_number<T>();
}

Setup setup_from(const json::object& o) {
  Setup s;
  each_text(s, [&](std::string_view name, std::string& value) { value = string_at(o, name); });
  s.cores = count_at<unsigned>(o, "cores");
  s.memory_gib = number_at(o, "memory_gib");
  s.seed = count_at<std::uint64_t>(o, "seed");
  s.rounds = count_at<unsigned>(o, "rounds");
  s.seconds = number_at(o, "seconds");
  s.engines = json::value_to<decltype(s.engines)>(o.at("engines"));
  return s;
}

Result result_from(const json::object& o) {
  Result r;
  r.workload = string_at(o, "workload");
  r.engine = string_at(o, "engine");
  r.durability = string_at(o, "durability");
  r.error = string_at(o, "error");
  r.threads = count_at<unsigned>(o, "threads");
  r.runs = count_at<std::uint64_t>(o, "runs");
  r.round = count_at<unsigned>(o, "round");
  each_number(r, [&](std::string_view name, double& value) { value = number_at(o, name); });
  if (const json::value* const extra = o.if_contains("extra")) {
    r.extra = json::value_to<std::map<std::string, double>>(*extra);
  }
  return r;
}

}  // namespace

std::string file_system_of(const std::string& directory) {
  std::error_code ec;
  const std::string path = std::filesystem::canonical(directory, ec).string();
  std::ifstream in("/proc/self/mounts");
  std::string best;
  std::string type = "unknown";
  for (std::string device, mount, kind, rest; in >> device >> mount >> kind;) {
    std::getline(in, rest);
    const bool inside = path == mount || mount == "/" || path.starts_with(mount + "/");
    if (inside && mount.size() >= best.size()) std::tie(best, type) = std::tie(mount, kind);
  }
  return type;
}

Setup read_setup(const std::string& directory) {
  Setup s;
  s.file_system = file_system_of(directory);
  s.cpu = value_after("/proc/cpuinfo", "model name");
  s.cores = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
  s.memory_gib = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                 static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1u << 30);
  utsname name{};
  if (::uname(&name) == 0) s.kernel = std::string(name.sysname) + " " + name.release;
  s.compiler = compiler();
  s.date = today();
  for (EngineInfo& e : registry()) {
    try {
      if (e.ask_version) e.version = e.ask_version();
    } catch (const std::exception&) {
      e.version += " (absent)";  // its cells will say why
    }
    const char* const kind = e.ours     ? "ours"
                             : e.floor  ? "floor"
                             : e.unsafe ? "unsafe"
                             : e.helped ? "helped"
                                        : "peer";
    s.engines.push_back({e.name, e.version, e.settings, kind});
  }
  return s;
}

std::string to_line(const Setup& setup) {
  json::object o{{"setup", true}};
  each_text(setup, [&](std::string_view name, const std::string& v) { o[name] = v; });
  o["cores"] = setup.cores;
  o["memory_gib"] = setup.memory_gib;
  o["seed"] = setup.seed;
  o["rounds"] = setup.rounds;
  o["seconds"] = setup.seconds;
  o["engines"] = json::value_from(setup.engines);
  return json::serialize(o);
}

std::string to_line(const Result& r, const Setup& setup, const std::string& version) {
  json::object o{{"workload", r.workload}, {"engine", r.engine},
                 {"version", version},     {"durability", r.durability},
                 {"threads", r.threads},   {"runs", r.runs},
                 {"round", r.round}};
  if (!r.error.empty()) {
    o["error"] = r.error;
  } else {
    each_number(r, [&](std::string_view name, double value) { o[name] = value; });
  }
  if (!r.extra.empty()) o["extra"] = json::value_from(r.extra);
  o["file_system"] = setup.file_system;
  o["seed"] = setup.seed;
  return json::serialize(o);
}

void merge(ResultFile& all, ResultFile other) {
  const auto machine = [](const Setup& s) { return std::tie(s.cpu, s.cores, s.file_system); };
  if (machine(all.setup) != machine(other.setup)) {
    fail("the results of " + all.setup.date + " and of " + other.setup.date +
         " come from different machines or file systems");
  }
  unsigned last = 0;
  for (const Result& r : all.results) last = std::max(last, r.round);
  for (Result& r : other.results) {
    r.round += last;
    all.results.push_back(std::move(r));
  }
  for (auto& engine : other.setup.engines) {
    const auto same = [&](const auto& mine) { return mine.front() == engine.front(); };
    auto& engines = all.setup.engines;
    if (std::none_of(engines.begin(), engines.end(), same)) engines.push_back(engine);
  }
  all.more.push_back(std::move(other.setup));
}

ResultFile read_results(const std::string& file) {
  std::ifstream in(file);
  if (!in) fail("cannot read the results in " + file);
  ResultFile all;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    try {
      const json::value value = json::parse(line);
      const json::object& o = value.as_object();
      if (o.contains("setup")) {
        all.setup = setup_from(o);
      } else {
        all.results.push_back(result_from(o));
      }
    } catch (const std::exception& e) {
      fail(file + ", line " + std::to_string(number) + ": " + e.what());
    }
  }
  return all;
}

}  // namespace bench
