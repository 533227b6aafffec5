// SPDX-License-Identifier: Apache-2.0
//
// Listening, handing connections to the workers in turn, and stopping.
#include "milepost/http/server.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "admission.hpp"
#include "worker.hpp"

namespace milepost::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// How long accepting pauses where the system has no descriptors or memory left.
constexpr std::chrono::milliseconds kAcceptPause{50};

constexpr std::string_view kTurnedAwayHead =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"
    "Content-Length: ";

std::string turned_away() {
  const std::string_view body = text_of(Problem::unavailable).body;
  return std::string(kTurnedAwayHead) + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

Error invalid(std::string subject, std::string message, std::string advice) {
  return {.code = Errc::invalid_argument,
          .subject = std::move(subject),
          .message = std::move(message),
          .advice = std::move(advice)};
}

template <typename T>
bool within(T value, T least, T most) noexcept {
  return value >= least && value <= most;
}

Result<void> check(const ServerOptions& options) {
  if (options.key_file.empty()) {
    return invalid("key_file", "A server needs a key file.", "Make one with KeyStore::create.");
  }
  const std::pair<const char*, std::chrono::milliseconds> times[] = {
      {"head_timeout", options.head_timeout},
      {"idle_timeout", options.idle_timeout},
      {"write_timeout", options.write_timeout},
      {"stop_timeout", options.stop_timeout}};
  for (const auto& [name, time] : times) {
    if (!within<std::chrono::milliseconds>(time, kTimeoutMin, kTimeoutMax)) {
      return invalid(name, "That time is out of bounds.", "Use 10 ms to 1 hour.");
    }
  }
  if (!within<std::chrono::seconds>(options.wait_max, std::chrono::seconds{0}, kWaitMax)) {
    return invalid("wait_max", "That time is out of bounds.", "Use 0 to 300 seconds.");
  }
  if (!within<std::uint32_t>(options.connections_max, 1, kConnectionsMax) ||
      options.connections_per_address_max > kConnectionsMax) {
    return invalid("connections_max", "That number is out of bounds.", "Use 1 to 65,536.");
  }
  if (options.threads > kThreadsMax) {
    return invalid("threads", "That number is out of bounds.", "Use 0 (one a core) to 256.");
  }
  if (options.waits_max > kWaitsMax) {
    return invalid("waits_max", "That number is out of bounds.", "Use 0 to 1,024.");
  }
  if (options.rate_per_key > kRateMax || options.burst_per_key > kRateMax) {
    return invalid("rate_per_key", "That number is out of bounds.", "Use 0 to 1,000,000.");
  }
  return {};
}

Result<tcp::endpoint> endpoint_of(const ServerOptions& options) {
  boost::system::error_code error;
  const std::string text = options.address == "localhost" ? "127.0.0.1" : options.address;
  const auto address = asio::ip::make_address(text, error);
  if (error) {
    return invalid(options.address, "That is no IP address.",
                   "Use one of this machine's, e.g. 127.0.0.1.");
  }
  if (!address.is_loopback() && !options.allow_remote) {
    return Error{.code = Errc::permission,
                 .subject = options.address,
                 .message = "Other machines can reach that address, and the server has no TLS.",
                 .advice =
                     "Listen on 127.0.0.1 behind a proxy that has TLS, or allow remote "
                     "clients explicitly."};
  }
  return tcp::endpoint(address, options.port);
}

}  // namespace

class Server::Impl {
 public:
  Impl(const Tracker& tracker, const ServerOptions& options, std::uint32_t threads,
       bool only_loopback)
      : options_(options),
        counters_(threads),
        admission_(counters_, options.connections_max, share(options, only_loopback)),
        rates_(options.rate_per_key, options.burst_per_key),
        waits_(tracker, counters_, options.waits_max),
        shared_{.tracker = tracker,
                .counters = counters_,
                .rates = rates_,
                .log = options_.log,
                .open_metrics = only_loopback,
                .wait_max = options.wait_max} {}

