// SPDX-License-Identifier: Apache-2.0
//
// Stepper: a call that pushes, pulled.
#include "capi/stepper.hpp"

#include <new>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"
#include "support/results.hpp"

namespace milepost::capi {
namespace {

using test::code_of;

TEST_CASE("steps run as far as each yield", "[capi][stepper][concurrency]") {
  std::vector<int> done;
  Stepper stepper([&](const Stepper::Yield& yield) -> Result<void> {
    for (int i = 1; i <= 3; ++i) {
      done.push_back(i);
      if (!yield()) return Error{.code = Errc::cancelled};
    }
    done.push_back(4);
    return {};
  });
  CHECK(done.empty());
  CHECK(stepper.step().value());
  CHECK(done == std::vector{1});
  CHECK(stepper.step().value());
  CHECK(stepper.step().value());
  CHECK(done == std::vector{1, 2, 3});
  CHECK_FALSE(stepper.step().value());
  CHECK(done == std::vector{1, 2, 3, 4});
  CHECK_FALSE(stepper.step().value());
  CHECK(done.size() == 4);
}

TEST_CASE("an error ends the steps for good", "[capi][stepper][concurrency]") {
  Stepper stepper([](const Stepper::Yield& yield) -> Result<void> {
    (void)yield();
    return Error{.code = Errc::io, .message = "as it was"};
  });
  CHECK(stepper.step().value());
  for (int i = 0; i < 2; ++i) {
    const auto ended = stepper.step();
    REQUIRE(code_of(ended) == Errc::io);
    CHECK(ended.error().message == "as it was");
  }
}

TEST_CASE("what is thrown comes back as an error", "[capi][stepper][concurrency]") {
  Stepper memory([](const Stepper::Yield&) -> Result<void> { throw std::bad_alloc(); });
  CHECK(code_of(memory.step()) == Errc::out_of_memory);
  Stepper other([](const Stepper::Yield&) -> Result<void> { throw 7; });
  CHECK(code_of(other.step()) == Errc::internal);
}

TEST_CASE("destruction cancels and waits", "[capi][stepper][concurrency]") {
  int cancelled = 0;
  const auto call = [&](const Stepper::Yield& yield) -> Result<void> {
    while (yield()) {
    }
    ++cancelled;
    return Error{.code = Errc::cancelled};
  };
  { const Stepper never_stepped(call); }
  CHECK(cancelled == 0);
  {
    Stepper stepped(call);
    CHECK(stepped.step().value());
    CHECK(stepped.step().value());
  }
  CHECK(cancelled == 1);
}

}  // namespace
}  // namespace milepost::capi
