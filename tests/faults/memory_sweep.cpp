// SPDX-License-Identifier: Apache-2.0
//
// `... calls DIRECTORY once|sticky callers|library durable|relaxed`: lets each allocation of each
// call fail in turn, from the first until a call needs no further one.
// `... open DIRECTORY once|sticky`: the same for opening and closing.
// `... storm DIRECTORY THREADS TRIALS SECONDS SEED`: allocations fail at random under threads.
//
// Says `at VERB N` before each attempt, `wrong VERB N TEXT` of what it finds, `swept VERB POINTS`
// after each call and `points all SUM` at its end. If it ends before that, the last `at` names the
// attempt that ended it.
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "memory_faults.hpp"
#include "memory_trials.hpp"

namespace milepost::faults {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kPointsMax = 3'000;
/// While memory fails for good behind a caller's back it waits no longer than this.
constexpr std::int64_t kShortWaitMs = 25;

/// What the library's own threads have a part in.
constexpr Verb kOfThreads[] = {Verb::verify, Verb::backup, Verb::export_runs,   Verb::list,
                               Verb::flush,  Verb::start,  Verb::apply,         Verb::bulk,
                               Verb::purge,  Verb::fill,   Verb::erase_profile, Verb::import_runs};

bool is_of_threads(Verb verb) {
  for (const Verb each : kOfThreads) {
    if (each == verb) return true;
  }
  return false;
}

class Sweep {
 public:
  Sweep(std::string directory, bool sticky, Whose whose, How how)
      : directory_(std::move(directory)), sticky_(sticky), whose_(whose), how_(how) {}

  /// Yields what it found to be wrong.
  std::uint64_t calls();
  std::uint64_t opening();

 private:
  /// One attempt; whether an allocation failed.
  bool try_call(const VerbFacts& verb, std::uint64_t n);
  bool try_open(const std::string& store, std::uint64_t n);
  bool try_close(const std::string& store, std::uint64_t n);
  template <typename Attempt>
  void sweep(const char* name, Attempt&& attempt);
  void must(const Said& said, const char* what);

