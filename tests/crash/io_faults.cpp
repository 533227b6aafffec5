// SPDX-License-Identifier: Apache-2.0
//
// The I/O error sweep. A worker opens a store, writes, looks after it, copies, verifies and
// restores it, flushes, closes, opens again (fault_worker.hpp), while the preloaded shim makes the
// n-th call of one kind fail with one error, before anything was done or after all of it, once or
// from then on. Then a fresh process judges: what was reported done is there, what was reported not
// done is not, what was reported unknown is either. No signal, no hang. After a single fault the
// worker must get all its work done without a restart; it may have to reopen only when a write or
// sync of a journal segment failed, and reads must go on until it does.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/process.hpp"
#include "common/store_check.hpp"
#include "common/workload.hpp"
#include "fault_worker.hpp"
#include "shim/fault_report.hpp"

namespace milepost::crash {
namespace {

constexpr auto kCaseLimit = std::chrono::seconds(60);

// --- child: the judge ---------------------------------------------------------------------------

int run_judge(const Options& options) {
  Oracle& oracle = *map_oracle(options.text("oracle"));
  const std::string directory = options.text("store");
  const auto fail = [&](const std::string& text) {
    oracle.fail(text);
    return 3;
  };
  {
    auto tracker = Tracker::open(small_store(directory, Durability::durable));
    if (!tracker) return fail("a fresh process cannot open: " + to_string(tracker.error()));
    if (auto wrong = judge(*tracker, oracle, {}); !wrong.empty()) return fail(wrong);
    if (auto wrong = next_write(*tracker, 99); !wrong.empty()) return fail(wrong);
    if (auto closed = tracker->close(); !closed) return fail("close: " + to_string(closed.error()));
  }
  if (auto wrong = check_tables(directory); !wrong.empty()) return fail(wrong);
  if (auto wrong = verify_closed(directory); !wrong.empty()) return fail(wrong);
  if (auto wrong = judge_copies(directory, oracle, false); !wrong.empty()) return fail(wrong);
  return 0;
}

// --- parent -------------------------------------------------------------------------------------

struct NamedError {
  const char* name;
  int number;  ///< 0: what the name says, a short transfer or a failure after all was done.
};

constexpr std::array kErrors{
    NamedError{"EIO", EIO},       NamedError{"ENOSPC", ENOSPC}, NamedError{"EDQUOT", EDQUOT},
    NamedError{"EINTR", EINTR},   NamedError{"EFBIG", EFBIG},   NamedError{"ENOMEM", ENOMEM},
    NamedError{"ENOLCK", ENOLCK}, NamedError{"EMFILE", EMFILE}, NamedError{"short", 0},
    NamedError{"late", 0},        NamedError{"late-kept", 0}};

struct Kind {
  const char* call;
  const char* errors;  ///< Names, between spaces.
};

constexpr std::array kKinds{
    Kind{"open", " EIO ENOSPC EDQUOT EINTR ENOMEM EMFILE "},
    Kind{"pwrite", " EIO ENOSPC EDQUOT EINTR EFBIG short late late-kept "},
    Kind{"write", " EIO ENOSPC EDQUOT EINTR EFBIG short late "},
    Kind{"writev", " EIO ENOSPC EDQUOT EINTR EFBIG short late "},
    Kind{"pread", " EIO EINTR short "},
    Kind{"read", " EIO EINTR short "},
    Kind{"fdatasync", " EIO ENOSPC EDQUOT EINTR late "},
    Kind{"fsync", " EIO ENOSPC EDQUOT EINTR late "},
    Kind{"ftruncate", " EIO ENOSPC EDQUOT EINTR EFBIG late "},
    Kind{"mmap", " ENOMEM "},
    Kind{"fcntl", " EINTR ENOLCK "},
    Kind{"fstat", " EIO ENOMEM "},
    Kind{"rename", " EIO ENOSPC EDQUOT late "},
    Kind{"mkdir", " EIO ENOSPC EDQUOT late "},
    Kind{"unlink", " EIO late "},
};

struct Case {
  std::string call;
  NamedError error;
  bool sticky = false;
  std::uint64_t nth = 1;

