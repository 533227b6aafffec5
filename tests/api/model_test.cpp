// SPDX-License-Identifier: Apache-2.0
//
// Random sequences of everything a host may do, on a real store and on the model at once: every
// answer and every run must be the same, over reopenings and crashes in between. A failing
// sequence is shrunk to the commands that matter; its seed is printed.
#include <filesystem>
#include <rapidcheck.h>
#include <sstream>

#include "support/beds.hpp"
#include "support/catch.hpp"
#include "support/steps.hpp"

namespace milepost {
namespace {

namespace fs = std::filesystem;
using test::id;

constexpr std::size_t kSequenceLength = 100;
constexpr std::uint64_t kRuns = 9;

/// One thing to do. Everything about it follows from a number.
struct Op {
  std::uint64_t number = 0;
};

std::ostream& operator<<(std::ostream& out, const Op& op) { return out << "op " << op.number; }

/// A few random choices drawn from a number.
class Choices {
 public:
  explicit Choices(std::uint64_t state) : state_(state) {}
  std::uint64_t below(std::uint64_t bound) {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % bound;
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <typename T, std::size_t N>
  const T& of(const std::array<T, N>& values) {
    return values[below(N)];
  }

 private:
  std::uint64_t state_;
};

const std::string kLongText(5'000, 'x');
const std::string kCutText = std::string(4'093, 'x') + "\xe2\x80\xa6";
const std::string kLongOwner(256, 'o');

struct TextPair {
  std::string_view given;
  std::string_view kept;
};
const std::array kTexts{TextPair{"", ""}, TextPair{"mailbox full", "mailbox full"},
                        TextPair{"\x01\"\\\n", "\x01\"\\\n"}, TextPair{"\xff?", "\xef\xbf\xbd?"},
                        TextPair{kLongText, kCutText}};
constexpr std::array<std::string_view, 4> kOwners{"", "", "ann", "bob"};

/// Runs one sequence on both and keeps the first difference.
class Replay {
 public:
  explicit Replay(std::uint64_t seed) : options_(test::small_options()) {
    Choices choices(seed);
    options_.directory = folder_ / "store0";
    options_.clock = clock_;
    options_.map_size_start = kMapSizeMin;
    options_.journal_segment_bytes = kJournalSegmentBytesMin;
    options_.journal_bytes_max = 8 * kJournalSegmentBytesMin;
    options_.relaxed_bytes_max = kJournalSegmentBytesMin;
    options_.recent_bytes_max = choices.one_in(2) ? 0 : 64u << 10;
    applies_by_itself_ = choices.one_in(2);
    options_.publish_interval =
        applies_by_itself_ ? std::chrono::milliseconds(1) : std::chrono::hours(1);
    if (choices.one_in(4)) options_.durability = Durability::relaxed;
    for (std::uint64_t i = 0; i < kRuns; ++i) runs_.push_back(id(i));
    reopen();
  }

  /// The first difference in a few words; empty if there is none.
  std::string run(const std::vector<Op>& ops) {
    for (std::size_t i = 0; i < ops.size() && difference_.empty(); ++i) {
      what_ = "op " + std::to_string(i);
      take(ops[i]);
      if (i % 20 == 19) compare_all();
    }
    what_ = "at the end";
    compare_all();
    reopen();
    what_ = "after the last reopening";
    compare_all();
    return difference_;
  }

 private:
  void take(const Op& op) {
    Choices choices(op.number);
    const std::uint64_t kind = choices.below(100);
    if (kind < 70) {
      single(draw(choices));
    } else if (kind < 80) {
      batch(choices);
    } else if (kind < 87) {
      if (last_) single(*last_);  // an at-least-once caller
    } else if (kind < 93) {
      clock_.step(std::chrono::microseconds(static_cast<std::int64_t>(choices.below(7'000'000)) -
                                            3'000'000));
    } else if (kind < 95) {
      if (!real_->flush()) differ("flush fails");
    } else if (kind < 97) {
      reopen();
    } else if (kind < 98) {
      crash();
    } else {
      compare_all();
    }
  }

  /// A command, whether it must be refused as an argument, and the text that will be kept.
  struct Drawn {
    Command command;
    bool bad = false;
    std::string_view kept;
  };

  Drawn draw(Choices& choices) {
    static const std::array kOrganizations{Uuid{}, Uuid{}, Uuid{}, Uuid{}, id(1, 0xaa)};
    const Uuid run = runs_[choices.below(runs_.size())];
    const Uuid organization = choices.of(kOrganizations);
    const bool bad = choices.one_in(30);
    const std::string_view owner = bad ? std::string_view(kLongOwner) : choices.of(kOwners);
    std::optional<std::uint64_t> token;
    if (choices.one_in(4)) token = choices.below(3);
    switch (choices.below(8)) {
      case 0:
      case 1:
        return {draw_create(choices, run, organization, bad), bad, {}};
      case 2:
      case 3:
        return {StartCommand{run, owner, organization}, bad, {}};
      case 4:
      case 5:
        return {CompleteCommand{run, owner, token, organization}, bad, {}};
      case 6: {
        const TextPair& text = choices.of(kTexts);
        return {FailCommand{run, text.given, owner, token, organization}, bad, text.kept};
      }
      default:
        return {ExitCommand{run, owner, token, organization}, bad, {}};
    }
  }

  static Command draw_create(Choices& choices, const Uuid& run, const Uuid& organization,
                             bool bad) {
    CreateCommand create;
    create.journey_id = choices.one_in(6) ? id(5, 5) : test::kJourney;
    create.profile_id = test::kProfile;
    create.organization_id = organization;
    if (!choices.one_in(4)) create.run_id = run;
    if (choices.one_in(3)) create.triggered_at = test::at("2023-11-07T05:31:57.000001Z");
    if (bad) create.triggered_at = Instant::max();
    return create;
  }

  /// What the model says to a command; `fresh` is the id the real store chose for it.
  Outcome ask_model(const Drawn& drawn, const Uuid& fresh) {
    Command command = drawn.command;
    if (auto* fail = std::get_if<FailCommand>(&command)) fail->error = drawn.kept;
    const Uuid* named = core::command_run_id(command);
    const store::ResolvedCommand resolved{&command, named != nullptr ? *named : fresh};
    Outcome outcome;
    if (!model_->apply({&resolved, 1}, Deadline::max(), {&outcome, 1})) differ("the model fails");
    return outcome;
  }

  void compare(const Drawn& drawn, const Outcome& real) {
    const Outcome model = ask_model(drawn, real.run.run_id);
    if (real.kind == model.kind && real.run_known == model.run_known && real.run == model.run) {
      if (real.kind == OutcomeKind::created && !core::command_run_id(drawn.command)) {
        runs_.push_back(real.run.run_id);
      }
      return;
    }
    differ("outcome " + std::string(to_string(real.kind)) + ", the model says " +
           std::string(to_string(model.kind)) + "\n  " + show(real.run) + "\n  " + show(model.run));
  }

  void single(const Drawn& drawn) {
    last_ = drawn;
    const auto real = send(drawn.command);
    if (drawn.bad) {
      if (test::code_of(real) != Errc::invalid_argument) differ("a bad argument is taken");
    } else if (!real) {
      differ("refused: " + to_string(real.error()));
    } else {
      compare(drawn, *real);
    }
  }

  Result<Outcome> send(const Command& command) {
    if (const auto* c = std::get_if<CreateCommand>(&command)) return real_->create(*c);
    if (const auto* c = std::get_if<StartCommand>(&command)) {
      return real_->start(c->run_id, {c->owner, c->organization_id, {}});
    }
    if (const auto* c = std::get_if<CompleteCommand>(&command)) {
      return real_->complete(c->run_id, {c->owner, c->fencing_token, c->organization_id, {}});
    }
    if (const auto* c = std::get_if<FailCommand>(&command)) {
      return real_->fail(c->run_id, c->error, {c->owner, c->fencing_token, c->organization_id, {}});
    }
    const auto& c = std::get<ExitCommand>(command);
    return real_->exit(c.run_id, {c.owner, c.fencing_token, c.organization_id, {}});
  }

  void batch(Choices& choices) {
    std::vector<Drawn> drawn;
    std::vector<Command> commands;
    bool bad = false;
    for (std::uint64_t left = choices.below(8); left > 0; --left) {
      drawn.push_back(draw(choices));
      commands.push_back(drawn.back().command);
      bad = bad || drawn.back().bad;
    }
    const auto real = real_->apply(commands);
    if (bad) {
      if (test::code_of(real) != Errc::invalid_argument) differ("a bad batch is taken");
    } else if (!real) {
      differ("batch refused: " + to_string(real.error()));
    } else if (real->size() != drawn.size()) {
      differ("a batch of " + std::to_string(drawn.size()) + " has too few answers");
    } else {
      for (std::size_t i = 0; i < drawn.size(); ++i) compare(drawn[i], (*real)[i]);
    }
  }

  std::optional<Run> model_get(const Uuid& run, const Uuid& organization) {
    std::optional<Run> found;
    const auto visit = [&](const core::RecordView& record) {
      if (record.organization_id == organization) found = core::to_run(record);
    };
    if (!model_->find(run, visit)) differ("the model cannot be read");
    return found;
  }

  void compare_all() {
    for (const Uuid& organization : {Uuid{}, id(1, 0xaa)}) {
      const auto many = real_->get_many(runs_, {organization});
      if (!many) return differ("get_many fails: " + to_string(many.error()));
      for (std::size_t i = 0; i < runs_.size(); ++i) {
        const std::optional<Run> model = model_get(runs_[i], organization);
        const auto one = real_->get(runs_[i], {organization});
        if (!one || *one != model) return differ("get differs for " + to_string(runs_[i]));
        if ((*many)[i] != model) return differ("get_many differs for " + to_string(runs_[i]));
        const auto json = real_->get_json(runs_[i], {organization});
        const bool same = model ? json && *json == to_json(*model).value()
                                : test::code_of(json) == Errc::not_found;
        if (!same) return differ("get_json differs for " + to_string(runs_[i]));
      }
    }
  }

  void reopen() {
    if (real_) {
      if (auto closed = real_->close(); !closed) differ("close: " + to_string(closed.error()));
      real_.reset();
    }
    auto opened = Tracker::open(options_);
    if (!opened) throw std::runtime_error("reopening fails: " + to_string(opened.error()));
    real_.emplace(std::move(*opened));
    model_.emplace(disk_, options_);
  }

  /// What a killed process leaves behind: the files as they are at a moment between two calls.
  /// Only while the applier sleeps, so that the copy is one moment's.
  void crash() {
    if (applies_by_itself_) return reopen();
    const fs::path from = options_.directory;
    const fs::path to = folder_ / ("store" + std::to_string(++crashes_));
    test::copy_open_store(from, to);
    if (auto closed = real_->close(); !closed) differ("close: " + to_string(closed.error()));
    real_.reset();
    fs::remove_all(from);
    options_.directory = to.string();
    reopen();
  }

  static std::string show(const Run& run) {
    std::ostringstream out;
    const auto micros = [](const std::optional<Instant>& instant) {
      return instant ? std::to_string(instant->time_since_epoch().count()) : std::string("-");
    };
    out << to_string(run.run_id) << ' ' << to_string(run.status) << " triggered "
        << micros(run.triggered_at) << " started " << micros(run.started_at) << " completed "
        << micros(run.completed_at) << " owner " << run.owner << " token " << run.fencing_token
        << " sequence " << run.sequence << " error " << run.error.value_or("-").substr(0, 20);
    return out.str();
  }

  void differ(const std::string& how) {
    if (difference_.empty()) difference_ = what_ + ": " + how;
  }

  test::TempDirectory folder_;
  test::ManualClock clock_{test::at("2023-11-07T05:31:56Z")};
  OpenOptions options_;
  bool applies_by_itself_ = false;
  std::vector<Uuid> runs_;
  std::optional<Tracker> real_;
  std::shared_ptr<test::MemoryDisk> disk_ = std::make_shared<test::MemoryDisk>();
  std::optional<test::MemoryStore> model_;
  std::optional<Drawn> last_;
  std::string difference_;
  std::string what_ = "opening";
  int crashes_ = 0;
};

rc::Gen<std::vector<Op>> sequences() {
  const auto number = rc::gen::noShrink(
      rc::gen::inRange<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()));
  const auto op = rc::gen::map(number, [](std::uint64_t drawn) { return Op{drawn}; });
  return rc::gen::shrink(
      rc::gen::noShrink(rc::gen::container<std::vector<Op>>(kSequenceLength, op)),
      [](const std::vector<Op>& ops) { return rc::shrink::removeChunks(ops); });
}

std::string replay(std::uint64_t setting, const std::vector<Op>& ops) {
  try {
    return Replay(setting).run(ops);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST_CASE("random sequences do to the store what they do to the model", "[api][model][long]") {
  rc::detail::TestParams params;
  params.seed = test::test_seed("model");
  params.maxSuccess = static_cast<int>(test::test_count("MILEPOST_TEST_SEQUENCES", 2'000));
  std::string differences;  // of every attempt, should it not fail when it is tried again
  const auto property = [&] {
    const auto setting = *rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(0, 1'000'000));
    const std::vector<Op> ops = *sequences();
    const std::string difference = replay(setting, ops);
    if (difference.empty()) return;
    differences += "\nsetting " + std::to_string(setting) + ", " + difference;
    throw std::runtime_error(difference);
  };
  const test::LongRun longer;
  int tried = 0;
  do {
    const auto result = rc::detail::checkTestable(property, rc::detail::TestMetadata{}, params);
    std::ostringstream told;
    rc::detail::printResultMessage(result, told);
    INFO(told.str() << differences);
    REQUIRE(result.template is<rc::detail::SuccessResult>());
    tried += params.maxSuccess;
    ++params.seed;
  } while (longer.goes_on());
  std::cout << "model: " << tried << " sequences" << std::endl;
}

}  // namespace
}  // namespace milepost
