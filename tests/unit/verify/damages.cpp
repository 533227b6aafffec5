// SPDX-License-Identifier: Apache-2.0
//
// What each damage does to the bytes, and what of it the anatomy says must be found.
#include "damages.hpp"

namespace milepost::verify::test {
namespace {

std::string at_byte(std::size_t at, const Base& base) {
  return "byte " + std::to_string(at % base.now.page_size()) + " of page " +
         std::to_string(at / base.now.page_size());
}

// Any page, but mostly one that begins with a header.
std::uint64_t any_page(const Base& base, Random& random) {
  std::vector<std::uint64_t> pages;
  const bool all = random() % 4 == 0;
  for (std::uint64_t page = 0; page < base.now.pages(); ++page) {
    if (all || base.now.has_header(page)) pages.push_back(page);
  }
  return pages[random() % pages.size()];
}

// One byte becomes another; half of the time a byte of structure.
Damaged change_byte(const Base& base, std::size_t at, std::uint8_t value, const char* how) {
  Damaged damaged{base.now.bytes(), base.now.must_find(at, value),
                  how + (" at " + at_byte(at, base)), at};
  damaged.bytes[at] = static_cast<char>(value);
  return damaged;
}

}  // namespace

Damaged flip_bit(const Base& base, Random& random) {
  std::size_t at = random() % base.now.bytes().size();
  if (random() % 2 == 0) {
    const std::vector<std::size_t> structure = base.now.structure();
    at = structure[random() % structure.size()];
  }
  const auto value = static_cast<std::uint8_t>(static_cast<std::uint8_t>(base.now.bytes()[at]) ^
                                               (1u << (random() % 8)));
  return change_byte(base, at, value, "a bit flipped");
}

Damaged change_meta(const Base& base, Random& random) {
  const std::size_t at = random() % 2 * base.now.page_size() + random() % 152;
  auto value = static_cast<std::uint8_t>(random());
  if (value == static_cast<std::uint8_t>(base.now.bytes()[at])) ++value;
  return change_byte(base, at, value, "a byte changed");
}

Damaged noise_in_header(const Base& base, Random& random) {
  const std::uint64_t page = any_page(base, random);
  Damaged damaged{base.now.bytes(), base.now.has_header(page),
                  "noise in the header of page " + std::to_string(page)};
  for (std::size_t i = 0; i < 16; ++i) {
    damaged.bytes[page * base.now.page_size() + i] = static_cast<char>(random());
  }
  return damaged;
}

Damaged zero_page(const Base& base, Random& random) {
  const std::uint64_t page = any_page(base, random);
  const std::size_t size = base.now.page_size();
  Damaged damaged{base.now.bytes(), base.now.has_header(page),
                  "page " + std::to_string(page) + " zeroed"};
  damaged.bytes.replace(page * size, size, size, '\0');
  return damaged;
}

Damaged misdirect_page(const Base& base, Random& random) {
  const std::uint64_t from = random() % base.now.pages();
  const std::uint64_t to = any_page(base, random);
  const std::size_t size = base.now.page_size();
  Damaged damaged{base.now.bytes(), from != to && base.now.has_header(to),
                  "page " + std::to_string(from) + " written over page " + std::to_string(to)};
  damaged.bytes.replace(to * size, size, base.now.bytes(), from * size, size);
  return damaged;
}

// Half of a page as it was some commits before. Whether that is damage at all only LMDB can tell;
// but a page that was no tree page of that number then must be noticed by its first half.
Damaged tear_page(const Base& base, Random& random) {
  const std::size_t size = base.now.page_size();
  const std::uint64_t page = any_page(base, random) % (base.earlier.size() / size);
  const std::size_t half = random() % 2 * (size / 2);
  Damaged damaged{base.now.bytes(), false, "half of page " + std::to_string(page) + " is old"};
  damaged.bytes.replace(page * size + half, size / 2, base.earlier, page * size + half, size / 2);
  if (half == 0 && base.now.has_header(page)) {
    const auto differs = [&](std::size_t from, std::size_t count) {
      return damaged.bytes.compare(page * size + from, count, base.now.bytes(), page * size + from,
                                   count) != 0;
    };
    damaged.must_find = differs(0, 8) || differs(10, 2) ||
                        (base.now.use(page) == PageUse::run_first && differs(12, 4));
  }
  return damaged;
}

Damaged cut_file(const Base& base, Random& random) {
  const std::size_t length = random() % base.now.bytes().size();
  Damaged damaged{base.now.bytes().substr(0, length), false,
                  "cut to " + std::to_string(length) + " bytes"};
  for (std::uint64_t page = length / base.now.page_size(); page < base.now.pages(); ++page) {
    damaged.must_find = damaged.must_find || base.now.reachable(page);
  }
  return damaged;
}

Damaged flip_content(const Base& base, Random& random) {
  const std::vector<RowBytes>& contents = base.now.contents();
  const RowBytes& content = contents[random() % contents.size()];
  const std::size_t at = content.at + random() % content.size;
  const auto value = static_cast<std::uint8_t>(static_cast<std::uint8_t>(base.now.bytes()[at]) ^
                                               (1u << (random() % 8)));
  return change_byte(base, at, value, content.is_key ? "a bit of a key" : "a bit of a value");
}

}  // namespace milepost::verify::test