  [[nodiscard]] std::string text() const {
    return "--call=" + call + " --error=" + error.name + " --nth=" + std::to_string(nth) +
           (sticky ? " --sticky" : "");
  }
};

class Sweep {
 public:
  Sweep(const Options& options, std::uint64_t seed)
      : options_(options), folder_(options, "faults", true), random_(seed) {
    root_ = folder_.path() + "/live";
  }

  int run() {
    if (options_.has("call")) return options_.has("nth") ? run_one() : run_each();
    std::vector<Case> cases = all_cases();
    std::shuffle(cases.begin(), cases.end(), random_);
    const std::uint64_t wanted = options_.number("cases", 110);
    const std::uint64_t seconds = options_.long_seconds();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    std::printf("  %zu cases possible\n", cases.size());
    for (const Case& one : cases) {
      const bool enough = seconds > 0 ? std::chrono::steady_clock::now() > until : done_ >= wanted;
      if (enough) break;
      if (!try_case(one)) ++failed_;
      if (failed_ >= options_.number("failures", 10)) break;
    }
    std::printf("  %llu cases (%llu met no call), %llu failed\n",
                static_cast<unsigned long long>(done_), static_cast<unsigned long long>(missed_),
                static_cast<unsigned long long>(failed_));
    for (const auto& [call, count] : by_call_) {
      std::printf("    %4llu %s\n", static_cast<unsigned long long>(count), call.c_str());
    }
    return failed_ == 0 && done_ > 0 ? 0 : 1;
  }

 private:
  [[nodiscard]] Case wanted() const {
    return {options_.text("call"), error_named(options_.text("error", "EIO")),
            options_.has("sticky"), options_.number("nth", 1)};
  }

  int run_one() {
    const bool good = try_case(wanted());
    if (!good || options_.has("keep")) folder_.keep();
    std::printf("hits %llu, last error: %s\n", static_cast<unsigned long long>(hits_),
                last_error_.c_str());
    return good ? 0 : 1;
  }

  /// Of one name, and perhaps one kind of file, each call in turn.
  int run_each() {
    Case each = wanted();
    do {
      if (!try_case(each)) ++failed_;
      ++each.nth;
    } while (hits_ > 0);
    std::printf("  %llu cases, %llu failed\n", static_cast<unsigned long long>(done_),
                static_cast<unsigned long long>(failed_));
    return failed_ == 0 && done_ > 0 ? 0 : 1;
  }

  static NamedError error_named(const std::string& name) {
    for (const NamedError& error : kErrors) {
      if (name == error.name) return error;
    }
    return kErrors[0];
  }

  /// A run without a fault counts the calls; each of them is a case.
  std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const Kind& kind : kKinds) {
      Case none{kind.call, kErrors[0], false, ~0ull};
      if (!try_case(none)) {
        ++failed_;
        return {};
      }
      --missed_;
      for (const NamedError& error : kErrors) {
        if (std::string(kind.errors).find(std::string(" ") + error.name + " ") ==
            std::string::npos) {
          continue;
        }
        for (std::uint64_t nth = 1; nth <= calls_; ++nth) {
          cases.push_back({kind.call, error, false, nth});
          cases.push_back({kind.call, error, true, nth});
        }
      }
    }
    return cases;
  }

