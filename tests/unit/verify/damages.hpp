// SPDX-License-Identifier: Apache-2.0
//
// The kinds of damage of the campaigns: each takes a sound file and makes one that is not, or that
// only differs where nothing matters.
#pragma once

#include <cstddef>
#include <optional>
#include <random>
#include <string>

#include "anatomy.hpp"

namespace milepost::verify::test {

/// A sound file, and what it was some commits before.
struct Base {
  std::string earlier;
  Anatomy now;
};

struct Damaged {
  std::string bytes;
  bool must_find = false;  ///< Structure that can be reached was damaged: a reader must notice.
  std::string what;
  std::optional<std::size_t> at{};  ///< The byte, where it is a single one.
};

using Random = std::mt19937_64;
using Damage = Damaged (*)(const Base&, Random&);

/// A bit becomes another; half of the time one of structure.
[[nodiscard]] Damaged flip_bit(const Base& base, Random& random);
/// A bit of a key or a value of a table.
[[nodiscard]] Damaged flip_content(const Base& base, Random& random);
[[nodiscard]] Damaged change_meta(const Base& base, Random& random);
[[nodiscard]] Damaged noise_in_header(const Base& base, Random& random);
[[nodiscard]] Damaged zero_page(const Base& base, Random& random);
[[nodiscard]] Damaged misdirect_page(const Base& base, Random& random);
/// Half of a page as it was some commits before.
[[nodiscard]] Damaged tear_page(const Base& base, Random& random);
[[nodiscard]] Damaged cut_file(const Base& base, Random& random);

}  // namespace milepost::verify::test
