// SPDX-License-Identifier: Apache-2.0
//
// Recursive descent over a file in memory, little-endian.
#include "anatomy.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace milepost::verify::test {

template <typename T>
T Anatomy::get(std::size_t at) const {
  if (at + sizeof(T) > bytes_.size()) throw std::out_of_range("anatomy of a damaged file");
  T value;
  std::memcpy(&value, bytes_.data() + at, sizeof value);
  return value;
}

void Anatomy::add(std::size_t at, std::size_t size, Rule rule) {
  fields_.push_back({.at = at, .size = static_cast<std::uint8_t>(size), .rule = rule});
}

Anatomy::Anatomy(std::string bytes) : bytes_(std::move(bytes)) {
  page_size_ = get<std::uint32_t>(40);
  const std::size_t second = page_size_;
  const bool second_newer = get<std::uint64_t>(second + 144) > get<std::uint64_t>(144);
  const std::size_t newest = second_newer ? second : 0;
  uses_.assign(bytes_.size() / page_size_, PageUse::free);
  meta(0, !second_newer);
  meta(1, second_newer);
  tree(newest + 40, true, false);
  tree(newest + 88, false, true);
  std::sort(fields_.begin(), fields_.end(),
            [](const Field& a, const Field& b) { return a.at < b.at; });
  std::sort(contents_.begin(), contents_.end(),
            [](const RowBytes& a, const RowBytes& b) { return a.at < b.at; });
}

void Anatomy::meta(std::uint64_t page, bool newer) {
  const std::size_t at = page * page_size_;
  uses_.at(page) = PageUse::meta;
  add(at, 8);       // Number.
  add(at + 10, 2);  // Flags.
  add(at + 16, 4);  // Magic.
  add(at + 20, 4);  // Version.
  add(at + 24, 8);  // Address.
  add(at + 40, 4);  // Page size.
  add(at + 44, 2, Rule::env_flags);
  add(at + 144, 8, newer ? Rule::newer_commit : Rule::older_commit);
  if (!newer) return;  // A failed commit may leave anything in the rest of it.
  add(at + 46, 2);
  for (std::size_t i = 48; i < 88; i += 8) add(at + i, 8);
  add(at + 88, 4);
  add(at + 92, 2);
  add(at + 94, 2);
  for (std::size_t i = 96; i < 144; i += 8) add(at + i, 8);  // And the last page.
}

void Anatomy::tree(std::size_t record, bool free_list, bool main) {
  const auto root = get<std::uint64_t>(record + 40);
  if (root != ~0ull) page(root, free_list, main);
}

void Anatomy::page(std::uint64_t number, bool free_list, bool main) {
  const std::size_t at = number * page_size_;
  uses_.at(number) = PageUse::tree;
  add(at, 8);
  add(at + 10, 2);
  add(at + 12, 2);
  add(at + 14, 2);
  const bool branch = get<std::uint16_t>(at + 10) == 1;
  const std::size_t count = (get<std::uint16_t>(at + 12) - 16u) / 2;
  for (std::size_t i = 0; i < count; ++i) {
    add(at + 16 + 2 * i, 2);
    const std::size_t node = at + get<std::uint16_t>(at + 16 + 2 * i);
    fields_.push_back({node + 6, 2, Rule::key_size, branch, node, 0});
    if (branch) {
      add(node, 6);
      page(get<std::uint32_t>(node) | std::uint64_t{get<std::uint16_t>(node + 4)} << 32, free_list,
           main);
    } else {
      leaf_node(node, free_list, main);
    }
  }
}

void Anatomy::leaf_node(std::size_t node, bool free_list, bool main) {
  const auto flags = get<std::uint16_t>(node + 4);
  const std::size_t value = node + 8 + get<std::uint16_t>(node + 6);
  if (flags == 2 && main && get<std::uint64_t>(value + 40) == ~0ull) {
    add(node + 4, 2, Rule::empty_table_flags);
  } else {
    add(node + 4, 2);
  }
  if (flags == 1) {
    const auto first = get<std::uint64_t>(value);
    const std::size_t run = first * page_size_;
    const auto pages = get<std::uint32_t>(run + 12);
    fields_.push_back(
        {node, 4, free_list ? Rule::free_run_size : Rule::run_value_size, false, node, pages});
    add(value, 8);
    add(run, 8);
    add(run + 10, 2);
    add(run + 12, 4);
    uses_.at(first) = PageUse::run_first;
    for (std::uint64_t i = 1; i < pages; ++i) uses_.at(first + i) = PageUse::run_rest;
    if (free_list) free_numbers(run + 16);
    if (!free_list && !main) add_content(node, run + 16);
    return;
  }
  fields_.push_back({node, 4, Rule::value_size, false, node, 0});
  if (free_list) free_numbers(value);
  if (!free_list && !main) add_content(node, value);
  if (flags == 2) {
    table_ = bytes_.substr(node + 8, get<std::uint16_t>(node + 6));
    add(value, 4);
    add(value + 4, 2);
    add(value + 6, 2);
    for (std::size_t i = 8; i < 48; i += 8) add(value + i, 8);
    tree(value, false, false);
  }
}

