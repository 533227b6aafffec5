// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the page reader share: files made of bytes, and reports looked at by kind.
#pragma once

#include <set>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "verify/page_reader.hpp"

namespace milepost::verify::test {

/// A file in memory that holds these bytes.
inline PageFile file_of(std::string_view bytes) {
  const int fd = ::memfd_create("milepost-verify-test", MFD_CLOEXEC);
  REQUIRE(fd >= 0);
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
    REQUIRE(wrote > 0);
    done += static_cast<std::size_t>(wrote);
  }
  return PageFile::adopt(fd, "memory").value();
}

inline PageReport report_on(std::string_view bytes, const PageLimits& limits = {},
                            const PageVisitor& visitor = {}) {
  PageFile file = file_of(bytes);
  return check_pages(file, limits, visitor).value();
}

/// The kinds in a report, and its findings in the test's output.
inline std::set<std::string> kinds_of(const PageReport& report) {
  std::set<std::string> kinds;
  for (const Finding& finding : report.findings) {
    UNSCOPED_INFO(to_string(finding));
    kinds.insert(std::string(to_string(finding.kind)));
  }
  return kinds;
}

inline std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace milepost::verify::test
