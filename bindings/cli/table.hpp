// SPDX-License-Identifier: Apache-2.0
//
// Tables for people. Cells are escaped here, so that nobody forgets it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "terminal.hpp"

#include "milepost/run.hpp"

namespace cli {

struct Cell {
  std::string text;
  Style style = Style::plain;
};

enum class Align : std::uint8_t { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
  bool optional = false;  ///< Left out where a terminal is too narrow.
};

/// Rows under titles. On a terminal optional columns give way, the right ones first, and the last
/// column is cut to fit; elsewhere nothing is.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  void print(Stream& out) const;

 private:
  [[nodiscard]] std::vector<std::size_t> shown(const Stream& out,
                                               const std::vector<std::size_t>& widths) const;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// `name  value` lines, the names in one column.
void print_pairs(Stream& out, const std::vector<std::pair<std::string, Cell>>& pairs);

/// The table of lists of runs.
[[nodiscard]] Table runs_table();
void add_run(Table& table, const milepost::Run& run);
/// Everything that is known of one run.
void print_run(Stream& out, const milepost::Run& run);

/// 1,234,567
[[nodiscard]] std::string grouped(std::uint64_t number);
/// 1.5 MiB
[[nodiscard]] std::string byte_text(std::uint64_t bytes);

}  // namespace cli
