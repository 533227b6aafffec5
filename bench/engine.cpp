// SPDX-License-Identifier: Apache-2.0
//
// The list of engines, and the few things that all of them share.
#include "bench/engine.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <signal.h>
#include <sys/stat.h>
#include <system_error>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace bench {
namespace {

std::atomic<std::int64_t> fixed_us{0};

}  // namespace

std::vector<EngineInfo>& registry() {
  static std::vector<EngineInfo> engines;
  return engines;
}

Registration::Registration(EngineInfo info) {
  auto& all = registry();
  const auto rank = [](const EngineInfo& e) { return std::make_tuple(!e.ours, e.name); };
  const auto place =
      std::upper_bound(all.begin(), all.end(), info,
                       [&](const EngineInfo& a, const EngineInfo& b) { return rank(a) < rank(b); });
  all.insert(place, std::move(info));
}

void fail(const std::string& what) { throw std::runtime_error(what); }

// `},{"runId":` can stand only between two answers: within a text its quotes would be escaped.
void Answers::split() {
  if (array_.empty()) return;
  const std::string array = std::exchange(array_, {});
  constexpr std::string_view kSeam = R"(},{"runId":)";
  std::size_t begin = 1;
  for (std::size_t i = 0; i < array_count_; ++i) {
    const std::size_t seam = array.find(kSeam, begin);
    const std::size_t end = seam == std::string::npos ? array.size() - 1 : seam + 1;
    add(array.copy(room().data(), end - begin, begin));
    begin = end + 1;
  }
}

void Engine::crash() {
  ::kill(::getpid(), SIGKILL);
  ::pause();
}

std::uint64_t Engine::size_on_disk() { return directory_size(spec_.directory); }

std::uint64_t directory_size(const std::string& directory) {
  namespace fs = std::filesystem;
  std::uint64_t bytes = 0;
  std::error_code ec;
  // Files come and go while a store runs, so whatever cannot be read is simply not there.
  for (fs::recursive_directory_iterator it(directory, ec), end; !ec && it != end;
       it.increment(ec)) {
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
      bytes += static_cast<std::uint64_t>(info.st_blocks) * 512u;
    }
  }
  return bytes;
}

std::int64_t now_us() {
  const std::int64_t fixed = fixed_us.load(std::memory_order_relaxed);
  if (fixed != 0) return fixed;
  using namespace std::chrono;
  return 1000 * floor<milliseconds>(system_clock::now()).time_since_epoch().count();
}

void fix_clock(std::int64_t us) { fixed_us.store(us, std::memory_order_relaxed); }

bool clock_is_fixed() { return fixed_us.load(std::memory_order_relaxed) != 0; }

}  // namespace bench
