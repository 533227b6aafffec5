// SPDX-License-Identifier: Apache-2.0
//
// Commands whose fate the caller does not learn, since the process died in the middle or the
// journal's sync failed, made again once the store is open again: applied exactly once. Sequences
// count the effects, so one too many or too few shows in the next one's.
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

#include "crash/shim/fault_report.hpp"
#include "puppet_process.hpp"
#include "support/catch.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

namespace fs = std::filesystem;

struct Command {
  std::string text;
  std::uint64_t effects;
};

/// Six lives, a batch of creates, and a batch of creates that fail at once.
std::vector<Command> commands() {
  std::vector<Command> all;
  constexpr std::array kEnds{"complete", "fail", "exit"};
  for (std::uint64_t run = 1; run <= 6; ++run) {
    const std::string number = std::to_string(run);
    all.push_back({"create " + number, 1});
    all.push_back({"start " + number + " worker", 1});
    all.push_back({std::string(kEnds[run % 3]) + " " + number, 1});
    if (run == 2) all.push_back({"fill 100 8", 8});
    if (run == 4) all.push_back({"fill 200 5 300", 10});
  }
  return all;
}

struct Point {
  const char* name;
  std::uint64_t nth_max;
};

constexpr std::array kPoints{Point{"segment.write.before", 20}, Point{"segment.write.torn", 20},
                             Point{"segment.write.after", 20},  Point{"segment.sync.before", 20},
                             Point{"segment.sync.after", 20},   Point{"data.write.before", 12},
                             Point{"data.write.after", 12},     Point{"data.sync.after", 6},
                             Point{"meta.write.before", 6},     Point{"meta.write.after", 6}};

bool holds(const std::string& answer) {
  return answer == "ok" || answer == "created" || answer == "applied" || answer == "unchanged";
}

/// One caller with its commands, its fault, and its second tries.
class Caller {
 public:
  explicit Caller(std::uint64_t seed) : random_(seed), store_(folder_ / "live/store") {
    fs::create_directory(folder_ / "live");
  }

  void run() {
    puppet_ = std::make_unique<PuppetProcess>(store_, choose_fault());
    open();
    std::uint64_t effects = 0;
    for (const Command& command : commands()) {
      INFO(fault_ << ", at: " << command.text);
      std::string answer = puppet_->ask(command.text);
      for (int tries = 0; !holds(answer) && tries < 5; ++tries) {
        if (answer == "gone") {
          ambiguous = true;
          revive();
        } else if (!says_not_applied(answer) || code_of(answer) == "needs_reopen") {
          ambiguous = ambiguous || !says_not_applied(answer);
          puppet_->ask("close");
          puppet_->ask("drop");
          open();
        }
        answer = puppet_->ask(command.text);
      }
      INFO(answer);
      REQUIRE(holds(answer));
      effects += command.effects;
    }
    check(effects);
  }

  bool ambiguous = false;  ///< Some command's fate was unknown.

 private:
  void open() {
    std::string answer = puppet_->ask("open interval=1");
    if (answer == "gone") revive();
    for (int tries = 0; answer != "ok" && answer != "gone" && tries < 3; ++tries) {
      answer = puppet_->ask("open interval=1");
    }
  }

  /// A fresh process, without a fault.
  void revive() {
    puppet_ = std::make_unique<PuppetProcess>(store_);
    REQUIRE(puppet_->ask("open interval=1") == "ok");
  }

  void check(std::uint64_t effects) {
    puppet_->kill();
    revive();
    INFO(fault_);
    constexpr std::array kEnds{"completed", "failed", "exited"};
    for (std::uint64_t run = 1; run <= 6; ++run) {
      CHECK(puppet_->ask("get " + std::to_string(run)) == kEnds[run % 3]);
    }
    CHECK(puppet_->ask("count 100 8") == "8");
    CHECK(puppet_->ask("count 200 5") == "5");
    CHECK(puppet_->ask("create 999") == "created");
    CHECK(puppet_->ask("sequence 999") == std::to_string(effects + 1));
  }

  std::vector<std::string> choose_fault() {
    std::vector<std::string> environment{std::string("LD_PRELOAD=") + MILEPOST_IO_SHIM,
                                         "MILEPOST_SHIM_ROOT=" + (folder_ / "live")};
    if (random_() % 4 != 0) {
      const Point& point = kPoints[random_() % kPoints.size()];
      const std::string nth = std::to_string(1 + random_() % point.nth_max);
      fault_ = std::string("killed at ") + point.name + " " + nth;
      environment.insert(environment.end(), {"MILEPOST_SHIM=kill", "MILEPOST_SHIM_NTH=" + nth,
                                             std::string("MILEPOST_SHIM_POINT=") + point.name});
      return environment;
    }
    // The n-th sync, or write, fails once; most of them are the journal's.
    const std::string call = random_() % 2 == 0 ? "fdatasync" : "pwrite";
    const std::string nth = std::to_string(3 + random_() % 30);
    fault_ = call + " " + nth + " fails";
    const std::string report = folder_ / "report";
    std::ofstream(report) << std::string(sizeof(crash::FaultReport), '\0');
    environment.insert(environment.end(), {"MILEPOST_SHIM=fault", "MILEPOST_SHIM_CALL=" + call,
                                           "MILEPOST_SHIM_ERROR=5", "MILEPOST_SHIM_NTH=" + nth,
                                           "MILEPOST_SHIM_REPORT=" + report});
    return environment;
  }

  std::mt19937_64 random_;
  test::TempDirectory folder_;
  std::string store_;
  std::string fault_;
  std::unique_ptr<PuppetProcess> puppet_;
};

TEST_CASE("a command of unknown fate, made again, is applied exactly once",
          "[faults][retry][long]") {
  if (test::kSanitizer) {
    WARN("not run: preloading in front of a sanitizer's runtime has not been tried");
    return;
  }
  const std::uint64_t seed = test::test_seed("retry");
  const std::size_t wanted = test::test_count("MILEPOST_FAULT_RETRIES", 200);
  const std::size_t long_seconds = test::test_count("MILEPOST_LONG_SECONDS", 0);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(long_seconds);
  std::size_t ambiguous = 0;
  std::uint64_t tried = 0;
  while (ambiguous < wanted || std::chrono::steady_clock::now() < until) {
    Caller caller(seed + tried);
    INFO("case " << tried << ": MILEPOST_TEST_SEED=" << seed + tried
                 << " MILEPOST_FAULT_RETRIES=1");
    caller.run();
    ambiguous += caller.ambiguous ? 1 : 0;
    ++tried;
    REQUIRE(tried < 10 * (wanted + 10) + 1'000'000 * long_seconds);
  }
  CHECK(ambiguous >= wanted);
}

}  // namespace
}  // namespace milepost::faults
