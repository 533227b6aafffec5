// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with the use of an object, in words.
#include "capi/objects.hpp"

namespace milepost::capi {

Error used_by_two_threads() {
  return invalid("handle", "Another thread is in a call with it.",
                 "Use it from one thread at a time, or make one for each thread.");
}

Error no_such_index(std::size_t index, std::size_t size) {
  return invalid("index " + std::to_string(index), "There is nothing at this index.",
                 "There are " + std::to_string(size) + ", counted from 0.");
}

}  // namespace milepost::capi
