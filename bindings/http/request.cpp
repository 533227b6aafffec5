// SPDX-License-Identifier: Apache-2.0
//
// Heads by Beast's parser. It copies nothing here: its fields are handed over as views, and those
// that decide about framing are checked more strictly than it does.
#include "request.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "milepost/http/server.hpp"

namespace milepost::http {
namespace {

namespace beast = boost::beast;

constexpr std::string_view kHostBytes =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~!$&'()*+,;=%:[]";

std::string_view view(beast::string_view text) noexcept { return {text.data(), text.size()}; }

/// Whether this is a request line of some version of HTTP.
bool names_version(std::string_view head) noexcept {
  constexpr std::string_view kForm = " HTTP/0.0";
  const std::string_view line = head.substr(0, head.find('\r'));
  if (line.size() < kForm.size() || std::count(line.begin(), line.end(), ' ') != 2) return false;
  const std::string_view end = line.substr(line.size() - kForm.size());
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = end[i] >= '0' && end[i] <= '9';
    if (kForm[i] == '0' ? !digit : end[i] != kForm[i]) return false;
  }
  return true;
}

class Parser final : public beast::http::basic_parser<true> {
 public:
  explicit Parser(Request& request) : request_(request) {
    header_limit(kRequestLineMax + kHeadersSizeMax + 4);
    body_limit(boost::none);
  }

  [[nodiscard]] Problem parse(std::string_view head) {
    beast::error_code error;
    const std::size_t used = put(boost::asio::const_buffer(head.data(), head.size()), error);
    if (problem_ != Problem::none) return problem_;
    if (has_body_) return Problem::payload_too_large;
    if (error == beast::http::error::bad_version && names_version(head)) {
      return Problem::version_not_supported;
    }
    if (error || used != head.size() || !is_header_done()) return Problem::bad_request;
    if (hosts_ > 1 || (hosts_ == 0 && version_ == 11)) return Problem::bad_request;
    request_.keep_alive = version_ == 11 && keep_alive();
    return Problem::none;
  }

 private:
  void fail(Problem problem, beast::error_code& error) {
    problem_ = problem;
    error = beast::http::error::bad_value;
  }

  void on_request_impl(beast::http::verb verb, beast::string_view method, beast::string_view target,
                       int version, beast::error_code& error) override {
    version_ = version;
    request_.method_text = view(method);
    request_.target = view(target);
    if (verb == beast::http::verb::get) request_.method = Method::get;
    if (verb == beast::http::verb::head) request_.method = Method::head;
    if (version != 10 && version != 11) return fail(Problem::version_not_supported, error);
    if (const Problem problem = http::parse_target(view(target), request_);
        problem != Problem::none) {
      fail(problem, error);
    }
  }

  void on_field_impl(beast::http::field name, beast::string_view name_text,
                     beast::string_view value, beast::error_code& error) override {
    switch (name) {
      case beast::http::field::transfer_encoding:
        return fail(Problem::bad_request, error);
      case beast::http::field::content_length:
        return on_content_length(view(value), error);
      case beast::http::field::host:
        ++hosts_;
        if (view(value).find_first_not_of(kHostBytes) != std::string_view::npos) {
          fail(Problem::bad_request, error);
        }
        return;
      case beast::http::field::if_none_match:
        if (request_.if_none_match_lines < kConditionLinesMax) {
          request_.if_none_match[request_.if_none_match_lines++] = view(value);
        }
        return;
      case beast::http::field::prefer:
        if (!request_.wait) request_.wait = parse_wait(view(value));
        return;
      default:
        if (beast::iequals(name_text, "x-api-key")) {
          request_.api_key = view(value);
          ++request_.api_keys;
        }
    }
  }

  void on_content_length(std::string_view value, beast::error_code& error) {
    const bool digits = !value.empty() && value.find_first_not_of("0123456789") == value.npos;
    if (++lengths_ > 1 || !digits) return fail(Problem::bad_request, error);
    has_body_ = value.find_first_not_of('0') != value.npos;
  }

  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view text, beast::error_code&) override {
    return text.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view text,
                                 beast::error_code&) override {
    return text.size();
  }
  void on_finish_impl(beast::error_code&) override {}

  Request& request_;
  int version_ = 0;
  std::size_t hosts_ = 0;
  std::size_t lengths_ = 0;
  bool has_body_ = false;
  Problem problem_ = Problem::none;
};

}  // namespace

Problem parse_request(std::string_view head, Request& request) {
  return Parser(request).parse(head);
}

}  // namespace milepost::http
