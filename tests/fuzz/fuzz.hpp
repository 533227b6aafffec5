// SPDX-License-Identifier: Apache-2.0
//
// What every fuzz target is made of: a function over bytes, and inputs to begin with. A target is a
// libFuzzer program of its own (preset fuzz), and all of them together are one ordinary test
// (fuzz_test.cpp), so that none rots.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace milepost::fuzz {

using Input = std::span<const std::uint8_t>;
using Seeds = std::vector<std::string>;

struct Target {
  const char* name;
  void (*run)(Input input);
  Seeds (*seeds)();
  /// How many inputs made of the seeds the ordinary test tries.
  std::size_t usual_inputs;
  std::size_t size_max = 4'096;  ///< Bytes that an input of that test has at most.
};

/// Fails the target unless it holds: ends the fuzzer, or is thrown to the test.
void require(bool holds, const char* what = "", const char* file = __builtin_FILE(),
             int line = __builtin_LINE());

/// Takes an input apart from its front; what is missing is zero.
class Bytes {
 public:
  explicit Bytes(Input input) noexcept : rest_(input) {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

  /// A number, or a struct that may have any bytes.
  template <typename T>
  T take() noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const std::size_t size = std::min(sizeof value, rest_.size());
    if (size > 0) std::memcpy(&value, rest_.data(), size);
    rest_ = rest_.subspan(size);
    return value;
  }
  /// A number below a bound.
  template <typename T = std::size_t>
  T below(T bound) noexcept {
    return static_cast<T>(take<std::uint32_t>() % bound);
  }
  [[nodiscard]] bool flag() noexcept { return (take<std::uint8_t>() & 1) != 0; }
  /// The next bytes as a text of at most that size, in a string of its own, so that the address
  /// sanitizer sees a byte too many.
  std::string text(std::size_t size) {
    size = std::min(size, rest_.size());
    std::string made(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return made;
  }
  std::string rest() { return text(rest_.size()); }

 private:
  Input rest_;
};

[[nodiscard]] inline Input input_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}
template <typename T>
void append(std::string& to, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// For the ordinary test: every target there is.
[[nodiscard]] const std::vector<Target>& all_targets();
bool add_target(const Target& target);

}  // namespace milepost::fuzz

/// Names the one target of a source: MILEPOST_FUZZ_TARGET({"name", run, seeds, 1'000});
#ifdef MILEPOST_FUZZ_IN_TESTS
#define MILEPOST_FUZZ_TARGET(...)                                         \
  namespace {                                                             \
  [[maybe_unused]] const bool kAdded =                                    \
      ::milepost::fuzz::add_target(::milepost::fuzz::Target __VA_ARGS__); \
  }
#else
#define MILEPOST_FUZZ_TARGET(...)                            \
  extern const ::milepost::fuzz::Target kMilepostFuzzTarget; \
  const ::milepost::fuzz::Target kMilepostFuzzTarget __VA_ARGS__;
#endif
