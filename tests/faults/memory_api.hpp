// SPDX-License-Identifier: Apache-2.0
//
// The calls that run out of memory, the same through C++ (memory_api_cpp.cpp) and through the C ABI
// (memory_api_c.cpp): what each does to a run of its own, and what it said.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost::faults {

/// What a call said that ran while memory failed.
struct Said {
  enum class What : std::uint8_t { fine, no_memory, other };
  What what = What::fine;
  Errc code{};                    ///< Of an error.
  Applied applied = Applied::no;  ///< Of what is not fine.
  std::string text{};             ///< Of `other`.

  [[nodiscard]] bool fine() const noexcept { return what == What::fine; }
};

enum class Verb : std::uint8_t {
  verify,
  backup,
  export_runs,
  snapshot,
  list,
  list_json,
  counts,
  changes,
  subscribe,
  orphans,
  fail_orphans,
  expired,
  stats,
  flush,
  get,
  get_json,
  get_many,
  wait,
  refusal,
  create,
  create_with_key,
  start,
  complete,
  fail,
  exit,
  adopt,
  heartbeat,
  apply,
  import_runs,
  bulk,
  purge,
  erase_profile,
  fill,  ///< Much at once, so that journal segments are used up.
};

/// What a call needs and does.
struct VerbFacts {
  Verb verb;
  const char* name;
  RunStatus before = RunStatus::queued;           ///< Of its subject.
  std::optional<RunStatus> after = std::nullopt;  ///< Default: as before.
  bool removes = false;                           ///< The subject.
  bool makes = false;                             ///< The run `fresh`, which is queued then.
};

inline constexpr VerbFacts kVerbs[] = {
    {Verb::verify, "verify"},
    {Verb::backup, "backup"},
    {Verb::export_runs, "export_runs"},
    {Verb::snapshot, "snapshot"},
    {Verb::list, "list"},
    {Verb::list_json, "list_json"},
    {Verb::counts, "counts"},
    {Verb::changes, "changes"},
    {Verb::subscribe, "subscribe"},
    {Verb::orphans, "orphans"},
    {Verb::fail_orphans, "fail_orphans"},
    {Verb::expired, "expired"},
    {Verb::stats, "stats"},
    {Verb::flush, "flush"},
    {Verb::get, "get", RunStatus::failed},
    {Verb::get_json, "get_json", RunStatus::failed},
    {Verb::get_many, "get_many", RunStatus::failed},
    {Verb::wait, "wait", RunStatus::failed},
    {Verb::refusal, "refusal"},
    {.verb = Verb::create, .name = "create", .makes = true},
    {.verb = Verb::create_with_key, .name = "create_with_key", .makes = true},
    {Verb::start, "start", RunStatus::queued, RunStatus::running},
    {Verb::complete, "complete", RunStatus::running, RunStatus::completed},
    {Verb::fail, "fail", RunStatus::queued, RunStatus::failed},
    {Verb::exit, "exit", RunStatus::running, RunStatus::exited},
    {Verb::adopt, "adopt", RunStatus::running},
    {Verb::heartbeat, "heartbeat", RunStatus::running},
    {.verb = Verb::apply, .name = "apply", .after = RunStatus::running, .makes = true},
    {.verb = Verb::import_runs, .name = "import_runs", .makes = true},
    {Verb::bulk, "bulk", RunStatus::queued, RunStatus::exited},
    {.verb = Verb::purge, .name = "purge", .before = RunStatus::completed, .removes = true},
    {.verb = Verb::erase_profile, .name = "erase_profile", .removes = true},
    {.verb = Verb::fill, .name = "fill", .makes = true},
};

/// One attempt: ids that are nobody else's.
struct Trial {
  std::uint64_t number = 0;
  Uuid subject{};
  Uuid fresh{};
  Uuid journey{};
  Uuid profile{};
  Uuid organization{};  ///< The nil one, but where everything of one is purged.
  std::string backup{};
  std::int64_t wait_ms = 20'000;
};

/// How a store is opened: lazy ones publish only when they are asked to.
enum class How : std::uint8_t { durable, relaxed, lazy };

/// A store under test. `open`, `close` and `call` are exposed; the rest is spared, and throws
/// std::runtime_error where it fails all the same. A spared call may yet be told that memory ran
/// out, by another thread that is not spared and commits for both: it is made again, up to
/// `spared_tries` times.
class Api {
 public:
  explicit Api(unsigned spared_tries) : spared_tries_(spared_tries) {}
  virtual ~Api() = default;
  virtual Said open(const std::string& directory, How how) = 0;
  virtual Said close() = 0;
  virtual Said call(Verb verb, const Trial& trial) = 0;

  virtual void make_subject(const Trial& trial, RunStatus status) = 0;
  /// Nothing: there is no such run.
  virtual std::optional<RunStatus> status_of(const Uuid& run_id, const Uuid& organization) = 0;
  virtual std::uint64_t sequence() = 0;
  /// Of a verify that looks at all pages and records: the first of them, or nothing.
  virtual std::optional<std::string> first_finding() = 0;

 protected:
  const unsigned spared_tries_;
};

[[nodiscard]] std::unique_ptr<Api> make_api(unsigned spared_tries = 1);

inline constexpr std::uint64_t kMapBytes = 4u << 20;
inline constexpr std::uint64_t kSegmentBytes = 64u << 10;
inline constexpr std::uint64_t kJournalBytes = 8 * kSegmentBytes;
/// Longer than any string that needs no allocation.
inline constexpr const char* kOwner = "an owner whose name is too long for a small string";
inline constexpr const char* kIllFormed = "\xff an error that is ill-formed, and long, too";

}  // namespace milepost::faults
