// SPDX-License-Identifier: Apache-2.0
//
// Boost.JSON's parser in a namespace of our own, boost::milepost_json. Its functions are compiled
// into the library (boost_json.cpp), so that no host needs Boost.JSON's at run time; under their
// own name they would clash in a static link with a host that has another copy of them.
#pragma once

#define json milepost_json  // NOLINT(readability-identifier-naming): it is Boost's word
#include <boost/json/basic_parser_impl.hpp>
#undef json
