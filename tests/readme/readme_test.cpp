// SPDX-License-Identifier: Apache-2.0
//
// Runs every example of the README, each on a store of its own that has runs in every status, an
// orphan among them. An example that throws fails.
#include <atomic>
#include <filesystem>

#include "readme/prelude.hpp"
#include "support/temp_directory.hpp"

milepost::Uuid journey;
milepost::Uuid profile;
milepost::Uuid run_id;
milepost::Uuid finished_id;
std::uint64_t position = 0;

namespace {

// What the examples met. A store's lease has run out an hour before it is asked.
int g_shown = 0;
int g_resumed = 0;
int g_published = 0;
std::atomic<int> g_hours_later{0};

milepost::Uuid make_run(milepost::Tracker& tracker) {
  return tracker.create({.journey_id = journey, .profile_id = profile}).value().run.run_id;
}

/// A store that a process left behind with something of everything.
milepost::Tracker prepared(const std::string& directory) {
  {
    auto before = milepost::Tracker::open({.directory = directory}).value();
    before.start(make_run(before), {.owner = "worker-1"}).value().require_applied();
    finished_id = make_run(before);
    before.fail(finished_id, "mailbox full").value().require_applied();
    before.exit(make_run(before)).value().require_applied();
    before.close().value();
  }
  g_hours_later = 0;
  auto tracker =
      milepost::Tracker::open(
          {.directory = directory,
           .steady_clock =
               [] { return std::chrono::steady_clock::now() + std::chrono::hours(g_hours_later); }})
          .value();
  run_id = make_run(tracker);
  tracker.start(make_run(tracker), {.lease = 1min}).value().require_applied();
  g_hours_later = 1;
  tracker.flush().value();
  position = 0;
  return tracker;
}

}  // namespace

void show(const milepost::Run&) { ++g_shown; }
void resume(const milepost::Run&) { ++g_resumed; }
bool publish(const milepost::Change&) { return ++g_published % 3 != 0; }

int main() {
  const milepost::test::TempDirectory folder;
  std::filesystem::current_path(folder.path());
  journey = milepost::parse_uuid("3c90c3cc-0d44-4b50-8888-8dd25736052a").value();
  profile = milepost::parse_uuid("9a1f0c52-77d1-4e6b-9b60-2f6f3f0f3a11").value();
  for (const readme::Example& example : readme::kExamples) {
    std::cout << "README.md:" << example.line << std::endl;
    auto tracker = prepared("store-" + std::to_string(example.line));
    example.run(tracker);
    tracker.close().value();
  }
  std::cout << g_shown << " shown, " << g_resumed << " resumed, " << g_published << " published\n";
  return g_shown > 0 && g_resumed > 0 && g_published == 3 ? 0 : 1;
}
