// SPDX-License-Identifier: Apache-2.0
//
// Disks that fill up: file systems in memory and on a loop device with a filler that is taken away
// later, and the process's file-size limit. Whatever is written next is `disk_full` and not
// applied, reads go on, once there is room the same tracker goes on, and everything acknowledged
// is there in a fresh process.
#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <unistd.h>

#include "mount.hpp"
#include "puppet_process.hpp"
#include "support/catch.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::faults {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBatch = 20;

/// A small file system of its own, and a file that fills it.
class SmallDisk {
 public:
  SmallDisk(const std::string& type, std::uint64_t bytes) {
    fs::create_directory(root);
    if (type == "tmpfs") {
      mount_.emplace(Mount::memory(root, bytes));
    } else {
      make_loop(bytes);
    }
    if (!mount_->why_not().empty()) why_ = mount_->why_not();
  }
  ~SmallDisk() {
    mount_.reset();
    if (!loop_.empty()) run({"losetup", "--detach", loop_});
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] const std::string& why_not() const noexcept { return why_; }

  /// Fills it but for `left` bytes.
  void fill(std::uint64_t left) {
    const int fd = ::open(filler().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    const std::string block(4 * kKiB, 'f');
    off_t at = ::lseek(fd, 0, SEEK_END);
    for (;;) {
      const ssize_t written = ::pwrite(fd, block.data(), block.size(), at);
      if (written <= 0) break;
      at += written;
    }
    ::fsync(fd);
    REQUIRE(::ftruncate(fd, std::max<off_t>(0, at - static_cast<off_t>(left))) == 0);
    ::fsync(fd);
    ::close(fd);
  }
  void empty() const { fs::remove(filler()); }
  [[nodiscard]] std::string filler() const { return root + "/filler"; }

  test::TempDirectory folder;
  std::string root = folder / "disk";
  std::string store = root + "/store";

 private:
  static bool run(const std::vector<std::string>& words, std::string* said = nullptr) {
    try {
      test::ChildProcess child(words);
      while (const auto line = child.read_line()) {
        if (said != nullptr) *said = *line;
      }
      return child.wait() == 0;
    } catch (const std::system_error&) {
      return false;
    }
  }

  void make_loop(std::uint64_t bytes) {
    const std::string image = folder / "image";
    const int fd = ::open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(::ftruncate(fd, static_cast<off_t>(bytes)) == 0);
    ::close(fd);
    if (!run({"mkfs.ext4", "-q", "-m", "0", image})) {
      mount_.emplace(Mount::failed("mkfs.ext4 is missing or fails"));
    } else if (!run({"losetup", "--find", "--show", image}, &loop_)) {
      loop_.clear();
      mount_.emplace(Mount::failed("no loop device can be had"));
    } else {
      mount_.emplace(Mount::device(loop_, root, "ext4"));
    }
  }

  std::optional<Mount> mount_;
  std::string loop_;
  std::string why_;
};

struct Where {
  const char* type;
  std::uint64_t bytes;
};

constexpr Where kDisks[] = {{"tmpfs", 4096 * kKiB}, {"ext4", 16384 * kKiB}};

bool not_run(const SmallDisk& disk) {
  if (disk.why_not().empty()) return false;
  WARN("not run: " + disk.why_not());
  return true;
}

/// Batches from `first` on until one is refused; the next run's number.
std::uint64_t write_until_refused(PuppetProcess& puppet, std::uint64_t first, std::string& last) {
  for (std::uint64_t run = first; run < 1'000'000; run += kBatch) {
    last = puppet.ask("fill " + std::to_string(run) + " " + std::to_string(kBatch) + " 900");
    if (last != "ok") return run;
  }
  return 1'000'000;
}

/// Runs 1 to `count`.
void write_first(PuppetProcess& puppet, std::uint64_t count) {
  for (std::uint64_t run = 1; run < count; run += kBatch) {
    REQUIRE(puppet.ask("fill " + std::to_string(run) + " " + std::to_string(kBatch) + " 900") ==
            "ok");
  }
}

std::string count_of(std::uint64_t runs) { return "count 1 " + std::to_string(runs); }

void check_fresh(const std::string& store, std::uint64_t runs) {
  PuppetProcess fresh(store);
  REQUIRE(fresh.ask("open") == "ok");
  CHECK(fresh.ask(count_of(runs)) == std::to_string(runs));
  CHECK(fresh.ask("create 5000000") == "created");
  CHECK(fresh.ask("close") == "ok");
}

TEST_CASE("a disk that fills up refuses steps, serves reads, and goes on once there is room",
          "[faults][disk]") {
  const Where where = GENERATE(from_range(std::begin(kDisks), std::end(kDisks)));
  const std::string mode = GENERATE("", " relaxed");
  const std::uint64_t left = GENERATE(0u, 40 * kKiB, 700 * kKiB);
  CAPTURE(where.type, mode, left);
  SmallDisk disk(where.type, where.bytes);
  if (not_run(disk)) return;
  PuppetProcess puppet(disk.store);
  REQUIRE(puppet.ask("open wait=60" + mode) == "ok");
  write_first(puppet, 100);
  REQUIRE(puppet.ask("flush") == "ok");
  disk.fill(left);
  std::string last;
  const std::uint64_t next = write_until_refused(puppet, 101, last);
  INFO(last);
  CHECK(code_of(last) == "disk_full");
  CHECK(says_not_applied(last));
  CHECK(code_of(puppet.ask("flush")) == "disk_full");
  CHECK(puppet.ask(count_of(next - 1)) == std::to_string(next - 1));
  CHECK(puppet.ask("count " + std::to_string(next) + " 20") == "0");
  PuppetProcess reader(disk.store);
  CHECK(reader.ask("open ro") == "ok");
  CHECK(reader.ask("count 1 100") == "100");
  disk.empty();
  // The same tracker, without a restart.
  CHECK(puppet.ask("open wait=20000").rfind("error already_open", 0) == 0);
  std::string healed = "disk_full";
  for (int i = 0; i < 300 && (healed == "disk_full" || healed == "busy"); ++i) {
    healed = code_of(puppet.ask("flush"));
  }
  CHECK(healed == "-");
  CHECK(puppet.ask("fill " + std::to_string(next) + " 20 900") == "ok");
  puppet.kill();
  check_fresh(disk.store, next + kBatch - 1);
}

TEST_CASE("a full disk at opening: disk_full or the store, never less", "[faults][disk]") {
  const Where where = GENERATE(from_range(std::begin(kDisks), std::end(kDisks)));
  const bool killed_while_full = GENERATE(false, true);
  CAPTURE(where.type, killed_while_full);
  SmallDisk disk(where.type, where.bytes);
  if (not_run(disk)) return;
  std::uint64_t next = 101;
  {
    PuppetProcess puppet(disk.store);
    REQUIRE(puppet.ask("open wait=60") == "ok");
    write_first(puppet, 100);
    // What is in the data file can be read whatever the disk says.
    REQUIRE(puppet.ask("flush") == "ok");
    if (killed_while_full) {
      disk.fill(0);
      std::string last;
      next = write_until_refused(puppet, 101, last);
      puppet.kill();
    } else {
      REQUIRE(puppet.ask("close") == "ok");
      disk.fill(0);
    }
  }
  PuppetProcess puppet(disk.store);
  const std::string opened = puppet.ask("open wait=60");
  INFO(opened);
  CHECK((opened == "ok" || code_of(opened) == "disk_full"));
  if (opened == "ok") {
    CHECK(puppet.ask(count_of(next - 1)) == std::to_string(next - 1));
    puppet.ask("close");
  }
  CHECK(puppet.ask("open ro") == "ok");
  CHECK(puppet.ask("count 1 60") == "60");
  CHECK(puppet.ask("close") == "ok");
  disk.empty();
  check_fresh(disk.store, next - 1);
}

TEST_CASE("a store made with any amount of room left is whole or not there", "[faults][disk]") {
  const Where where = GENERATE(from_range(std::begin(kDisks), std::end(kDisks)));
  CAPTURE(where.type);
  SmallDisk disk(where.type, where.bytes);
  if (not_run(disk)) return;
  std::optional<PuppetProcess> puppet(std::in_place, disk.store);
  int made = 0;
  int refused = 0;
  // Up to what a store needs: a data file, a lock file, two segments.
  for (std::uint64_t left = 0; left <= 320 * kKiB; left += 8 * kKiB) {
    CAPTURE(left);
    disk.fill(left);
    const std::string opened = puppet->ask("open wait=200 interval=1");
    INFO(opened);
    CHECK((opened == "ok" || code_of(opened) == "disk_full"));
    if (opened == "ok") {
      ++made;
      const std::string written = puppet->ask("fill 1 10");
      CHECK((written == "ok" || code_of(written) == "disk_full"));
      puppet->ask("flush");
      CHECK(puppet->ask("count 1 10") == (written == "ok" ? "10" : "0"));
      puppet->ask("close");
    } else {
      ++refused;
    }
    for (const auto& entry : fs::directory_iterator(disk.root)) {
      if (entry.path().filename() != "store") continue;
      for (const auto& inside : fs::directory_iterator(entry.path())) {
        CHECK(inside.path().filename().string().front() != '.');
      }
    }
    if (opened == "gone") puppet.emplace(disk.store);
    puppet->ask("drop");
    disk.empty();
    CHECK(puppet->ask("open") == "ok");
    CHECK(puppet->ask("create 77") == "created");
    CHECK(puppet->ask("close") == "ok");
    puppet->ask("drop");
    fs::remove_all(disk.store);
  }
  CHECK(made > 0);
  CHECK(refused > 0);
}

TEST_CASE("the file-size limit of the process is a full disk, whatever its signal would do",
          "[faults][disk]") {
  const std::string disposition = GENERATE("default", "ignore");
  const std::string mode = GENERATE("", " relaxed");
  const std::uint64_t limit = GENERATE(128 * kKiB, 256 * kKiB, 1000 * kKiB);
  const bool from_the_start = GENERATE(false, true);
  CAPTURE(disposition, mode, limit, from_the_start);
  const test::TempDirectory folder;
  const std::string store = folder / "store";
  PuppetProcess puppet(store);
  REQUIRE(puppet.ask("signal xfsz " + disposition) == "ok");
  const std::string set_limit = "limit fsize " + std::to_string(limit);
  if (from_the_start) REQUIRE(puppet.ask(set_limit) == "ok");
  REQUIRE(puppet.ask("open wait=60" + mode) == "ok");
  REQUIRE(puppet.ask("fill 1 20 900") == "ok");
  REQUIRE(puppet.ask("flush") == "ok");
  if (!from_the_start) REQUIRE(puppet.ask(set_limit) == "ok");
  std::string last;
  const std::uint64_t next = write_until_refused(puppet, 21, last);
  INFO(last);
  CHECK(code_of(last) == "disk_full");
  CHECK(says_not_applied(last));
  CHECK(code_of(puppet.ask("flush")) == "disk_full");
  CHECK(puppet.ask(count_of(next - 1)) == std::to_string(next - 1));
  CHECK(puppet.ask("pending") == "none");
  REQUIRE(puppet.ask("limit fsize off") == "ok");
  std::string healed = "disk_full";
  for (int i = 0; i < 100 && healed == "disk_full"; ++i) healed = code_of(puppet.ask("flush"));
  CHECK(healed == "-");
  CHECK(puppet.ask("fill " + std::to_string(next) + " 20 900") == "ok");
  puppet.kill();
  check_fresh(store, next + kBatch - 1);
}

TEST_CASE("a file-size limit too small for a store refuses to make one", "[faults][disk]") {
  const std::string disposition = GENERATE("default", "ignore");
  const test::TempDirectory folder;
  PuppetProcess puppet(folder / "store");
  REQUIRE(puppet.ask("signal xfsz " + disposition) == "ok");
  for (const std::uint64_t limit : {0ull, 1ull, 100ull, 4096ull, 8192ull, 20'000ull, 65'535ull}) {
    CAPTURE(limit);
    REQUIRE(puppet.ask("limit fsize " + std::to_string(limit)) == "ok");
    const std::string answer = puppet.ask("open");
    INFO(answer);
    CHECK(code_of(answer) == "disk_full");
  }
  REQUIRE(puppet.ask("limit fsize off") == "ok");
  CHECK(puppet.ask("open") == "ok");
  CHECK(puppet.ask("create 1") == "created");
}

TEST_CASE("no file-size limit, met anywhere, lets its signal through", "[faults][disk]") {
  // LMDB writes runs of pages: one that begins at the limit is answered by the signal.
  const test::TempDirectory folder;
  std::uint64_t refused = 0;
  for (std::uint64_t limit = 68 * kKiB; limit < 420 * kKiB; limit += 4 * kKiB) {
    CAPTURE(limit);
    const std::string store = folder / ("store-" + std::to_string(limit));
    PuppetProcess puppet(store);
    REQUIRE(puppet.ask("limit fsize " + std::to_string(limit)) == "ok");
    const std::string opened = puppet.ask("open wait=100 interval=3600000");
    CHECK(opened == "ok");
    for (std::uint64_t run = 1; run < 120; run += kBatch) {
      const std::string filled = puppet.ask("fill " + std::to_string(run) + " 20 900");
      if (filled != "ok") CHECK(code_of(filled) == "disk_full");
    }
    const std::string flushed = puppet.ask("flush");
    CHECK((flushed == "ok" || code_of(flushed) == "disk_full"));
    refused += flushed == "ok" ? 0 : 1;
    puppet.kill();
    fs::remove_all(store);
  }
  CHECK(refused > 0);
}

TEST_CASE("a file-size limit lowered under the files in use refuses steps and spares the host",
          "[faults][disk]") {
  const std::string disposition = GENERATE("default", "ignore");
  const std::string mode = GENERATE("", " relaxed");
  const test::TempDirectory folder;
  PuppetProcess puppet(folder / "store");
  REQUIRE(puppet.ask("signal xfsz " + disposition) == "ok");
  REQUIRE(puppet.ask("open wait=100" + mode) == "ok");
  write_first(puppet, 20);
  for (const char* limit : {"20000", "4096", "1", "0"}) {
    REQUIRE(puppet.ask(std::string("limit fsize ") + limit) == "ok");
    const std::string answer = puppet.ask("create 100");
    CAPTURE(limit, answer);
    CHECK(code_of(answer) == "disk_full");
    CHECK(says_not_applied(answer));
    CHECK(puppet.ask("count 1 20") == "20");
  }
  REQUIRE(puppet.ask("limit fsize off") == "ok");
  CHECK(puppet.ask("create 100") == "created");
  CHECK(puppet.ask("flush") == "ok");
  CHECK(puppet.ask("close") == "ok");
}

TEST_CASE("recovery under a file-size limit is disk_full and loses nothing", "[faults][disk]") {
  const std::string disposition = GENERATE("default", "ignore");
  const test::TempDirectory folder;
  const std::string store = folder / "store";
  {
    PuppetProcess puppet(store);
    REQUIRE(puppet.ask("open interval=3600000 segment=1048576 journal=8388608") == "ok");
    write_first(puppet, 500);
    puppet.kill();
  }
  PuppetProcess puppet(store);
  REQUIRE(puppet.ask("signal xfsz " + disposition) == "ok");
  REQUIRE(puppet.ask("limit fsize 150000") == "ok");
  const std::string answer = puppet.ask("open");
  INFO(answer);
  CHECK(code_of(answer) == "disk_full");
  REQUIRE(puppet.ask("limit fsize off") == "ok");
  CHECK(puppet.ask("open") == "ok");
  CHECK(puppet.ask("count 1 500") == "500");
}

}  // namespace
}  // namespace milepost::faults