  const std::string directory_;
  const bool sticky_;
  const Whose whose_;
  const How how_;
  std::unique_ptr<Api> api_ = make_api();
  Ledger ledger_{*api_};
  std::uint64_t trials_ = 0;
  std::uint64_t points_ = 0;
};

void Sweep::must(const Said& said, const char* what) {
  if (!said.fine()) ledger_.wrong(what, 0, said.text.empty() ? "memory ran out" : said.text);
}

template <typename Attempt>
void Sweep::sweep(const char* name, Attempt&& attempt) {
  std::uint64_t points = 0;
  // Once memory fails for good it matters little where that began, and each attempt costs a wait.
  for (std::uint64_t n = 1; n < kPointsMax; n += sticky_ ? 1 + n / 8 : 1) {
    tell("at", name, n);
    if (!attempt(n)) break;
    ++points;
  }
  points_ += points;
  tell("swept", name, points);
}

bool Sweep::try_call(const VerbFacts& verb, std::uint64_t n) {
  const bool behind_its_back = whose_ == Whose::library;
  // Reads of the whole store allocate the more the more runs there are: they make none.
  const bool of_few = verb.verb == Verb::flush || verb.verb == Verb::list;
  const bool makes_runs = verb.verb > Verb::flush || (behind_its_back && of_few);
  if (makes_runs || n == 1) ++trials_;
  const Trial trial = make_trial(verb, trials_, directory_);
  if (makes_runs || n == 1) ledger_.begin(verb, trial);
  Trial hurried = trial;
  if (behind_its_back && sticky_) hurried.wait_ms = kShortWaitMs;
  fail_from(n, sticky_, whose_);
  const Said said = api_->call(verb.verb, hurried);
  if (behind_its_back) (void)api_->call(Verb::flush, hurried);
  const bool hit = spare_all() > 0;
  ledger_.judge(verb, trial, said, n, behind_its_back);
  return hit;
}

std::uint64_t Sweep::calls() {
  fs::create_directories(directory_ + "/backups");
  must(api_->open(directory_ + "/store", how_), "open");
  must(api_->close(), "close");
  const std::size_t descriptors = open_descriptors();
  must(api_->open(directory_ + "/store", how_), "open");
  for (const VerbFacts& verb : kVerbs) {
    if (whose_ == Whose::library && !is_of_threads(verb.verb)) continue;
    sweep(verb.name, [&](std::uint64_t n) { return try_call(verb, n); });
    if (const auto finding = api_->first_finding()) ledger_.wrong(verb.name, 0, *finding);
  }
  ledger_.check_all("in the end");
  must(api_->close(), "close");
  must(api_->open(directory_ + "/store", how_), "open");
  ledger_.check_all("after reopening");
  must(api_->close(), "close");
  if (open_descriptors() != descriptors) ledger_.wrong("calls", 0, "descriptors were leaked");
  tell("points", "all", points_);
  return ledger_.wrongs();
}

bool Sweep::try_open(const std::string& store, std::uint64_t n) {
  const std::size_t descriptors = open_descriptors();
  fail_from(n, sticky_, Whose::everybody);
  const Said said = api_->open(store, How::durable);
  const bool hit = spare_all() > 0;
  if (said.what == Said::What::other) ledger_.wrong("open", n, "it says " + said.text);
  if (!said.fine()) {
    if (open_descriptors() != descriptors) ledger_.wrong("open", n, "descriptors were leaked");
    must(api_->open(store, How::durable), "open, once there is memory");
  }
  return hit;
}

bool Sweep::try_close(const std::string& store, std::uint64_t n) {
  const VerbFacts verb{Verb::get, "close"};
  const std::size_t descriptors = open_descriptors();
  must(api_->open(store, How::lazy), "open");
  ledger_.begin(verb, make_trial(verb, ++trials_, directory_));
  fail_from(n, sticky_, Whose::everybody);
  const Said said = api_->close();
  const bool hit = spare_all() > 0;
  if (said.what == Said::What::other) ledger_.wrong("close", n, "it says " + said.text);
  if (open_descriptors() != descriptors) ledger_.wrong("close", n, "descriptors were leaked");
  must(api_->open(store, How::durable), "open");
  if (!api_->status_of(make_trial(verb, trials_, directory_).subject, {})) {
    ledger_.wrong("close", n, "a run is lost");
  }
  must(api_->close(), "close");
  return hit;
}

std::uint64_t Sweep::opening() {
  const std::string store = directory_ + "/store";
  const std::string crashed = directory_ + "/crashed";
  fs::create_directories(directory_);
  must(api_->open(store, How::durable), "open");  // what a process does once is done
  must(api_->close(), "close");
  sweep("open, a new one", [&](std::uint64_t n) {
    fs::remove_all(store);
    const bool hit = try_open(store, n);
    must(api_->close(), "close");
    return hit;
  });
  const VerbFacts verb{Verb::get, "get"};
  must(api_->open(store, How::lazy), "open");
  for (int i = 0; i < 5; ++i) ledger_.begin(verb, make_trial(verb, ++trials_, directory_));
  // Not the lock files: to close a copy of one would drop this process's locks.
  fs::create_directory(crashed);
  fs::copy(store + "/data.mdb", crashed);
  fs::copy(store + "/journal", crashed + "/journal");
  must(api_->close(), "close");
  sweep("open, recovering", [&](std::uint64_t n) {
    fs::remove_all(store);
    fs::copy(crashed, store, fs::copy_options::recursive);
    const bool hit = try_open(store, n);
    for (std::uint64_t i = 1; i <= 5; ++i) {
      if (!api_->status_of(make_trial(verb, i, directory_).subject, {})) {
        ledger_.wrong("open", n, "a run is lost");
      }
    }
    must(api_->close(), "close");
    return hit;
  });
  sweep("close", [&](std::uint64_t n) { return try_close(store, n); });
  tell("points", "all", points_);
  return ledger_.wrongs();
}

std::uint64_t run(int count, char** words) {
  const auto word = [&](int i) { return std::string_view(i < count ? words[i] : ""); };
  const auto number = [&](int i) { return std::strtoull(i < count ? words[i] : "0", nullptr, 10); };
  const std::string directory(word(2));
  const bool sticky = word(3) == "sticky";
  mark_as_tests_own();
  if (word(1) == "calls") {
    return Sweep(directory, sticky, word(4) == "library" ? Whose::library : Whose::callers,
                 word(5) == "relaxed" ? How::relaxed : How::durable)
        .calls();
  }
  if (word(1) == "open") return Sweep(directory, sticky, Whose::everybody, {}).opening();
  return storm(directory, static_cast<unsigned>(number(3)), number(4),
               static_cast<unsigned>(number(5)), number(6));
}

}  // namespace
}  // namespace milepost::faults

int main(int count, char** words) {
  try {
    return milepost::faults::run(count, words) == 0 ? 0 : 1;
  } catch (const std::exception& thrown) {
    milepost::faults::spare_all();
    milepost::faults::tell("wrong", "thrown", 0, thrown.what());
    return 1;
  }
}
