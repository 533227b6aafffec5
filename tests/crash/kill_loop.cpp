// SPDX-License-Identifier: Apache-2.0
//
// The kill loop. A writer process works on a store with 8 threads and notes in shared memory what
// it asked for and what it was told; the parent ends it by SIGKILL, at a random moment or, by the
// preloaded shim, at a named point of its file operations. The next writer opens what is left,
// judges it against the notes, and works on. SIGKILL may lose nothing, in either mode. Variants:
//  reopen    the next writer is a fresh process;
//  survivor  a read-only process lives through the kills and must see a state that only grows;
//  rival     a second writer is refused while the first one lives, and welcome after its death;
//  creation  every round begins with no store at all.
// In all of them backups are made by writers, and restored now and then by a process that is killed
// at a point of that.
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "common/oracle.hpp"
#include "common/process.hpp"
#include "common/store_check.hpp"
#include "common/workload.hpp"
#include "kill_children.hpp"

namespace milepost::crash {
namespace {

constexpr auto kRoundLimit = std::chrono::seconds(60);
constexpr std::uint64_t kRoundsPerStore = 25;
constexpr std::uint64_t kRestoreEvery = 6;
constexpr std::size_t kPointsWanted = 12;

struct Point {
  const char* name;
  std::uint64_t nth_max;  ///< The n-th passage, up to this, is where the process dies.
};

// See shim/killer.cpp for how a point is named.
constexpr std::array kPoints{
    Point{"segment.write.before", 400},     Point{"segment.write.torn", 400},
    Point{"segment.write.after", 400},      Point{"segment.sync.before", 200},
    Point{"segment.sync.after", 200},       Point{"segment-header.write.before", 6},
    Point{"segment-header.write.torn", 6},  Point{"segment-header.write.after", 6},
    Point{"segment-header.sync.before", 6}, Point{"segment-header.sync.after", 6},
    Point{"new-segment.write.before", 4},   Point{"new-segment.write.torn", 4},
    Point{"new-segment.sync.after", 2},     Point{"segment.rename.before", 2},
    Point{"segment.rename.after", 2},       Point{"data.write.before", 60},
    Point{"data.write.torn", 60},           Point{"data.write.after", 60},
    Point{"data.sync.before", 15},          Point{"data.sync.after", 15},
    Point{"meta.write.before", 15},         Point{"meta.write.after", 15},
    Point{"directory.sync.before", 3},      Point{"directory.sync.after", 3},
    Point{"backup.mkdir.after", 1},         Point{"backup.write.before", 1},
    Point{"backup.write.torn", 1},          Point{"backup.write.after", 1},
    Point{"backup.sync.before", 1},         Point{"backup.sync.after", 1},
    Point{"backup.rename.before", 1},       Point{"backup.rename.after", 1},
};

// Only passed while a store is made.
constexpr std::array kCreationPoints{
    Point{"new-data.write.before", 4}, Point{"new-data.write.after", 4},
    Point{"new-data.sync.before", 2},  Point{"data.rename.before", 1},
    Point{"data.rename.after", 1},     Point{"other.mkdir.after", 2},
};

// Only passed by a restore; what makes room, only where a store is replaced.
constexpr std::array kRestorePoints{
    Point{"restore.mkdir.after", 1},   Point{"restore.write.before", 8},
    Point{"restore.write.torn", 8},    Point{"restore.write.after", 8},
    Point{"restore.sync.before", 4},   Point{"restore.sync.after", 4},
    Point{"restore.unlink.after", 2},  Point{"replaced.rename.before", 1},
    Point{"replaced.rename.after", 1}, Point{"restore.rename.before", 1},
    Point{"restore.rename.after", 1},  Point{"directory.sync.before", 3},
};

// --- parent -------------------------------------------------------------------------------------

class Loop {
 public:
  Loop(const Options& options, std::string variant, std::string mode, std::uint64_t seed)
      : variant_(std::move(variant)),
        mode_(std::move(mode)),
        folder_(options, "kill-" + variant_, true),
        random_(seed),
        store_(folder_.path() + "/live/store") {
    ::mkdir((folder_.path() + "/live").c_str(), 0700);
  }

