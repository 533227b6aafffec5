// SPDX-License-Identifier: Apache-2.0
//
// Responses are small: the socket takes them at once, and nothing is queued or copied. Only what a
// slow client leaves over is kept and written when it is ready.
#include "connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>

namespace milepost::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kBufferStart = 2'048;
constexpr std::size_t kBufferMax = kRequestLineMax + kHeadersSizeMax + 64;
constexpr std::size_t kDiscardMax = 256u << 10;
constexpr std::chrono::milliseconds kLingerTime{1'000};
constexpr int kStepsAtOnce = 64;

}  // namespace

Connection::Connection(Worker& worker, Worker::Socket socket, std::string address)
    : worker_(worker),
      socket_(std::move(socket)),
      address_(std::move(address)),
      buffer_(kBufferStart) {
  worker_.link(*this);
}

Connection::~Connection() {
  unlink();
  boost::system::error_code ignored;
  socket_.close(ignored);
  worker_.admission.leave(address_);
  worker_.unlinked();
}

void Connection::start() {
  boost::system::error_code error;
  socket_.non_blocking(true, error);
  if (!error) socket_.set_option(asio::ip::tcp::no_delay(true), error);
  if (error) return;
  enter(State::idle, worker_.options.idle_timeout);
  if (worker_.draining) return;
  read();
}

void Connection::enter(State state, std::chrono::milliseconds time) {
  state_ = state;
  deadline_ = Clock::now() + time;
}

void Connection::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Connection::read() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else {
      // The scanner refuses a head before it could fill the largest buffer.
      buffer_.resize(std::min(2 * buffer_.size(), kBufferMax));
    }
  }
  socket_.async_read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
                          [self = shared_from_this()](const auto& error, std::size_t size) {
                            self->on_read(error, size);
                          });
}

void Connection::on_read(const boost::system::error_code& error, std::size_t size) {
  if (!socket_.is_open()) return;
  if (state_ == State::lingering) {
    discarded_ += size;
    begin_ = end_ = 0;
    if (!error && discarded_ < kDiscardMax) read();
    return;
  }
  // Half a request is never answered: the client is gone, or does not know the end of its own.
  if (error) return;
  end_ += size;
  go_on();
}

void Connection::go_on() {
  for (int steps = 0; step(); ++steps) {
    if (steps < kStepsAtOnce) continue;
    // Others have their turn before the rest of a long pipeline.
    asio::post(worker_.context, [self = shared_from_this()] {
      if (self->socket_.is_open()) self->go_on();
    });
    return;
  }
}

bool Connection::step() {
  const std::string_view bytes = unread();
  if (bytes.empty()) {
    if (worker_.draining) return false;
    enter(State::idle, worker_.options.idle_timeout);
    read();
    return false;
  }
  if (state_ != State::reading) enter(State::reading, worker_.options.head_timeout);
  const HeadScanner::State found = scanner_.scan(bytes);
  if (found == HeadScanner::State::incomplete) {
    read();
    return false;
  }
  asked_ = Clock::now();
  request_ = {};
  Problem problem = scanner_.problem();
  if (problem == Problem::none) {
    problem = parse_request(bytes.substr(0, scanner_.size()), request_);
  }
  if (problem != Problem::none) return send(worker_.responder.refuse(problem), bytes.size());
  const auto answer = worker_.responder.answer(request_, !worker_.draining, worker_.draining);
  if (!answer.wait) return send(answer, scanner_.size());
  question_ = *answer.wait;
  park(question_);
  return false;
}

void Connection::park(const RunQuestion& question) {
  enter(State::waiting, question.wait + worker_.options.head_timeout);
  const auto done = [self = weak_from_this(), &context = worker_.context] {
    asio::post(context, [self] {
      if (const auto connection = self.lock()) connection->on_waited();
    });
  };
  // Nothing is read while it waits, so that the request's views stay true; a pending wait for an
  // error keeps the connection alive and ends it should the client vanish.
  const bool waits = worker_.waits.add({.run_id = question.run_id,
                                        .organization_id = question.organization_id,
                                        .deadline = Clock::now() + question.wait,
                                        .done = done});
  if (!waits) {
    question_.wait = std::chrono::seconds{0};
    asio::post(worker_.context, [self = shared_from_this()] { self->on_waited(); });
    return;
  }
  socket_.async_wait(Worker::Socket::wait_error, [self = shared_from_this()](const auto& error) {
    if (error != asio::error::operation_aborted) self->close();
  });
}

void Connection::on_waited() {
  if (state_ != State::waiting || !socket_.is_open()) return;
  state_ = State::reading;
  const auto self = shared_from_this();
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  const auto answer = worker_.responder.answer_waited(request_, question_, worker_.draining);
  if (send(answer, scanner_.size())) go_on();
}

void Connection::note(const Responder::Answer& answer) {
  if (!worker_.options.access) return;
  worker_.options.access(
      {.peer = address_,
       .method = request_.method_text,
       .target = request_.target,
       .key_id = worker_.responder.key_id(),
       .status = answer.status,
       .bytes = answer.bytes.size(),
       .took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - asked_)});
}

bool Connection::send(const Responder::Answer& answer, std::size_t head_size) {
  note(answer);
  keep_alive_ = answer.keep_alive;
  begin_ += head_size;
  scanner_.reset();
  state_ = State::idle;
  boost::system::error_code error;
  const std::size_t taken =
      socket_.write_some(asio::buffer(answer.bytes.data(), answer.bytes.size()), error);
  if (error && error != asio::error::would_block) return false;
  if (taken == answer.bytes.size()) {
    if (keep_alive_) return true;
    linger();
    return false;
  }
  out_ = answer.bytes.substr(error ? 0 : taken);
  enter(State::writing, worker_.options.write_timeout);
  asio::async_write(
      socket_, asio::buffer(out_),
      [self = shared_from_this()](const auto& failed, std::size_t) { self->on_written(failed); });
  return false;
}

void Connection::on_written(const boost::system::error_code& error) {
  if (error || !socket_.is_open()) return;
  out_ = {};
  if (!keep_alive_) return linger();
  state_ = State::idle;
  go_on();
}

void Connection::linger() {
  enter(State::lingering, kLingerTime);
  boost::system::error_code error;
  socket_.shutdown(Worker::Socket::shutdown_send, error);
  if (error) return;
  begin_ = end_ = 0;
  read();
}

void Connection::drain() {
  if (state_ == State::waiting) return on_waited();
  boost::system::error_code error;
  // What a client has sent already was asked before the end, even if it is still to be read.
  if (state_ == State::idle && socket_.available(error) == 0) close();
}

void Connection::check_deadline(Clock::time_point now) {
  if (now < deadline_ || !socket_.is_open()) return;
  const auto self = shared_from_this();
  if (state_ != State::reading) return close();
  // A head that does not end: its reader is told, then closed. The pending read goes on as the
  // one that throws away.
  asked_ = now;
  request_ = {};
  boost::system::error_code error;
  const auto answer = worker_.responder.refuse(Problem::request_timeout);
  note(answer);
  socket_.write_some(asio::buffer(answer.bytes.data(), answer.bytes.size()), error);
  enter(State::lingering, kLingerTime);
  socket_.shutdown(Worker::Socket::shutdown_send, error);
}

}  // namespace milepost::http
