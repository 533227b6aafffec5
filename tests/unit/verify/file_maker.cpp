// SPDX-License-Identifier: Apache-2.0
//
// Little-endian 64-bit LMDB 0.9 files. Nodes are laid from the page's end towards its front.
#include "file_maker.hpp"

#include <algorithm>

namespace milepost::verify::test {

std::string raw(std::uint64_t number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string raw(const MadeTable& table) {
  return {reinterpret_cast<const char*>(&table), sizeof table};
}

std::string free_pages(const std::vector<std::uint64_t>& numbers) {
  std::string value = raw(numbers.size());
  for (const std::uint64_t number : numbers) value += raw(number);
  return value;
}

void FileMaker::grow(std::uint64_t pages) {
  bytes_.resize(std::max<std::size_t>(bytes_.size(), pages * page_size_));
}

void FileMaker::header(std::uint64_t page, std::uint16_t flags, std::size_t lower,
                       std::size_t upper) {
  poke(at(page), page);
  poke(at(page, 10), flags);
  poke(at(page, 12), static_cast<std::uint16_t>(lower));
  poke(at(page, 14), static_cast<std::uint16_t>(upper));
}

void FileMaker::leaf(std::uint64_t page, const std::vector<MadeEntry>& entries) {
  grow(page + 1);
  std::size_t upper = page_size_;
  std::size_t lower = 16;
  for (const MadeEntry& entry : entries) {
    const std::size_t size = 8 + entry.key.size() + entry.value.size();
    upper -= size + size % 2;
    const std::size_t said = entry.said_size != 0 ? entry.said_size : entry.value.size();
    poke(at(page, lower), static_cast<std::uint16_t>(upper));
    poke(at(page, upper), static_cast<std::uint32_t>(said));
    poke(at(page, upper + 4), entry.flags);
    poke(at(page, upper + 6), static_cast<std::uint16_t>(entry.key.size()));
    bytes_.replace(at(page, upper + 8), entry.key.size(), entry.key);
    bytes_.replace(at(page, upper + 8 + entry.key.size()), entry.value.size(), entry.value);
    lower += 2;
  }
  header(page, 2, lower, upper);
}

void FileMaker::branch(std::uint64_t page, const std::vector<MadeChild>& children) {
  grow(page + 1);
  std::size_t upper = page_size_;
  std::size_t lower = 16;
  for (const MadeChild& child : children) {
    const std::size_t size = 8 + child.key.size();
    upper -= size + size % 2;
    poke(at(page, lower), static_cast<std::uint16_t>(upper));
    poke(at(page, upper), static_cast<std::uint32_t>(child.page));
    poke(at(page, upper + 4), static_cast<std::uint16_t>(child.page >> 32));
    poke(at(page, upper + 6), static_cast<std::uint16_t>(child.key.size()));
    bytes_.replace(at(page, upper + 8), child.key.size(), child.key);
    lower += 2;
  }
  header(page, 1, lower, upper);
}

void FileMaker::overflow(std::uint64_t page, std::uint32_t pages, std::string_view value) {
  grow(page + pages);
  poke(at(page), page);
  poke(at(page, 10), std::uint16_t{4});
  poke(at(page, 12), pages);
  bytes_.replace(at(page, 16), value.size(), value);
}

void FileMaker::meta(std::uint64_t page, const MadeTable& free_list, const MadeTable& main,
                     std::uint64_t last_page, std::uint64_t txn_id) {
  grow(page + 1);
  poke(at(page), page);
  poke(at(page, 10), std::uint16_t{8});
  poke(at(page, kMetaMagic), std::uint32_t{0xBEEFC0DE});
  poke(at(page, kMetaVersion), std::uint32_t{1});
  poke(at(page, kMetaMapSize), std::uint64_t{1} << 30);
  MadeTable with_page_size = free_list;
  with_page_size.pad = static_cast<std::uint32_t>(page_size_);
  with_page_size.flags = 8;
  poke(at(page, kMetaFree), with_page_size);
  poke(at(page, kMetaMain), main);
  poke(at(page, kMetaLastPage), last_page);
  poke(at(page, kMetaTxn), txn_id);
}

void FileMaker::metas(const MadeTable& free_list, const MadeTable& main, std::uint64_t last_page,
                      std::uint64_t txn_id) {
  meta((txn_id + 1) % 2, free_list, main, last_page, txn_id - 1);
  meta(txn_id % 2, free_list, main, last_page, txn_id);
}

std::size_t FileMaker::node_at(std::uint64_t page, std::size_t index) const {
  return at(page, peek<std::uint16_t>(at(page, 16 + 2 * index)));
}

MadeTable sample_alpha() {
  return {.depth = 2,
          .branch_pages = 1,
          .leaf_pages = 2,
          .overflow_pages = 3,
          .entries = 9,
          .root = kAlphaRoot};
}

MadeTable sample_free() { return {.depth = 1, .leaf_pages = 1, .entries = 2, .root = kFreeLeaf}; }

MadeTable sample_main() { return {.depth = 1, .leaf_pages = 1, .entries = 3, .root = kMainLeaf}; }

FileMaker sample_file(std::size_t page_size) {
  FileMaker file(page_size);
  const auto large = static_cast<std::uint32_t>(2 * page_size + 100);
  file.metas(sample_free(), sample_main(), kLast, 7);
  file.leaf(kFreeLeaf, {{raw(5), free_pages({9, 8})}, {raw(7), free_pages({10, 7})}});
  file.leaf(kMainLeaf,
            {{"alpha", raw(sample_alpha()), 2}, {"beta", raw(MadeTable{}), 2}, {"plain", "x"}});
  file.branch(kAlphaRoot, {{"", kAlphaLow}, {"k05", kAlphaHigh}});
  file.leaf(kAlphaLow, {{"k01", "one"}, {"k02", "two"}, {"k03", ""}, {"k04", "fourth"}});
  file.leaf(kAlphaHigh, {{"k05", "five"},
                         {"k06", "6"},
                         {"k07", raw(kRun), 1, large},
                         {"k08", "eight"},
                         {"k09", "nine"}});
  file.overflow(kRun, 3, std::string(large, 'v'));
  return file;
}

}  // namespace milepost::verify::test
