// SPDX-License-Identifier: Apache-2.0
//
// Structs that grow, tried on one that has grown twice: milepost.h's own have only one form so far.
#include "capi/sized.hpp"

#include <cstring>

#include "support/catch.hpp"
#include "support/results.hpp"

namespace {

/// 8 bytes in its first version, 16 in the second, 24 now.
struct Grown {
  std::uint32_t struct_size;
  std::uint32_t first;
  std::uint64_t second;
  std::uint64_t third;
};

}  // namespace

namespace milepost::capi {

template <>
inline constexpr std::array<std::uint32_t, 3> kReleasedSizes<Grown>{8, 16, sizeof(Grown)};

namespace {

using test::code_of;

constexpr Grown kDefaults{.struct_size = 0, .first = 100, .second = 200, .third = 300};

/// A Grown as some header had it, followed by what is none of our business.
struct Memory {
  alignas(Grown) unsigned char bytes[4200];
  Memory() { std::memset(bytes, 0xee, sizeof bytes); }
  Grown* as() { return reinterpret_cast<Grown*>(bytes); }
};

TEST_CASE("a struct of an older header has its missing members at their defaults",
          "[capi][sized]") {
  Memory memory;
  *memory.as() = {.struct_size = 8, .first = 1, .second = 2, .third = 3};
  auto read = read_sized(memory.as(), kDefaults, "grown").value();
  CHECK((read.first == 1 && read.second == 200 && read.third == 300));
  CHECK(read.struct_size == sizeof(Grown));
  memory.as()->struct_size = 16;
  read = read_sized(memory.as(), kDefaults, "grown").value();
  CHECK((read.first == 1 && read.second == 2 && read.third == 300));
  memory.as()->struct_size = 24;
  read = read_sized(memory.as(), kDefaults, "grown").value();
  CHECK((read.first == 1 && read.second == 2 && read.third == 3));
}

TEST_CASE("sizes that no version had are refused, those between two versions too",
          "[capi][sized]") {
  Memory memory;
  for (std::uint32_t size = 0; size < 24; ++size) {
    memory.as()->struct_size = size;
    const bool released = size == 8 || size == 16;
    CHECK(read_sized(memory.as(), kDefaults, "grown").has_value() == released);
    CHECK(check_out(memory.as(), "grown").has_value() == released);
  }
  for (const std::uint32_t size : {4097u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    memory.as()->struct_size = size;
    CHECK(code_of(read_sized(memory.as(), kDefaults, "grown")) == Errc::invalid_argument);
    CHECK(code_of(check_out(memory.as(), "grown")) == Errc::invalid_argument);
  }
  const Grown* none = nullptr;
  CHECK(code_of(read_sized(none, kDefaults, "grown")) == Errc::invalid_argument);
  CHECK(code_of(check_out(none, "grown")) == Errc::invalid_argument);
}

TEST_CASE("a struct of a newer header is taken if what it adds is zero", "[capi][sized]") {
  Memory memory;
  std::memset(memory.bytes, 0, sizeof memory.bytes);
  for (const std::uint32_t size : {25u, 32u, 4096u}) {
    *memory.as() = {.struct_size = size, .first = 1, .second = 2, .third = 3};
    CHECK(read_sized(memory.as(), kDefaults, "grown").value().third == 3);
    for (const std::uint32_t at : {24u, size - 1}) {
      memory.bytes[at] = 1;
      CHECK(code_of(read_sized(memory.as(), kDefaults, "grown")) == Errc::invalid_argument);
      memory.bytes[at] = 0;
    }
    memory.bytes[size] = 1;  // past its end: not looked at
    CHECK(read_sized(memory.as(), kDefaults, "grown").has_value());
    memory.bytes[size] = 0;
  }
}

TEST_CASE("what comes out is written as far as its reader knows it", "[capi][sized]") {
  const Grown value{.struct_size = 77, .first = 1, .second = 2, .third = 3};
  for (const std::uint32_t size : {8u, 16u, 24u, 40u, 4096u}) {
    Memory memory;
    memory.as()->struct_size = size;
    REQUIRE(check_out(memory.as(), "grown").has_value());
    write_sized(memory.as(), value);
    CHECK(memory.as()->struct_size == size);
    CHECK(memory.as()->first == 1);
    CHECK(memory.as()->second == (size >= 16 ? 2 : 0xeeeeeeeeeeeeeeee));
    CHECK(memory.as()->third == (size >= 24 ? 3 : 0xeeeeeeeeeeeeeeee));
    for (std::uint32_t i = 24; i < size; ++i) REQUIRE(memory.bytes[i] == 0);
    CHECK(memory.bytes[std::max(size, 24u)] == 0xee);
  }
}

TEST_CASE("init makes the form that its caller knows", "[capi][sized]") {
  for (const std::size_t size : {8u, 16u, 24u, 40u}) {
    Memory memory;
    CHECK(init_sized(memory.as(), size, kDefaults) == MILEPOST_OK);
    CHECK(memory.as()->struct_size == size);
    CHECK(memory.as()->first == 100);
    CHECK(memory.bytes[size] == 0xee);
    CHECK(read_sized(memory.as(), kDefaults, "grown").value().third == 300);
  }
  Memory memory;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{12}, std::size_t{4097}, std::size_t{1} << 32 | 24, SIZE_MAX}) {
    CHECK(init_sized(memory.as(), size, kDefaults) == MILEPOST_E_INVALID_ARGUMENT);
    CHECK(memory.bytes[0] == 0xee);
  }
}

}  // namespace
}  // namespace milepost::capi
