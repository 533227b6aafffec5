// SPDX-License-Identifier: Apache-2.0
//
// The page reader on whatever bytes the fuzzer makes up: each input is a data file. It must come to
// an end, read no page twice, and say of each file either that it is sound or what is wrong.
//
//   cmake --preset fuzz && cmake --build --preset fuzz
//   build/fuzz/tests/fuzz/page_reader_seeds SEEDS        fills a folder with files to begin with
//   build/fuzz/tests/fuzz/page_reader_fuzz -max_len=65536 CORPUS SEEDS
#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "verify/page_reader.hpp"

using namespace milepost::verify;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

PageReport check(const std::uint8_t* data, std::size_t size, const PageVisitor& visitor) {
  const int fd = ::memfd_create("milepost-fuzz", MFD_CLOEXEC);
  require(fd >= 0);
  for (std::size_t done = 0; done < size;) {
    const ssize_t wrote = ::write(fd, data + done, size - done);
    require(wrote > 0);
    done += static_cast<std::size_t>(wrote);
  }
  auto file = PageFile::adopt(fd, "input");
  require(file.has_value());
  auto report = check_pages(*file, {}, visitor);
  require(report.has_value());
  return *std::move(report);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kSlack = 4096;  // The search for a second meta page.
  std::uint64_t sum = 0;
  std::uint64_t records = 0;
  const PageVisitor visitor{[&](const TableView& table) {
                              sum += table.name.size();
                              return true;
                            },
                            [&](const RecordView& record) {
                              ++records;
                              for (const std::byte b : record.key) sum += static_cast<unsigned>(b);
                              for (const std::byte b : record.value)
                                sum += static_cast<unsigned>(b);
                              return true;
                            }};
  const PageReport report = check(data, size, visitor);
  require(report.stopped == StopReason::none);
  require(report.bytes_read <= size + kSlack);
  require(report.findings_count >= report.findings.size());
  require(report.sound() == report.findings.empty());
  for (const Finding& finding : report.findings) sum += to_string(finding).size();
  if (report.sound()) {
    require(report.entries == records);
    require(report.pages_used + report.pages_free + 1 == report.last_page);
  }
  const PageReport without = check(data, size, {});
  require(without.findings_count == report.findings_count);
  return sum == ~std::uint64_t{0} ? 1 : 0;  // Every byte was looked at.
}
