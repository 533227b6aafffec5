// SPDX-License-Identifier: Apache-2.0
//
// Pages that lie, mostly those of the table "alpha": a branch with two leaves below it.
#include "crafted.hpp"

namespace milepost::verify::test {
namespace {

using Kind = FindingKind;
using Edit = std::function<void(FileMaker&)>;

template <typename T>
Edit in_page(std::uint64_t page, std::size_t offset, T value) {
  return [=](FileMaker& file) { file.poke(file.at(page, offset), value); };
}

template <typename T>
Edit in_node(std::uint64_t page, std::size_t index, std::size_t offset, T value) {
  return [=](FileMaker& file) { file.poke(file.node_at(page, index) + offset, value); };
}

Edit low_leaf(std::vector<MadeEntry> entries) {
  return [entries = std::move(entries)](FileMaker& file) { file.leaf(kAlphaLow, entries); };
}

// A chain of branches of any depth below alpha, each with a leaf beside the next.
void deep_chain(FileMaker& file, std::uint16_t said, std::uint64_t real) {
  MadeTable alpha = sample_alpha();
  alpha.depth = said;
  alpha.root = kLast + 1;
  file.poke(file.node_at(kMainLeaf, 0) + 8 + 5, alpha);
  std::uint64_t page = alpha.root;
  for (std::uint64_t level = 1; level < real; ++level, page += 2) {
    file.branch(page, {{"", page + 2}, {"z" + std::to_string(1000 - level), page + 1}});
    file.leaf(page + 1, {{"zz", "z"}});
  }
  file.leaf(page, {{"a", "a"}});
  file.metas(sample_free(), sample_main(), page, 7);
}

// Under a new root the old tree and beside it a branch, whose first leaf holds a smaller key.
void below_second_branch(FileMaker& file) {
  file.branch(kLast + 1, {{"", kAlphaRoot}, {"m", kLast + 2}});
  file.branch(kLast + 2, {{"", kLast + 3}, {"p", kLast + 4}});
  file.leaf(kLast + 3, {{"l", "too small"}});
  file.leaf(kLast + 4, {{"q", "fine"}});
  file.poke(file.node_at(kMainLeaf, 0) + 8 + 5, MadeTable{.depth = 3,
                                                          .branch_pages = 3,
                                                          .leaf_pages = 4,
                                                          .overflow_pages = 3,
                                                          .entries = 11,
                                                          .root = kLast + 1});
  file.metas(sample_free(), sample_main(), kLast + 4, 7);
}

std::vector<Crafted> pages() {
  return {
      {"a branch that is its own child", Kind::page_reused,
       in_node(kAlphaRoot, 0, 0, std::uint32_t{kAlphaRoot})},
      {"both children the same", Kind::page_reused,
       in_node(kAlphaRoot, 1, 0, std::uint32_t{kAlphaLow})},
      {"a cycle over two levels", Kind::page_reused,
       [](FileMaker& file) {
         MadeTable alpha = sample_alpha();
         alpha.depth = 3;
         file.poke(file.node_at(kMainLeaf, 0) + 8 + 5, alpha);
         file.branch(kAlphaLow, {{"", kAlphaRoot}, {"k02", kAlphaHigh}});
       }},
      {"a child in another table", Kind::page_reused,
       in_node(kAlphaRoot, 0, 0, std::uint32_t{kMainLeaf})},
      {"a child behind the last page", Kind::page_range,
       in_node(kAlphaRoot, 0, 4, std::uint16_t{0xFFFF})},
      {"a child right behind the last page", Kind::page_range,
       [](FileMaker& file) {
         file.leaf(kLast + 1, {{"k01", "one"}});
         file.poke(file.node_at(kAlphaRoot, 0), static_cast<std::uint32_t>(kLast + 1));
       }},
      {"a meta page as child", Kind::page_range, in_node(kAlphaRoot, 0, 0, std::uint32_t{0})},
      {"a page that is another one", Kind::page_number,
       in_page(kAlphaLow, 0, std::uint64_t{kAlphaHigh})},
      {"a page of no kind", Kind::page_flags, in_page(kAlphaLow, 10, std::uint16_t{0})},
      {"a page of two kinds", Kind::page_flags, in_page(kAlphaLow, 10, std::uint16_t{3})},
      {"a dirty page", Kind::page_flags, in_page(kAlphaLow, 10, std::uint16_t{0x12})},
      {"an overflow page as child", Kind::page_flags,
       [](FileMaker& file) { file.poke(file.node_at(kAlphaRoot, 0), std::uint32_t{kRun}); }},
      {"a page of fixed-size duplicates", Kind::unsupported,
       in_page(kAlphaLow, 10, std::uint16_t{0x22})},
      {"a sub-page", Kind::unsupported, in_page(kAlphaLow, 10, std::uint16_t{0x42})},
      {"free space that begins in the header", Kind::page_bounds,
       in_page(kAlphaLow, 12, std::uint16_t{14})},
      {"free space that begins at an odd byte", Kind::page_bounds,
       in_page(kAlphaLow, 12, std::uint16_t{23})},
      {"free space that begins behind its end", Kind::page_bounds,
       [](FileMaker& file) {
         const auto upper = file.peek<std::uint16_t>(file.at(kAlphaLow, 14));
         file.poke(file.at(kAlphaLow, 12), static_cast<std::uint16_t>(upper + 2));
       }},
      {"free space that ends behind the page", Kind::page_bounds,
       in_page(kAlphaLow, 14, std::uint16_t{0xFFFE})},
      {"free space that ends at an odd byte", Kind::page_bounds,
       [](FileMaker& file) {
         const auto upper = file.peek<std::uint16_t>(file.at(kAlphaLow, 14));
         file.poke(file.at(kAlphaLow, 14), static_cast<std::uint16_t>(upper - 1));
       }},
      {"a leaf without keys", Kind::key_count, [](FileMaker& file) { file.leaf(kAlphaLow, {}); }},
      {"a branch with one key", Kind::key_count,
       [](FileMaker& file) {
         file.branch(kAlphaRoot, {{"", kAlphaLow}});
       }},
  };
}

std::vector<Crafted> depths() {
  return {
      {"a leaf where a branch belongs", Kind::page_depth,
       [](FileMaker& file) {
         MadeTable alpha = sample_alpha();
         alpha.depth = 3;
         file.poke(file.node_at(kMainLeaf, 0) + 8 + 5, alpha);
       }},
      {"a branch where a leaf belongs", Kind::page_depth,
       [](FileMaker& file) {
         MadeTable alpha = sample_alpha();
         alpha.depth = 1;
         file.poke(file.node_at(kMainLeaf, 0) + 8 + 5, alpha);
       }},
      {"a tree 100 deep that says so", Kind::table_depth,
       [](FileMaker& file) { deep_chain(file, 100, 100); }},
      {"a tree 100 deep that says 32", Kind::page_depth,
       [](FileMaker& file) { deep_chain(file, 32, 100); }},
  };
}

std::vector<Crafted> nodes() {
  return {
      {"a node among the offsets", Kind::node_offset, in_page(kAlphaLow, 16, std::uint16_t{16})},
      {"a node at an odd byte", Kind::node_offset,
       [](FileMaker& file) {
         const auto begin = file.peek<std::uint16_t>(file.at(kAlphaLow, 16));
         file.poke(file.at(kAlphaLow, 16), static_cast<std::uint16_t>(begin + 1));
       }},
      {"a node in the page's last bytes", Kind::node_offset,
       [](FileMaker& file) {
         file.poke(file.at(kAlphaLow, 16), static_cast<std::uint16_t>(file.page_size() - 2));
       }},
      {"a node behind the page", Kind::node_offset, in_page(kAlphaLow, 16, std::uint16_t{0xFFFE})},
      {"a value that reaches over the page's end", Kind::node_size,
       in_node(kAlphaLow, 0, 2, std::uint16_t{0x8000})},
      {"a key that reaches over the page's end", Kind::node_size,
       in_node(kAlphaLow, 0, 6, std::uint16_t{510})},
      {"a node of more than half a page", Kind::node_size,
       [](FileMaker& file) {
         const std::size_t value = (file.page_size() - 16) / 2 - 2 - 8 - 3 + 1;
         file.leaf(kAlphaLow, {{"k01", std::string(value, 'v')}});
       }},
      {"two nodes in one place", Kind::node_layout,
       [](FileMaker& file) {
         file.poke(file.at(kAlphaLow, 16), file.peek<std::uint16_t>(file.at(kAlphaLow, 18)));
       }},
      {"nodes that overlap", Kind::node_layout, in_node(kAlphaLow, 1, 0, std::uint32_t{9})},
      {"room between nodes", Kind::node_layout, in_node(kAlphaLow, 3, 0, std::uint32_t{2})},
      {"node flags that do not exist", Kind::node_flags,
       in_node(kAlphaLow, 0, 4, std::uint16_t{8})},
      {"a node of sorted duplicates", Kind::unsupported,
       in_node(kAlphaLow, 0, 4, std::uint16_t{4})},
      {"a table inside a table", Kind::node_flags, in_node(kAlphaLow, 0, 4, std::uint16_t{2})},
      {"an empty key", Kind::key_size, low_leaf({{"", "one"}, {"k02", "two"}})},
      {"an empty key in a branch", Kind::key_size,
       [](FileMaker& file) {
         file.branch(kAlphaRoot, {{"", kAlphaLow}, {"", kAlphaHigh}});
       }},
      {"a key of 512 bytes", Kind::key_size, in_node(kAlphaLow, 0, 6, std::uint16_t{512})},
      {"a key out of order", Kind::key_order, low_leaf({{"k02", "2"}, {"k01", "1"}})},
      {"a key twice", Kind::key_order, low_leaf({{"k02", "2"}, {"k02", "1"}})},
      {"a key after a longer one that begins with it", Kind::key_order,
       low_leaf({{"k01x", "1"}, {"k01", "2"}})},
      {"a key that belongs to the next page", Kind::key_range,
       low_leaf({{"k01", "1"}, {"k05", "2"}})},
      {"a key that belongs to the page before", Kind::key_range,
       [](FileMaker& file) {
         file.leaf(kAlphaHigh, {{"k04x", "1"}, {"k07", raw(kRun), 1, 600}});
       }},
      {"a key below what the branch two levels up says", Kind::key_range, below_second_branch},
      {"branch keys out of order", Kind::key_order,
       [](FileMaker& file) {
         file.branch(kAlphaRoot, {{"", kAlphaLow}, {"k05", kAlphaHigh}, {"k04", 7}});
       }},
  };
}

std::vector<Crafted> runs() {
  return {
      {"a run of 2^31 pages", Kind::overflow_run, in_page(kRun, 12, std::uint32_t{1} << 31)},
      {"a run of no pages", Kind::overflow_run, in_page(kRun, 12, std::uint32_t{0})},
      {"a run too short for its value", Kind::overflow_run, in_page(kRun, 12, std::uint32_t{2})},
      {"a value one byte longer than its run", Kind::overflow_run,
       [](FileMaker& file) {
         file.poke(file.node_at(kAlphaHigh, 2),
                   static_cast<std::uint32_t>(3 * file.page_size() - 15));
       }},
      {"a run longer than its table knows", Kind::page_count,
       [](FileMaker& file) {
         file.overflow(kRun, 4, "");
         file.metas(sample_free(), sample_main(), kLast + 1, 7);
       }},
      {"a run over a used page", Kind::page_reused,
       [](FileMaker& file) {
         file.overflow(2, 3, "");  // Takes the free list's page and alpha's root along.
         file.leaf(10, {{raw(7), free_pages({9, 8, 7})}});
         MadeTable free_list = sample_free();
         free_list.root = 10;
         free_list.entries = 1;
         file.metas(free_list, sample_main(), kLast, 7);
         file.poke(file.node_at(kAlphaHigh, 2) + 8 + 3, std::uint64_t{2});
       }},
      {"a run that is a leaf", Kind::page_flags, in_page(kRun, 10, std::uint16_t{2})},
      {"a run of another number", Kind::page_number, in_page(kRun, 0, std::uint64_t{12})},
      {"a large value behind the last page", Kind::page_range,
       in_node(kAlphaHigh, 2, 8 + 3, std::uint64_t{1} << 63)},
      {"a large value in a page of the tree", Kind::page_reused,
       in_node(kAlphaHigh, 2, 8 + 3, std::uint64_t{kAlphaLow})},
      {"a value of 4 GiB", Kind::overflow_run,
       in_node(kAlphaHigh, 2, 0, std::uint32_t{0xFFFF'FFFF})},
      {"a value of more than 1 MiB", Kind::value_size,
       [](FileMaker& file) {
         const auto pages = static_cast<std::uint32_t>((2u << 20) / file.page_size());
         file.overflow(kRun, pages, "");
         file.poke(file.node_at(kAlphaHigh, 2), std::uint32_t{(1u << 20) + 1});
         MadeTable alpha = sample_alpha();
         alpha.overflow_pages = pages;
         file.poke(file.node_at(kMainLeaf, 0) + 8 + 5, alpha);
         file.metas(sample_free(), sample_main(), kRun + pages - 1, 7);
       }},
      {"a file cut inside a run", Kind::page_missing,
       [](FileMaker& file) { file.bytes().resize(file.at(kLast)); }},
      {"a file cut inside a page", Kind::page_missing,
       [](FileMaker& file) { file.bytes().resize(file.at(kAlphaHigh, 100)); }},
  };
}

}  // namespace

const std::vector<Crafted>& crafted_pages() {
  static const std::vector<Crafted> all = [] {
    std::vector<Crafted> list = pages();
    for (auto& more : {depths(), nodes(), runs()})
      list.insert(list.end(), more.begin(), more.end());
    return list;
  }();
  return all;
}

const std::vector<Crafted>& crafted_free_lists() {
  const auto free_leaf = [](std::vector<MadeEntry> entries) -> Edit {
    return [entries = std::move(entries)](FileMaker& file) { file.leaf(kFreeLeaf, entries); };
  };
  static const std::vector<Crafted> all = {
      {"a record of seven bytes", Kind::free_record, free_leaf({{raw(5), "1234567"}})},
      {"an empty record", Kind::free_record,
       free_leaf({{raw(5), ""}, {raw(7), free_pages({10, 9, 8, 7})}})},
      {"a record without a whole number", Kind::free_record,
       free_leaf({{raw(5), free_pages({9, 8}) + "x"}})},
      {"a record shorter than its count", Kind::free_record,
       free_leaf({{raw(5), raw(3) + raw(9) + raw(8)}})},
      {"a record of 2^61 numbers", Kind::free_record,
       free_leaf({{raw(5), raw(1ull << 61) + raw(9)}})},
      {"a record of commit 0", Kind::free_record,
       free_leaf({{raw(0), free_pages({9, 8})}, {raw(7), free_pages({10, 7})}})},
      {"a record of a commit to come", Kind::free_record,
       free_leaf({{raw(5), free_pages({9, 8})}, {raw(8), free_pages({10, 7})}})},
      {"a record whose key is no number", Kind::key_size,
       free_leaf({{"12345", free_pages({10, 9, 8, 7})}})},
      {"records out of order", Kind::key_order,
       free_leaf({{raw(7), free_pages({9, 8})}, {raw(5), free_pages({10, 7})}})},
      {"numbers in ascending order", Kind::free_order,
       free_leaf({{raw(5), free_pages({8, 9})}, {raw(7), free_pages({10, 7})}})},
      {"a page listed twice", Kind::free_twice,
       free_leaf({{raw(5), free_pages({9, 8})}, {raw(7), free_pages({10, 9, 7})}})},
      {"a page listed twice in a row", Kind::free_order,
       free_leaf({{raw(5), free_pages({9, 9, 8})}, {raw(7), free_pages({10, 7})}})},
      {"a meta page listed", Kind::free_range,
       free_leaf({{raw(5), free_pages({9, 8, 1})}, {raw(7), free_pages({10, 7})}})},
      {"a page behind the last listed", Kind::free_range,
       free_leaf({{raw(5), free_pages({1ull << 62, 9, 8})}, {raw(7), free_pages({10, 7})}})},
      {"the free list's own page listed", Kind::free_in_use,
       free_leaf({{raw(5), free_pages({9, 8, kFreeLeaf})}, {raw(7), free_pages({10, 7})}})},
      {"a page of a table listed", Kind::free_in_use,
       free_leaf({{raw(5), free_pages({9, 8, kAlphaLow})}, {raw(7), free_pages({10, 7})}})},
      {"a page of a run listed", Kind::free_in_use,
       free_leaf({{raw(5), free_pages({12, 9, 8})}, {raw(7), free_pages({10, 7})}})},
      {"pages not listed", Kind::page_lost,
       free_leaf({{raw(5), free_pages({9, 8})}, {raw(7), free_pages({10})}})},
      {"a table inside the free list", Kind::node_flags,
       free_leaf({{raw(5), free_pages({9, 8}), 2}, {raw(7), free_pages({10, 7})}})},
  };
  return all;
}

}  // namespace milepost::verify::test
