// SPDX-License-Identifier: Apache-2.0
//
// Ids as text: what is read is what a slow reading of the public pattern, digit by digit, takes,
// and every id that has a text comes back from it.
#include <optional>

#include "core/text.hpp"
#include "fuzz/fuzz.hpp"

namespace milepost::fuzz {
namespace {

bool is_hex(char c) {
  return std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos;
}

/// The pattern of the public interface, written out.
bool matches(const std::string& text) {
  if (text == "00000000-0000-0000-0000-000000000000") return true;
  if (text == "ffffffff-ffff-ffff-ffff-ffffffffffff") return true;
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    const bool is_dash_place = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash_place ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return std::string_view("12345678").find(text[14]) != std::string_view::npos &&
         std::string_view("89abAB").find(text[19]) != std::string_view::npos;
}

std::string written(const Uuid& id) {
  std::string text(kUuidTextSize, '?');
  require(core::write_uuid(id, text.data()) == text.data() + text.size(), "it fills its room");
  return text;
}

void run(Input input) {
  const std::string text = Bytes(input).rest();
  const std::optional<Uuid> read = core::read_uuid(text);
  require(read.has_value() == matches(text), "the pattern decides");
  if (read) {
    std::string lower = text;
    for (char& c : lower) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    require(written(*read) == lower, "it is written as it was read, in lower case");
  }
  const auto id = Bytes(input).take<Uuid>();
  const std::string shown = written(id);
  const std::optional<Uuid> back = core::read_uuid(shown);
  require(back.has_value() == matches(shown) && (!back || *back == id), "and read back");
  require(parse_uuid(text).has_value() == read.has_value(), "the public function agrees");
}

Seeds seeds() {
  return {"3c90c3cc-0d44-4b50-8888-8dd25736052a",  "3C90C3CC-0D44-1B50-B888-8DD25736052A",
          "00000000-0000-0000-0000-000000000000",  "ffffffff-ffff-ffff-ffff-ffffffffffff",
          "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",  "3c90c3cc-0d44-9b50-8888-8dd25736052a",
          "{3c90c3cc-0d44-4b50-8888-8dd25736052}", "3c90c3cc0d444b5088888dd25736052a"};
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"uuid_text", milepost::fuzz::run, milepost::fuzz::seeds, 20'000, 64})
