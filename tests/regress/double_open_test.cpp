// SPDX-License-Identifier: Apache-2.0
//
// What a process is told that has a store open already, through another copy of the library.
#include <dlfcn.h>
#include <filesystem>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

#include "milepost/milepost.hpp"

namespace milepost {
namespace {

#ifdef MILEPOST_REGRESS_LIBRARY
TEST_CASE("a second copy of the library is told to stop the other process, which is its own",
          "[regress]") {
  if (test::kSanitizer) {
    WARN("not run: a sanitizer's runtime cannot be loaded a second time");
    return;
  }
  const test::TempDirectory folder;
  const std::string copy = folder / "libother.so";
  std::filesystem::copy_file(MILEPOST_REGRESS_LIBRARY, copy);
  void* const library = ::dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  void* const symbol = ::dlsym(library, "_ZN8milepost7Tracker4openERKNS_11OpenOptionsE");
  REQUIRE(symbol != nullptr);
  OpenOptions options;
  options.directory = folder / "store";
  const Tracker tracker = Tracker::open(options).value();
  const auto refused = reinterpret_cast<Result<Tracker> (*)(const OpenOptions&)>(symbol)(options);
  CHECK(test::code_of(refused) == Errc::already_open);
}
#endif

}  // namespace
}  // namespace milepost
