// SPDX-License-Identifier: Apache-2.0
//
// Full disks and file-size limits that ended the host. Without the repairs this very process ends.
#include <sys/resource.h>
#include <sys/stat.h>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"

namespace milepost {
namespace {

using test::code_of;
using test::id;

/// Lowers the file-size limit while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit low{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &low) == 0);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_CASE("opening a store under a file-size limit ends the host by SIGXFSZ", "[regress]") {
  const test::TempDirectory folder;
  OpenOptions options;
  options.directory = folder / "store";
  Errc code{};
  {
    const FileSizeLimit limit(0);
    code = code_of(Tracker::open(options));
  }
  CHECK(code == Errc::disk_full);
  CHECK(Tracker::open(options).has_value());
}

TEST_CASE("a file-size limit lowered below the journal in use ends the host by SIGXFSZ",
          "[regress]") {
  const test::TempDirectory folder;
  OpenOptions options;
  options.directory = folder / "store";
  options.publish_interval = std::chrono::hours(1);
  Tracker tracker = Tracker::open(options).value();
  Errc code{};
  {
    const FileSizeLimit limit(100);
    code = code_of(tracker.create(test::request(id(1))));
  }
  CHECK(code == Errc::disk_full);
  CHECK(tracker.create(test::request(id(1))).value().applied());
}

TEST_CASE("a full disk ends the host by SIGBUS when a sparse lock.mdb needs a block", "[regress]") {
  const test::TempDirectory folder;
  OpenOptions options;
  options.directory = folder / "store";
  const Tracker tracker = Tracker::open(options).value();
  struct stat info {};
  REQUIRE(::stat((folder / "store/lock.mdb").c_str(), &info) == 0);
  CHECK(info.st_size > 60'000);  // A slot for each of 1,024 readers.
  CHECK(info.st_blocks * 512 >= info.st_size);
}

}  // namespace
}  // namespace milepost
