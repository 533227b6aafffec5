// SPDX-License-Identifier: Apache-2.0
//
// The names of the findings, and how a finding reads.
#include "verify/findings.hpp"

#include <array>

namespace milepost::verify {

namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, kFindingKinds> kKindNames = {
    "file_length",    "read_error",  "meta_magic",    "meta_version",   "meta_header",
    "meta_page_size", "meta_flags",  "meta_map_size", "meta_last_page", "meta_sequence",
    "table_record",   "table_flags", "table_depth",   "page_range",     "page_missing",
    "page_reused",    "page_number", "page_flags",    "page_bounds",    "page_depth",
    "key_count",      "node_offset", "node_size",     "node_layout",    "node_flags",
    "unsupported",    "key_size",    "key_order",     "key_range",      "value_size",
    "overflow_run",   "entry_count", "page_count",    "free_record",    "free_order",
    "free_range",     "free_twice",  "free_in_use",   "page_lost"};

}  // namespace

std::string_view to_string(FindingKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < kKindNames.size() ? kKindNames[index] : "unknown";
}

std::string shown(std::string_view bytes) {
  constexpr std::size_t kShownMax = 64;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes.substr(0, kShownMax)) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += "\\x";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  if (bytes.size() > kShownMax) text += "...";
  return text;
}

std::string to_string(const Finding& finding) {
  std::string text(to_string(finding.kind));
  text += ": page " + std::to_string(finding.page);
  if (!finding.table.empty()) text += " of " + finding.table;
  text += ": " + finding.text;
  return text;
}

}  // namespace milepost::verify
