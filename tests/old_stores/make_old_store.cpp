// SPDX-License-Identifier: Apache-2.0
//
// `make_old_store FOLDER closed|killed`: writes a store with something in every table, always by
// the same commands at the same times, so that what must be in it can be written down by hand
// (format-*/published.jsonl, whole.jsonl). `closed` ends in an orderly way; `killed` publishes the
// same, takes more steps, over two segments of the journal, and ends by SIGKILL.
//
// Public headers only and nothing new: the program must compile with the release whose stores it
// makes. ./make packs what it leaves behind.
#include <iostream>
#include <signal.h>
#include <string>

#include "support/runs.hpp"

#include "milepost/milepost.hpp"

namespace milepost {
namespace {

using test::at;
using test::id;

const Uuid kOther = id(1, 0xaa);  ///< An organization beside the nil one.
const Uuid kFirstJourney = id(1, 1);
const Uuid kSecondJourney = id(2, 1);

Uuid profile(std::uint64_t number) { return id(number, 2); }

class History {
 public:
  explicit History(const std::string& directory) : tracker_(open(directory)) {}

  /// What is published: commands 1 to 22, effects 1 to 26.
  void publish() {
    make(1, kFirstJourney, 1, {}, "order-1");
    make(2, kFirstJourney, 2, {}, {}, at("2025-12-31T23:59:59.999999Z"));
    make(3, kFirstJourney, 1);
    make(4, kSecondJourney, 2, {}, "order-4");
    make(5, kSecondJourney, 3);
    make(6, kFirstJourney, 1, kOther, "order-1");
    make(7, kSecondJourney, 2);
    done(next().start(id(2), {.owner = "worker-1"}));
    done(next().complete(id(2), {.owner = "worker-1", .fencing_token = 1}));
    done(next().start(id(3), {.owner = "worker-2"}));
    done(next().fail(id(3), "mailbox \"full\""));
    done(next().exit(id(4)));
    done(next().start(id(6), {.owner = "worker-3", .organization_id = kOther}));
    done(next().adopt(id(6), {.owner = "worker-4", .fencing_token = 1, .organization_id = kOther}));
    make(8, kFirstJourney, 3);
    done(next().fail(id(8), std::string(kErrorTextSizeMax, 'x')));
    (void)next().erase_profile({.profile_id = profile(3)}).value();
    import();
    (void)next().purge({.completed_before = at("2024-03-01T00:00:00Z")}).value();
    (void)next()
        .bulk({.filter = {.journey_id = kSecondJourney, .statuses = RunStatus::queued}})
        .value();
    batch({CreateCommand{kFirstJourney, profile(1), id(11)},
           StartCommand{.run_id = id(11), .owner = "worker-5"},
           CreateCommand{kFirstJourney, profile(2), id(12), {}, kOther}});
    tracker_.flush().value();
  }

  /// What only the journal holds: commands 23 to 47, effects 27 to 71. No question may be asked
  /// here that publishes first.
  void go_on() {
    done(next().start(id(1), {.owner = "worker-6"}));
    done(next().complete(id(1)));
    make(13, kFirstJourney, 1, {}, "order-13");
    done(next().complete(id(6),
                         {.owner = "worker-4", .fencing_token = 2, .organization_id = kOther}));
    const std::string long_text(kErrorTextSizeMax, 'y');
    for (std::uint64_t run = 101; run <= 120; ++run) {
      batch({CreateCommand{kSecondJourney, profile(4), id(run)},
             FailCommand{.run_id = id(run), .error = long_text}});
    }
    done(next().adopt(id(11), {.owner = "worker-7", .fencing_token = 1}));
  }

  void close() { tracker_.close().value(); }

 private:
  Tracker open(const std::string& directory) {
    OpenOptions options{.directory = directory};
    options.clock = clock_;
    options.map_size_start = kMapSizeMin;
    options.map_size_max = 64u << 20;
    options.readers_max = kReadersMin;
    options.journal_segment_bytes = kJournalSegmentBytesMin;
    options.journal_bytes_max = 16 * kJournalSegmentBytesMin;
    options.publish_interval = std::chrono::hours(1);
    return Tracker::open(options).value();
  }

  /// The tracker, a second later.
  Tracker& next() {
    clock_.step(std::chrono::seconds(1));
    return tracker_;
  }

  static void done(const Result<Outcome>& outcome) { outcome.value().require_applied(); }

  void make(std::uint64_t run, const Uuid& journey, std::uint64_t of, const Uuid& organization = {},
            std::string_view key = {}, std::optional<Instant> triggered = {}) {
    done(next().create({journey, profile(of), id(run), triggered, organization, key}));
  }

  void batch(const std::vector<Command>& commands) {
    for (const Outcome& outcome : next().apply(commands).value()) outcome.require_applied();
  }

  /// A finished run that will be purged, and a running one that nobody owns.
  void import() {
    batch({ImportCommand{.run_id = id(9),
                         .journey_id = kSecondJourney,
                         .profile_id = profile(1),
                         .status = RunStatus::completed,
                         .triggered_at = at("2024-02-29T12:00:00Z"),
                         .completed_at = at("2024-02-29T12:00:06.500Z")}});
    batch({ImportCommand{.run_id = id(10),
                         .journey_id = kSecondJourney,
                         .profile_id = profile(2),
                         .status = RunStatus::running,
                         .triggered_at = at("2026-01-01T00:00:00Z")}});
  }

  test::ManualClock clock_{at("2026-01-05T08:00:00Z")};
  Tracker tracker_;
};

int make_store(const std::string& directory, const std::string& end) {
  History history(directory);
  history.publish();
  if (end == "killed") {
    history.go_on();
    ::raise(SIGKILL);
  }
  history.close();
  return 0;
}

}  // namespace
}  // namespace milepost

int main(int count, char** arguments) {
  const std::string end = count == 3 ? arguments[2] : "";
  if (end != "closed" && end != "killed") {
    std::cerr << "usage: make_old_store FOLDER closed|killed\n";
    return 2;
  }
  return milepost::make_store(arguments[1], end);
}