void Anatomy::add_content(std::size_t node, std::size_t value) {
  const std::size_t key_size = get<std::uint16_t>(node + 6);
  const std::size_t value_size = get<std::uint32_t>(node);
  const std::string key = bytes_.substr(node + 8, key_size);
  contents_.push_back({node + 8, key_size, true, table_, key});
  if (value_size != 0) contents_.push_back({value, value_size, false, table_, key});
}

const RowBytes* Anatomy::content_at(std::size_t at) const {
  auto content =
      std::upper_bound(contents_.begin(), contents_.end(), at,
                       [](std::size_t place, const RowBytes& c) { return place < c.at; });
  if (content == contents_.begin()) return nullptr;
  --content;
  return at < content->at + content->size ? &*content : nullptr;
}

void Anatomy::free_numbers(std::size_t at) {
  const auto count = get<std::uint64_t>(at);
  for (std::uint64_t i = 0; i <= count; ++i) add(at + 8 * i, 8);
}

std::size_t Anatomy::node_size(std::size_t node, bool branch, std::uint64_t key_size,
                               std::uint64_t value_size) const {
  const bool run = !branch && get<std::uint16_t>(node + 4) == 1;
  const std::uint64_t size = 8 + key_size + (branch ? 0 : run ? 8 : value_size);
  return size + size % 2;
}

bool Anatomy::breaks(const Field& field, std::uint64_t before, std::uint64_t after) const {
  const auto commit = get<std::uint64_t>(page_size_ + 144);
  const std::uint64_t newest = std::max(commit, get<std::uint64_t>(144));
  switch (field.rule) {
    case Rule::always:
      return true;
    case Rule::key_size: {
      const auto value_size = get<std::uint32_t>(field.node);
      // A leaf's key may not become empty, but then its size changes by two or more or by none.
      return node_size(field.node, field.branch, before, value_size) !=
             node_size(field.node, field.branch, after, value_size);
    }
    case Rule::value_size: {
      const auto key_size = get<std::uint16_t>(field.node + 6);
      return node_size(field.node, false, key_size, before) !=
             node_size(field.node, false, key_size, after);
    }
    case Rule::run_value_size:
      return after > (1u << 20) || (after + 15) / page_size_ + 1 > field.run_pages;
    case Rule::free_run_size:
      return after % 8 != 0 || (after + 15) / page_size_ + 1 > field.run_pages;
    case Rule::empty_table_flags:
      return after != 0;
    case Rule::newer_commit:  // One commit less is the state before the last one.
      return after != newest - 2;
    case Rule::older_commit:  // The state before the last commit, taken for the one after it.
      return after != newest + 1;
    case Rule::env_flags:
      return (before ^ after) != 0x4000;
  }
  return true;
}

bool Anatomy::must_find(std::size_t at, std::uint8_t value) const {
  auto field = std::upper_bound(fields_.begin(), fields_.end(), at,
                                [](std::size_t place, const Field& f) { return place < f.at; });
  if (field == fields_.begin()) return false;
  --field;
  if (at >= field->at + field->size) return false;
  std::uint64_t before = 0;
  std::memcpy(&before, bytes_.data() + field->at, field->size);
  std::uint64_t after = before;
  std::memcpy(reinterpret_cast<char*>(&after) + (at - field->at), &value, 1);
  return before != after && breaks(*field, before, after);
}

std::vector<std::size_t> Anatomy::structure() const {
  std::vector<std::size_t> all;
  for (const Field& field : fields_) {
    for (std::size_t i = 0; i < field.size; ++i) all.push_back(field.at + i);
  }
  return all;
}

}  // namespace milepost::verify::test
