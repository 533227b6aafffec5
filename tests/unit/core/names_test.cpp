// SPDX-License-Identifier: Apache-2.0
//
// Names and numbers that are fixed for ever, errors as text and exception, outcomes.
#include <set>
#include <stdexcept>

#include "core/errors.hpp"
#include "unit/core/support.hpp"

#include "milepost/command.hpp"
#include "milepost/result.hpp"

namespace milepost {
namespace {

struct CodeRow {
  Errc code;
  int number;
  std::string_view name;
};

const CodeRow kCodes[] = {
    {Errc::invalid_argument, -1, "invalid_argument"},
    {Errc::not_found, -2, "not_found"},
    {Errc::busy, -3, "busy"},
    {Errc::outcome_unknown, -4, "outcome_unknown"},
    {Errc::read_only, -5, "read_only"},
    {Errc::closed, -6, "closed"},
    {Errc::already_open, -7, "already_open"},
    {Errc::locked, -8, "locked"},
    {Errc::forked, -9, "forked"},
    {Errc::needs_reopen, -10, "needs_reopen"},
    {Errc::snapshot_expired, -11, "snapshot_expired"},
    {Errc::too_old, -12, "too_old"},
    {Errc::other_store, -13, "other_store"},
    {Errc::cancelled, -14, "cancelled"},
    {Errc::disk_full, -15, "disk_full"},
    {Errc::map_full, -16, "map_full"},
    {Errc::readers_full, -17, "readers_full"},
    {Errc::pid_clash, -18, "pid_clash"},
    {Errc::unsupported_filesystem, -19, "unsupported_filesystem"},
    {Errc::permission, -20, "permission"},
    {Errc::not_a_database, -21, "not_a_database"},
    {Errc::version, -22, "version"},
    {Errc::corrupt, -23, "corrupt"},
    {Errc::io, -24, "io"},
    {Errc::out_of_memory, -25, "out_of_memory"},
    {Errc::out_of_address_space, -26, "out_of_address_space"},
    {Errc::internal, -27, "internal"},
};

Error sample_error() {
  Error error;
  error.code = Errc::disk_full;
  error.system = 28;
  error.subject = "runs/journal";
  error.message = "The disk is full.";
  error.advice = "Free some space and retry.";
  return error;
}

}  // namespace

TEST_CASE("error codes have these numbers and names for ever", "[core][names]") {
  std::set<std::string_view> names;
  for (const CodeRow& row : kCodes) {
    CHECK(static_cast<int>(row.code) == row.number);
    CHECK(to_string(row.code) == row.name);
    names.insert(to_string(row.code));
  }
  CHECK(names.size() == 27);
  CHECK(to_string(static_cast<Errc>(0)) == "unknown");
  CHECK(to_string(static_cast<Errc>(-28)) == "unknown");
}

TEST_CASE("statuses have these numbers and names, and are read back exactly", "[core][names]") {
  const std::string_view names[] = {"queued", "running", "completed", "failed", "exited"};
  for (std::uint8_t number = 0; number < 5; ++number) {
    const auto status = static_cast<RunStatus>(number);
    CHECK(to_string(status) == names[number]);
    CHECK(parse_status(names[number]) == status);
  }
  CHECK(to_string(static_cast<RunStatus>(5)) == "unknown");
  for (const char* text : {"", "Queued", "QUEUED", "queued ", " queued", "queue", "unknown"}) {
    CHECK_FALSE(parse_status(text).has_value());
  }
}

TEST_CASE("outcomes have these numbers and names", "[core][names]") {
  const std::string_view names[] = {"created", "applied",  "unchanged",
                                    "illegal", "conflict", "not_found"};
  for (std::uint8_t number = 0; number < 6; ++number) {
    CHECK(to_string(static_cast<OutcomeKind>(number)) == names[number]);
  }
  CHECK(to_string(static_cast<OutcomeKind>(6)) == "unknown");
}

TEST_CASE("an error is one line with everything in it", "[core][names]") {
  CHECK(to_string(sample_error()) ==
        "disk_full (system 28): runs/journal: The disk is full. Free some space and retry.");
  CHECK(to_string(Error{}) == "internal");
  Error forged = sample_error();
  forged.subject = "a\nb\x7f Zo\xC3\xAB";
  CHECK(to_string(forged) ==
        "disk_full (system 28): a\\x0ab\\x7f Zo\xC3\xAB: The disk is full. "
        "Free some space and retry.");
}

TEST_CASE("value() of a failed result throws our exception with the whole error", "[core][names]") {
  const Result<int> failed = sample_error();
  REQUIRE(failed.has_error());
  try {
    (void)failed.value();
    FAIL("value() did not throw");
  } catch (const Exception& exception) {
    CHECK(exception.what() == to_string(sample_error()));
    CHECK(exception.error().code == Errc::disk_full);
    CHECK(exception.error().system == 28);
    CHECK(exception.error().subject == "runs/journal");
  }
  const Result<void> nothing = sample_error();
  CHECK_THROWS_AS(nothing.value(), std::runtime_error);
  CHECK(Result<int>(7).value() == 7);
}

TEST_CASE("shown values are printable and short", "[core][names]") {
  CHECK(core::shown("plain text/1") == "plain text/1");
  CHECK(core::shown("\x01\xff\\") == "\\x01\\xff\\x5c");
  const std::string longest(core::kShownBytesMax, 'x');
  CHECK(core::shown(longest) == longest);
  CHECK(core::shown(longest + "y") == longest + "...");
}

TEST_CASE("an outcome knows whether this call did it, whether it is so, and of what run",
          "[core][names]") {
  struct Row {
    OutcomeKind kind;
    bool applied;
    bool holds;
  };
  for (const Row& row :
       {Row{OutcomeKind::created, true, true}, Row{OutcomeKind::applied, true, true},
        Row{OutcomeKind::unchanged, false, true}, Row{OutcomeKind::illegal, false, false},
        Row{OutcomeKind::conflict, false, false}, Row{OutcomeKind::not_found, false, false}}) {
    Outcome outcome;
    outcome.kind = row.kind;
    outcome.run_known = true;
    CHECK(outcome.applied() == row.applied);
    CHECK(outcome.holds() == row.holds);
    CHECK(outcome.has_run());
    if (row.holds) {
      CHECK_NOTHROW(outcome.require_applied());
    } else {
      CHECK_THROWS_AS(outcome.require_applied(), std::logic_error);
    }
  }
  CHECK_FALSE(Outcome{}.has_run());
}

TEST_CASE("require_applied says what was answered and about which run", "[core][names]") {
  Outcome outcome;
  CHECK_THROWS_WITH(outcome.require_applied(),
                    "the command was answered not_found: there is no such run");
  outcome.kind = OutcomeKind::conflict;
  CHECK_THROWS_WITH(outcome.require_applied(),
                    "the command was answered conflict: the run id is taken");
  outcome.kind = OutcomeKind::illegal;
  outcome.run_known = true;
  outcome.run.run_id = core::test::id_of(1);
  outcome.run.status = RunStatus::completed;
  CHECK_THROWS_WITH(outcome.require_applied(),
                    "the command was answered illegal: run 3c90c3cc-0d44-4b50-8888-8dd257360501 "
                    "is completed");
}

}  // namespace milepost
