// SPDX-License-Identifier: Apache-2.0
//
// Widths are those of a terminal, not of bytes.
#include "table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "json_line.hpp"
#include "text.hpp"

namespace cli {
namespace {

constexpr std::string_view kGap = "  ";

std::string padded(const Stream& out, const Cell& cell, std::size_t width, Align align) {
  const std::size_t used = width_of(cell.text);
  const std::string space(width > used ? width - used : 0, ' ');
  const std::string text = out.styled(cell.style, cell.text);
  return align == Align::left ? text + space : space + text;
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = for_terminal(cell.text);
  rows_.push_back(std::move(row));
}

/// The places of the columns there is room for.
std::vector<std::size_t> Table::shown(const Stream& out,
                                      const std::vector<std::size_t>& widths) const {
  std::vector<std::size_t> places;
  std::size_t used = 0;
  for (std::size_t at = 0; at < columns_.size(); ++at) {
    places.push_back(at);
    // The last column can be cut, to no less than its title.
    used += at + 1 == columns_.size() ? width_of(columns_[at].title) : widths[at] + kGap.size();
  }
  for (std::size_t at = columns_.size(); at > 0 && out.terminal() && used > out.columns(); --at) {
    if (!columns_[at - 1].optional) continue;
    places.erase(std::find(places.begin(), places.end(), at - 1));
    used -= widths[at - 1] + kGap.size();
  }
  return places;
}

void Table::print(Stream& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t at = 0; at < columns_.size(); ++at) {
    std::size_t width = width_of(columns_[at].title);
    for (const auto& row : rows_) width = std::max(width, width_of(row[at].text));
    widths.push_back(width);
  }
  const std::vector<std::size_t> places = shown(out, widths);
  const auto print_row = [&](const std::vector<Cell>& row) {
    std::string line;
    std::size_t used = 0;
    for (const std::size_t at : places) {
      const Cell& cell = row[at];
      const bool last = at == places.back();
      if (last && columns_[at].align == Align::left) {
        const std::size_t room = out.columns() > used ? out.columns() - used : 0;
        line += out.styled(cell.text.empty() ? Style::plain : cell.style,
                           out.terminal() ? cut_to(cell.text, room) : cell.text);
      } else {
        line += padded(out, cell, widths[at], columns_[at].align);
        if (!last) line += kGap;
        used += widths[at] + kGap.size();
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out.line(line);
  };
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.push_back({column.title, Style::bold});
  print_row(titles);
  for (const auto& row : rows_) print_row(row);
}

void print_pairs(Stream& out, const std::vector<std::pair<std::string, Cell>>& pairs) {
  std::size_t width = 0;
  for (const auto& [name, cell] : pairs) width = std::max(width, name.size());
  for (const auto& [name, cell] : pairs) {
    out.line(padded(out, {name, Style::bold}, width, Align::left) + std::string(kGap) +
             out.styled(cell.style, for_terminal(cell.text)));
  }
}

Table runs_table() {
  return Table({{"RUN"},
                {"STATUS"},
                {"TRIGGERED"},
                {"COMPLETED", Align::left, true},
                {"JOURNEY", Align::left, true},
                {"ERROR"}});
}

void add_run(Table& table, const milepost::Run& run) {
  table.add({{milepost::to_string(run.run_id)},
             {std::string(milepost::to_string(run.status)), style_of(run.status)},
             {instant_text(run.triggered_at)},
             {run.completed_at ? instant_text(*run.completed_at) : "-"},
             {milepost::to_string(run.journey_id)},
             {run.error.value_or("")}});
}

void print_run(Stream& out, const milepost::Run& run) {
  const auto when = [](const std::optional<milepost::Instant>& instant) {
    return instant ? Cell{instant_text(*instant)} : Cell{"-", Style::dim};
  };
  std::vector<std::pair<std::string, Cell>> pairs = {
      {"run", {milepost::to_string(run.run_id)}},
      {"journey", {milepost::to_string(run.journey_id)}},
      {"profile", {milepost::to_string(run.profile_id)}}};
  if (!run.organization_id.is_nil())
    pairs.push_back({"organization", {milepost::to_string(run.organization_id)}});
  pairs.push_back({"status", {std::string(milepost::to_string(run.status)), style_of(run.status)}});
  pairs.push_back({"triggered", {instant_text(run.triggered_at)}});
  pairs.push_back({"started", when(run.started_at)});
  pairs.push_back({"completed", when(run.completed_at)});
  if (!run.owner.empty()) pairs.push_back({"owner", {run.owner}});
  if (run.fencing_token != 0) pairs.push_back({"token", {std::to_string(run.fencing_token)}});
  pairs.push_back({"sequence", {std::to_string(run.sequence)}});
  if (run.error) pairs.push_back({"error", {*run.error, Style::red}});
  print_pairs(out, pairs);
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string byte_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), unit == 0 ? "%.0f %s" : "%.1f %s", amount,
                kUnits[unit]);
  return buffer.data();
}

}  // namespace cli
