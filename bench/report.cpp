// SPDX-License-Identifier: Apache-2.0
//
// Puts the generated parts into RESULTS.md and keeps the rest.
#include "bench/report.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "bench/engine.hpp"
#include "bench/report_tables.hpp"

namespace bench {
namespace {

std::string begin_mark(const std::string& name) { return "<!-- begin: " + name + " -->\n"; }
std::string end_mark(const std::string& name) { return "<!-- end: " + name + " -->"; }

std::string read_all(const std::string& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_all(const std::string& file, const std::string& text) {
  std::ofstream out(file);
  out << text;
  if (!out.flush()) fail("cannot write " + file);
}

void replace_block(std::string& page, const std::string& name, const std::string& text) {
  std::size_t begin = page.find(begin_mark(name));
  if (begin == std::string::npos) {
    page += "\n" + begin_mark(name) + end_mark(name) + "\n";
    begin = page.find(begin_mark(name));
  }
  begin += begin_mark(name).size();
  const std::size_t end = page.find(end_mark(name), begin);
  if (end == std::string::npos) fail("the block " + name + " has no end mark");
  page.replace(begin, end - begin, "\n" + text + "\n");
}

}  // namespace

void write_report(const ResultFile& all, const std::string& file, const std::string& readme) {
  const Summary summary(all);
  std::string page = read_all(file);
  if (page.empty()) page = "# Results\n";
  const std::filesystem::path charts = std::filesystem::path(file).parent_path() / "charts";
  replace_block(page, "setup", setup_text(summary));
  replace_block(page, "goals", goals_text(summary));
  replace_block(page, "charts", draw_charts(summary, charts.string()));
  replace_block(page, "questions", questions_text(summary));
  replace_block(page, "instructions", instructions_text(summary));
  replace_block(page, "tables", tables_text(summary));
  write_all(file, page);
  if (readme.empty() || !summary.claims_ratios()) return;
  const std::filesystem::path home = std::filesystem::path(readme).parent_path();
  page = read_all(readme);
  replace_block(page, "benchmark", readme_text(summary, charts.lexically_proximate(home).string()));
  write_all(readme, page);
}

}  // namespace bench
