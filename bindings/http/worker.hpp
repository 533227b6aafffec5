// SPDX-License-Identifier: Apache-2.0
//
// Worker: one thread with its connections. Nothing of a connection is touched by any other thread;
// work comes in by asio::post. A tick looks for connections whose time is up while there are any.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "admission.hpp"
#include "responder.hpp"
#include "waits.hpp"

#include "milepost/http/server.hpp"

namespace milepost::http {

class Connection;
using ConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Worker {
 public:
  using Clock = std::chrono::steady_clock;
  using Socket = boost::asio::ip::tcp::socket;

  Worker(const ServerOptions& server_options, Admission& admission_desk, Waits& waiting,
         Responder responder_of_mine);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run();
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  /// From any thread: serves this connection, which `admission` let in as `address`.
  void serve(Socket socket, std::string address);
  /// From any thread: closes what is idle, answers the rest, ends once all is done.
  void drain();

  boost::asio::io_context context{1};
  const ServerOptions& options;
  Admission& admission;
  Waits& waits;
  Responder responder;
  bool draining = false;

  void link(Connection& connection);
  /// A connection has ended.
  void unlinked();

 private:
  using List = boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                                      boost::intrusive::constant_time_size<false>>;
  void tick();
  void start_tick();

  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  boost::asio::steady_timer timer_;
  bool ticking_ = false;
  Clock::time_point drain_deadline_{};
  std::unique_ptr<List> connections_;
  std::thread thread_;
};

}  // namespace milepost::http
