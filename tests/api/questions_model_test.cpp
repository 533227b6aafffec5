// SPDX-License-Identifier: Apache-2.0
//
// Random sequences of what a host asks beside single steps (keys, leases, orphans, purges,
// erasures, bulk steps, imports) on a tracker over a directory and on one over the model at once:
// every answer, every list, all counts and the whole feed must be the same, over reopenings.
#include <map>
#include <random>
#include <sstream>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"
#include "support/transfer.hpp"

namespace milepost {
namespace {

using test::at;
using test::id;

constexpr int kSequenceLength = 60;
constexpr std::chrono::milliseconds kLease{50};
const std::array kOrganizations{Uuid{}, id(1, 0xaa)};
const std::array kJourneys{id(1, 1), id(2, 1)};
const std::array kProfiles{id(1, 2), id(2, 2), id(3, 2)};

class Sequence {
 public:
  explicit Sequence(std::uint64_t seed) : random_(seed), real_(adjust()), model_(adjust()) {}

  /// The first difference in a few words; empty if there is none.
  std::string run() {
    for (int i = 0; i < kSequenceLength && difference_.empty(); ++i) {
      what_ = "op " + std::to_string(i);
      take();
      if (i % 15 == 14) compare_all();
    }
    if (difference_.empty()) compare_all();
    return difference_;
  }

 private:
  test::Adjust adjust() {
    return [this](OpenOptions& options) {
      options.map_size_start = kMapSizeMin;
      options.journal_segment_bytes = kJournalSegmentBytesMin;
      options.journal_bytes_max = 8 * kJournalSegmentBytesMin;
      options.relaxed_bytes_max = kJournalSegmentBytesMin;
      options.recent_bytes_max = 0;
      options.publish_interval = std::chrono::hours(1);
      options.steady_clock = [this] { return steady_; };
    };
  }

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  template <typename T, std::size_t N>
  const T& any(const std::array<T, N>& values) {
    return values[below(N)];
  }
  Uuid any_run() { return id(below(12)); }
  Uuid any_organization() { return below(4) == 0 ? kOrganizations[1] : kOrganizations[0]; }
  std::string_view any_owner() {
    static constexpr std::array<std::string_view, 3> kOwners{"", "ann", "bob"};
    return any(kOwners);
  }
  std::optional<std::uint64_t> any_token() {
    return below(3) == 0 ? std::optional<std::uint64_t>(1 + below(3)) : std::nullopt;
  }

  /// Makes the call on both, and compares what they say.
  template <typename Call, typename Same>
  void both(const char* name, const Call& call, const Same& same) {
    const auto real = call(real_.tracker());
    const auto model = call(model_.tracker());
    if (real.has_value() != model.has_value()) {
      differ(std::string(name) + (real ? " is taken" : ": " + to_string(real.error())));
    } else if (!real) {
      if (real.error().code != model.error().code) differ(std::string(name) + ": other code");
    } else if (!same(*real, *model)) {
      differ(std::string(name) + ": other answer");
    }
  }

  template <typename Call>
  void step(const char* name, const Call& call) {
    both(name, call, [](const Outcome& real, const Outcome& model) {
      return real.kind == model.kind && real.run_known == model.run_known && real.run == model.run;
    });
  }

  void take() {
    switch (below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return create();
      case 4:
      case 5:
      case 6:
        return start();
      case 7:
      case 8:
      case 9:
        return finish();
      case 10:
        return adopt();
      case 11:
        return heartbeat();
      case 12:
        return purge();
      case 13:
        return erase();
      case 14:
        return bulk();
      case 15:
        return import();
      case 16:
        steady_ += kLease / 2 * static_cast<int>(1 + below(3));
        return compare_expired();
      case 17:
        return fail_orphans();
      case 18:
        real_.clock.step(std::chrono::seconds(1));
        model_.clock.step(std::chrono::seconds(1));
        return;
      default:
        if (below(3) != 0) return;
        real_.reopen();
        model_.reopen();
    }
  }

