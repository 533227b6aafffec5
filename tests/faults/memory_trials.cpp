// SPDX-License-Identifier: Apache-2.0
//
// What has to hold; see memory_trials.hpp.
#include "memory_trials.hpp"

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <unistd.h>

#include "support/runs.hpp"

namespace milepost::faults {
namespace fs = std::filesystem;
namespace {

constexpr std::uint8_t kSubjects = 0;
constexpr std::uint8_t kFresh = 1;
constexpr std::uint8_t kJourneys = 2;
constexpr std::uint8_t kProfiles = 3;
constexpr std::uint8_t kOrganizations = 4;

std::string name_of(const std::optional<RunStatus>& status) {
  return status ? std::string(to_string(*status)) : "absent";
}

}  // namespace

void tell(const char* word, const char* verb, std::uint64_t n, const char* text) noexcept {
  char line[1024];
  int size = std::snprintf(line, sizeof line, "%s %s %" PRIu64 " %s\n", word, verb, n, text);
  if (size >= static_cast<int>(sizeof line)) {
    size = sizeof line - 1;
    line[size - 1] = '\n';
  }
  if (::write(STDOUT_FILENO, line, static_cast<std::size_t>(size)) < 0) ::_exit(3);
}

std::size_t open_descriptors() {
  const fs::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

Trial make_trial(const VerbFacts& verb, std::uint64_t number, const std::string& directory) {
  Trial trial{.number = number,
              .subject = test::id(number, kSubjects),
              .fresh = test::id(number, kFresh),
              .journey = test::id(1, kJourneys),
              .profile = test::id(1, kProfiles),
              .backup = directory + "/backups/" + std::to_string(number)};
  // What a verify allocates grows with the journeys there are: few have one of their own.
  if (verb.verb == Verb::bulk) trial.journey = test::id(number, kJourneys);
  if (verb.verb == Verb::erase_profile) trial.profile = test::id(number, kProfiles);
  if (verb.verb == Verb::purge) trial.organization = test::id(number, kOrganizations);
  return trial;
}

void Ledger::wrong(const char* verb, std::uint64_t n, const std::string& text) {
  ++wrongs_;
  tell("wrong", verb, n, text.c_str());
}

void Ledger::begin(const VerbFacts& verb, const Trial& trial) {
  api_.make_subject(trial, verb.before);
  if (alone_) sequence_ = api_.sequence();
}

/// Of a call that said that nothing was applied.
void Ledger::check_untouched(const VerbFacts& verb, const Trial& trial, std::uint64_t n) {
  if (const std::uint64_t now = alone_ ? api_.sequence() : 0; alone_ && now != sequence_) {
    wrong(verb.name, n,
          "nothing was applied, it says, but sequence " + std::to_string(sequence_) + " became " +
              std::to_string(now));
  }
  const auto status = api_.status_of(trial.subject, trial.organization);
  if (status != verb.before) {
    wrong(verb.name, n, "nothing was applied, it says, but the run is " + name_of(status));
  }
  if (api_.status_of(trial.fresh, trial.organization)) {
    wrong(verb.name, n, "nothing was applied, it says, but a run was made");
  }
}

void Ledger::check_done(const VerbFacts& verb, const Trial& trial, std::uint64_t n) {
  std::optional<RunStatus> expected = verb.after ? verb.after : verb.before;
  if (verb.removes) expected.reset();
  const auto status = api_.status_of(trial.subject, trial.organization);
  if (status != expected) {
    wrong(verb.name, n, "the run is " + name_of(status) + ", expected " + name_of(expected));
  }
  entries_.push_back({trial.subject, trial.organization, status});
  if (!verb.makes) return;
  const auto made = api_.status_of(trial.fresh, trial.organization);
  if (made != RunStatus::queued) wrong(verb.name, n, "the new run is " + name_of(made));
  entries_.push_back({trial.fresh, trial.organization, made});
}

/// A copy appears as a whole or not at all.
void Ledger::check_backup(const VerbFacts& verb, const Trial& trial, bool done, std::uint64_t n) {
  if (verb.verb != Verb::backup) return;
  const fs::path place = fs::path(trial.backup).parent_path();
  if (done && !fs::exists(trial.backup)) wrong(verb.name, n, "there is no copy");
  if (!done) {
    for (const auto& left : fs::directory_iterator(place)) {
      wrong(verb.name, n, "it left " + left.path().filename().string() + " behind");
    }
  }
  for (const auto& left : fs::directory_iterator(place)) fs::remove_all(left.path());
}

void Ledger::judge(const VerbFacts& verb, const Trial& trial, const Said& said, std::uint64_t n,
                   bool may_wait) {
  const bool waited = may_wait && (said.code == Errc::busy || said.code == Errc::outcome_unknown);
  if (said.what == Said::What::other && !waited) wrong(verb.name, n, "it says " + said.text);
  check_backup(verb, trial, said.fine(), n);
  if (!said.fine()) {
    if (said.applied == Applied::no) check_untouched(verb, trial, n);
    Said again = api_.call(verb.verb, trial);
    for (unsigned i = 1; i < tries_ && again.what == Said::What::no_memory; ++i) {
      check_backup(verb, trial, false, n);
      again = api_.call(verb.verb, trial);
    }
    if (!again.fine()) wrong(verb.name, n, "it does not heal: " + again.text);
    check_backup(verb, trial, again.fine(), n);
  }
  check_done(verb, trial, n);
}

void Ledger::check_all(const char* when) {
  for (const Entry& entry : entries_) {
    const auto status = api_.status_of(entry.run_id, entry.organization);
    if (status == entry.status) continue;
    wrong(when, 0, "a run is " + name_of(status) + " that was " + name_of(entry.status));
  }
  if (const auto finding = api_.first_finding()) wrong(when, 0, *finding);
}

}  // namespace milepost::faults
