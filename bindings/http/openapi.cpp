// SPDX-License-Identifier: Apache-2.0
//
// What this server really serves, as an OpenAPI document: openapi.json, compiled in. Tests hold its
// answers against the schemas in there.
#include "responder.hpp"

namespace milepost::http {
namespace {

constexpr std::string_view kDocument =
#include <openapi.inc>
    ;

}  // namespace

std::string_view openapi_document() noexcept { return kDocument; }

}  // namespace milepost::http
