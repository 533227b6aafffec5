// SPDX-License-Identifier: Apache-2.0
//
// Segment files: header, names, creation.
#include "journal/segment.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "faults.hpp"
#include "journal/bytes.hpp"
#include "support.hpp"
#include "support/catch.hpp"

namespace milepost::journal::test {
namespace {

namespace fs = std::filesystem;

SegmentHeader sample_header() {
  return {.kind = SegmentKind::live,
          .store_id = JournalFolder::make_uuid(1),
          .epoch = 3,
          .generation = 9,
          .floor_generation = 5,
          .base_sequence = 77,
          .segment_bytes = kSmallSegment};
}

void set_format(SegmentHeaderBytes& bytes, std::uint32_t format) {
  put(bytes.data() + 8, format);
  put(bytes.data() + 504, std::uint64_t{XXH3_64bits(bytes.data(), 504)});
}

Error error_of_header(const SegmentHeaderBytes& bytes, const Uuid& store) {
  const auto header = decode_segment_header(bytes, store, "file");
  REQUIRE(header.has_error());
  return header.error();
}

/// Fails the n-th call of its kind with an errno value.
class FailOnce : public SystemCalls {
 public:
  int pwrites_left = -1, syncs_left = -1, renames_left = -1, error = EIO;

  ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t offset) override {
    if (pwrites_left >= 0 && pwrites_left-- == 0) return errno = error, -1;
    return SystemCalls::pwrite(fd, bytes, count, offset);
  }
  int fdatasync(int fd) override {
    if (syncs_left >= 0 && syncs_left-- == 0) return errno = error, -1;
    return SystemCalls::fdatasync(fd);
  }
  int fsync(int fd) override {
    if (syncs_left >= 0 && syncs_left-- == 0) return errno = error, -1;
    return SystemCalls::fsync(fd);
  }
  int renameat(int a, const char* b, int c, const char* d) override {
    if (renames_left >= 0 && renames_left-- == 0) return errno = error, -1;
    return SystemCalls::renameat(a, b, c, d);
  }
};

/// Notes the order of calls.
class Recorder : public SystemCalls {
 public:
  std::string order{};

  ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t offset) override {
    if (order.empty() || order.back() != 'w') order += 'w';
    return SystemCalls::pwrite(fd, bytes, count, offset);
  }
  int fdatasync(int fd) override { return order += 's', SystemCalls::fdatasync(fd); }
  int fsync(int fd) override {
    struct stat status {};
    ::fstat(fd, &status);
    order += S_ISDIR(status.st_mode) ? 'd' : 'f';
    return SystemCalls::fsync(fd);
  }
  int renameat(int a, const char* b, int c, const char* d) override {
    return order += 'r', SystemCalls::renameat(a, b, c, d);
  }
};

}  // namespace

TEST_CASE("a segment header reads back as it was written", "[journal][segment]") {
  SegmentHeader header = sample_header();
  SegmentHeaderBytes bytes;
  encode_segment_header(header, bytes);
  const auto read = decode_segment_header(bytes, header.store_id, "file");
  REQUIRE(read);
  REQUIRE(*read);
  CHECK(**read == header);
}

TEST_CASE("a segment header with any flipped bit is no header", "[journal][segment]") {
  SegmentHeader header = sample_header();
  SegmentHeaderBytes good;
  encode_segment_header(header, good);
  for (std::size_t bit = 0; bit < std::size_t{512} * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto read = decode_segment_header(bytes, header.store_id, "file");
    INFO("bit " << bit);
    REQUIRE(read);
    CHECK_FALSE(*read);
  }
}

TEST_CASE("another store's segment and another format's are told apart", "[journal][segment]") {
  SegmentHeader header = sample_header();
  SegmentHeaderBytes bytes;
  encode_segment_header(header, bytes);
  CHECK(error_of_header(bytes, JournalFolder::make_uuid(2)).code == Errc::other_store);
  for (const std::uint32_t format : {kJournalFormatVersion - 1, kJournalFormatVersion + 1}) {
    set_format(bytes, format);
    const Error error = error_of_header(bytes, header.store_id);
    CHECK(error.code == Errc::version);
    CHECK(error.subject == "file");
    CHECK(error.message.find("format " + std::to_string(format)) != std::string::npos);
  }
}