  bool try_case(const Case& one) {
    remove_tree(folder_.path() + "/live");
    ::mkdir(root_.c_str(), 0700);
    const std::string oracle_path = folder_.path() + "/oracle";
    const std::string report_path = folder_.path() + "/report";
    const std::string worker_path = folder_.path() + "/worker";
    for (const std::string& path : {oracle_path, report_path, worker_path}) ::unlink(path.c_str());
    Oracle* oracle = map_oracle(oracle_path);
    auto* report = static_cast<FaultReport*>(map_shared(report_path, sizeof(FaultReport)));
    auto* worker = static_cast<WorkerReport*>(map_shared(worker_path, sizeof(WorkerReport)));
    Environment environment = shim_environment("fault", root_);
    environment["MILEPOST_SHIM_CALL"] = one.call;
    environment["MILEPOST_SHIM_ERROR"] =
        one.error.number == 0 ? one.error.name : std::to_string(one.error.number);
    environment["MILEPOST_SHIM_KIND"] = options_.text("kind");
    environment["MILEPOST_SHIM_NTH"] = std::to_string(one.nth);
    environment["MILEPOST_SHIM_STICKY"] = one.sticky ? "1" : "0";
    environment["MILEPOST_SHIM_REPORT"] = report_path;
    const std::vector<std::string> where{"--store=" + root_ + "/store", "--oracle=" + oracle_path};
    const Exit worked = wait_for(
        spawn_self({"--worker=" + worker_path, where[0], where[1]}, environment), kCaseLimit);
    std::string wrong;
    if (!worked.clean()) wrong = "the worker " + worked.text();
    if (wrong.empty()) {
      const Exit judged = wait_for(spawn_self({"--judge=1", where[0], where[1]}), kCaseLimit);
      if (!judged.clean() && oracle->failure[0] == 0) wrong = "the judge " + judged.text();
    }
    if (wrong.empty()) wrong = oracle->failure;
    calls_ = report->calls;
    hits_ = report->hits;
    last_error_ = worker->last_error;
    if (wrong.empty() && !one.sticky) wrong = healed(*report, *worker);
    if (report->hits == 0) {
      ++missed_;
    } else {
      ++done_;
      ++by_call_[one.call];
    }
    if (!wrong.empty()) {
      std::printf("  %s (%s): %s [last error: %s]\n", one.text().c_str(),
                  report->hits == 0 ? "no hit" : kind_text(report->first_kind).c_str(),
                  wrong.c_str(), worker->last_error);
      std::fflush(stdout);
    }
    unmap(oracle, report, worker);
    return wrong.empty();
  }

  static std::string healed(const FaultReport& report, const WorkerReport& worker) {
    if (worker.completed == 0) return "not all work was done after a single fault";
    if (worker.reopened > 0 && report.journal_writes == 0) {
      return "it had to be reopened though no journal write failed";
    }
    if (worker.reopened > 1) return "it had to be reopened more than once";
    return {};
  }

  static std::string kind_text(std::uint32_t kind) {
    constexpr std::array kNames{"segment",   "new segment", "data",   "meta",    "new data", "lock",
                                "directory", "other",       "backup", "restore", "replaced"};
    return kind < kNames.size() ? kNames[kind] : "?";
  }

  static void unmap(Oracle* oracle, FaultReport* report, WorkerReport* worker) {
    unmap_shared(oracle, sizeof *oracle);
    unmap_shared(report, sizeof *report);
    unmap_shared(worker, sizeof *worker);
  }

  const Options& options_;
  TemporaryFolder folder_;
  std::mt19937_64 random_;
  std::string root_{};
  std::uint64_t calls_ = 0;
  std::uint64_t hits_ = 0;
  std::string last_error_{};
  std::uint64_t done_ = 0;
  std::uint64_t missed_ = 0;
  std::uint64_t failed_ = 0;
  std::map<std::string, std::uint64_t> by_call_{};
};

}  // namespace
}  // namespace milepost::crash

int main(int argc, char** argv) {
  using namespace milepost::crash;
  const Options options(argc, argv);
  if (options.has("worker")) {
    auto* report =
        static_cast<WorkerReport*>(map_shared(options.text("worker"), sizeof(WorkerReport)));
    return FaultWorker(options.text("store"), *map_oracle(options.text("oracle")), *report).run();
  }
  if (options.has("judge")) return run_judge(options);
  const std::uint64_t seed = choose_seed(options, "crash_io_faults");
  return Sweep(options, seed).run();
}
