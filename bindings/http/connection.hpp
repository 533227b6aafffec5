// SPDX-License-Identifier: Apache-2.0
//
// Connection: reads heads, answers them in order, closes. Lives as long as it has something to wait
// for. A client gets so long for each thing it does (the deadline), and no more.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "head_scanner.hpp"
#include "request.hpp"
#include "worker.hpp"

namespace milepost::http {

class Connection final : public std::enable_shared_from_this<Connection>, public ConnectionHook {
 public:
  using Clock = Worker::Clock;

  Connection(Worker& worker, Worker::Socket socket, std::string address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// The worker stops: an idle connection closes, another after its answer.
  void drain();
  /// Ends what took too long.
  void check_deadline(Clock::time_point now);
  void close() noexcept;

 private:
  enum class State : std::uint8_t {
    idle,      ///< Nothing of a next request has arrived.
    reading,   ///< A part of one has.
    waiting,   ///< One waits for its run to end.
    writing,   ///< A response waits for the client to take it.
    lingering  ///< Answered for the last time; what still arrives is thrown away.
  };

  void read();
  void on_read(const boost::system::error_code& error, std::size_t size);
  /// Answers what has arrived, until that is not enough.
  void go_on();
  /// One request, if it is there. False if reading must go on, or something else is awaited.
  bool step();
  void park(const RunQuestion& question);
  void on_waited();
  /// Hands a response to the socket. True if it took all of it.
  bool send(const Responder::Answer& answer, std::size_t head_size);
  void on_written(const boost::system::error_code& error);
  /// Says that no more comes, and waits a moment for the client to say the same: a close with
  /// unread bytes would make the system throw the response away.
  void linger();
  void enter(State state, std::chrono::milliseconds time);
  void note(const Responder::Answer& answer);
  [[nodiscard]] std::string_view unread() const noexcept {
    return {buffer_.data() + begin_, end_ - begin_};
  }

  Worker& worker_;
  Worker::Socket socket_;
  const std::string address_;
  HeadScanner scanner_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< Of what is not yet answered.
  std::size_t end_ = 0;
  std::string out_;  ///< What the socket did not take at once.
  bool keep_alive_ = true;
  State state_ = State::idle;
  Clock::time_point deadline_{};
  Clock::time_point asked_{};  ///< When the present request was complete.
  std::size_t discarded_ = 0;
  Request request_{};       ///< While it waits.
  RunQuestion question_{};  ///< What it waits for.
};

}  // namespace milepost::http
