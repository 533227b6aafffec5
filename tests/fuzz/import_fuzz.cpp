// SPDX-License-Identifier: Apache-2.0
//
// Whatever bytes an import gets: it neither breaks nor forgets a line, says the same wherever its
// source cuts, changes nothing when it is repeated, and what it made goes out and in again to the
// byte. The first byte of the input chooses the size of the pieces.
#include <algorithm>
#include <string_view>

#include "fuzz/fuzz.hpp"
#include "support/beds.hpp"
#include "support/transfer.hpp"

namespace milepost::fuzz {
namespace {

using test::exported;
using test::imported;
using test::MemoryBed;
using test::Told;

bool is_for_people(std::string_view problem) {
  return problem.size() < 1'000 &&
         std::all_of(problem.begin(), problem.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void run(Input input) {
  if (input.empty()) return;
  Bytes bytes(input);
  const std::size_t piece = std::size_t{1} + bytes.take<std::uint8_t>();
  const std::string text = bytes.rest();

  MemoryBed bed;
  const Told told = imported(bed.tracker(), text, piece);
  require(told.report.refused == told.problems.size());
  require(told.report.lines == told.report.created + told.report.unchanged + told.report.refused);
  require(std::all_of(told.problems.begin(), told.problems.end(), is_for_people));
  const std::string lines = exported(bed.tracker());
  require(std::count(lines.begin(), lines.end(), '\n') ==
          static_cast<std::ptrdiff_t>(told.report.created));

  const Told again = imported(bed.tracker(), text);
  require(again.report.created == 0);
  require(again.problems == told.problems);
  require(exported(bed.tracker()) == lines);

  MemoryBed other;
  const Told copied = imported(other.tracker(), lines, piece);
  require(copied.problems.empty() && copied.report.created == told.report.created);
  require(exported(other.tracker()) == lines);
}

Seeds seeds() {
  const std::string line = test::queued_line(test::id(1));
  const std::string other = test::queued_line(test::id(2), test::id(9));
  std::string failed = line;
  failed.replace(failed.find("queued"), 6, "failed");
  const std::string nothing = R"("completedAt":null,"error":null)";
  failed.replace(failed.find(nothing), nothing.size(),
                 R"("completedAt":"2024-01-01T00:00:00Z","error":"\u00e9\ud83d\ude00\ud800")");
  return {"\xff" + line + other + failed, "\x01\n\r\n" + line + line + "{", "\x07" + failed,
          "\x30[1,null,{\"a\":1e9}]\n\xef\xbb\xbf" + line};
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"import", milepost::fuzz::run, milepost::fuzz::seeds, 400, 4'096})
