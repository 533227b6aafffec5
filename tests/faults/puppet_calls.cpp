// SPDX-License-Identifier: Apache-2.0
//
// A puppet's calls of the tracker. Runs are known by their number (support/runs.hpp).
#include <algorithm>
#include <atomic>
#include <unistd.h>

#include "puppet.hpp"
#include "support/steps.hpp"

namespace milepost::faults {
namespace {

using test::id;

constexpr auto kPresent = [](const std::optional<Run>& run) { return run.has_value(); };

std::string open(Puppet& puppet, const Words& words) {
  OpenOptions options = puppet.options;
  read_options(options, words);
  auto tracker = Tracker::open(options);
  if (!tracker) return told(tracker.error());
  puppet.tracker.emplace(std::move(*tracker));
  return "ok";
}

std::string create(Puppet& puppet, const Words& words) {
  return told(puppet.tracker->create(test::request(id(number_at(words, 1)))));
}

/// A run with an id of the engine's; tells it.
std::string fresh(Puppet& puppet, const Words&) {
  CreateCommand command;
  command.journey_id = test::kJourney;
  command.profile_id = test::kProfile;
  auto outcome = puppet.tracker->create(command);
  return outcome ? to_string(outcome->run.run_id) : told(outcome.error());
}

std::string start(Puppet& puppet, const Words& words) {
  const std::string owner = text_at(words, 2);
  return told(puppet.tracker->start(id(number_at(words, 1)), {.owner = owner}));
}

std::string complete(Puppet& puppet, const Words& words) {
  return told(puppet.tracker->complete(id(number_at(words, 1))));
}

std::string fail(Puppet& puppet, const Words& words) {
  const std::string text(number_at(words, 2, 12), 'x');
  return told(puppet.tracker->fail(id(number_at(words, 1)), text));
}

std::string leave(Puppet& puppet, const Words& words) {
  return told(puppet.tracker->exit(id(number_at(words, 1))));
}

/// `fill FIRST COUNT [SIZE]`: creates in one batch; with a size each run fails with so long a text.
std::string fill(Puppet& puppet, const Words& words) {
  const std::uint64_t first = number_at(words, 1);
  const std::uint64_t count = number_at(words, 2);
  const std::string text(number_at(words, 3), 'x');
  std::vector<Command> commands;
  for (std::uint64_t number = first; number < first + count; ++number) {
    commands.emplace_back(test::request(id(number)));
    if (!text.empty()) commands.emplace_back(FailCommand{.run_id = id(number), .error = text});
  }
  auto outcomes = puppet.tracker->apply(commands);
  if (!outcomes) return told(outcomes.error());
  std::size_t held = 0;
  for (const Outcome& outcome : *outcomes) held += outcome.holds() ? 1 : 0;
  return held == commands.size() ? "ok" : "refused " + std::to_string(commands.size() - held);
}

std::string get(Puppet& puppet, const Words& words) {
  auto run = puppet.tracker->get(id(number_at(words, 1)));
  if (!run) return told(run.error());
  return *run ? std::string(to_string((*run)->status)) : "none";
}

std::string json(Puppet& puppet, const Words& words) {
  auto body = puppet.tracker->get_json(id(number_at(words, 1)));
  return body ? *body : told(body.error());
}

/// `triggered started completed`, in microseconds, `-` where there is none.
std::string times(Puppet& puppet, const Words& words) {
  auto run = puppet.tracker->get(id(number_at(words, 1)));
  if (!run) return told(run.error());
  if (!*run) return "none";
  const auto text = [](const std::optional<Instant>& at) {
    return at ? std::to_string(at->time_since_epoch().count()) : std::string("-");
  };
  return text((*run)->triggered_at) + " " + text((*run)->started_at) + " " +
         text((*run)->completed_at);
}

std::string sequence(Puppet& puppet, const Words& words) {
  auto run = puppet.tracker->get(id(number_at(words, 1)));
  if (!run) return told(run.error());
  return *run ? std::to_string((*run)->sequence) : "none";
}

Result<std::size_t> count_present(const Tracker& tracker, std::uint64_t first,
                                  std::uint64_t count) {
  std::size_t present = 0;
  std::vector<Uuid> ids;
  for (std::uint64_t number = first; number < first + count;) {
    ids.clear();
    for (; number < first + count && ids.size() < kGetManyMax; ++number) ids.push_back(id(number));
    auto runs = tracker.get_many(ids);
    if (!runs) return runs.error();
    present += static_cast<std::size_t>(std::count_if(runs->begin(), runs->end(), kPresent));
  }
  return present;
}

/// `count FIRST COUNT`: how many of these runs are there.
std::string count(Puppet& puppet, const Words& words) {
  auto present = count_present(*puppet.tracker, number_at(words, 1), number_at(words, 2));
  return present ? std::to_string(*present) : told(present.error());
}

/// `one-by-one FIRST COUNT`: the same, by get; the first error is told.
std::string one_by_one(Puppet& puppet, const Words& words) {
  std::size_t present = 0;
  const std::uint64_t first = number_at(words, 1);
  for (std::uint64_t number = first; number < first + number_at(words, 2); ++number) {
    auto run = puppet.tracker->get(id(number));
    if (!run) return told(run.error());
    present += run->has_value() ? 1 : 0;
  }
  return std::to_string(present);
}

/// `keep-reading FIRST COUNT THREADS`: until the process ends. A run that is there must stay so.
std::string keep_reading(Puppet& puppet, const Words& words) {
  const std::uint64_t first = number_at(words, 1);
  const std::uint64_t runs = number_at(words, 2);
  for (std::uint64_t i = 0; i < number_at(words, 3, 1); ++i) {
    puppet.background.emplace_back([&puppet, first, runs] {
      std::size_t seen = 0;
      for (;;) {
        auto present = count_present(*puppet.tracker, first, runs);
        if (!present || *present < seen) ::_exit(9);
        seen = *present;
      }
    });
  }
  return "ok";
}

std::string flush(Puppet& puppet, const Words&) { return told(puppet.tracker->flush()); }

std::string unpublished(Puppet& puppet, const Words&) {
  auto behind = puppet.tracker->unpublished();
  return behind ? std::to_string(*behind) : told(behind.error());
}

std::string close(Puppet& puppet, const Words&) { return told(puppet.tracker->close()); }

std::string drop(Puppet& puppet, const Words&) {
  puppet.tracker.reset();
  return "ok";
}

}  // namespace

void add_call_verbs(std::map<std::string, Verb>& verbs) {
  verbs.insert({{"open", open},
                {"create", create},
                {"fresh", fresh},
                {"start", start},
                {"complete", complete},
                {"fail", fail},
                {"exit", leave},
                {"fill", fill},
                {"get", get},
                {"json", json},
                {"times", times},
                {"sequence", sequence},
                {"count", count},
                {"one-by-one", one_by_one},
                {"keep-reading", keep_reading},
                {"flush", flush},
                {"unpublished", unpublished},
                {"close", close},
                {"drop", drop}});
}

}  // namespace milepost::faults
