// SPDX-License-Identifier: Apache-2.0
//
// The bodies are constants: nothing of a request, the store or this process ever gets into one.
#include "problem.hpp"

namespace milepost::http {
namespace {

constexpr ProblemText kTexts[] = {
    {200, ""},
    {400, R"({"error":"bad_request","message":"The request is not well-formed HTTP/1.1."})"},
    {400, R"({"error":"validation_failed","message":"runId must be a UUID.",)"
          R"("details":{"runId":"must be a UUID"}})"},
    {401, R"({"error":"unauthorized","message":"The x-api-key header is missing or not valid."})"},
    {403, R"({"error":"insufficient_scope","message":"The API key lacks a scope.",)"
          R"("required":"journeys:read"})"},
    {403, R"({"error":"insufficient_scope","message":"The API key lacks a scope.",)"
          R"("required":"metrics:read"})"},
    {404, R"({"error":"not_found","message":"There is nothing here."})"},
    {405, R"({"error":"method_not_allowed","message":"Only GET and HEAD are allowed here."})"},
    {408, R"({"error":"request_timeout","message":"The request took too long to arrive."})"},
    {413, R"({"error":"payload_too_large","message":"A request here has no body."})"},
    {414, R"({"error":"uri_too_long","message":"The request line is too long."})"},
    {429, R"({"error":"rate_limited","message":"Too many requests with this API key."})"},
    {431, R"({"error":"headers_too_large","message":"The headers are too many or too large."})"},
    {500, R"({"error":"internal","message":"The request could not be answered."})"},
    {503, R"({"error":"unavailable","message":"The service is not available at the moment."})"},
    {505, R"({"error":"version_not_supported","message":"Use HTTP/1.1."})"},
};
static_assert(sizeof kTexts / sizeof kTexts[0] ==
              static_cast<std::size_t>(Problem::version_not_supported) + 1);

}  // namespace

const ProblemText& text_of(Problem problem) noexcept {
  return kTexts[static_cast<std::size_t>(problem)];
}

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

}  // namespace milepost::http
