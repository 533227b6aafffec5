// SPDX-License-Identifier: Apache-2.0
//
// Anatomy: what each byte of a sound data file is, found out by following it as plainly as it can
// be written. It is the oracle of the damage campaigns and shares no code with the page reader; it
// trusts its file. Structure is what says where things are; keys and values are not structure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace milepost::verify::test {

enum class PageUse : std::uint8_t { free, meta, tree, run_first, run_rest };

/// A key or a value in a leaf of a named table; never empty.
struct RowBytes {
  std::size_t at = 0;
  std::size_t size = 0;
  bool is_key = false;
  std::string table;
  std::string key;  ///< Of its row.
};

/// Plain value.
class Anatomy {
 public:
  explicit Anatomy(std::string bytes);

  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t page_size() const noexcept { return page_size_; }
  [[nodiscard]] std::uint64_t pages() const noexcept { return uses_.size(); }
  [[nodiscard]] PageUse use(std::uint64_t page) const { return uses_.at(page); }
  /// Whether the page begins with a header that says what it is.
  [[nodiscard]] bool has_header(std::uint64_t page) const {
    return use(page) != PageUse::free && use(page) != PageUse::run_rest;
  }
  /// Whether the page is needed.
  [[nodiscard]] bool reachable(std::uint64_t page) const { return use(page) != PageUse::free; }

  /// Whether a reader must notice when the byte at `at` becomes `value`. False for keys, values and
  /// unused room, and where the changed number is as good as the right one.
  [[nodiscard]] bool must_find(std::size_t at, std::uint8_t value) const;

  /// Keys and values of the named tables, by place.
  [[nodiscard]] const std::vector<RowBytes>& contents() const noexcept { return contents_; }
  /// The key or value that holds the byte, or nothing.
  [[nodiscard]] const RowBytes* content_at(std::size_t at) const;

  /// Offsets of all bytes of structure.
  [[nodiscard]] std::vector<std::size_t> structure() const;

 private:
  enum class Rule : std::uint8_t {
    always,
    key_size,
    value_size,
    run_value_size,
    free_run_size,
    empty_table_flags,
    newer_commit,
    older_commit,
    env_flags,
  };
  // A number in the file; `node` is where its node begins, `branch` the kind of its page.
  struct Field {
    std::size_t at = 0;
    std::uint8_t size = 0;
    Rule rule = Rule::always;
    bool branch = false;
    std::size_t node = 0;
    std::uint64_t run_pages = 0;
  };

  template <typename T>
  [[nodiscard]] T get(std::size_t at) const;
  void add(std::size_t at, std::size_t size, Rule rule = Rule::always);
  void meta(std::uint64_t page, bool newer);
  void tree(std::size_t record, bool free_list, bool main);
  void page(std::uint64_t number, bool free_list, bool main);
  void leaf_node(std::size_t node, bool free_list, bool main);
  void free_numbers(std::size_t at);
  void add_content(std::size_t node, std::size_t value);
  [[nodiscard]] std::size_t node_size(std::size_t node, bool branch, std::uint64_t key_size,
                                      std::uint64_t value_size) const;
  [[nodiscard]] bool breaks(const Field& field, std::uint64_t before, std::uint64_t after) const;

  std::string bytes_;
  std::size_t page_size_ = 0;
  std::vector<PageUse> uses_;
  std::vector<Field> fields_;  // By place.
  std::vector<RowBytes> contents_;
  std::string table_;  // The one that is being followed.
};

}  // namespace milepost::verify::test