  ~Impl() {
    try {
      stop();
    } catch (...) {
      std::terminate();  // no memory to tell the threads: they cannot be left behind either
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> listen(const tcp::endpoint& endpoint) {
    for (const auto& counters : counters_.threads) {
      auto keys = KeyRing::open(options_.key_file, options_.clock);
      if (!keys) return keys.error();
      workers_.push_back(std::make_unique<Worker>(options_, admission_, waits_,
                                                  Responder(shared_, std::move(*keys), *counters)));
    }
    acceptor_.emplace(workers_.front()->context);
    pause_.emplace(workers_.front()->context);
    boost::system::error_code error;
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.address().is_v6()) acceptor_->set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
    if (!error) endpoint_ = acceptor_->local_endpoint(error);
    if (!error) acceptor_->non_blocking(true, error);
    if (!error) return {};
    const bool forbidden = error == asio::error::access_denied;
    return Error{.code = forbidden ? Errc::permission : Errc::io,
                 .system = error.value(),
                 .subject = options_.address + ":" + std::to_string(options_.port),
                 .message = "The server cannot listen there: " + error.message() + ".",
                 .advice = "Choose another port, or end the program that has this one."};
  }

  Result<void> run() {
    accept();
    try {
      for (const auto& worker : workers_) worker->run();
    } catch (const std::system_error& failed) {
      stop();
      return Error{.code = Errc::out_of_memory,
                   .system = failed.code().value(),
                   .message = "The system has no thread left.",
                   .advice = "Raise the limit on threads, or let the server have fewer."};
    }
    return {};
  }

  void stop() {
    const std::lock_guard lock(stop_mutex_);
    if (stopped_) return;
    stopped_ = true;
    if (!acceptor_) return;
    // Where connections are accepted and handed over, so that none comes to a worker that has
    // ended: what was accepted before is in its queue before this.
    asio::post(workers_.front()->context, [this] {
      boost::system::error_code ignored;
      acceptor_->close(ignored);
      pause_->cancel();
      for (const auto& worker : workers_) worker->drain();
    });
    for (const auto& worker : workers_) worker->join();
    waits_.stop();
  }

  [[nodiscard]] const tcp::endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  static std::uint32_t share(const ServerOptions& options, bool only_loopback) {
    if (options.connections_per_address_max != 0) return options.connections_per_address_max;
    return only_loopback ? options.connections_max : std::max(1u, options.connections_max / 4);
  }

  void accept() {
    Worker& worker = *workers_[next_];
    next_ = (next_ + 1) % workers_.size();
    acceptor_->async_accept(worker.context, [this, &worker](const boost::system::error_code& error,
                                                            tcp::socket socket) {
      on_accepted(worker, error, std::move(socket));
    });
  }

  void on_accepted(Worker& worker, const boost::system::error_code& error, tcp::socket socket) {
    if (!acceptor_->is_open()) return;
    if (error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
        error == asio::error::no_memory) {
      if (options_.log) options_.log(LogLevel::warning, "Accepting pauses: " + error.message());
      pause_->expires_after(kAcceptPause);
      pause_->async_wait([this](const boost::system::error_code&) {
        if (acceptor_->is_open()) accept();
      });
      return;
    }
    if (!error) admit(worker, std::move(socket));
    accept();
  }

  void admit(Worker& worker, tcp::socket socket) {
    boost::system::error_code error;
    std::string address = socket.remote_endpoint(error).address().to_string();
    if (error) return;
    if (admission_.enter(address)) return worker.serve(std::move(socket), std::move(address));
    // As good as it gets without keeping the connection: what has arrived is read, lest the close
    // turns into a reset that takes the answer away.
    socket.non_blocking(true, error);
    std::array<char, 2'048> thrown_away;  // NOLINT: never looked at
    socket.read_some(asio::buffer(thrown_away), error);
    socket.write_some(asio::buffer(turned_away()), error);
    socket.shutdown(tcp::socket::shutdown_send, error);
  }

  const ServerOptions options_;
  Counters counters_;
  Admission admission_;
  RateLimiter rates_;
  Waits waits_;
  const Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> pause_;
  tcp::endpoint endpoint_;
  std::size_t next_ = 0;
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::start(const Tracker& tracker, const ServerOptions& options) {
  if (auto good = check(options); !good) return good.error();
  const auto endpoint = endpoint_of(options);
  if (!endpoint) return endpoint.error();
  const std::uint32_t cores = std::clamp(std::thread::hardware_concurrency(), 1u, kThreadsMax);
  auto impl =
      std::make_unique<Impl>(tracker, options, options.threads == 0 ? cores : options.threads,
                             endpoint->address().is_loopback());
  if (auto listening = impl->listen(*endpoint); !listening) return listening.error();
  if (auto running = impl->run(); !running) return running.error();
  return Server(std::move(impl));
}

std::uint16_t Server::port() const noexcept { return impl_->endpoint().port(); }

std::string Server::url() const {
  const auto& endpoint = impl_->endpoint();
  const std::string address = endpoint.address().to_string();
  return "http://" + (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

void Server::stop() {
  if (impl_) impl_->stop();
}

}  // namespace milepost::http
