// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 by OpenSSL, and a comparison of digests that takes as long wherever they differ.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace milepost::http {

using Digest = std::array<std::uint8_t, 32>;

/// All ones if they are equal, else zero, without a branch.
[[nodiscard]] inline std::uint64_t equal_mask(const Digest& a, const Digest& b) noexcept {
  std::array<std::uint64_t, 4> x{};
  std::array<std::uint64_t, 4> y{};
  std::memcpy(x.data(), a.data(), a.size());
  std::memcpy(y.data(), b.data(), b.size());
  const std::uint64_t difference = (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]);
  return ((difference | (~difference + 1)) >> 63) - 1;
}

/// Keeps OpenSSL's state, so that a hash allocates nothing. One thread at a time.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  /// False if OpenSSL refuses, e.g. for want of memory.
  [[nodiscard]] bool sha256(std::string_view text, Digest& out) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Fills `out` with bytes fit for keys.
[[nodiscard]] bool random_bytes(Digest& out) noexcept;

}  // namespace milepost::http
