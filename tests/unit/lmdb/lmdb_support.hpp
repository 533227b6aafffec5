// SPDX-License-Identifier: Apache-2.0
//
// What the tests of this room share with their probe program: a folder that cleans up after
// itself, options for a small store, and short ways to bytes and texts. No test framework here.
#pragma once

#include <filesystem>
#include <stdlib.h>
#include <string>
#include <string_view>

#include "lmdb/env.hpp"
#include "lmdb/types.hpp"

// Sanitizers bring their own operator new and need address space.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MILEPOST_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MILEPOST_TEST_SANITIZED 1
#endif
#endif
#ifndef MILEPOST_TEST_SANITIZED
#define MILEPOST_TEST_SANITIZED 0
#endif

namespace milepost::lmdb::test {

/// A fresh folder under the system's temporary one.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "milepost-lmdb-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }

 private:
  std::string path_;
};

inline EnvOptions small_store(std::string directory) {
  EnvOptions options;
  options.directory = std::move(directory);
  options.map_size_start = 16u << 20;
  options.map_size_max = 1ull << 30;
  options.wait_max = std::chrono::seconds(20);
  options.identity.magic = {'M', 'P', 'T', 'E', 'S', 'T', '0', '1'};
  options.identity.format_version = 1;
  options.identity.uuid.fill(std::byte{7});
  options.tables = {"runs", "index"};
  return options;
}

inline Bytes bytes(std::string_view text) { return as_bytes(text); }

inline Deadline in(std::chrono::milliseconds wait) {
  return std::chrono::steady_clock::now() + wait;
}

/// A key that sorts by number.
inline std::string numbered(unsigned long number) {
  std::string digits = std::to_string(number);
  return std::string(10 - digits.size(), '0') + digits;
}

}  // namespace milepost::lmdb::test
