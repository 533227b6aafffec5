// SPDX-License-Identifier: Apache-2.0
//
// Threads that call while their allocations, and those of the library's own threads, fail at
// random. Each has runs of its own and calls again until it is answered.
#include <filesystem>
#include <random>
#include <thread>

#include "memory_faults.hpp"
#include "memory_trials.hpp"

namespace milepost::faults {
namespace fs = std::filesystem;
namespace {

constexpr std::uint32_t kOneOfCallers = 150;
constexpr std::uint32_t kOneOfLibrary = 400;
constexpr unsigned kTriesMax = 20'000;
/// What reads the whole store is asked for less often.
constexpr unsigned kSlowOneIn = 25;

/// Everything that a thread of the storm does.
class Caller {
 public:
  Caller(Api& api, std::string directory, std::uint64_t number, std::uint64_t seed)
      : api_(api),
        directory_(std::move(directory) + "/" + std::to_string(number)),
        next_((number + 1) << 32),
        random_(seed + number),
        ledger_(api, false, kTriesMax) {
    fs::create_directories(directory_ + "/backups");
  }

  void run(std::uint64_t trials, std::chrono::steady_clock::time_point until) {
    mark_as_tests_own();
    try {
      for (std::uint64_t i = 0; i < trials || std::chrono::steady_clock::now() < until; ++i) {
        try_one(kVerbs[random_() % std::size(kVerbs)]);
      }
    } catch (const std::exception& thrown) {
      ledger_.wrong("thrown", next_, thrown.what());
    }
  }
  [[nodiscard]] Ledger& ledger() noexcept { return ledger_; }

 private:
  void try_one(const VerbFacts& verb) {
    if (verb.verb <= Verb::export_runs && random_() % kSlowOneIn != 0) return;
    // What allocates for each run there is would never get through; orphans are everybody's.
    if (verb.verb == Verb::verify || verb.verb == Verb::fail_orphans) return;
    const Trial trial = make_trial(verb, ++next_, directory_);
    ledger_.begin(verb, trial);
    ledger_.judge(verb, trial, api_.call(verb.verb, trial), next_, false);
  }

  Api& api_;
  const std::string directory_;
  std::uint64_t next_;
  std::mt19937_64 random_;
  Ledger ledger_;
};

}  // namespace

std::uint64_t storm(const std::string& directory, unsigned threads, std::uint64_t trials,
                    unsigned seconds, std::uint64_t seed) {
  const std::unique_ptr<Api> api = make_api(kTriesMax);
  const std::string store = directory + "/store";
  Ledger all(*api);
  const auto must = [&](const Said& said, const char* what) {
    if (!said.fine()) all.wrong(what, 0, said.text);
  };
  must(api->open(store, How::durable), "open");
  std::vector<std::unique_ptr<Caller>> callers;
  for (unsigned i = 0; i < threads; ++i) {
    callers.push_back(std::make_unique<Caller>(*api, directory, i, seed));
  }
  fail_at_random(kOneOfCallers, kOneOfLibrary, seed);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::vector<std::thread> running;
  running.reserve(threads);
  for (const auto& caller : callers) {
    running.emplace_back([&] { caller->run(trials, until); });
  }
  for (std::thread& each : running) each.join();
  const std::uint64_t failed = spare_all();
  const auto check = [&](const char* when) {
    for (const auto& caller : callers) caller->ledger().check_all(when);
  };
  check("in the end");
  must(api->close(), "close");
  must(api->open(store, How::durable), "open");
  check("after reopening");
  must(api->close(), "close");
  std::uint64_t wrongs = all.wrongs();
  for (const auto& caller : callers) wrongs += caller->ledger().wrongs();
  tell("points", "all", failed);
  return wrongs;
}

}  // namespace milepost::faults
