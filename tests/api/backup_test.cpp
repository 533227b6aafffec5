// SPDX-License-Identifier: Apache-2.0
//
// Backup and restore on real folders.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <thread>

#include "verify_support.hpp"

namespace milepost {
namespace {

namespace fs = std::filesystem;
using test::ClosedStore;
using test::fill;
using test::id;
using test::kinds_of;
using test::live_runs;
using test::ok;
using test::small;

TEST_CASE("a backup holds everything acknowledged before it and nothing is left of a failed one",
          "[api][backup]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(small(folder / "store")).value();
  fill(tracker);
  for (const bool compact : {false, true}) {
    const std::string to = folder / (compact ? "compact" : "plain");
    std::uint64_t told = 0;
    const auto backup =
        tracker.backup(to, {.compact = compact, .progress = [&](std::uint64_t bytes) {
                              told = bytes;
                              return true;
                            }});
    REQUIRE(ok(backup));
    CHECK(backup->bytes == fs::file_size(to + "/data.mdb"));
    CHECK(told == backup->bytes);
    CHECK(backup->sequence == tracker.stats().value().sequence);
    struct stat info {};
    REQUIRE(::stat((to + "/data.mdb").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    REQUIRE(::stat(to.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
    const auto report = verify_directory(to);
    REQUIRE(ok(report));
    CHECK(kinds_of(report->findings).empty());
    CHECK(report->runs == 295);
    CHECK(report->journaled == 0);
    CHECK_FALSE(fs::exists(to + "/lock.mdb"));
    CHECK_FALSE(fs::exists(to + "/writer.lock"));
    CHECK(test::code_of(tracker.backup(to)) == Errc::invalid_argument);
  }
  CHECK(fs::file_size(folder / "compact/data.mdb") < fs::file_size(folder / "plain/data.mdb"));

  const auto cancelled =
      tracker.backup(folder / "third", {.progress = [](std::uint64_t) { return false; }});
  CHECK(test::code_of(cancelled) == Errc::cancelled);
  // What the hook throws comes through, a kind that the library knows from threads not excepted.
  const auto throws = [](std::uint64_t) -> bool {
    throw std::system_error(EAGAIN, std::generic_category());
  };
  CHECK_THROWS_AS(tracker.backup(folder / "fourth", {.progress = throws}), std::system_error);
  CHECK(test::code_of(tracker.backup(folder / "no/such/place")) == Errc::not_found);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / ""))
    names.insert(entry.path().filename());
  CHECK(names == std::set<std::string>{"store", "plain", "compact"});
  tracker.create(test::request(id(9'002))).value().require_applied();
}

TEST_CASE("a backup made while others write says what it holds", "[api][backup]") {
  const test::TempDirectory folder;
  OpenOptions options = small(folder / "store");
  options.publish_interval = std::chrono::milliseconds(1);
  Tracker tracker = Tracker::open(options).value();
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::uint64_t i = 0; !done; ++i) {
      tracker.create(test::request(id(i))).value().require_applied();
    }
  });
  for (int i = 0; i < 12; ++i) {
    const std::string to = folder / ("copy-" + std::to_string(i));
    const auto backup = tracker.backup(to, {.compact = i % 2 == 1});
    const auto verified = verify_directory(to);
    CHECK((ok(backup) && ok(verified) && backup->sequence == verified->sequence));
  }
  done = true;
  writer.join();
}

TEST_CASE("a backup that begins beside a snapshot makes nobody wait for the snapshot's end",
          "[api][backup]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(small(folder / "store")).value();
  // More than half of the map is used: a backup makes it larger first, if it may.
  std::uint64_t made = 0;
  for (Stats now; 2 * now.data_bytes <= now.map_bytes; now = tracker.stats().value()) {
    std::vector<Command> commands;
    for (int i = 0; i < 500; ++i) commands.emplace_back(test::request(id(made++)));
    REQUIRE(ok(tracker.apply(commands)));
    REQUIRE(ok(tracker.flush()));
  }
  const auto snapshot = tracker.snapshot().value();
  std::atomic<bool> done{false};
  bool copied = false;
  std::thread copier([&] {
    copied = tracker.backup(folder / "copy").has_value();
    done = true;
  });
  // Far less than the backup's own deadline, and far more than a busy machine takes.
  const auto soon = [] { return std::chrono::steady_clock::now() + std::chrono::seconds(10); };
  while (!done) {
    const auto page = tracker.list({.limit = 1, .deadline = soon()});
    const auto outcome = tracker.create(test::request(id(made++)), {.deadline = soon()});
    if (!ok(page) || !ok(outcome)) break;
  }
  CHECK(done);
  copier.join();
  CHECK(copied);
  CHECK(snapshot.counts().value().total() < made);
}

TEST_CASE("a restored backup is another store with the same runs", "[api][backup]") {
  const test::TempDirectory folder;
  Tracker tracker = Tracker::open(small(folder / "store")).value();
  fill(tracker);
  REQUIRE(ok(tracker.backup(folder / "backup")));
  const Uuid old_id = tracker.store_id().value();
  const std::string json = tracker.get_json(id(4)).value();
  CHECK(test::code_of(restore_backup(folder / "backup", folder / "store")) ==
        Errc::invalid_argument);
  CHECK(test::code_of(restore_backup(folder / "backup", folder / "store", {.replace = true})) ==
        Errc::already_open);

  const auto restored = restore_backup(folder / "backup", folder / "restored");
  REQUIRE(ok(restored));
  CHECK(restored->runs == 295);
  CHECK(restored->store_id != old_id);
  Tracker other = Tracker::open(small(folder / "restored")).value();
  CHECK(other.store_id().value() == restored->store_id);
  // Its openings count on behind one that is nobody's: no run of the old store's is taken for ours.
  CHECK(other.stats().value().epoch == tracker.stats().value().epoch + 2);
  CHECK(other.get_json(id(4)).value() == json);
  // A position of the store the backup was taken from is refused, and so is its journal.
  CHECK(test::code_of(other.changes({.store_id = old_id})) == Errc::other_store);
  REQUIRE(ok(other.close()));
  REQUIRE(ok(tracker.close()));
  fs::remove_all(folder / "restored/journal");
  fs::copy(folder / "store/journal", folder / "restored/journal", fs::copy_options::recursive);
  CHECK(test::code_of(Tracker::open(small(folder / "restored"))) == Errc::other_store);

  REQUIRE(ok(restore_backup(folder / "backup", folder / "store", {.replace = true})));
  CHECK(fs::exists(folder / "store.replaced/data.mdb"));
  CHECK(live_runs(folder / "store") == 295);
  CHECK(test::code_of(restore_backup(folder / "backup", folder / "store", {.replace = true})) ==
        Errc::invalid_argument);
}

TEST_CASE("a damaged backup, or a store that was not closed, is not restored", "[api][backup]") {
  const ClosedStore store;
  store.change("by_status", [](MDB_txn* txn, MDB_dbi dbi) {
    ClosedStore::erase(txn, dbi, ClosedStore::row(txn, dbi, 3).first);
  });
  const auto damaged = restore_backup(store.path(), store.beside("restored"));
  CHECK(test::code_of(damaged) == Errc::corrupt);
  CHECK_FALSE(fs::exists(store.beside("restored")));

  const ClosedStore flipped;
  {
    // One bit in the middle of the file, whatever it is: at least a checksum must see it, or it
    // lies in a free page.
    std::fstream file(flipped.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(flipped.file()) - 4'096 + 17));
    file.put('\x5a');
  }
  const auto report = verify_directory(flipped.path());
  REQUIRE(ok(report));

  const test::TempDirectory folder;
  OpenOptions options = small(folder / "store");
  options.publish_interval = std::chrono::hours(1);
  Tracker tracker = Tracker::open(options).value();
  tracker.create(test::request(id(1))).value().require_applied();
  test::copy_open_store(folder / "store", folder / "killed");
  fs::permissions(folder / "killed", fs::perms::owner_all);
  CHECK(test::code_of(restore_backup(folder / "killed", folder / "restored")) ==
        Errc::invalid_argument);
}

}  // namespace
}  // namespace milepost