  bool run(std::uint64_t kills, std::optional<std::chrono::steady_clock::time_point> until) {
    const auto more = [&] {
      return killed_ < kills || (until && std::chrono::steady_clock::now() < *until);
    };
    for (std::uint64_t round = 0; more(); ++round) {
      if (round % rounds_per_store() == 0) new_store();
      if (!one_round(round) || (round % kRestoreEvery == 5 && !restore_round())) {
        std::printf("  %s, %s, round %llu (kill point %s): %s\n", variant_.c_str(), mode_.c_str(),
                    static_cast<unsigned long long>(round), point_.c_str(), what_failed().c_str());
        end_survivor();
        folder_.keep();
        return false;
      }
    }
    return last_look() && report();
  }

 private:
  [[nodiscard]] std::uint64_t rounds_per_store() const {
    return variant_ == "creation" ? 2 : kRoundsPerStore;
  }

  std::string what_failed() {
    return oracle_->failure[0] != 0 ? std::string(oracle_->failure) : wrong_;
  }

  void new_store() {
    if (oracle_ != nullptr && oracle_->slots_used > 0) {
      effects_ += oracle_->effects;
      answers_ += oracle_->answers;
    }
    end_survivor();
    remove_tree(folder_.path() + "/live");
    ::mkdir((folder_.path() + "/live").c_str(), 0700);
    restored_ = false;
    ++stores_;
    oracle_path_ = folder_.path() + "/oracle-" + std::to_string(stores_);
    oracle_ = map_oracle(oracle_path_);
  }

  void start_survivor() {
    if (variant_ != "survivor" || survivor_ > 0 || stores_seen_ == stores_) return;
    survivor_ = spawn_self({"--survivor=1", "--store=" + store_, "--oracle=" + oracle_path_});
    stores_seen_ = stores_;
  }

  bool end_survivor() {
    if (survivor_ <= 0) return true;
    const auto already = poll_exit(survivor_);
    if (!already) kill_child(survivor_);
    survivor_ = -1;
    if (already) wrong_ = "the survivor " + already->text();
    return !already;
  }

  /// Chooses a point, or none: then the parent kills at a random moment.
  Environment choose_point(bool first) {
    point_ = "a random moment";
    if (random_() % 4 == 0) return {};
    const bool making = first && random_() % 2 == 0;
    const Point& point = making ? kCreationPoints[random_() % kCreationPoints.size()]
                                : kPoints[random_() % kPoints.size()];
    // Small numbers are likelier: the first passages are those of recovery.
    const std::uint64_t most = 1 + random_() % point.nth_max;
    const std::uint64_t nth = 1 + random_() % most;
    point_ = point.name;
    Environment environment = shim_environment("kill", folder_.path() + "/live");
    environment["MILEPOST_SHIM_POINT"] = point.name;
    environment["MILEPOST_SHIM_NTH"] = std::to_string(nth);
    return environment;
  }

