// SPDX-License-Identifier: Apache-2.0
//
// Writes the sample file and all crafted ones into a folder, with small pages: where the fuzzer of
// the page reader begins.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "unit/verify/crafted.hpp"

using namespace milepost::verify::test;

namespace {

constexpr std::size_t kSizeMax = 65'536;

void write(const std::filesystem::path& folder, std::size_t number, FileMaker& file) {
  if (file.bytes().size() > kSizeMax) return;
  std::ofstream(folder / std::to_string(number), std::ios::binary) << file.bytes();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: page_reader_seeds FOLDER\n";
    return 1;
  }
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  std::size_t number = 0;
  for (const std::size_t page_size : {512u, 1024u, 4096u}) {
    FileMaker file = sample_file(page_size);
    write(folder, number++, file);
  }
  for (const auto* all : {&crafted_metas(), &crafted_pages(), &crafted_free_lists()}) {
    for (const Crafted& crafted : *all) {
      FileMaker file = sample_file(512);
      crafted.edit(file);
      write(folder, number++, file);
    }
  }
  return 0;
}
