// SPDX-License-Identifier: Apache-2.0
//
// Responder: from a request to the bytes of its response. Checks come in one order: the route, the
// method, the key, its scope, its rate, the run's id, the run. One a thread; knows no sockets.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "counters.hpp"
#include "rate_limiter.hpp"
#include "request.hpp"
#include "response.hpp"

#include "milepost/http/keys.hpp"
#include "milepost/tracker.hpp"

namespace milepost::http {

/// What all responders of a server share.
struct Shared {
  const Tracker& tracker;
  Counters& counters;
  RateLimiter& rates;
  const std::function<void(LogLevel, std::string_view)>& log;
  bool open_metrics = false;  ///< /metrics needs no key.
  std::chrono::seconds wait_max{0};
};

/// A question for a run that was let in: whose it is and how long it may wait.
struct RunQuestion {
  Uuid run_id{};
  Uuid organization_id{};
  std::chrono::seconds wait{0};
};

class Responder {
 public:
  struct Answer {
    std::string_view bytes;  ///< Valid until the responder is asked again.
    int status = 0;
    bool keep_alive = false;
    /// Set where the run is still open and the client would rather wait: nothing was answered yet.
    std::optional<RunQuestion> wait{};
  };

  Responder(const Shared& shared, KeyRing keys, ThreadCounters& counters)
      : shared_(shared), keys_(std::move(keys)), counters_(counters) {}

  /// `may_wait`: false answers as things stand. `last`: the connection is closed after this.
  [[nodiscard]] Answer answer(const Request& request, bool may_wait, bool last);
  /// The answer to one that has waited, as things are by now.
  [[nodiscard]] Answer answer_waited(const Request& request, const RunQuestion& question,
                                     bool last);
  /// What is wrong with the framing of a request, or with its time; then the connection is closed.
  [[nodiscard]] Answer refuse(Problem problem);

  /// The id of the key the last request came with, if it is known.
  [[nodiscard]] std::string_view key_id() const noexcept { return key_id_; }

 private:
  /// The key, unless it is refused: then `problem`.
  [[nodiscard]] std::optional<KeyRing::Known> admit(const Request& request, Scope scope,
                                                    Problem& problem);
  [[nodiscard]] std::optional<std::int64_t> over_rate(const KeyRing::Known& known);
  [[nodiscard]] Answer run(const Request& request, bool may_wait, bool last);
  [[nodiscard]] Answer send_run(const Request& request, const RunQuestion& question, bool may_wait,
                                bool last, std::string_view applied_wait);
  [[nodiscard]] Answer metrics(const Request& request, bool last);
  [[nodiscard]] Answer health(const Request& request, bool last);
  [[nodiscard]] Answer send(const Request& request, Head head, std::string_view body, bool last);
  [[nodiscard]] Answer send_problem(const Request& request, Problem problem, bool last,
                                    std::string_view retry_after = {});
  [[nodiscard]] Answer finish(const Request& request, Head head, std::size_t size, bool last);
  [[nodiscard]] Problem problem_of(const Error& error);

  const Shared& shared_;
  KeyRing keys_;
  ThreadCounters& counters_;
  ResponseBuffer buffer_;
  std::string_view key_id_;
  std::vector<RateLimiter::Bucket*> buckets_;  ///< By the places of the keys.
  std::uint64_t buckets_of_ = 0;               ///< Generation of the keys they were made for.
};

/// Whether a run's public JSON says that it has not ended.
[[nodiscard]] bool is_open_run(std::string_view json) noexcept;

/// The document that GET /openapi.json yields.
[[nodiscard]] std::string_view openapi_document() noexcept;

}  // namespace milepost::http
