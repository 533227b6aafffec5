// SPDX-License-Identifier: Apache-2.0
//
// What the harness asks of every run store: one Engine a store, one Session a caller thread. A peer
// is one file that implements both and registers itself. Failures are exceptions here: the cell
// that throws is reported as not run, with the text, and the suite goes on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "milepost/run.hpp"

namespace bench {

using milepost::RunStatus;
using milepost::Uuid;

/// The acknowledgement that is paid for. Each peer maps it to what its manual offers.
enum class Durability : std::uint8_t { durable, relaxed };

enum class Step : std::uint8_t { start, complete, fail, exit };

/// What became of a step: `refused` is the state machine's answer, not a failure.
enum class Answer : std::uint8_t { done, refused, missing };

/// Everything a caller says of a new run.
struct NewRun {
  Uuid run_id{};
  Uuid journey_id{};
  Uuid profile_id{};
  std::int64_t triggered_us = 0;
};

enum class ListBy : std::uint8_t { journey_and_status, profile, status };

/// One page of runs, oldest first: by triggeredAt and then runId, after a position. The position is
/// the default one, the last run of the page before, or an instant with the largest id.
struct ListQuery {
  ListBy by = ListBy::journey_and_status;
  Uuid id{};  ///< Of the journey or of the profile.
  RunStatus status = RunStatus::queued;
  std::int64_t after_us = 0;
  Uuid after_run{};
  std::size_t limit = 100;
};

/// Runs per status, in the order of the statuses' numbers.
using Counts = std::array<std::uint64_t, 5>;

/// JSON answers one after the other in one buffer that is used again and again.
class Answers {
 public:
  void clear() noexcept {
    used_ = 0;
    ends_.clear();
    array_.clear();
  }
  /// Takes `count` answers as the JSON array they came in, to be split when somebody looks.
  void add_array(std::string array, std::size_t count) {
    clear();
    array_ = std::move(array);
    array_count_ = count;
  }
  /// Room for one more answer of any size.
  [[nodiscard]] std::span<char> room() {
    if (bytes_.size() < used_ + milepost::kRunJsonSizeMax) {
      bytes_.resize(2 * (used_ + milepost::kRunJsonSizeMax));
    }
    return {bytes_.data() + used_, milepost::kRunJsonSizeMax};
  }
  /// The answer written to room() had this size; 0 says that there is no such run.
  void add(std::size_t size) {
    used_ += size;
    ends_.push_back(used_);
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return array_.empty() ? ends_.size() : array_count_;
  }
  [[nodiscard]] std::string_view operator[](std::size_t i) {
    split();
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_.data() + begin, ends_[i] - begin};
  }

 private:
  void split();

  std::vector<char> bytes_;
  std::vector<std::size_t> ends_;
  std::size_t used_ = 0;
  std::string array_;
  std::size_t array_count_ = 0;
};

/// One caller's way in. One thread at a time.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  /// Returns once the run is as durable as was asked for. The same for `step` and `ingest`.
  virtual Answer create(const NewRun& run) = 0;
  virtual Answer step(const Uuid& run_id, Step step, std::string_view error) = 0;
  /// All of them in one atomic commit, with every index.
  virtual void ingest(std::span<const NewRun> runs) = 0;
  /// The public response; its size, or 0 if there is no such run.
  virtual std::size_t get_json(const Uuid& run_id, std::span<char> out) = 0;
  /// What `get` workloads time. Only a floor, which leaves out work, overrides it.
  virtual std::size_t read(const Uuid& run_id, std::span<char> out) {
    return get_json(run_id, out);
  }
  /// One answer for each id, in the order asked for.
  virtual void get_many(std::span<const Uuid> run_ids, Answers& out) = 0;
  /// False: this engine has no lists. The same for what follows.
  virtual bool list_page(const ListQuery& /*query*/, Answers& /*out*/) { return false; }
  /// Exact numbers of a journey's runs, or of all runs without one.
  virtual bool count(const Uuid* /*journey_id*/, Counts& /*out*/) { return false; }
  /// Numbers of the changes after one, in order and without gaps.
  virtual bool changes(std::uint64_t /*after*/, std::size_t /*limit*/,
                       std::vector<std::uint64_t>& /*out*/) {
    return false;
  }
  virtual std::uint64_t newest_change() { return 0; }
};

struct OpenSpec {
  std::string directory;
  Durability durability = Durability::durable;
  /// Let the log grow as far as the engine allows (to measure recovery).
  bool keep_log = false;
};

/// One store in one directory. `session()` may be called from any thread, the rest from one.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  /// Opens, making the store if the directory is empty, recovering it if it was left by a crash.
  virtual void open(const OpenSpec& spec) = 0;
  [[nodiscard]] virtual std::unique_ptr<Session> session() = 0;
  /// Returns when no work is left over: backlog, compaction, checkpoint.
  virtual void drain() = 0;
  /// After a bulk load: what the manual advises before work begins.
  virtual void settle() { drain(); }
  /// All sessions are gone by now.
  virtual void close() = 0;
  /// Dies as a killed process does. An embedded engine takes the calling process with it.
  virtual void crash();
  [[nodiscard]] virtual std::uint64_t size_on_disk();
  /// Memory of server processes, in bytes; 0 for embedded engines.
  [[nodiscard]] virtual std::uint64_t server_memory() { return 0; }

 protected:
  OpenSpec spec_;
};

/// What the tables need to know of an engine beside its results.
struct EngineInfo {
  std::string name;
  std::string version;
  std::string settings;  ///< One sentence for RESULTS.md.
  std::function<std::unique_ptr<Engine>()> make;
  bool ours = false;
  bool floor = false;   ///< Does less than the work; never the best peer.
  bool answers = true;  ///< False: keeps no runs (the bare disk).
  bool lists = true;    ///< False: has no pages of lists.
  bool counts = false;  ///< True: counts runs per status.
  bool feed = false;    ///< True: has a change feed.
  /// Concurrent callers share commits through the harness, which the store cannot do by itself:
  /// shown, but the best peer of one caller only.
  bool helped = false;
  /// Relaxed, a power cut may damage the store: shown, but never the best peer.
  bool unsafe = false;
  bool durable = true;
  bool relaxed = true;
  std::vector<std::string> only{};  ///< Workloads it takes part in; empty: all.
  /// For servers, whose version only the installed program knows; replaces `version`.
  std::function<std::string()> ask_version{};
};

/// Every engine that was compiled in, milepost first, then by name.
[[nodiscard]] std::vector<EngineInfo>& registry();

/// Registers during static initialisation: `const Registration kRegistration{{.name = ...}};`
struct Registration {
  explicit Registration(EngineInfo info);
};

[[noreturn]] void fail(const std::string& what);

/// Bytes allocated by all files below a directory.
[[nodiscard]] std::uint64_t directory_size(const std::string& directory);

/// The clock of all peers: microseconds, cut to milliseconds, unless a test has fixed it.
[[nodiscard]] std::int64_t now_us();
/// 0 lets it run again.
void fix_clock(std::int64_t us);
[[nodiscard]] bool clock_is_fixed();

}  // namespace bench
