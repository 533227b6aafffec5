// SPDX-License-Identifier: Apache-2.0
//
// Plain sockets.
#include "client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace milepost::http::test {
namespace {

constexpr timeval kPatience{.tv_sec = 60, .tv_usec = 0};

sockaddr_in address_of(const std::string& text, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, text.c_str(), &address.sin_addr);
  return address;
}

void check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

Response parse_head(std::string head) {
  Response response;
  response.status = std::stoi(head.substr(9, 3));
  std::size_t line = head.find("\r\n") + 2;
  while (line + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", line);
    const std::size_t colon = head.find(": ", line);
    std::string name = head.substr(line, colon - line);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    response.headers[name] = head.substr(colon + 2, end - colon - 2);
    line = end + 2;
  }
  response.head = std::move(head);
  return response;
}

}  // namespace

Client::Client(std::uint16_t port, const std::string& from)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  check(fd_, "socket");
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const sockaddr_in local = address_of(from, 0);
  check(::bind(fd_, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");
  const sockaddr_in there = address_of("127.0.0.1", port);
  check(::connect(fd_, reinterpret_cast<const sockaddr*>(&there), sizeof there), "connect");
}

Client::Client(Client&& other) noexcept : fd_(other.fd_), buffered_(std::move(other.buffered_)) {
  other.fd_ = -1;
}

Client::~Client() { close(); }

void Client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool Client::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Client::end_sending() const { ::shutdown(fd_, SHUT_WR); }

void Client::small_receive_buffer() const {
  const int size = 2'048;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

bool Client::readable() const {
  pollfd waited{.fd = fd_, .events = POLLIN, .revents = 0};
  return !buffered_.empty() || ::poll(&waited, 1, 0) > 0;
}

bool Client::more() {
  std::array<char, 65'536> chunk;  // NOLINT: written before it is read
  for (;;) {
    const ssize_t size = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      throw std::system_error(errno, std::generic_category(), "nothing came for a minute");
    }
    reset_ = size < 0;
    if (size <= 0) return false;
    buffered_.append(chunk.data(), static_cast<std::size_t>(size));
    return true;
  }
}

std::optional<Response> Client::read(bool head) {
  std::size_t end = 0;
  while ((end = buffered_.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return std::nullopt;
  }
  Response response = parse_head(buffered_.substr(0, end + 4));
  buffered_.erase(0, end + 4);
  const std::string length = response.header("content-length");
  const std::size_t size = head || length.empty() ? 0 : std::stoul(length);
  while (buffered_.size() < size) {
    if (!more()) return std::nullopt;
  }
  response.body = buffered_.substr(0, size);
  buffered_.erase(0, size);
  return response;
}

std::string Client::read_to_end() {
  while (more()) {
  }
  return std::exchange(buffered_, {});
}

std::string run_path(std::string_view id) {
  return "/api/v1/public/journeys/runs/" + std::string(id);
}

std::string get(std::string_view path, std::string_view headers) {
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers).append("\r\n");
  return request;
}

std::string key_header(std::string_view key) { return "x-api-key: " + std::string(key) + "\r\n"; }

}  // namespace milepost::http::test
