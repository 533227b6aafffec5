// SPDX-License-Identifier: Apache-2.0
//
// Boost.JSON's own functions, compiled in and hidden, so that no host needs its library at run
// time. They stand alone in this file: in a static link with another copy of them this object is
// left out of the archive, and nothing is defined twice.
#include <boost/json/src.hpp>
