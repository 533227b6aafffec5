// SPDX-License-Identifier: Apache-2.0
//
// Meta pages and records of tables that lie. Page 1 is the newer meta page.
#include "crafted.hpp"

namespace milepost::verify::test {
namespace {

using Kind = FindingKind;

template <typename T>
std::function<void(FileMaker&)> in_meta(std::uint64_t page, std::size_t offset, T value) {
  return [=](FileMaker& file) { file.poke(file.at(page, offset), value); };
}

template <typename T>
std::function<void(FileMaker&)> in_both(std::size_t offset, T value) {
  return [=](FileMaker& file) {
    file.poke(file.at(0, offset), value);
    file.poke(file.at(1, offset), value);
  };
}

// In the record of "alpha" or "beta" inside the main table.
template <typename T>
std::function<void(FileMaker&)> in_record(std::size_t index, std::size_t offset, T value) {
  return [=](FileMaker& file) {
    const std::size_t name = index == 0 ? 5 : 4;
    file.poke(file.node_at(kMainLeaf, index) + 8 + name + offset, value);
  };
}

std::vector<Crafted> metas() {
  return {
      {"an empty file", Kind::file_length, [](FileMaker& file) { file.bytes().clear(); }},
      {"a file of one byte", Kind::file_length, [](FileMaker& file) { file.bytes().resize(1); }},
      {"a file without its second meta page", Kind::file_length,
       [](FileMaker& file) { file.bytes().resize(file.page_size()); }},
      {"a file of zeroes", Kind::meta_magic,
       [](FileMaker& file) { file.bytes().assign(file.bytes().size(), '\0'); }},
      {"a first meta page without magic", Kind::meta_magic,
       in_meta(0, kMetaMagic, std::uint32_t{0})},
      {"a second meta page without magic", Kind::meta_magic,
       in_meta(1, kMetaMagic, std::uint32_t{0})},
      {"another data version", Kind::meta_version, in_both(kMetaVersion, std::uint32_t{999})},
      {"a meta page that is another page", Kind::meta_header, in_meta(1, 0, std::uint64_t{5})},
      {"a meta page that is a leaf too", Kind::meta_header, in_meta(0, 10, std::uint16_t{10})},
      {"page size 0", Kind::meta_page_size, in_both(kMetaFree, std::uint32_t{0})},
      {"page size 3", Kind::meta_page_size, in_both(kMetaFree, std::uint32_t{3})},
      {"page size 256", Kind::meta_page_size, in_both(kMetaFree, std::uint32_t{256})},
      {"page size 1000", Kind::meta_page_size, in_both(kMetaFree, std::uint32_t{1000})},
      {"page size 0 in the first meta page only", Kind::meta_page_size,
       in_meta(0, kMetaFree, std::uint32_t{0})},
      {"page size 2^31", Kind::meta_page_size, in_both(kMetaFree, std::uint32_t{1} << 31)},
      {"meta pages of different page sizes", Kind::meta_page_size,
       [](FileMaker& file) {
         file.poke(file.at(1, kMetaFree), static_cast<std::uint32_t>(file.page_size() / 2));
       }},
      {"a fixed address", Kind::meta_flags,
       in_meta(1, kMetaAddress, std::uint64_t{0x7000'0000'0000})},
      {"environment flags never written", Kind::meta_flags,
       in_meta(1, kMetaFree + kTableFlags, std::uint16_t{9})},
      {"a map smaller than its pages", Kind::meta_map_size,
       in_meta(1, kMetaMapSize, std::uint64_t{8192})},
      {"a map of 2^63", Kind::meta_map_size, in_meta(1, kMetaMapSize, std::uint64_t{1} << 63)},
      {"a last page of 0", Kind::meta_last_page, in_meta(1, kMetaLastPage, std::uint64_t{0})},
      {"a last page of 2^63", Kind::meta_last_page,
       in_meta(1, kMetaLastPage, std::uint64_t{1} << 63)},
      {"a last page of 2^64 - 1", Kind::meta_last_page, in_meta(1, kMetaLastPage, kNone)},
      {"a last page far behind the end", Kind::file_length,
       in_meta(1, kMetaLastPage, std::uint64_t{100'000})},
      {"a last page right behind the end", Kind::file_length, in_meta(1, kMetaLastPage, kLast + 1)},
      {"a last page before the end of a run", Kind::overflow_run,
       in_meta(1, kMetaLastPage, kLast - 1)},
      {"commits that do not follow each other", Kind::meta_sequence,
       in_meta(1, kMetaTxn, std::uint64_t{9})},
      {"commits in each other's place", Kind::meta_sequence,
       [](FileMaker& file) {
         file.poke(file.at(0, kMetaTxn), std::uint64_t{7});
         file.poke(file.at(1, kMetaTxn), std::uint64_t{6});
       }},
  };
}

std::vector<Crafted> records() {
  return {
      {"a main table of sorted duplicates", Kind::table_flags,
       in_meta(1, kMetaMain + kTableFlags, std::uint16_t{4})},
      {"a main table without root but with entries", Kind::table_record,
       in_meta(1, kMetaMain + kTableRoot, kNone)},
      {"a depth of 33", Kind::table_depth, in_meta(1, kMetaMain + kTableDepth, std::uint16_t{33})},
      {"a depth of 100", Kind::table_depth, in_record(0, kTableDepth, std::uint16_t{100})},
      {"a depth of 0", Kind::table_depth, in_record(0, kTableDepth, std::uint16_t{0})},
      {"a root behind the last page", Kind::page_range,
       in_meta(1, kMetaMain + kTableRoot, std::uint64_t{1} << 40)},
      {"a meta page as root", Kind::page_range,
       in_meta(1, kMetaMain + kTableRoot, std::uint64_t{1})},
      {"two tables of one root", Kind::page_reused,
       [](FileMaker& file) {
         const MadeTable alpha = sample_alpha();
         file.poke(file.node_at(kMainLeaf, 1) + 8 + 4, alpha);
       }},
      {"a table of fixed-size duplicates", Kind::table_flags,
       in_record(0, kTableFlags, std::uint16_t{0x14})},
      {"a table of integer keys", Kind::table_flags, in_record(0, kTableFlags, std::uint16_t{8})},
      {"a table of reversed keys", Kind::table_flags, in_record(0, kTableFlags, std::uint16_t{2})},
      {"a table with a key size of its own", Kind::table_record,
       in_record(0, 0, std::uint32_t{16})},
      {"a table record of another size", Kind::table_record,
       [](FileMaker& file) {
         file.leaf(kMainLeaf, {{"alpha", raw(sample_alpha()).substr(0, 47), 2},
                               {"beta", raw(MadeTable{}), 2},
                               {"plain", "x"}});
       }},
      {"a table record of more bytes", Kind::table_record,
       [](FileMaker& file) {
         file.leaf(kMainLeaf, {{"alpha", raw(sample_alpha()) + "xx", 2},
                               {"beta", raw(MadeTable{}), 2},
                               {"plain", "x"}});
       }},
      {"a table record in a run of pages", Kind::node_flags,
       [](FileMaker& file) {
         file.leaf(kMainLeaf, {{"alpha", raw(kRun), 3, 48}, {"plain", "x"}});
       }},
      {"a wrong number of entries", Kind::entry_count,
       in_record(0, kTableEntries, std::uint64_t{1} << 60)},
      {"an entry too few in the main table", Kind::entry_count,
       in_meta(1, kMetaMain + kTableEntries, std::uint64_t{2})},
      {"a wrong number of branch pages", Kind::page_count,
       in_record(0, kTableBranches, std::uint64_t{0})},
      {"a wrong number of leaf pages", Kind::page_count,
       in_record(0, kTableLeaves, std::uint64_t{3})},
      {"a wrong number of overflow pages", Kind::page_count,
       in_record(0, kTableOverflows, std::uint64_t{1})},
  };
}

}  // namespace

const std::vector<Crafted>& crafted_metas() {
  static const std::vector<Crafted> all = [] {
    std::vector<Crafted> list = metas();
    const std::vector<Crafted> more = records();
    list.insert(list.end(), more.begin(), more.end());
    return list;
  }();
  return all;
}

}  // namespace milepost::verify::test