TEST_CASE("only exact segment names are segments", "[journal][segment]") {
  CHECK(segment_name(0) == "00000000.seg");
  CHECK(segment_name(0xabcdef01) == "abcdef01.seg");
  CHECK(parse_segment_name("abcdef01.seg") == 0xabcdef01u);
  for (const char* name :
       {"", ".seg", "0.seg", "0000000.seg", "000000000.seg", "0000000A.seg", "0000000g.seg",
        "00000000.SEG", "00000000.tmp", "00000000.seg~", " 0000000.seg", "+0000000.seg"}) {
    INFO(name);
    CHECK_FALSE(parse_segment_name(name));
  }
}

TEST_CASE("a new segment is written, synced, named, and its name synced, in this order",
          "[journal][segment]") {
  TemporaryFolder folder;
  const auto directory = open_directory(folder.path().string());
  Recorder recorder;
  {
    const Interception interception(recorder);
    REQUIRE(create_segment(*directory, 3, JournalFolder::make_uuid(1), kSmallSegment));
  }
  CHECK(recorder.order == "wfrd");
  const fs::path path = folder.path() / "00000003.seg";
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(status.st_size == static_cast<off_t>(kSmallSegment));
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(status.st_blocks * 512 >= static_cast<off_t>(kSmallSegment));  // written, not a hole
  const std::string content = read_file(path);
  CHECK(content.find_first_not_of('\0', kSegmentHeaderBytes) == std::string::npos);
}

TEST_CASE("an open syncs the names it finds before it relies on them", "[journal][segment]") {
  // Its predecessor may have been killed between giving a segment its name and syncing it.
  JournalFolder store;
  store.open().reset();
  Recorder recorder;
  const Interception interception(recorder);
  store.open(3).reset();
  CHECK(recorder.order == "ddws");  // the folder's own name, the segments' names, the header
}

TEST_CASE("a segment that cannot be made leaves no file behind", "[journal][segment]") {
  struct Case {
    int pwrites, syncs, renames, error;
    Errc code;
  };
  for (const Case& c :
       {Case{0, -1, -1, ENOSPC, Errc::disk_full}, Case{1, -1, -1, ENOSPC, Errc::disk_full},
        Case{1, -1, -1, EDQUOT, Errc::disk_full}, Case{1, -1, -1, EIO, Errc::io},
        Case{-1, 0, -1, ENOSPC, Errc::disk_full}, Case{-1, 0, -1, EIO, Errc::io},
        Case{-1, -1, 0, EIO, Errc::io}, Case{-1, 1, -1, EIO, Errc::io}}) {
    TemporaryFolder folder;
    const auto directory = open_directory(folder.path().string());
    FailOnce faults;
    faults.pwrites_left = c.pwrites;
    faults.syncs_left = c.syncs;
    faults.renames_left = c.renames;
    faults.error = c.error;
    {
      const Interception interception(faults);
      const auto made = create_segment(*directory, 0, JournalFolder::make_uuid(1), kSmallSegment);
      REQUIRE_FALSE(made);
      CHECK(made.error().code == c.code);
      CHECK(made.error().system == c.error);
      CHECK_FALSE(made.error().subject.empty());
      CHECK_FALSE(made.error().advice.empty());
    }
    CHECK(fs::is_empty(folder.path()));
    CHECK(create_segment(*directory, 0, JournalFolder::make_uuid(1), kSmallSegment));
  }
}

