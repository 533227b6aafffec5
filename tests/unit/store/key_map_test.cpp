// SPDX-License-Identifier: Apache-2.0
//
// Keys on their way to LMDB: the latest run of a key is kept until LMDB has that very one.
#include "store/key_map.hpp"

#include <string>

#include "support/catch.hpp"
#include "support/runs.hpp"

namespace milepost::store {
namespace {

using test::id;

TEST_CASE("a key names the run it was given to last", "[store][key_map]") {
  KeyMap keys;
  CHECK(keys.empty());
  CHECK_FALSE(keys.find(id(1), "k").has_value());
  keys.put(full_key(id(1), "k"), id(10));
  CHECK_FALSE(keys.empty());
  CHECK(keys.find(id(1), "k") == id(10));
  keys.put(full_key(id(1), "k"), id(11));
  CHECK(keys.find(id(1), "k") == id(11));
}

TEST_CASE("a key that LMDB has is forgotten unless it names another run by now",
          "[store][key_map]") {
  KeyMap keys;
  keys.put(full_key(id(1), "k"), id(10));
  keys.applied(id(1), "k", id(9));
  keys.applied(id(1), "l", id(10));
  keys.applied(id(2), "k", id(10));
  CHECK(keys.find(id(1), "k") == id(10));
  keys.put(full_key(id(1), "k"), id(11));
  keys.applied(id(1), "k", id(10));  // the earlier one
  CHECK(keys.find(id(1), "k") == id(11));
  keys.applied(id(1), "k", id(11));
  CHECK(keys.empty());
  keys.applied(id(1), "k", id(11));
  CHECK(keys.empty());
}

TEST_CASE("organizations and keys of any bytes are kept apart", "[store][key_map]") {
  KeyMap keys;
  const std::string nul("\0k", 2);
  const std::string longest(kIdempotencyKeySizeMax, '\xff');
  keys.put(full_key(Uuid{}, "k"), id(1));
  keys.put(full_key(id(7), "k"), id(2));
  keys.put(full_key(Uuid{}, nul), id(3));
  keys.put(full_key(Uuid{}, longest), id(4));
  CHECK(keys.find(Uuid{}, "k") == id(1));
  CHECK(keys.find(id(7), "k") == id(2));
  CHECK(keys.find(Uuid{}, nul) == id(3));
  CHECK(keys.find(Uuid{}, longest) == id(4));
  CHECK_FALSE(keys.find(Uuid{}, longest.substr(1)).has_value());
}

}  // namespace
}  // namespace milepost::store
