// SPDX-License-Identifier: Apache-2.0
//
// The committer between a journal that can fail and a table that can be damaged: what comes before
// what, and who pays for a failure.
#include "support/steps.hpp"
#include "support/threads.hpp"
#include "unit/store/committer_support.hpp"

namespace milepost::store {
namespace {

using test::code_of;
using test::Desk;
using test::id;
using test::ok;

using Events = std::vector<std::string>;

TEST_CASE("effects are appended, synced, published and handed over in that order",
          "[store][committer]") {
  Desk desk;
  const auto told = desk.send({test::request(id(1)), test::request(id(2)),
                               StartCommand{.run_id = id(1), .owner = "me"}})
                        .value();
  CHECK(desk.events == Events{"sync 3", "hand over"});
  CHECK(told[2].applied());
  CHECK(told[2].run.sequence == 3);
  CHECK(desk.recent.find(id(1)).sequence() == 3);
  CHECK(desk.handed_over == 3);
  CHECK(desk.in_order);
}

TEST_CASE("refusals write nothing", "[store][committer]") {
  Desk desk;
  const auto told = desk.send({StartCommand{.run_id = id(1)}, ExitCommand{.run_id = id(2)}});
  CHECK(told.value()[0].kind == OutcomeKind::not_found);
  CHECK(desk.events.empty());
  CHECK(desk.journal->next_sequence() == 1);
}

TEST_CASE("when the journal takes no more nothing is seen, and later all goes on",
          "[store][committer]") {
  Desk desk;
  CHECK(desk.fill_journal() == Errc::busy);
  const std::uint64_t last = desk.journal->next_sequence() - 1;
  desk.events.clear();
  const std::string text(4'000, 'x');
  desk.store(1);
  const auto refused = desk.send({FailCommand{id(1), text}, test::request(id(2'000))});
  REQUIRE(code_of(refused) == Errc::busy);
  CHECK(refused.error().applied == Applied::no);
  CHECK(desk.events.empty());
  CHECK_FALSE(desk.recent.find(id(1)));
  CHECK(desk.handed_over == last);
  // Greater than every id so far, yet not there: it must be looked for.
  CHECK(desk.send({StartCommand{.run_id = id(2'000)}}).value()[0].kind == OutcomeKind::not_found);
  desk.journal->release(last);
  const auto told = desk.send({FailCommand{id(1), text}, test::request(id(2'000))}).value();
  CHECK(told[0].applied());
  CHECK(told[0].run.sequence == last + 1);
  CHECK(told[1].applied());
  CHECK(desk.in_order);
}

TEST_CASE("when the sync fails nobody sees the effects", "[store][committer]") {
  Desk desk;
  desk.sync_error = Error{.code = Errc::outcome_unknown, .applied = Applied::unknown};
  CHECK(code_of(desk.send({test::request(id(1))})) == Errc::outcome_unknown);
  CHECK(desk.recent.size() == 0);
  CHECK(desk.handed_over == 0);
}

TEST_CASE("a run is looked for in the group, in the recent map, then in the table",
          "[store][committer]") {
  Desk desk;
  desk.store(7);
  CHECK(desk.send({StartCommand{.run_id = id(7)}}).value()[0].applied());
  CHECK(desk.reads == std::vector{id(7)});
  desk.reads.clear();
  // Now the recent map has it, running; the table's queued record is old.
  CHECK(desk.send({CompleteCommand{.run_id = id(7)}, CompleteCommand{.run_id = id(7)}})
            .value()[1]
            .kind == OutcomeKind::unchanged);
  CHECK(desk.reads.empty());
}

TEST_CASE("an id greater than every stored one is not looked up, a smaller one is",
          "[store][committer]") {
  Desk desk;
  CHECK(desk.send({test::request(id(1'001))}).value()[0].kind == OutcomeKind::created);
  CHECK(desk.reads.empty());
  CHECK(desk.send({test::request(id(1'000))}).value()[0].kind == OutcomeKind::created);
  CHECK(desk.reads == std::vector{id(1'000)});
  desk.reads.clear();
  // What was made since counts as stored, also once it has left the recent map.
  const EffectPtr made = desk.recent.find(id(1'001));
  desk.stored[id(1'001)] = made;
  desk.recent.mark_applied(std::vector{made});
  CHECK(desk.send({test::request(id(1'001))}).value()[0].kind == OutcomeKind::unchanged);
  CHECK(desk.send({test::request(id(1'500))}).value()[0].kind == OutcomeKind::created);
  CHECK(desk.send({test::request(id(1'400))}).value()[0].kind == OutcomeKind::created);
  CHECK(desk.reads == std::vector{id(1'001), id(1'400)});
}

/// Sends several callers' commands as one batch: they queue up while another commit stands still.
void send_together(Desk& desk, std::vector<std::function<void()>> calls) {
  test::Gate blocked;
  test::Gate go;
  bool first = true;
  desk.before_commit = [&] {
    if (!std::exchange(first, false)) return;
    blocked.open();
    go.wait();
  };
  test::Threads threads;
  threads.start([&] { (void)desk.send({ExitCommand{.run_id = id(999)}}); });
  blocked.wait();
  for (auto& call : calls) {
    threads.start(std::move(call));
    threads.wait_until_asleep();
  }
  go.open();
  threads.join();
  desk.before_commit = {};
}

TEST_CASE("damage met by one caller is that caller's alone", "[store][committer]") {
  Desk desk;
  desk.damaged = id(13);
  std::array<Errc, 3> codes{};
  std::vector<Outcome> last;
  send_together(desk, {[&] { codes[0] = code_of(desk.send({test::request(id(1))})); },
                       [&] {
                         codes[1] =
                             code_of(desk.send({test::request(id(2)), StartCommand{.run_id = id(1)},
                                                StartCommand{.run_id = id(13)}}));
                       },
                       [&] {
                         auto told = desk.send({test::request(id(3)), test::request(id(2)),
                                                CompleteCommand{.run_id = id(1)}});
                         codes[2] = code_of(told);
                         if (told) last = *told;
                       }});
  CHECK(codes == std::array{Errc{}, Errc::corrupt, Errc{}});
  // What the second caller did before it met the damage never happened.
  REQUIRE(last.size() == 3);
  CHECK(last[1].kind == OutcomeKind::created);
  CHECK(last[2].kind == OutcomeKind::illegal);
  CHECK(desk.events == Events{"sync 3", "hand over"});
  CHECK(desk.in_order);
}

TEST_CASE("callers of one batch see each other's effects in order", "[store][committer]") {
  Desk desk;
  std::array<OutcomeKind, 3> kinds{};
  const auto send = [&](std::size_t who, const Command& command) {
    return [&desk, &kinds, who, command] { kinds[who] = desk.send({command}).value()[0].kind; };
  };
  send_together(desk, {send(0, test::request(id(1))), send(1, StartCommand{.run_id = id(1)}),
                       send(2, StartCommand{.run_id = id(1)})});
  CHECK(kinds == std::array{OutcomeKind::created, OutcomeKind::applied, OutcomeKind::conflict});
  CHECK(desk.events == Events{"sync 2", "hand over"});
}

TEST_CASE("what was journaled and had no memory to be published is published by the next commit",
          "[store][committer]") {
  Desk desk;
  desk.hand_overs_without_memory = 2;
  const auto first = desk.send({test::request(id(1))});
  REQUIRE(code_of(first) == Errc::out_of_memory);
  CHECK(first.error().applied == Applied::unknown);
  // No memory yet: nothing is decided before what is owed is out.
  const auto second = desk.send({test::request(id(2))});
  REQUIRE(code_of(second) == Errc::out_of_memory);
  CHECK(second.error().applied == Applied::no);
  CHECK(desk.journal->next_sequence() == 2);

  const auto told = desk.send({test::request(id(1)), test::request(id(2))}).value();
  CHECK(told[0].kind == OutcomeKind::unchanged);
  CHECK(told[1].kind == OutcomeKind::created);
  CHECK(desk.in_order);
  CHECK(desk.pending.size() == 2);
}

TEST_CASE("what is owed is published when no commit follows, too", "[store][committer]") {
  Desk desk;
  desk.hand_overs_without_memory = 1;
  REQUIRE(code_of(desk.send({test::request(id(1))})) == Errc::out_of_memory);
  CHECK(ok(desk.committer.publish_owed()));
  CHECK(ok(desk.committer.publish_owed()));
  CHECK(desk.pending.size() == 1);
}

}  // namespace
}  // namespace milepost::store
