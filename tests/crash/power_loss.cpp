// SPDX-License-Identifier: Apache-2.0
//
// Power loss. A workload runs with the recorder in front: a first session that closes cleanly, a
// second one that is killed at a random operation, a third that opens what the second left,
// reads, writes on and is cut off. Then the power is cut at thousands of points of the recording;
// for each, one of the disks a power cut may leave is built and opened:
//  - durable: no acknowledged effect is lost, nothing is damaged, the store opens;
//  - relaxed: only a suffix is lost, no more than the bound, and nothing that was firm (flushed,
//    closed, or answered from before an open);
//  - the next write works; indexes and counters agree with the runs.
// With --control=all|segments|data the syncs of those files count for nothing; that must show.
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mark.hpp"
#include "common/process.hpp"
#include "common/store_check.hpp"
#include "common/upkeep_work.hpp"
#include "common/workload.hpp"
#include "replay/campaign.hpp"

namespace milepost::crash {
namespace {

constexpr std::uint64_t kRelaxedDelayMs = 50;
// Between the bound and the answer's note the machine may be busy elsewhere.
constexpr std::uint64_t kScheduleSlackMs = 3'000;
// Steps that were in the middle of their call when the bound was reached.
constexpr std::uint64_t kInFlightBytes = 64u << 10;
constexpr std::uint32_t kRecyclesWanted = 10;

// Numbers of copies: before these, those of the first session.
constexpr std::uint32_t kLaterCopy = 2;
constexpr std::uint32_t kRestoredCopy = 8;

Durability mode_of(const Options& options) {
  return options.text("mode", "durable") == "relaxed" ? Durability::relaxed : Durability::durable;
}

OpenOptions store_options(const Options& options, const std::string& directory) {
  if (options.text("workload") != "upkeep") return small_store(directory, mode_of(options));
  return upkeep_store(directory, mode_of(options), options.number("seed", 1));
}

// --- the workload, in a process of its own ------------------------------------------------------

void send_note(const Note& note) { mark(&note, sizeof note); }

void note_firm() {
  Note note;
  note.kind = NoteKind::firm;  // sequence 0: everything answered so far
  send_note(note);
}

int complain(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  return 3;
}

/// Beside the store, as one more copy of it.
bool restore_first_copy(const std::string& store) {
  Note note;
  note.kind = NoteKind::copy;
  note.state = StepState::begun;
  note.slot = kRestoredCopy;
  send_note(note);
  auto report = restore_backup(copy_path(store, 0), copy_path(store, kRestoredCopy));
  if (!report) {
    complain("restore: " + to_string(report.error()));
    return false;
  }
  note.state = StepState::answered;
  note.sequence = report->sequence;
  send_note(note);
  return true;
}

int run_session(const Options& options) {
  const auto session = options.number("session", 1);
  const std::string kind = options.text("workload", "single");
  WorkloadOptions workload_options;
  workload_options.seed = options.number("seed", 1);
  workload_options.threads = kind == "threads" ? 8 : 1;
  workload_options.batches = kind == "batches";
  workload_options.error_size_max = 2'500;
  workload_options.first_slot = static_cast<std::uint32_t>(options.number("first-slot", 0));
  workload_options.slots = static_cast<std::uint32_t>(options.number("slots", 100));
  workload_options.note = send_note;
  const std::string store = options.text("store");
  if (kind == "upkeep") {
    workload_options.threads = 3;
    workload_options.upkeep = true;
    workload_options.feed = true;
    workload_options.store = store;
    workload_options.copies_from = session == 1 ? 0 : kLaterCopy;
    workload_options.copies_end = session == 1 ? kLaterCopy : kLaterCopy + (session == 2 ? 1 : 0);
  }
  auto tracker = Tracker::open(store_options(options, store));
  if (!tracker) return complain("open: " + to_string(tracker.error()));
  note_firm();
  Workload workload(*tracker, workload_options);
  if (auto wrong = workload.read_all(workload_options.first_slot); !wrong.empty()) {
    return complain(wrong);
  }
  if (auto wrong = workload.run(); !wrong.empty()) return complain(wrong);
  if (session == 1) {
    if (auto closed = tracker->close(); !closed) return complain(to_string(closed.error()));
    note_firm();
    if (kind == "upkeep" && !restore_first_copy(store)) return 3;
  }
  Note note;
  note.kind = NoteKind::finished;
  send_note(note);
  ::_exit(0);  // sessions 2 and 3 leave like a crash does
}

// --- opening a state ----------------------------------------------------------------------------

/// A reader that finds a dead writer's store sees whole runs or is told why not.
std::string read_only_look(const std::string& directory, const Oracle& oracle) {
  OpenOptions options = small_store(directory, Durability::durable);
  options.read_only = true;
  auto reader = Tracker::open(options);
  if (!reader) return {};  // not made yet; that a writer can open it is checked next
  for (std::uint32_t slot = 0; slot < oracle.slots_used; slot += 7) {
    if (oracle.slots[slot].id_known == 0) continue;
    auto got = reader->get(oracle.slots[slot].run_id,
                           {.organization_id = oracle.slots[slot].organization_id});
    if (!got) return "read-only get fails: " + to_string(got.error());
  }
  if (auto behind = reader->unpublished(); !behind) {
    return "unpublished() fails: " + to_string(behind.error());
  }
  return {};
}

/// Opens the store, once more if it is its turn, and writes on.
std::string open_and_judge(const OpenOptions& open_options, Oracle& oracle, Allowance allowance,
                           const Options& options, std::uint64_t turn) {
  const int times = turn % 8 == 0 ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    auto tracker = Tracker::open(open_options);
    const std::string again = i == 0 ? "" : "again: ";
    if (!tracker) return again + "cannot be opened: " + to_string(tracker.error());
    if (auto wrong = judge(*tracker, oracle, allowance); !wrong.empty()) return again + wrong;
    // Behind it the next write takes the numbers of what was lost.
    if (const auto stats = tracker->stats(); stats && i == 0) allowance.last = stats->sequence;
    if (auto wrong = next_write(*tracker, turn + static_cast<std::uint64_t>(i)); !wrong.empty()) {
      return again + wrong;
    }
    ++allowance.strangers;
    if (i + 1 == times && options.text("workload") == "upkeep") {
      auto wrong = probe_keys(*tracker, oracle, options.number("seed", 1), turn);
      if (!wrong.empty()) return wrong;
    }
    if (auto closed = tracker->close(); !closed) {
      return "close fails: " + to_string(closed.error());
    }
  }
  return {};
}

std::string check_state(const std::string& root, Oracle& oracle, const Options& options) {
  const std::string directory = root + "/store";
  const Durability mode = mode_of(options);
  Allowance allowance;
  allowance.power_cut = true;
  allowance.relaxed = mode == Durability::relaxed;
  const OpenOptions open_options = store_options(options, directory);
  if (allowance.relaxed) {
    allowance.bytes_max = open_options.relaxed_bytes_max + kInFlightBytes;
    allowance.age_max_ns = (kRelaxedDelayMs + kScheduleSlackMs) * 1'000'000;
  }
  const std::uint64_t turn = mix(oracle.answers + oracle.now_ns / 1000);
  if (turn % 4 == 0) {
    if (auto wrong = read_only_look(directory, oracle); !wrong.empty()) return wrong;
  }
  // As the cut left it: a torn tail of the journal is no finding.
  const bool verify = turn % 8 == 5;
  const auto unopened = verify ? verify_directory(directory) : Result<VerifyReport>(Error{});
  if (auto wrong = open_and_judge(open_options, oracle, allowance, options, turn); !wrong.empty()) {
    return wrong;
  }
  if (unopened && !unopened->sound()) {
    return "unopened, verify finds " + unopened->findings.front().text;
  }
  if (auto wrong = check_tables(directory); !wrong.empty()) return wrong;
  if (turn % 4 == 2) {
    if (auto wrong = verify_closed(directory); !wrong.empty()) return wrong;
  }
  return turn % 4 == 3 ? judge_copies(directory, oracle, false) : std::string();
}

// --- recording ----------------------------------------------------------------------------------

struct Recording {
  std::string folder;
  std::string root;
  std::string log;
};

Exit record_session(const Recording& recording, const Options& options, std::uint64_t seed,
                    unsigned session, std::uint64_t first_slot, std::uint64_t slots,
                    std::uint64_t kill_after) {
  Environment environment = shim_environment("record", recording.root);
  environment["MILEPOST_SHIM_LOG"] = recording.log;
  environment["MILEPOST_SHIM_NTH"] = std::to_string(kill_after);
  const std::vector<std::string> arguments{"--session=" + std::to_string(session),
                                           "--store=" + recording.root + "/store",
                                           "--mode=" + options.text("mode", "durable"),
                                           "--workload=" + options.text("workload", "single"),
                                           "--seed=" + std::to_string(seed),
                                           "--first-slot=" + std::to_string(first_slot),
                                           "--slots=" + std::to_string(slots)};
  return wait_for(spawn_self(arguments, environment), std::chrono::seconds(300));
}

bool record(const Recording& recording, const Options& options, std::uint64_t seed) {
  ::mkdir(recording.root.c_str(), 0700);
  const bool upkeep = options.text("workload") == "upkeep";
  // Whole cohorts, where there are cohorts.
  const auto whole = [](std::uint64_t number) { return number - number % kCohortSize; };
  const std::uint64_t slots = whole(options.number("slots", upkeep ? 3'000 : 2'100));
  const std::uint64_t second = whole(slots / 8);
  const Exit first = record_session(recording, options, seed, 1, 0, slots, 0);
  if (!first.clean()) {
    std::printf("the first session %s\n", first.text().c_str());
    return false;
  }
  const Exit killed =
      record_session(recording, options, seed, 2, slots, second, 200 + mix(seed) % (second * 6));
  if (!killed.clean() && killed.signal != SIGKILL) {
    std::printf("the second session %s\n", killed.text().c_str());
    return false;
  }
  const Exit third = record_session(recording, options, seed, 3, slots + second, 48, 0);
  if (!third.clean()) std::printf("the third session %s\n", third.text().c_str());
  return third.clean();
}

/// A segment's header is at offset 0 and is written once for each use. The first session does most
/// of the work; the others take over two of its segments at most.
bool recycled_enough(const std::string& log_path) {
  const LogReader log(log_path);
  std::map<std::uint64_t, std::uint32_t> uses;
  std::set<std::uint64_t> segments;
  unsigned session = 0;
  for (const LogEntry& entry : log.entries()) {
    const LogHeader& header = entry.header;
    if (header.kind == LogKind::process && ++session > 1) break;
    if (header.kind == LogKind::create && entry.path.ends_with(".tmp")) {
      segments.insert(header.inode);
    }
    if (header.kind == LogKind::write && header.a == 0 && segments.contains(header.inode)) {
      ++uses[header.inode];
    }
  }
  std::uint32_t least = ~0u;
  std::printf("  %zu operations, %zu segments, in the first session used", log.entries().size(),
              segments.size());
  for (const auto& [inode, count] : uses) {
    std::printf(" %u", count);
    least = std::min(least, count);
  }
  std::printf(" times\n");
  return !uses.empty() && least > kRecyclesWanted;
}

void follow_mark(Oracle& oracle, const LogEntry& entry) {
  Note note;
  if (entry.data.size() != sizeof note) return;
  std::memcpy(static_cast<void*>(&note), entry.data.data(), sizeof note);
  if (note.kind == NoteKind::firm && note.sequence == 0) note.sequence = oracle.answered_max;
  oracle.apply(note, entry.header.time_ns);
}

IgnoredSyncs ignored_syncs(const std::string& control) {
  return {.segments = control == "all" || control == "segments",
          .data = control == "all" || control == "data"};
}

bool judge_report(const CampaignReport& report, const std::string& control) {
  std::printf("  %llu states, %llu bad;", static_cast<unsigned long long>(report.states),
              static_cast<unsigned long long>(report.failed));
  for (unsigned i = 0; i < kChoiceCount; ++i) {
    std::printf(" %s %llu/%llu", choice_name(static_cast<Choice>(i)),
                static_cast<unsigned long long>(report.failed_by_choice[i]),
                static_cast<unsigned long long>(report.by_choice[i]));
  }
  std::printf("\n");
  if (control.empty()) return report.failed == 0;
  if (control == "all") return report.failed * 2 > report.states;
  return report.failed > 0;
}

int run(const Options& options) {
  const std::uint64_t seed = choose_seed(options, "crash_power_loss");
  TemporaryFolder folder(options, "power", true);
  Recording recording{folder.path(), folder.path() + "/live", folder.path() + "/io.log"};
  const std::string control = options.text("control");
  if (options.has("log")) {
    recording.log = options.text("log");
  } else if (!record(recording, options, seed)) {
    folder.keep();
    return 1;
  }
  std::printf("%s, %s%s%s\n", options.text("workload", "single").c_str(),
              options.text("mode", "durable").c_str(), control.empty() ? "" : ", control ",
              control.c_str());
  bool good = recycled_enough(recording.log);
  if (!good) std::printf("  too little work: a segment was used too seldom\n");
  Oracle* oracle = map_oracle(folder.path() + "/oracle");
  CheckerProcess checker({"--checker=1", "--oracle=" + folder.path() + "/oracle",
                          "--mode=" + options.text("mode", "durable"),
                          "--workload=" + options.text("workload", "single"),
                          "--seed=" + std::to_string(seed)});
  Campaign campaign;
  campaign.log_path = recording.log;
  campaign.state_folder = folder.path() + "/state";
  campaign.states = options.number("states", 300);
  campaign.seed = seed;
  campaign.ignored = ignored_syncs(control);
  campaign.failures_shown = control.empty() ? 3 : 0;
  if (options.has("cut")) {
    campaign.only = Cut{.position = options.number("cut", 1),
                        .choice = static_cast<Choice>(options.number("choice", 0)),
                        .seed = options.number("state-seed", 0)};
    campaign.repeat = options.number("repeat", 1);
    if (campaign.repeat == 1) folder.keep();
  }
  if (const auto seconds = options.long_seconds(); seconds > 0 && control.empty()) {
    campaign.until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  }
  campaign.on_mark = [&](const LogEntry& entry) { follow_mark(*oracle, entry); };
  campaign.before_check = [&](const LogEntry& entry) { oracle->now_ns = entry.header.time_ns; };
  const CampaignReport report = run_campaign(
      campaign, checker, [&] { std::memset(static_cast<void*>(oracle), 0, sizeof *oracle); });
  good = judge_report(report, control) && good;
  if (control.empty() && report.failed > 0) {
    folder.keep();
    std::printf(
        "again: crash_power_loss --workload=%s --mode=%s --seed=%llu --log=%s --cut=%zu "
        "--choice=%u --state-seed=%llu\n",
        options.text("workload", "single").c_str(), options.text("mode", "durable").c_str(),
        static_cast<unsigned long long>(seed), recording.log.c_str(),
        report.first_failed_cut.position, static_cast<unsigned>(report.first_failed_cut.choice),
        static_cast<unsigned long long>(report.first_failed_cut.seed));
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace milepost::crash

int main(int argc, char** argv) {
  using namespace milepost::crash;
  const Options options(argc, argv);
  if (options.has("session")) return run_session(options);
  if (options.has("checker")) {
    Oracle* oracle = map_oracle(options.text("oracle"));
    return serve_checks(
        [&](const std::string& root) { return check_state(root, *oracle, options); });
  }
  return run(options);
}