  void create() {
    const std::string key = below(2) == 0 ? "key " + std::to_string(below(6)) : "";
    CreateCommand made{.journey_id = any(kJourneys),
                       .profile_id = any(kProfiles),
                       .run_id = any_run(),
                       .organization_id = any_organization(),
                       .idempotency_key = key};
    if (below(3) == 0) made.triggered_at = at("2023-11-07T05:31:57.000001Z");
    step("create", [&](Tracker& tracker) { return tracker.create(made); });
  }

  void start() {
    const Uuid run = any_run();
    StartOptions options{.owner = any_owner(), .organization_id = any_organization()};
    if (below(2) == 0) options.lease = kLease;
    step("start", [&](Tracker& tracker) { return tracker.start(run, options); });
  }

  void finish() {
    const Uuid run = any_run();
    FinishOptions options{.owner = any_owner(),
                          .fencing_token = any_token(),
                          .organization_id = any_organization(),
                          .only_if_expired = below(4) == 0};
    const std::uint64_t how = below(3);
    step("finish", [&](Tracker& tracker) {
      if (how == 0) return tracker.complete(run, options);
      return how == 1 ? tracker.fail(run, "mailbox full", options) : tracker.exit(run, options);
    });
  }

  void adopt() {
    const Uuid run = any_run();
    AdoptOptions options{.owner = any_owner(),
                         .fencing_token = any_token(),
                         .organization_id = any_organization(),
                         .only_if_expired = below(2) == 0};
    if (below(2) == 0) options.lease = kLease;
    step("adopt", [&](Tracker& tracker) { return tracker.adopt(run, options); });
  }

  void heartbeat() {
    const Uuid run = any_run();
    const HeartbeatOptions options{.owner = any_owner(), .fencing_token = any_token()};
    step("heartbeat", [&](Tracker& tracker) { return tracker.heartbeat(run, kLease, options); });
  }

  void purge() {
    PurgeOptions options{
        .completed_before = at("2023-11-07T05:31:56Z") + std::chrono::seconds(below(20)),
        .limit = 1 + below(4),
        .dry_run = below(3) == 0};
    if (below(2) == 0) options.organization_id = any_organization();
    both(
        "purge", [&](Tracker& tracker) { return tracker.purge(options); },
        [](const PurgeReport& real, const PurgeReport& model) {
          return real.removed == model.removed && real.next.empty() == model.next.empty();
        });
  }

  void erase() {
    const EraseProfileOptions options{.profile_id = any(kProfiles),
                                      .organization_id = any_organization()};
    both(
        "erase_profile", [&](Tracker& tracker) { return tracker.erase_profile(options); },
        [](const ErasureReceipt& real, const ErasureReceipt& model) {
          return real.runs == model.runs && real.changes_blanked == model.changes_blanked &&
                 real.sequence == model.sequence && real.through == model.through;
        });
  }

  /// To the end: a step may say that there might be more where there is nothing.
  static Result<BulkReport> bulk_all(Tracker& tracker, BulkOptions options) {
    BulkReport all;
    do {
      options.cursor = all.next;
      auto report = tracker.bulk(options);
      if (!report) return report.error();
      all.matched += report->matched;
      all.applied += report->applied;
      if (options.cursor.empty()) all.sample = report->sample;
      all.next = report->next;
    } while (!all.next.empty());
    return all;
  }

  void bulk() {
    BulkOptions options{.filter = any_filter(),
                        .action = below(2) == 0 ? BulkAction::fail : BulkAction::exit,
                        .limit = 1 + below(5),
                        .dry_run = below(3) == 0};
    if (options.action == BulkAction::fail) options.error = "stopped";
    both(
        "bulk", [&](Tracker& tracker) { return bulk_all(tracker, options); },
        [](const BulkReport& real, const BulkReport& model) {
          return real.matched == model.matched && real.applied == model.applied &&
                 real.sample == model.sample;
        });
  }

  void import() {
    std::ostringstream line;
    const bool final = below(2) == 0;
    line << R"({"runId":")" << to_string(any_run()) << R"(","journeyId":")"
         << to_string(any(kJourneys)) << R"(","profileId":")" << to_string(any(kProfiles))
         << R"(","status":")" << (final ? "exited" : "queued")
         << R"(","triggeredAt":"2023-11-07T05:31:58Z","completedAt":)"
         << (final ? R"("2023-11-07T05:32:01Z")" : "null") << R"(,"error":null})" << '\n';
    const std::string text = line.str();
    both(
        "import", [&](Tracker& tracker) { return tracker.import_runs(test::from(text)); },
        [](const ImportReport& real, const ImportReport& model) {
          return real.created == model.created && real.unchanged == model.unchanged &&
                 real.refused == model.refused;
        });
  }