TEST_CASE("a segment past the file size limit is disk_full and the process lives",
          "[journal][segment]") {
  TemporaryFolder folder;
  const auto directory = open_directory(folder.path().string());
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit low = before;
  low.rlim_cur = kSmallSegment - 1;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &low) == 0);
  const auto made = create_segment(*directory, 0, JournalFolder::make_uuid(1), kSmallSegment);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::disk_full);
  CHECK(made.error().system == EFBIG);
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a segment of which only a part fits the disk is disk_full, not an I/O error",
          "[journal][segment]") {
  class PartFits : public SystemCalls {
    ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t offset) override {
      constexpr off_t kFits = 30'000;
      if (offset + static_cast<off_t>(count) <= kFits) {
        return SystemCalls::pwrite(fd, bytes, count, offset);
      }
      if (offset >= kFits) return errno = ENOSPC, -1;
      return SystemCalls::pwrite(fd, bytes, static_cast<std::size_t>(kFits - offset), offset);
    }
  };
  TemporaryFolder folder;
  const auto directory = open_directory(folder.path().string());
  PartFits calls;
  const Interception interception(calls);
  const auto made = create_segment(*directory, 0, JournalFolder::make_uuid(1), kSmallSegment);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::disk_full);
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a full file system is disk_full and leaves no half segment", "[journal][segment]") {
  TemporaryFolder folder;
  if (::mount("none", folder.path().c_str(), "tmpfs", 0, "size=192k") != 0) {
    WARN("not run: mounting a small tmpfs needs a privilege");
    return;
  }
  {
    const auto directory = open_directory(folder.path().string());
    const auto store = JournalFolder::make_uuid(1);
    CHECK(create_segment(*directory, 0, store, kSmallSegment));
    CHECK(create_segment(*directory, 1, store, kSmallSegment));
    write_file(folder.path() / "filler", std::string(40u << 10, 'x'));
    const auto made = create_segment(*directory, 2, store, kSmallSegment);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Errc::disk_full);
    CHECK(list_slots(*directory)->size() == 2);
    CHECK_FALSE(fs::exists(folder.path() / "00000002.tmp"));
    fs::remove(folder.path() / "filler");
    CHECK(create_segment(*directory, 2, store, kSmallSegment));
  }
  ::umount(folder.path().c_str());
}

TEST_CASE("what stands in the way of a new segment's temporary name is replaced, never followed",
          "[journal][segment]") {
  TemporaryFolder folder;
  const auto directory = open_directory(folder.path().string());
  write_file(folder.path() / "precious", "keep me");
  fs::create_symlink(folder.path() / "precious", folder.path() / "00000000.tmp");
  REQUIRE(create_segment(*directory, 0, JournalFolder::make_uuid(1), kSmallSegment));
  CHECK(read_file(folder.path() / "precious") == "keep me");
}

TEST_CASE("a segment that is a link, a fifo or has two names is refused", "[journal][segment]") {
  JournalFolder store;
  store.open().reset();
  const fs::path segment = store.file(0);
  SECTION("symbolic link") {
    fs::rename(segment, store.path() / "elsewhere");
    fs::create_symlink(store.path() / "elsewhere", segment);
  }
  SECTION("second hard link") { fs::create_hard_link(segment, store.folder.path() / "twin"); }
  SECTION("fifo") {
    fs::remove(segment);
    REQUIRE(::mkfifo(segment.c_str(), 0600) == 0);
  }
  const auto report = store.try_replay();
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::permission);
  CHECK(report.error().subject == segment.string());
  const auto journal = Journal::open(store.options(), 2, 0);
  REQUIRE_FALSE(journal);
  CHECK(journal.error().code == Errc::permission);
}

TEST_CASE("descriptors are closed on exec", "[journal][segment]") {
  JournalFolder store;
  const auto journal = store.open();
  std::size_t ours = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const fs::path target = fs::read_symlink(entry.path(), error);
    if (error || target.string().find(store.path().string()) != 0) continue;
    ++ours;
    CHECK((::fcntl(std::stoi(entry.path().filename().string()), F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(ours >= 2);
}

}  // namespace milepost::journal::test
