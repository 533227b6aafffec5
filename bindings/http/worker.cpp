// SPDX-License-Identifier: Apache-2.0
//
// The thread, its list of connections and its tick.
#include "worker.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "connection.hpp"

namespace milepost::http {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kTickMax{250};
constexpr std::chrono::milliseconds kTickMin{5};

}  // namespace

Worker::Worker(const ServerOptions& server_options, Admission& admission_desk, Waits& waiting,
               Responder responder_of_mine)
    : options(server_options),
      admission(admission_desk),
      waits(waiting),
      responder(std::move(responder_of_mine)),
      work_(asio::make_work_guard(context)),
      timer_(context),
      connections_(std::make_unique<List>()) {}

Worker::~Worker() { join(); }

void Worker::run() {
  thread_ = std::thread([this] { context.run(); });
}

void Worker::serve(Socket socket, std::string address) {
  asio::post(context, [this, socket = std::move(socket), address = std::move(address)]() mutable {
    std::make_shared<Connection>(*this, std::move(socket), std::move(address))->start();
  });
}

void Worker::link(Connection& connection) {
  connections_->push_back(connection);
  start_tick();
}

void Worker::unlinked() {
  if (!draining || !connections_->empty()) return;
  work_.reset();
  timer_.cancel();
}

void Worker::start_tick() {
  if (ticking_) return;
  ticking_ = true;
  const auto least = std::min(
      {options.head_timeout, options.idle_timeout, options.write_timeout, options.stop_timeout});
  timer_.expires_after(std::clamp(least / 4, kTickMin, kTickMax));
  timer_.async_wait([this](const boost::system::error_code&) {
    ticking_ = false;
    tick();
  });
}

void Worker::tick() {
  const Clock::time_point now = Clock::now();
  const bool over = draining && now >= drain_deadline_;
  for (auto next = connections_->begin(); next != connections_->end();) {
    Connection& connection = *next++;
    if (over) {
      connection.close();
    } else {
      connection.check_deadline(now);
    }
  }
  if (!connections_->empty()) start_tick();
}

void Worker::drain() {
  asio::post(context, [this] {
    draining = true;
    drain_deadline_ = Clock::now() + options.stop_timeout;
    for (auto next = connections_->begin(); next != connections_->end();) (next++)->drain();
    unlinked();
  });
}

}  // namespace milepost::http