  void fail_orphans() {
    if (below(2) == 0) return compare_orphans();
    const FailOrphansOptions options{.error = "its host died", .limit = 1 + below(4)};
    both(
        "fail_orphans", [&](Tracker& tracker) { return tracker.fail_orphans(options); },
        [](const FailOrphansReport& real, const FailOrphansReport& model) {
          return real.failed == model.failed && real.more == model.more;
        });
  }

  RunFilter any_filter() {
    RunFilter filter{.organization_id = any_organization()};
    if (below(2) == 0) filter.journey_id = any(kJourneys);
    if (below(3) == 0) filter.profile_id = any(kProfiles);
    if (below(2) == 0) filter.statuses = static_cast<RunStatus>(below(5));
    if (below(4) == 0) filter.triggered_from = at("2023-11-07T05:31:57.000001Z");
    if (below(4) == 0) filter.triggered_to = at("2023-11-07T05:31:58Z");
    return filter;
  }

  /// All pages of a list, one behind the other; cursors are each store's own.
  static Result<std::vector<Run>> walk(Tracker& tracker, ListOptions options) {
    std::vector<Run> all;
    std::string cursor;
    do {
      options.cursor = cursor;
      auto page = tracker.list(options);
      if (!page) return page.error();
      all.insert(all.end(), page->runs.begin(), page->runs.end());
      cursor = page->next;
    } while (!cursor.empty());
    return all;
  }

  void compare_all() {
    const auto equal = [](const auto& real, const auto& model) { return real == model; };
    for (int i = 0; i < 6; ++i) {
      const ListOptions options{.filter = any_filter(),
                                .order = below(2) == 0 ? Order::newest_first : Order::oldest_first,
                                .limit = 1 + below(7)};
      both(
          "list", [&](Tracker& tracker) { return walk(tracker, options); }, equal);
    }
    both(
        "counts", [](Tracker& tracker) { return tracker.counts(); }, equal);
    for (const Uuid& journey : kJourneys) {
      const CountOptions options{.journey_id = journey};
      both(
          "counts", [&](Tracker& tracker) { return tracker.counts(options); }, equal);
    }
    both(
        "changes", [](Tracker& tracker) { return tracker.changes({.limit = kChangesLimitMax}); },
        [](const ChangesPage& real, const ChangesPage& model) {
          return real.changes == model.changes && real.newest == model.newest;
        });
    compare_orphans();
  }

  void compare_orphans() {
    both(
        "orphans", [](Tracker& tracker) { return tracker.orphans(); },
        [](const Page& real, const Page& model) { return real.runs == model.runs; });
  }

  void compare_expired() {
    both(
        "expired", [](Tracker& tracker) { return tracker.expired(); },
        [](const auto& real, const auto& model) { return real == model; });
  }

  void differ(const std::string& how) {
    if (difference_.empty()) difference_ = what_ + ": " + how;
  }

  std::mt19937_64 random_;
  std::chrono::steady_clock::time_point steady_{std::chrono::hours(1)};
  test::DirectoryBed real_;
  test::MemoryBed model_;
  std::string difference_;
  std::string what_ = "opening";
};

TEST_CASE("random questions and upkeep find the store as they find the model",
          "[api][model][long]") {
  std::mt19937_64 seeds(test::test_seed("questions"));
  const std::size_t count = test::test_count("MILEPOST_TEST_SEQUENCES", 2'000);
  const test::LongRun longer;
  std::size_t i = 0;
  for (; i < count || longer.goes_on(); ++i) {
    const std::string difference = Sequence(seeds()).run();
    CAPTURE(i, difference);
    REQUIRE(difference.empty());
  }
  std::cout << "questions: " << i << " sequences" << std::endl;
}

}  // namespace
}  // namespace milepost