  bool one_round(std::uint64_t round) {
    const bool first = round % rounds_per_store() == 0;
    const Environment environment = choose_point(first);
    const std::uint64_t answers_before = oracle_->answers;
    const pid_t writer =
        spawn_self({"--writer=1", "--store=" + store_, "--oracle=" + oracle_path_,
                    "--mode=" + mode_, "--seed=" + std::to_string(stores_ * 1000 + 7),
                    point_.starts_with("backup") ? "--upkeep=1" : "--any=1"},
                   environment);
    bool good = true;
    if (variant_ == "rival" && round % 4 == 1) good = refuse_rival(writer, answers_before);
    const auto moment = std::chrono::microseconds(random_() % 60'000);
    if (environment.empty()) std::this_thread::sleep_for(moment);
    const Exit exit = environment.empty() ? kill_child(writer) : wait_for(writer, kRoundLimit);
    if (exit.signal == SIGKILL && !exit.timed_out) {
      ++killed_;
      ++killed_at_[point_];
    } else if (!exit.clean()) {
      wrong_ = "the writer " + exit.text();
      return false;
    } else {
      ++got_through_;
    }
    if (oracle_->failure[0] != 0) return false;
    struct stat info {};
    if (::stat((store_ + "/data.mdb").c_str(), &info) == 0) start_survivor();
    return good && survivor_lives();
  }

  /// Restores the newest copy, the first time beside the store, then in the place of what is there.
  /// What is found after the kill is the restored store, whole, or what was there before.
  bool restore_round() {
    std::size_t number = std::min<std::size_t>(oracle_->copies_used, kCopiesMax);
    while (number > 0 && oracle_->copies[number - 1].state != StepState::answered) --number;
    if (number == 0) return true;
    const CopyRecord& copy = oracle_->copies[number - 1];
    const std::string to = folder_.path() + "/live/restored";
    const Point& point = kRestorePoints[random_() % kRestorePoints.size()];
    point_ = point.name;
    Environment environment = shim_environment("kill", folder_.path() + "/live");
    environment["MILEPOST_SHIM_POINT"] = point.name;
    environment["MILEPOST_SHIM_NTH"] = std::to_string(1 + random_() % point.nth_max);
    const Exit exit = wait_for(spawn_self({"--restorer=1", "--oracle=" + oracle_path_, "--to=" + to,
                                           "--copy=" + copy_path(store_, number - 1)},
                                          environment),
                               kRoundLimit);
    if (oracle_->failure[0] != 0) return false;
    if (exit.signal == SIGKILL && !exit.timed_out) {
      ++killed_;
      ++killed_at_[point_];
    } else if (!exit.clean()) {
      wrong_ = "the restorer " + exit.text();
      return false;
    }
    ++restores_;
    return judge_restored(to, exit.clean() ? copy.sequence : 0);
  }

  bool judge_restored(const std::string& to, std::uint64_t sequence) {
    struct stat info {};
    const std::string before = to + ".replaced";
    const bool there = ::lstat(to.c_str(), &info) == 0;
    const bool moved = ::lstat(before.c_str(), &info) == 0;
    if (!there && (sequence != 0 || (restored_ && !moved))) {
      wrong_ = "neither the restored store is there nor what it was to replace";
      return false;
    }
    for (const std::string& store : {there ? to : std::string(), moved ? before : std::string()}) {
      if (store.empty() || !wrong_.empty()) continue;
      wrong_ = verify_closed(store);
      if (wrong_.empty()) wrong_ = check_tables(store);
    }
    if (wrong_.empty() && sequence != 0) wrong_ = use_restored(to, sequence);
    // As an operator would: what was moved away comes back if nothing took its place.
    if (!there && moved) static_cast<void>(std::rename(before.c_str(), to.c_str()));
    remove_tree(before);
    restored_ = there || moved;
    return wrong_.empty();
  }

  /// It is the copy, and a store like any other.
  static std::string use_restored(const std::string& to, std::uint64_t sequence) {
    if (verify_directory(to).value().sequence != sequence) return "the restored is not the copy";
    auto tracker = Tracker::open(small_store(to, Durability::durable));
    if (!tracker) return "the restored cannot be opened: " + to_string(tracker.error());
    if (auto wrong = next_write(*tracker, sequence); !wrong.empty()) return wrong;
    auto closed = tracker->close();
    return closed ? check_tables(to)
                  : "the restored cannot be closed: " + to_string(closed.error());
  }

  bool survivor_lives() {
    if (survivor_ <= 0) return true;
    const auto ended = poll_exit(survivor_);
    if (!ended) return true;
    survivor_ = -1;
    wrong_ = "the survivor " + ended->text();
    return false;
  }

  /// While the writer answers, a second one is told `locked`.
  bool refuse_rival(pid_t writer, std::uint64_t answers_before) {
    for (int i = 0; i < 2'000 && oracle_->answers == answers_before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (oracle_->answers == answers_before) return true;
    // Stopped, it cannot end by itself before the rival has tried.
    ::kill(writer, SIGSTOP);
    siginfo_t state{};
    ::waitid(P_PID, static_cast<id_t>(writer), &state, WSTOPPED | WEXITED | WNOWAIT);
    bool good = true;
    if (state.si_code == CLD_STOPPED) {
      const Exit exit = wait_for(spawn_self({"--rival=1", "--store=" + store_}), kRoundLimit);
      ++rivals_;
      if (!exit.clean()) {
        wrong_ = "a second writer was not refused: it " + exit.text();
        good = false;
      }
    }
    ::kill(writer, SIGCONT);
    return good;
  }

  /// The last store once more, with nobody killing, down to its tables.
  bool last_look() {
    const Exit exit =
        wait_for(spawn_self({"--writer=1", "--store=" + store_, "--oracle=" + oracle_path_,
                             "--mode=" + mode_, "--slots=20",
                             "--seed=" + std::to_string(stores_ * 1000 + 7)}),
                 kRoundLimit);
    bool good = end_survivor();
    if (!exit.clean()) {
      wrong_ = "the last writer " + exit.text();
      good = false;
    }
    if (good) {
      wrong_ = check_tables(store_);
      if (wrong_.empty()) wrong_ = verify_closed(store_);
      if (wrong_.empty()) wrong_ = judge_copies(store_, *oracle_, false);
      good = wrong_.empty();
    }
    if (!good) {
      std::printf("  %s, %s, last look: %s\n", variant_.c_str(), mode_.c_str(),
                  what_failed().c_str());
      folder_.keep();
    }
    effects_ += oracle_->effects;
    answers_ += oracle_->answers;
    return good;
  }

  bool report() {
    std::printf(
        "  %-8s %-7s %llu kills at %zu points, %llu got through, %llu stores, %llu effects "
        "acknowledged, %llu rivals refused, %llu restores: 0 lost\n",
        variant_.c_str(), mode_.c_str(), static_cast<unsigned long long>(killed_),
        killed_at_.size(), static_cast<unsigned long long>(got_through_),
        static_cast<unsigned long long>(stores_), static_cast<unsigned long long>(effects_),
        static_cast<unsigned long long>(rivals_), static_cast<unsigned long long>(restores_));
    for (const auto& [point, count] : killed_at_) {
      std::printf("    %4llu at %s\n", static_cast<unsigned long long>(count), point.c_str());
    }
    if (killed_ >= 100 && killed_at_.size() <= kPointsWanted) {
      std::printf("  too few points were hit\n");
      return false;
    }
    return true;
  }

  std::string variant_;
  std::string mode_;
  TemporaryFolder folder_;
  std::mt19937_64 random_;
  std::string store_;
  std::string oracle_path_{};
  Oracle* oracle_ = nullptr;
  std::string point_{};
  std::string wrong_{};
  pid_t survivor_ = -1;
  std::uint64_t stores_ = 0;
  std::uint64_t stores_seen_ = 0;
  std::uint64_t killed_ = 0;
  std::uint64_t got_through_ = 0;
  std::uint64_t rivals_ = 0;
  std::uint64_t restores_ = 0;
  bool restored_ = false;
  std::uint64_t effects_ = 0;
  std::uint64_t answers_ = 0;
  std::map<std::string, std::uint64_t> killed_at_{};
};

int run(const Options& options) {
  const std::uint64_t seed = choose_seed(options, "crash_kill_loop");
  const std::uint64_t kills = options.number("kills", 40);
  const std::string only = options.text("variant");
  const std::uint64_t seconds = options.long_seconds();
  struct Case {
    const char* variant;
    const char* mode;
    std::uint64_t share;  ///< Of the kills, in halves.
  };
  constexpr std::array kCases{Case{"reopen", "durable", 1},   Case{"reopen", "relaxed", 1},
                              Case{"survivor", "durable", 1}, Case{"survivor", "relaxed", 1},
                              Case{"rival", "durable", 1},    Case{"rival", "relaxed", 1},
                              Case{"creation", "durable", 1}, Case{"creation", "relaxed", 1}};
  bool good = true;
  for (const Case& one : kCases) {
    if (!only.empty() && only != one.variant) continue;
    std::optional<std::chrono::steady_clock::time_point> until;
    if (seconds > 0) {
      until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds / kCases.size() + 1);
    }
    Loop loop(options, one.variant, one.mode, seed);
    good = loop.run((kills * one.share + 1) / 2, until) && good;
    std::fflush(stdout);
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace milepost::crash

int main(int argc, char** argv) {
  using namespace milepost::crash;
  const Options options(argc, argv);
  if (options.has("writer")) return run_writer(options);
  if (options.has("survivor")) return run_survivor(options);
  if (options.has("rival")) return run_rival(options);
  if (options.has("restorer")) return run_restorer(options);
  return run(options);
}
