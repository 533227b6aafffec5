// SPDX-License-Identifier: Apache-2.0
//
// Boost.JSON's own functions, see boost_json.hpp.
#define json milepost_json  // NOLINT(readability-identifier-naming): it is Boost's word
#include <boost/json/src.hpp>
#undef json
