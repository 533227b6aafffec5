// SPDX-License-Identifier: Apache-2.0
//
// Where temporary folders go.
#include "support/temp_directory.hpp"

#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace milepost::test {
namespace {

namespace fs = std::filesystem;

fs::path parent_folder(std::uint64_t bytes_needed) {
  if (const char* chosen = std::getenv("MILEPOST_TEST_DIR")) return chosen;
  const fs::path memory = "/dev/shm";
  std::error_code error;
  const auto space = fs::space(memory, error);
  if (!error && space.available >= bytes_needed && ::access(memory.c_str(), W_OK | X_OK) == 0) {
    return memory;
  }
  return fs::temp_directory_path();
}

}  // namespace

TempDirectory::TempDirectory(std::uint64_t bytes_needed) {
  std::string name = (parent_folder(bytes_needed) / "milepost-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
  }
  path_ = name;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void copy_open_store(const fs::path& from, const fs::path& to) {
  for (std::error_code error = std::make_error_code(std::errc::interrupted); error;) {
    fs::remove_all(to);
    fs::copy(from, to, fs::copy_options::recursive, error);
    if (error && error != std::errc::no_such_file_or_directory) {
      throw fs::filesystem_error("copying an open store", from, to, error);
    }
  }
}

}  // namespace milepost::test
