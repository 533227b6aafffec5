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

void write_report(const ResultFile& all, const std::string& file) {
  const Summary summary(all);
  std::string page = read_all(file);
  if (page.empty()) page = "# Results\n";
  const std::filesystem::path beside = std::filesystem::path(file).parent_path();
  replace_block(page, "setup", setup_text(summary));
  replace_block(page, "goals", goals_text(summary));
  replace_block(page, "charts", draw_charts(summary, (beside / "charts").string()));
  replace_block(page, "tables", tables_text(summary));
  std::ofstream out(file);
  out << page;
  if (!out.flush()) fail("cannot write " + file);
}

}  // namespace bench
