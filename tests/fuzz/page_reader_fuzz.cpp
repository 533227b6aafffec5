// SPDX-License-Identifier: Apache-2.0
//
// The page reader on whatever bytes the fuzzer makes up: each input is a data file. It must come to
// an end, read no page twice, and say of each file either that it is sound or what is wrong.
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.hpp"
#include "unit/verify/crafted.hpp"
#include "verify/page_reader.hpp"

namespace milepost::fuzz {
namespace {

using namespace milepost::verify;        // NOLINT: a source of one target
using namespace milepost::verify::test;  // NOLINT

constexpr std::size_t kSizeMax = 65'536;

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

void run(Input input) {
  const std::uint8_t* const data = input.data();
  const std::size_t size = input.size();
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
  require(sum != ~std::uint64_t{0});  // Every byte was looked at.
}

/// The sample file and all crafted ones, with small pages.
Seeds seeds() {
  Seeds all;
  const auto add = [&all](FileMaker& file) {
    if (file.bytes().size() <= kSizeMax) all.emplace_back(file.bytes());
  };
  for (const std::size_t page_size : {512u, 1024u, 4096u}) {
    FileMaker file = sample_file(page_size);
    add(file);
  }
  for (const auto* crafted : {&crafted_metas(), &crafted_pages(), &crafted_free_lists()}) {
    for (const Crafted& one : *crafted) {
      FileMaker file = sample_file(512);
      one.edit(file);
      add(file);
    }
  }
  return all;
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"page_reader", milepost::fuzz::run, milepost::fuzz::seeds, 600, 65'536})
