// SPDX-License-Identifier: Apache-2.0
//
// Server: answers the published HTTP call over a tracker of the host's, in the host's process.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/tracker.hpp"

namespace milepost::http {

inline constexpr std::size_t kRequestLineMax = 2'048;   ///< Bytes; a longer one is 414.
inline constexpr std::size_t kHeaderLineMax = 8'192;    ///< Bytes of one header; longer is 431.
inline constexpr std::size_t kHeadersSizeMax = 16'384;  ///< Bytes of all headers; more is 431.
inline constexpr std::size_t kHeadersMax = 64;          ///< Headers; more is 431.
inline constexpr std::uint32_t kConnectionsMax = 65'536;
inline constexpr std::uint32_t kWaitsMax = 1'024;
inline constexpr std::uint32_t kThreadsMax = 256;
inline constexpr std::uint32_t kRateMax = 1'000'000;
inline constexpr std::chrono::seconds kWaitMax{300};
inline constexpr std::chrono::milliseconds kTimeoutMin{10};
inline constexpr std::chrono::hours kTimeoutMax{1};

/// One request that was answered, for whoever keeps a log. The texts are the client's, unescaped:
/// see to_log_line.
struct Access {
  std::string_view peer;  ///< Address, without the port.
  std::string_view method;
  std::string_view target;
  std::string_view key_id;  ///< Of the key it came with, if that is known. Never the key.
  int status = 0;
  std::size_t bytes = 0;  ///< Of the whole response.
  std::chrono::microseconds took{};
};

/// The record as one line: control bytes and what is not ASCII as \xhh, long texts cut.
[[nodiscard]] std::string to_log_line(const Access& access);

struct ServerOptions {
  /// An address of this machine, IPv4 or IPv6, or `localhost`. There is no TLS: let a proxy have
  /// it, which reaches the server over the loopback.
  std::string address = "127.0.0.1";
  std::uint16_t port = 3001;  ///< 0: any that is free; Server::port() tells.
  /// Without it any other than a loopback address is refused: keys would travel in clear text.
  bool allow_remote = false;
  std::string key_file{};     ///< Required. See KeyStore.
  std::uint32_t threads = 0;  ///< 0: one a core.

  std::uint32_t connections_max = 1'024;  ///< More are answered 503 and closed.
  /// From one address; 0: as many as there may be at all where only the loopback is served (a proxy
  /// speaks for everybody), else a quarter of them.
  std::uint32_t connections_per_address_max = 0;
  /// Requests a second that one key may make, and how many at once; 0: any number.
  std::uint32_t rate_per_key = 1'000;
  std::uint32_t burst_per_key = 2'000;
  std::chrono::seconds wait_max{30};  ///< The longest wait that `Prefer: wait` gets; 0: none.
  std::uint32_t waits_max = 64;       ///< Requests that wait at once, a thread each.

  std::chrono::milliseconds head_timeout{5'000};    ///< From a request's first byte to its last.
  std::chrono::milliseconds idle_timeout{10'000};   ///< Between requests.
  std::chrono::milliseconds write_timeout{10'000};  ///< For a client to take its response.
  std::chrono::milliseconds stop_timeout{10'000};   ///< For requests under way at stop().

  std::function<void(LogLevel, std::string_view)> log{};  ///< As OpenOptions::log.
  std::function<void(const Access&)> access{};            ///< Called from any of its threads.
  std::function<Instant()> clock{};                       ///< For expiries of keys.
};

/// Serves until stopped. Move-only handle.
class Server {
 public:
  /// Listens and serves on threads of its own. The tracker must outlive the server. Errors:
  /// `invalid_argument`, `permission` (an address others can reach; a key file others can), the
  /// errors of KeyRing::open, `io` where the system refuses the address.
  [[nodiscard]] static Result<Server> start(const Tracker& tracker, const ServerOptions& options);

  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops.
  ~Server();

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// `http://127.0.0.1:3001`
  [[nodiscard]] std::string url() const;

  /// Accepts no more, closes idle connections, answers what was asked (waits at once, as things
  /// stand) and returns when all is done, or after `stop_timeout`. Thread-safe; again: nothing.
  void stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

static_assert(std::is_aggregate_v<ServerOptions> && std::is_aggregate_v<Access>);

}  // namespace milepost::http
