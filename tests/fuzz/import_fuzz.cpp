// SPDX-License-Identifier: Apache-2.0
//
// Whatever bytes an import gets: it neither breaks nor forgets a line, says the same wherever its
// source cuts, changes nothing when it is repeated, and what it made goes out and in again to the
// byte. The first byte of the input chooses the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "support/beds.hpp"
#include "support/transfer.hpp"

namespace {

using milepost::test::exported;
using milepost::test::imported;
using milepost::test::MemoryBed;
using milepost::test::Told;

/// No assert(): it must hold in every build.
void must(bool holds) {
  if (!holds) std::abort();
}

bool is_for_people(std::string_view problem) {
  return problem.size() < 1'000 &&
         std::all_of(problem.begin(), problem.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{1} + data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  MemoryBed bed;
  const Told told = imported(bed.tracker(), text, piece);
  must(told.report.refused == told.problems.size());
  must(told.report.lines == told.report.created + told.report.unchanged + told.report.refused);
  must(std::all_of(told.problems.begin(), told.problems.end(), is_for_people));
  const std::string lines = exported(bed.tracker());
  must(std::count(lines.begin(), lines.end(), '\n') ==
       static_cast<std::ptrdiff_t>(told.report.created));

  const Told again = imported(bed.tracker(), text);
  must(again.report.created == 0);
  must(again.problems == told.problems);
  must(exported(bed.tracker()) == lines);

  MemoryBed other;
  const Told copied = imported(other.tracker(), lines, piece);
  must(copied.problems.empty() && copied.report.created == told.report.created);
  must(exported(other.tracker()) == lines);
  return 0;
}
