// SPDX-License-Identifier: Apache-2.0
//
// The damage campaign over whole stores, made through the public API with something in every table
// and a tail in the journal. Each damaged store is first looked at by the page reader in this very
// process, which must name all damage of structure that can be reached; then by verify, which must
// name damage of any key or value; then by the engine, in a probe that may die. What verify finds
// nothing in must be whole: every run, list, count and change. What verify refuses but LMDB can
// follow is opened all the same: no record may come back that never was.
//
// MILEPOST_DAMAGE_CASES of each kind (5), MILEPOST_LONG_SECONDS goes on, MILEPOST_TEST_SEED
// replays.
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include "damages.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"
#include "verify/page_reader.hpp"

using namespace milepost::verify::test;
using milepost::test::ChildProcess;
using milepost::test::id;
using milepost::test::ok;
using milepost::test::TempDirectory;

namespace {

namespace fs = std::filesystem;
using namespace milepost;

constexpr std::size_t kCasesPerStore = 5;
constexpr std::uint64_t kRuns = 160;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Made at run time: the compiler would take minutes to try it for itself.
std::string filled(std::size_t size, char with) {
  std::string text;
  text.resize(size, with);
  return text;
}

// --- the sound store -----------------------------------------------------------------------------

OpenOptions options_for(const std::string& directory) {
  OpenOptions options{.directory = directory};
  options.map_size_start = kMapSizeMin;
  options.journal_segment_bytes = kJournalSegmentBytesMin;
  options.journal_bytes_max = 16 * kJournalSegmentBytesMin;
  options.publish_interval = std::chrono::hours(1);
  return options;
}

/// Takes a run some steps on, whatever it is by now.
void step(Tracker& tracker, std::uint64_t run, const Uuid& organization, Random& random) {
  const FinishOptions finish{.organization_id = organization};
  switch (random() % 5) {
    case 0:
      (void)tracker.complete(id(run), finish).value();
      return;
    case 1:
      // Some need pages of their own.
      (void)tracker.fail(id(run), std::string(random() % 4'000, 'e'), finish).value();
      return;
    case 2:
      (void)tracker.exit(id(run), finish).value();
      return;
    case 3:
      (void)tracker.adopt(id(run), {.owner = "bob", .organization_id = organization}).value();
      return;
    default:
      (void)tracker.start(id(run), {.owner = "ann", .organization_id = organization}).value();
  }
}

void work(Tracker& tracker, std::uint64_t first, std::uint64_t end, Random& random) {
  const auto organization_of = [](std::uint64_t run) {
    return run % 7 == 0 ? id(1, 0xaa) : Uuid{};
  };
  for (std::uint64_t run = first; run < end; ++run) {
    const std::string key = run % 2 == 0 ? "key " + std::to_string(run) : "";
    tracker
        .create({.journey_id = id(1 + run % 3, 1),
                 .profile_id = id(1 + run % 4, 2),
                 .run_id = id(run),
                 .organization_id = organization_of(run),
                 .idempotency_key = key})
        .value()
        .require_applied();
    (void)tracker.start(id(run), {.owner = "ann", .organization_id = organization_of(run)}).value();
    for (std::uint64_t steps = random() % 3; steps > 0; --steps) {
      const std::uint64_t other = random() % (run + 1);
      step(tracker, other, organization_of(other), random);
    }
  }
}

/// A store as a killed process leaves it, and its data file some commits before.
class SoundStore {
 public:
  explicit SoundStore(std::uint64_t seed) : base_(make(seed)) {}
  [[nodiscard]] const Base& base() const noexcept { return base_; }
  [[nodiscard]] std::string path() const { return folder_ / "sound"; }
  [[nodiscard]] std::string beside(const char* name) const { return folder_ / name; }

  /// The store with another data file.
  [[nodiscard]] std::string with(const std::string& bytes) const {
    const std::string directory = folder_ / "damaged";
    fs::remove_all(directory);
    fs::copy(path(), directory, fs::copy_options::recursive);
    std::ofstream(directory + "/data.mdb", std::ios::binary | std::ios::trunc) << bytes;
    return directory;
  }

 private:
  Base make(std::uint64_t seed) {
    Random random(seed);
    const std::string live = folder_ / "live";
    Tracker tracker = Tracker::open(options_for(live)).value();
    std::string earlier;
    for (std::uint64_t first = 0; first < kRuns; first += kRuns / 4) {
      earlier = contents(live + "/data.mdb");
      work(tracker, first, first + kRuns / 4, random);
      (void)tracker
          .purge({.completed_before = milepost::test::at("9999-01-01T00:00:00Z"), .limit = 3})
          .value();
      tracker.flush().value();
    }
    work(tracker, kRuns, kRuns + 20, random);
    milepost::test::copy_open_store(live, path());
    fs::permissions(path(), fs::perms::owner_all);
    fs::permissions(path() + "/journal", fs::perms::owner_all);
    return {earlier, Anatomy(contents(path() + "/data.mdb"))};
  }

  TempDirectory folder_;
  Base base_;
};

// --- the campaign --------------------------------------------------------------------------------

struct Kind {
  const char* name;
  Damage damage;
};

constexpr std::array kKinds{Kind{"a flipped bit", flip_bit},
                            Kind{"a flipped bit of a key or value", flip_content},
                            Kind{"noise in a page header", noise_in_header},
                            Kind{"a zeroed page", zero_page},
                            Kind{"a misdirected page", misdirect_page},
                            Kind{"a byte of a meta page", change_meta},
                            Kind{"a torn page", tear_page},
                            Kind{"a cut file", cut_file}};

struct Tally {
  std::size_t cases = 0;
  std::size_t had_to = 0;      ///< Structure or content that had to be found.
  std::size_t by_pages = 0;    ///< Found by the page reader ...
  std::size_t by_records = 0;  ///< ... and by what came after it.
  std::size_t whole = 0;       ///< Opened and compared.
  std::size_t earlier = 0;     ///< Of those: back at the last commit but one.
  std::size_t careful = 0;     ///< Opened although verify refused.
};

class Campaign {
 public:
  void round(std::uint64_t seed) {
    const SoundStore store(seed);
    store_ = &store;
    probe_.reset();
    for (std::size_t i = 0; i < kCasesPerStore; ++i) {
      for (const Kind& kind : kKinds) {
        Random random(seed + 1'000 * i + static_cast<std::size_t>(&kind - kKinds.data()));
        const Damaged damaged = kind.damage(store.base(), random);
        INFO("MILEPOST_TEST_SEED=" << seed << " MILEPOST_DAMAGE_CASES=" << kCasesPerStore
                                   << ", case " << i << ": " << damaged.what);
        judge(damaged, tallies_[kind.name]);
      }
    }
    probe_.reset();
  }

  void report() const {
    for (const auto& [name, tally] : tallies_) {
      std::cout << name << ": " << tally.cases << " cases, " << tally.had_to
                << " had to be found; pages found " << tally.by_pages << ", records "
                << tally.by_records << "; whole " << tally.whole << " (" << tally.earlier
                << " of the commit before); read in spite of it " << tally.careful << std::endl;
    }
    std::cout << "of damaged stores " << runs_ << " runs were read, " << stale_
              << " as they were earlier, and " << errors_ << " errors" << std::endl;
  }

 private:
  std::string ask(const std::string& request) {
    if (!probe_) {
      probe_ = std::make_unique<ChildProcess>(std::vector<std::string>{
          MILEPOST_STORE_PROBE, store_->path(), store_->beside("scratch")});
    }
    probe_->write_line(request);
    if (const std::optional<std::string> answer = probe_->read_line()) return *answer;
    const int ended = probe_->wait();
    probe_.reset();
    return "ended " + std::to_string(ended);
  }

  [[nodiscard]] bool must_find(const Damaged& damaged) const {
    if (damaged.must_find || !damaged.at) return damaged.must_find;
    const RowBytes* content = store_->base().now.content_at(*damaged.at);
    // A larger epoch is as good as the right one: it only makes orphans of running runs.
    const bool epoch = content != nullptr && content->table == "meta" && content->key == "epoch";
    return content != nullptr && !(epoch && !content->is_key);
  }

  void judge(const Damaged& damaged, Tally& tally) {
    const std::string directory = store_->with(damaged.bytes);
    ++tally.cases;
    const auto pages = verify::check_pages(directory + "/data.mdb");
    const bool pages_sound = pages && pages->sound();
    if (damaged.must_find) CHECK_FALSE(pages_sound);
    const std::string verdict = ask("verify " + directory);
    CAPTURE(verdict);
    CHECK(
        (verdict == "sound" || verdict.rfind("found ", 0) == 0 || verdict.rfind("error ", 0) == 0));
    if (must_find(damaged)) {
      ++tally.had_to;
      CHECK(verdict != "sound");
    }
    tally.by_pages += pages_sound ? 0 : 1;
    tally.by_records += pages_sound && verdict != "sound" ? 1 : 0;
    if (!pages_sound) CHECK(verdict != "sound");
    if (verdict == "sound") {
      open_sound(directory, damaged, tally);
    } else if (pages_sound) {
      open_in_spite(directory, tally);
    }
  }

  void open_sound(const std::string& directory, const Damaged& damaged, Tally& tally) {
    ++tally.whole;
    const Base& base = store_->base();
    const std::size_t metas = 2 * base.now.page_size();
    const bool metas_differ = damaged.bytes.compare(0, metas, base.now.bytes(), 0, metas) != 0;
    const std::string read = ask("whole ro " + directory);
    CAPTURE(read);
    CHECK((read == "whole" || (metas_differ && read == "earlier")));
    tally.earlier += read == "earlier" ? 1 : 0;
    CHECK(ask("whole rw " + directory) == "whole");
  }

  void open_in_spite(const std::string& directory, Tally& tally) {
    ++tally.careful;
    for (const char* how : {"careful ro ", "careful rw "}) {
      const std::string answer = ask(how + directory);
      CAPTURE(how, answer);
      CHECK((answer.rfind("fine ", 0) == 0 || answer.rfind("refused ", 0) == 0));
      if (answer.rfind("fine ", 0) != 0) continue;
      std::istringstream numbers(answer.substr(5));
      std::size_t runs = 0;
      std::size_t stale = 0;
      std::size_t errors = 0;
      numbers >> runs >> stale >> errors;
      runs_ += runs;
      stale_ += stale;
      errors_ += errors;
    }
  }

  const SoundStore* store_ = nullptr;
  std::unique_ptr<ChildProcess> probe_;
  std::map<std::string, Tally> tallies_;
  std::size_t runs_ = 0;
  std::size_t stale_ = 0;
  std::size_t errors_ = 0;
};

}  // namespace

TEST_CASE("a damaged store is named by verify or whole, and yields no record that never was",
          "[verify][damage][long]") {
  const std::uint64_t seed = milepost::test::test_seed("damaged stores");
  const std::size_t cases = milepost::test::test_count("MILEPOST_DAMAGE_CASES", 5);
  const milepost::test::LongRun longer;
  Campaign campaign;
  std::uint64_t rounds = 0;
  for (; rounds * kCasesPerStore < cases || longer.goes_on(); ++rounds) {
    campaign.round(seed + rounds);
  }
  campaign.report();
}

TEST_CASE("verify says what a file is that is no store of this format", "[verify][damage]") {
  const SoundStore store(milepost::test::test_seed("foreign files"));
  const std::string sound = store.base().now.bytes();
  std::string newer = sound;
  for (std::size_t at = newer.find("MILEPOST"); at != std::string::npos;
       at = newer.find("MILEPOST", at + 1)) {
    newer[at + 11] = '\x63';
  }
  std::string newer_lmdb = sound;
  for (const std::size_t page : {std::size_t{0}, store.base().now.page_size()}) {
    newer_lmdb[page + 20] = '\x63';
  }
  const std::string text = "SQLite format 3" + filled(100'000, ' ');
  ChildProcess probe({MILEPOST_STORE_PROBE, store.path(), store.beside("scratch")});
  const auto check = [&](const char* name, const std::string& bytes, const std::string& told) {
    CAPTURE(name);
    probe.write_line("verify " + store.with(bytes));
    const std::string answer = probe.read_line().value_or("ended");
    CAPTURE(answer);
    CHECK(answer.rfind(told, 0) == 0);
  };
  check("nothing", "", "found file_length");
  check("a byte", "x", "found file_length");
  check("a text", text, "found meta_magic");
  check("zeros", filled(65'536, '\0'), "found meta_magic");
  check("a newer format", newer, "found version");
  check("a newer LMDB", newer_lmdb, "found meta_version");
}
