// SPDX-License-Identifier: Apache-2.0
//
// The order of the checks is the contract's. An unknown run and one of another organization take
// the same path through the engine and out of here.
#include "responder.hpp"

#include <algorithm>
#include <string>

#include "milepost/stats.hpp"

namespace milepost::http {
namespace {

constexpr std::string_view kAllow = "GET, HEAD";
constexpr std::string_view kHealthy = R"({"status":"ok"})";
constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kUnavailableRetry = "1";

/// Errors that go away, or that somebody is about to mend.
bool passes(Errc code) noexcept {
  switch (code) {
    case Errc::busy:
    case Errc::closed:
    case Errc::needs_reopen:
    case Errc::readers_full:
    case Errc::pid_clash:
    case Errc::permission:
    case Errc::not_found:
    case Errc::out_of_memory:
    case Errc::out_of_address_space:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool is_open_run(std::string_view json) noexcept {
  // Three ids of fixed size stand before the status, so it always stands at the same place.
  constexpr std::string_view kBefore = R"({"runId":"","journeyId":"","profileId":"","status":")";
  constexpr std::size_t kPlace = kBefore.size() + 3 * kUuidTextSize;
  return json.size() > kPlace && (json[kPlace] == 'q' || json[kPlace] == 'r');
}

Responder::Answer Responder::finish(const Request& request, Head head, std::size_t size,
                                    bool last) {
  head.keep_alive = request.keep_alive && !last;
  head.body = request.method != Method::head && head.status != 304;
  const std::string_view bytes = buffer_.finish(head, size);
  add(counters_.answers[status_place(head.status)], 1);
  add(counters_.bytes, bytes.size());
  return {.bytes = bytes, .status = head.status, .keep_alive = head.keep_alive};
}

Responder::Answer Responder::send(const Request& request, Head head, std::string_view body,
                                  bool last) {
  buffer_.set_body(body);
  return finish(request, head, body.size(), last);
}

Responder::Answer Responder::send_problem(const Request& request, Problem problem, bool last,
                                          std::string_view retry_after) {
  const ProblemText& text = text_of(problem);
  Head head{.status = text.status, .retry_after = retry_after};
  head.challenge = problem == Problem::unauthorized;
  if (problem == Problem::method_not_allowed) head.allow = kAllow;
  if (problem == Problem::unavailable) head.retry_after = kUnavailableRetry;
  return send(request, head, text.body, last);
}

Responder::Answer Responder::refuse(Problem problem) {
  key_id_ = {};
  Request request;
  request.method = Method::get;
  return send_problem(request, problem, true);
}

Problem Responder::problem_of(const Error& error) {
  if (shared_.log) shared_.log(LogLevel::error, milepost::to_string(error));
  return passes(error.code) ? Problem::unavailable : Problem::internal;
}

std::optional<KeyRing::Known> Responder::admit(const Request& request, Scope scope,
                                               Problem& problem) {
  problem = Problem::unauthorized;
  // Two keys: whoever looks at the first and whoever looks at the last would disagree.
  auto found = keys_.find(request.api_keys == 1 ? request.api_key : std::string_view{});
  if (!found) {
    if (shared_.log) shared_.log(LogLevel::error, milepost::to_string(found.error()));
    problem = Problem::unavailable;
    return std::nullopt;
  }
  if (!found->has_value()) return std::nullopt;
  key_id_ = (*found)->info->id;
  if (!(*found)->info->scopes.has(scope)) {
    problem =
        scope == Scope::metrics_read ? Problem::needs_metrics_read : Problem::needs_journeys_read;
    return std::nullopt;
  }
  problem = Problem::none;
  return *found;
}

std::optional<std::int64_t> Responder::over_rate(const KeyRing::Known& known) {
  if (buckets_of_ != known.generation) {
    buckets_.assign(kKeysMax, nullptr);
    buckets_of_ = known.generation;
  }
  RateLimiter::Bucket*& bucket = buckets_[known.place];
  if (bucket == nullptr) bucket = &shared_.rates.bucket(known.info->id);
  return shared_.rates.refuse(*bucket, RateLimiter::Clock::now());
}

Responder::Answer Responder::run(const Request& request, bool may_wait, bool last) {
  Problem problem = Problem::none;
  const auto known = admit(request, Scope::journeys_read, problem);
  if (!known) return send_problem(request, problem, last);
  if (const auto seconds = over_rate(*known)) {
    return send_problem(request, Problem::rate_limited, last, std::to_string(*seconds));
  }
  const auto run_id = parse_uuid(request.run_id);
  if (!run_id) return send_problem(request, Problem::validation_failed, last);
  const RunQuestion question{
      .run_id = *run_id,
      .organization_id = known->info->organization_id,
      .wait = std::min(request.wait.value_or(std::chrono::seconds{0}), shared_.wait_max)};
  return send_run(request, question, may_wait, last, {});
}

Responder::Answer Responder::send_run(const Request& request, const RunQuestion& question,
                                      bool may_wait, bool last, std::string_view applied_wait) {
  const auto size = shared_.tracker.get_json(question.run_id, buffer_.run_body(),
                                             {.organization_id = question.organization_id});
  if (!size) {
    const bool missing = size.error().code == Errc::not_found;
    return send_problem(request, missing ? Problem::not_found : problem_of(size.error()), last);
  }
  const std::string_view json{buffer_.run_body().data(), *size};
  if (may_wait && question.wait.count() > 0 && is_open_run(json)) return {.wait = question};
  const Tag tag = buffer_.tag(*size);
  Head head{.tag = {tag.data(), tag.size()}, .applied_wait = applied_wait};
  for (std::size_t i = 0; i < request.if_none_match_lines; ++i) {
    if (names_tag(request.if_none_match[i], head.tag)) head.status = 304;
  }
  return finish(request, head, *size, last);
}

Responder::Answer Responder::answer_waited(const Request& request, const RunQuestion& question,
                                           bool last) {
  key_id_ = {};  // the keys may have been read anew meanwhile
  const std::string seconds =
      question.wait.count() > 0 ? std::to_string(question.wait.count()) : std::string();
  return send_run(request, question, false, last, seconds);
}

Responder::Answer Responder::metrics(const Request& request, bool last) {
  if (!shared_.open_metrics) {
    Problem problem = Problem::none;
    const auto known = admit(request, Scope::metrics_read, problem);
    if (!known) return send_problem(request, problem, last);
    if (const auto seconds = over_rate(*known)) {
      return send_problem(request, Problem::rate_limited, last, std::to_string(*seconds));
    }
  }
  const auto stats = shared_.tracker.stats();
  if (!stats) return send_problem(request, problem_of(stats.error()), last);
  const std::string page = milepost::to_prometheus(*stats) + to_prometheus(shared_.counters);
  return send(request, {.type = kText}, page, last);
}

Responder::Answer Responder::health(const Request& request, bool last) {
  const auto read = shared_.tracker.get(Uuid{});
  if (!read) {
    (void)problem_of(read.error());
    return send_problem(request, Problem::unavailable, last);
  }
  return send(request, {}, kHealthy, last);
}

Responder::Answer Responder::answer(const Request& request, bool may_wait, bool last) {
  key_id_ = {};
  if (request.route == Route::unknown) return send_problem(request, Problem::not_found, last);
  if (request.method == Method::other) {
    return send_problem(request, Problem::method_not_allowed, last);
  }
  switch (request.route) {
    case Route::run:
      return run(request, may_wait, last);
    case Route::metrics:
      return metrics(request, last);
    case Route::health:
      return health(request, last);
    default:
      return send(request, {}, openapi_document(), last);
  }
}

}  // namespace milepost::http
