// SPDX-License-Identifier: Apache-2.0
//
// A target as a libFuzzer program. With MILEPOST_FUZZ_SEEDS=FOLDER it writes the inputs to begin
// with into that folder, and nothing else.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fuzz/fuzz.hpp"

extern const milepost::fuzz::Target kMilepostFuzzTarget;

namespace milepost::fuzz {

void require(bool holds, const char* what, const char* file, int line) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::abort();
}

namespace {

void write_seeds(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::size_t number = 0;
  for (const std::string& seed : kMilepostFuzzTarget.seeds()) {
    std::ofstream(folder / ("seed-" + std::to_string(number++)), std::ios::binary) << seed;
  }
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  if (const char* folder = std::getenv("MILEPOST_FUZZ_SEEDS")) {
    milepost::fuzz::write_seeds(folder);
    std::exit(0);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kMilepostFuzzTarget.run({data, size});
  return 0;
}
