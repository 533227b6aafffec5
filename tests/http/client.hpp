// SPDX-License-Identifier: Apache-2.0
//
// A client that sends exactly the bytes it is told and reads what comes back. It gives up after a
// long time rather than hang.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace milepost::http::test {

struct Response {
  int status = 0;
  std::string head;                            ///< As it came, with the empty line.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class Client {
 public:
  /// `from`: the local address, e.g. 127.0.0.2.
  explicit Client(std::uint16_t port, const std::string& from = "127.0.0.1");
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;

  /// False if the other side is gone.
  bool send(std::string_view bytes) const;
  void end_sending() const;
  /// The next response; nothing if the connection ends before it is whole. `head`: without a body.
  [[nodiscard]] std::optional<Response> read(bool head = false);
  /// All that still comes until the end of the connection.
  [[nodiscard]] std::string read_to_end();
  /// Whether the connection ends here, with nothing more to read.
  [[nodiscard]] bool ends() { return read_to_end().empty(); }
  /// The same, and the other side said so, rather than throw the connection away.
  [[nodiscard]] bool ends_orderly() { return read_to_end().empty() && !reset_; }
  /// Whether something, or the end, is there to be read.
  [[nodiscard]] bool readable() const;
  void small_receive_buffer() const;
  void close();

 private:
  bool more();

  int fd_ = -1;
  std::string buffered_;
  bool reset_ = false;
};

[[nodiscard]] std::string run_path(std::string_view id);

/// A whole GET request; `headers` are lines with their ends.
[[nodiscard]] std::string get(std::string_view path, std::string_view headers = "");

[[nodiscard]] std::string key_header(std::string_view key);

}  // namespace milepost::http::test
